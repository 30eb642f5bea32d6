//! What somebody who leaves an account knows, and their removal.

use axum::Json as Body;
use axum::extract::State;
use keyward_core::ids::{AccountId, PersonId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, SecondId, words};
use crate::keys::{How, Seen};
use crate::people::{self, Choice};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(known)).routes(routes!(remove))
}

fn how(how: How) -> wire::SeenHow {
    match how {
        How::Created => wire::SeenHow::Created,
        How::Rotated => wire::SeenHow::Rotated,
        How::Revealed => wire::SeenHow::Revealed,
        How::PickedUp => wire::SeenHow::PickedUp,
    }
}

impl From<Seen> for wire::KnownKey {
    fn from(seen: Seen) -> Self {
        Self {
            key_id: seen.key.id.to_string(),
            name: seen.key.name,
            kind: words::kind(seen.key.kind),
            standing: words::standing(seen.key.standing),
            how: seen.how.into_iter().map(how).collect(),
            last_used_at: seen.last_used_at.map(words::at),
        }
    }
}

/// The keys that a person made, or whose secrets they have seen: to be rotated or revoked when they leave.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/people/{person_id}/known", tag = "people",
    operation_id = "list_known_keys", extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "What they know.", body = wire::Known)))]
async fn known(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
) -> Result<Body<wire::Known>, Problem> {
    let known = people::known_to(&app, caller.reach, caller.actor.may, account, id).await?;
    Ok(Body(wire::Known {
        keys: known.keys.into_iter().map(Into::into).collect(),
        management_keys: known.management_keys.into_iter().map(Into::into).collect(),
    }))
}

/// Removes a person and, in the same change, rotates or revokes the keys that are named. All of it happens, or nothing.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/people/{person_id}/remove", tag = "people",
    operation_id = "remove_person", extensions(("x-permission" = json!("people.write"))),
    request_body = wire::RemovePerson, params(("account_id" = String, Path), ("person_id" = String, Path)),
    responses((status = 200, description = "Gone; with the new secrets of rotated keys.", body = wire::PersonRemoved)))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<PersonId>,
    Json(body): Json<wire::RemovePerson>,
) -> Result<Body<wire::PersonRemoved>, Problem> {
    let choices = body.keys.iter().enumerate().map(|(at, choice)| read(at, choice)).collect::<Result<_, _>>()?;
    let rotated = people::remove_with(&app, caller.reach, caller.actor, (account, id), choices).await?;
    let rotated = rotated.into_iter().map(Into::into).collect();
    Ok(Body(wire::PersonRemoved { rotated, effective: wire::Effective::All }))
}

fn read(at: usize, choice: &wire::KeyChoice) -> Result<Choice, Problem> {
    let wrong = |why: String| Problem::field(format!("/keys/{at}/id"), why);
    let key = || choice.id.parse().map_err(|why: keyward_core::ids::BadId| wrong(why.to_string()));
    match choice.deed {
        wire::KeyDeed::Rotate { overlap_s } => Ok(Choice::Rotate(key()?, i64::from(overlap_s))),
        wire::KeyDeed::Revoke => match choice.id.parse() {
            Ok(management_key) => Ok(Choice::RevokeManagementKey(management_key)),
            Err(_) => Ok(Choice::Revoke(key()?)),
        },
    }
}
