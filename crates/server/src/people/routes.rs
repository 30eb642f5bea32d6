//! `/v1/accounts/{account_id}/people` and `/v1/people`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::{AccountId, PersonId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{NewPerson, PersonView};
use crate::app::App;
use crate::http::{Caller, IdempotencyKey, Json, ObjectId, Problem, Query};
use crate::http::{list_problem, page_of, replayed, wire_page, words};

/// The routes of people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, delete))
}

impl From<PersonView> for wire::Person {
    fn from(view: PersonView) -> Self {
        Self {
            id: view.id.to_string(),
            account_id: view.account.to_string(),
            name: view.name,
            email: view.email,
            created_at: words::at(view.created_at),
        }
    }
}

/// Lists the people of an account, newest first.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/people", tag = "people", operation_id = "list_people",
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

/// Adds a person to an account.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/people", tag = "people", operation_id = "create_person",
    request_body = wire::NewPerson,
    params(("account_id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Added.", body = wire::Changed<wire::Person>)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    token: IdempotencyKey,
    Json(new): Json<wire::NewPerson>,
) -> Result<Response, Problem> {
    let idempotency = token.of(&format!("POST /v1/accounts/{account}/people"), &new);
    let new = NewPerson { account, name: new.name, email: new.email };
    let made = super::create(&app, caller.reach, caller.actor, new, idempotency).await?;
    let body = wire::Changed { object: wire::Person::from(made.person), effective: wire::Effective::All };
    Ok(replayed(made.replayed, (StatusCode::CREATED, axum::Json(body)).into_response()))
}

/// A person.
#[utoipa::path(get, path = "/v1/people/{person_id}", tag = "people", operation_id = "get_person", params(("person_id" = String, Path)),
    responses((status = 200, description = "They.", body = wire::Person)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<PersonId>,
) -> Result<axum::Json<wire::Person>, Problem> {
    Ok(axum::Json(super::get(&app, caller.reach, id).await?.into()))
}

/// Deletes a person and their keys.
#[utoipa::path(delete, path = "/v1/people/{person_id}", tag = "people", operation_id = "delete_person", params(("person_id" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<PersonId>,
) -> Result<axum::Json<wire::Done>, Problem> {
    super::delete(&app, caller.reach, caller.actor, id).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }))
}
