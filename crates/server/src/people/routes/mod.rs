//! `/v1/accounts/{account_id}/people`, and in files of their own: invitations, oneself, the operator's people.

mod invitations;
mod leaving;
mod me;
mod operators;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::{AccountId, PersonId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{MemberState, MemberView, NewPerson, OneTimeLink, PersonEdit};
use crate::app::App;
use crate::http::{Caller, IdempotencyKey, IfMatch, Json, ObjectId, Problem, Query, SecondId};
use crate::http::{list_problem, page_of, replayed, versioned, wire_page, words};

/// The routes of people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, remove))
        .merge(invitations::routes())
        .merge(leaving::routes())
        .merge(me::routes())
        .merge(operators::routes())
}

fn state(state: MemberState) -> wire::MemberState {
    match state {
        MemberState::Invited => wire::MemberState::Invited,
        MemberState::Active => wire::MemberState::Active,
        MemberState::Suspended => wire::MemberState::Suspended,
    }
}

impl From<MemberView> for wire::Person {
    fn from(view: MemberView) -> Self {
        Self {
            id: view.id.to_string(),
            account_id: view.account.to_string(),
            name: view.name,
            email: view.email,
            role: view.role,
            state: state(view.state),
            has_totp: view.has_totp,
            signed_in_at: view.signed_in_at.map(words::at),
            created_at: words::at(view.created_at),
            version: view.version,
        }
    }
}

/// A link to this page of the dashboard.
fn link(app: &App, page: &str, link: &OneTimeLink) -> wire::OneTimeLink {
    let address = || wire::SecretText::new(link.address(app, page).expose().to_owned());
    wire::OneTimeLink { link: (!link.by_mail).then(address), expires_at: words::at(link.expires_at) }
}

/// Lists the people of an account, newest first.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/people", tag = "people", operation_id = "list_people",
    extensions(("x-permission" = json!("people.read"))),
    params(("account_id" = String, Path), wire::PageQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Person>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    Query(query): Query<wire::PageQuery>,
) -> Result<axum::Json<wire::Page<wire::Person>>, Problem> {
    let page = page_of(query.limit, query.cursor);
    Ok(wire_page(super::list(&app, caller.reach, account, page).await.map_err(list_problem)?))
}

/// Adds a person to an account. With an address they are invited: by mail where that is set up, otherwise the answer
/// holds the link to hand to them.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/people", tag = "people", operation_id = "create_person",
    extensions(("x-permission" = json!("people.write"))), request_body = wire::NewPerson,
    params(("account_id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Added.", body = wire::PersonAdded)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    token: IdempotencyKey,
    Json(new): Json<wire::NewPerson>,
) -> Result<Response, Problem> {
    let idempotency = token.of(&format!("POST /v1/accounts/{account}/people"), &new);
    let new = NewPerson { account, name: new.name, email: new.email, role: new.role };
    let made = super::create(&app, caller.reach, caller.actor, new, idempotency).await?;
    let body = wire::PersonAdded {
        person: made.person.into(),
        invitation: made.invitation.map(|invitation| link(&app, "invitation", &invitation)),
        effective: wire::Effective::All,
    };
    Ok(replayed(made.replayed, versioned(StatusCode::CREATED, body.person.version, &body)))
}

/// A person of an account.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/people/{person_id}", tag = "people", operation_id = "get_person",
    extensions(("x-permission" = json!("people.read"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "They, with their version as `ETag`.", body = wire::Person)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Response, Problem> {
    let person: wire::Person = super::get(&app, caller.reach, account, id).await?.into();
    Ok(versioned(StatusCode::OK, person.version, &person))
}

/// Changes a person's role or name, shuts them out, or lets them in again. The last admin stays one; nobody changes
/// somebody who may more than they do, nor gives more than they have.
#[utoipa::path(patch, path = "/v1/accounts/{account_id}/people/{person_id}", tag = "people", operation_id = "edit_person",
    extensions(("x-permission" = json!("people.write"))), request_body = wire::PersonEdit,
    params(("account_id" = String, Path), ("person_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As they are now.", body = wire::Changed<wire::Person>)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
    IfMatch(version): IfMatch,
    Json(edit): Json<wire::PersonEdit>,
) -> Result<Response, Problem> {
    let edit = PersonEdit { name: edit.name, role: edit.role, suspended: edit.suspended };
    let view = super::edit(&app, caller.reach, caller.actor, (account, id), edit, version).await?;
    let version = view.version;
    let body = wire::Changed { object: wire::Person::from(view), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

/// Removes a person from an account, with the personal key they hold. The last admin stays.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}/people/{person_id}", tag = "people", operation_id = "delete_person",
    extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Response, Problem> {
    super::remove(&app, caller.reach, caller.actor, account, id).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }).into_response())
}
