//! `/v1/invitations`, and the links that admins hand out.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::{AccountId, PersonId};
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::link;
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, SecondId, Visitor};
use crate::people;
use crate::sessions::cookie;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(invite_again))
        .routes(routes!(reset_link))
        .routes(routes!(forget_totp))
        .routes(routes!(look))
        .routes(routes!(accept))
        .routes(routes!(accept_own))
}

/// A fresh link for somebody who has not joined yet, by mail where that is set up; the old one ends.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/people/{person_id}/invitation", tag = "people",
    operation_id = "invite_again", extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "The link.", body = wire::OneTimeLink)))]
async fn invite_again(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Body<wire::OneTimeLink>, Problem> {
    let made = people::invite_again(&app, caller.reach, caller.actor, account, id).await?;
    Ok(Body(link(&app, "invitation", &made)))
}

/// A link to a new password for somebody who can't sign in. For people who sign in elsewhere too, only the operator
/// makes one.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/people/{person_id}/reset-link", tag = "people",
    operation_id = "make_reset_link", extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "The link.", body = wire::OneTimeLink)))]
async fn reset_link(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Body<wire::OneTimeLink>, Problem> {
    let made = people::reset_link(&app, caller.reach, caller.actor, account, id).await?;
    Ok(Body(link(&app, "reset", &made)))
}

/// Takes the authenticator from somebody who lost it and the recovery codes; their sign-ins end. Who may is as for a
/// link to a new password.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}/people/{person_id}/totp", tag = "people",
    operation_id = "forget_totp_of", extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "Done.", body = wire::Done)))]
async fn forget_totp(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Body<wire::Done>, Problem> {
    people::forget_totp(&app, caller.reach, caller.actor, account, id).await?;
    Ok(Body(wire::Done { effective: wire::Effective::All }))
}

/// What an invitation is to. Looking does not use it up.
#[utoipa::path(post, path = "/v1/invitations/look", tag = "invitations", operation_id = "look_at_invitation",
    extensions(("x-permission" = json!("public"))), request_body = wire::LinkToken,
    responses((status = 200, description = "What it is to.", body = wire::Invitation)))]
async fn look(State(app): State<App>, Json(body): Json<wire::LinkToken>) -> Result<Body<wire::Invitation>, Problem> {
    let found = people::look(&app, &secret(&body.token)).await?;
    let invitation =
        wire::Invitation { account: found.account, name: found.name, email: found.email, known: found.known };
    Ok(Body(invitation))
}

/// Accepts an invitation as somebody new: sets the first password and signs in. Who has signed in here before signs
/// in and accepts under `/v1/me`.
#[utoipa::path(post, path = "/v1/invitations/accept", tag = "invitations", operation_id = "accept_invitation",
    extensions(("x-permission" = json!("public"))), request_body = wire::AcceptInvitation,
    responses((status = 200, description = "Joined and signed in: the cookie is set.", body = wire::Done)))]
async fn accept(
    State(app): State<App>,
    visitor: Visitor,
    Json(body): Json<wire::AcceptInvitation>,
) -> Result<Response, Problem> {
    let (token, password) = (secret(&body.token), secret(&body.password));
    let opened = people::accept(&app, visitor.origin, visitor.agent, token, body.name, password).await?;
    let done = wire::Done { effective: wire::Effective::All };
    Ok((StatusCode::OK, [cookie::set(&opened)], Body(done)).into_response())
}

/// Accepts an invitation as the person who is signed in.
#[utoipa::path(post, path = "/v1/me/invitations/accept", tag = "me", operation_id = "accept_own_invitation",
    extensions(("x-permission" = json!("person"))), request_body = wire::LinkToken,
    responses((status = 200, description = "Joined.", body = wire::Done)))]
async fn accept_own(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<wire::LinkToken>,
) -> Result<Body<wire::Done>, Problem> {
    people::accept_own(&app, caller.actor, secret(&body.token)).await?;
    Ok(Body(wire::Done { effective: wire::Effective::All }))
}

fn secret(text: &wire::SecretText) -> Secret {
    Secret::new(text.expose().to_owned())
}
