//! The keys door (rows r89–r95, r100–r102): an account's keys, managed by any of them, in the API's own wording.

use http::{Response, StatusCode};
use hyper::body::Incoming;
use keyward_core::denial::Denial;
use keyward_core::expiry::Lifetime;
use keyward_core::ids::KeyId;
use keyward_core::key::Kind;
use serde::Deserialize;
use uuid::Uuid;

use super::{Doors, answer, empty};
use crate::authorize::Caller;
use crate::changes::{Actor, Reach};
use crate::gateway::dialect::KeyFacts;
use crate::gateway::handle::ApiRequest;
use crate::gateway::inspected;
use crate::gateway::refusal::Refusal;
use crate::gateway::upstream::AnswerBody;
use crate::keys::{self, NewKey, WithSecret};
use crate::operation::OpError;

const BODY_BYTES_MAX: usize = 16 * 1_024;

/// What a key may say of a new one. Other members are ignored: client libraries send some of their own.
#[derive(Debug, Default, Deserialize)]
struct Wish {
    #[serde(default)]
    name: Option<String>,
}

pub(super) async fn list(
    doors: &Doors,
    request: &ApiRequest<'_>,
    caller: &Caller,
    actor: Actor,
) -> Result<Response<AnswerBody>, Refusal> {
    let account = may_manage(caller)?;
    let all = doors.run(|app| async move { keys::reveal_all(&app, account, actor, Kind::Account).await }).await?;
    let ids: Vec<String> = all.iter().map(|own| own.key.id.uuid().to_string()).collect();
    let facts: Vec<KeyFacts<'_>> = all.iter().zip(&ids).map(|(own, id)| facts(own, id)).collect();
    let rendered = request.found.setup.dialect.render_keys(&facts);
    Ok(answer(StatusCode::OK, &rendered.content_type, rendered.body))
}

pub(super) async fn create(
    doors: &Doors,
    request: &ApiRequest<'_>,
    caller: &Caller,
    actor: Actor,
    body: Incoming,
) -> Result<Response<AnswerBody>, Refusal> {
    let account = may_manage(caller)?;
    let setup = request.found.setup;
    let wish = wish(&inspected::collect(body, BODY_BYTES_MAX).await?)?;
    if let (Some(name), Some(rules)) = (&wish.name, setup.api.kind(Kind::Account)) {
        let longest = rules.name_chars_max;
        if name.chars().count() > longest {
            let message = format!("Max string length ({longest}) for `name` reached.");
            return Err(Refusal::plain(400, "invalid", message));
        }
    }
    let (environment, own) = (caller.key.environment, caller.key.id);
    let make = |app: crate::app::App| async move {
        let reach = Reach::Account(account);
        // A key makes keys that can do as much as itself, and no more (threat T4).
        let own = keys::get(&app, reach, own).await?;
        if own.plan.is_some() {
            return Err(OpError::operator_only("make keys with a key that has a plan of its own"));
        }
        let new = NewKey {
            account,
            kind: Kind::Account,
            environment,
            name: wish.name.filter(|name| !name.trim().is_empty()),
            lifetime: own.expires_at.map_or(Lifetime::Unsaid, Lifetime::Until),
            scopes: own.scopes,
            addresses: own.addresses,
            limits: own.limits,
            quotas: own.quotas,
            plan: None,
            external_id: None,
            metadata: None,
            tags: vec![],
            contacts: vec![],
            person: None,
            pickup: None,
        };
        keys::create(&app, reach, actor, new, None).await
    };
    let made = doors.run(make).await?;
    let rendered = setup.dialect.render_key(&facts(&made, &made.key.id.uuid().to_string()));
    Ok(answer(StatusCode::CREATED, &rendered.content_type, rendered.body))
}

pub(super) async fn delete(
    doors: &Doors,
    caller: &Caller,
    actor: Actor,
    id: &str,
) -> Result<Response<AnswerBody>, Refusal> {
    let account = may_manage(caller)?;
    // What is no id names no key: unknown like any other.
    let id = Uuid::try_parse(id).map(KeyId::new).map_err(|_| super::refusal_of(crate::operation::OpError::NotFound))?;
    let reach = Reach::Account(account);
    let delete = |app: crate::app::App| async move {
        // Personal keys are not this door's.
        let view = keys::get(&app, reach, id).await?;
        match view.kind {
            Kind::Account => keys::delete(&app, reach, actor, id).await,
            Kind::Personal => Err(crate::operation::OpError::NotFound),
        }
    };
    doors.run(delete).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The account whose keys a caller may manage: its own, with one of the account's keys.
fn may_manage(caller: &Caller) -> Result<keyward_core::ids::AccountId, Refusal> {
    match caller.key.kind {
        Kind::Account => Ok(caller.account.id),
        Kind::Personal => Err(Denial::KindNotAccepted { wanted: "account" }.into()),
    }
}

fn wish(body: &[u8]) -> Result<Wish, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Wish::default());
    }
    let bad = |why: String| Refusal::from(Denial::InvalidBody { status: 400, why });
    serde_json::from_slice(body).map_err(|error| bad(format!("the body is not acceptable JSON: {error}")))
}

fn facts<'a>(own: &'a WithSecret, id: &'a str) -> KeyFacts<'a> {
    KeyFacts {
        id,
        name: own.key.name.as_deref(),
        secret: own.secret.as_ref().map(keyward_core::secret::Secret::expose),
        created_at: own.key.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r90_r92_a_wish_may_be_empty_and_holds_a_name_at_most() {
        let name = |body: &str| wish(body.as_bytes()).ok().map(|wish| wish.name);
        assert_eq!(name(""), Some(None));
        assert_eq!(name(" \n"), Some(None));
        assert_eq!(name("{}"), Some(None));
        assert_eq!(name(r#"{"name":null,"other":1}"#), Some(None));
        assert_eq!(name(r#"{"name":"CI"}"#), Some(Some("CI".into())));
        for wrong in ["{", r#"{"name":1}"#, "[]x"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
