//! `/v1/me`: what signed-in people do about themselves.

use axum::Json as Body;
use axum::extract::State;
use keyward_core::ids::AccountId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state;
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, words};
use crate::people::{self, Me, OwnAccount};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me, rename)).routes(routes!(leave))
}

impl From<Me> for wire::Me {
    fn from(me: Me) -> Self {
        Self {
            id: me.id.to_string(),
            name: me.name,
            email: me.email,
            operator: me.operator,
            has_totp: me.has_totp,
            signed_in_at: me.signed_in_at.map(words::at),
            accounts: me.accounts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OwnAccount> for wire::OwnAccount {
    fn from(own: OwnAccount) -> Self {
        Self {
            account_id: own.account.to_string(),
            name: own.name,
            api: own.api,
            role: own.role,
            permissions: own.may.words(),
            state: state(own.state),
        }
    }
}

/// Who you are, and which accounts you belong to.
#[utoipa::path(get, path = "/v1/me", tag = "me", operation_id = "me",
    extensions(("x-permission" = json!("person"))),
    responses((status = 200, description = "You.", body = wire::Me)))]
async fn me(State(app): State<App>, caller: Caller) -> Result<Body<wire::Me>, Problem> {
    Ok(Body(people::me(&app, caller.person()?.id).await?.into()))
}

/// Changes your own name. What accounts call you is theirs to say.
#[utoipa::path(patch, path = "/v1/me", tag = "me", operation_id = "rename_me",
    extensions(("x-permission" = json!("person"))), request_body = wire::Rename,
    responses((status = 200, description = "Done.", body = wire::Done)))]
async fn rename(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<wire::Rename>,
) -> Result<Body<wire::Done>, Problem> {
    people::rename(&app, caller.actor, body.name).await?;
    Ok(Body(wire::Done { effective: wire::Effective::All }))
}

/// Leaves an account, or declines its invitation. The last admin stays.
#[utoipa::path(delete, path = "/v1/me/accounts/{account_id}", tag = "me", operation_id = "leave_account",
    extensions(("x-permission" = json!("person"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "Left.", body = wire::Done)))]
async fn leave(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<Body<wire::Done>, Problem> {
    people::leave(&app, caller.actor, account).await?;
    Ok(Body(wire::Done { effective: wire::Effective::All }))
}
