//! Between wire types and the operations' own.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::expiry::Lifetime;
use keyward_sdk::wire;
use serde_json::Value;

use crate::http::{Problem, versioned, words};
use crate::keys::{Impact, KeyEdit, KeyView, LimitSpec, NewKey, NewPickup, PickupLook, PickupView, QuotaSpec};
use crate::keys::{SecretView, TouchedKey, Whose, WithSecret};

/// An id in the body.
fn member<T: std::str::FromStr<Err: std::fmt::Display>>(pointer: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|why: T::Err| Problem::field(pointer, why.to_string()))
}

pub(super) fn new_key(new: wire::NewKey) -> Result<NewKey, Problem> {
    Ok(NewKey {
        account: member("/account_id", &new.account_id)?,
        kind: words::read_kind(new.kind),
        environment: words::read_environment(new.environment),
        name: new.name,
        lifetime: words::read_expires(new.expires)?.unwrap_or(Lifetime::Unsaid),
        scopes: new.scopes,
        addresses: new.addresses,
        limits: new.limits.into_iter().map(Into::into).collect(),
        quotas: new.quotas.into_iter().map(Into::into).collect(),
        plan: new.plan,
        external_id: new.external_id,
        metadata: new.metadata.map(Value::Object),
        tags: new.tags,
        contacts: new.contacts,
        person: new.person_id.as_deref().map(|id| member("/person_id", id)).transpose()?,
        pickup: new.pickup.map(|pickup| NewPickup { recipient: pickup.recipient }),
    })
}

pub(super) fn key_edit(edit: wire::KeyEdit) -> Result<KeyEdit, Problem> {
    Ok(KeyEdit {
        name: edit.name,
        lifetime: words::read_expires(edit.expires)?,
        scopes: edit.scopes,
        addresses: edit.addresses,
        limits: edit.limits.map(|limits| limits.into_iter().map(Into::into).collect()),
        quotas: edit.quotas.map(|quotas| quotas.into_iter().map(Into::into).collect()),
        plan: edit.plan,
        external_id: edit.external_id,
        metadata: edit.metadata.map(|metadata| metadata.map(Value::Object)),
        tags: edit.tags,
        contacts: edit.contacts,
    })
}

/// The answer to a dry run.
pub(super) fn would_touch(impact: Impact) -> Response {
    axum::Json(wire::DryRun::from(impact)).into_response()
}

/// The answer to a change that made no secret.
pub(super) fn changed(view: KeyView) -> Response {
    let version = view.version;
    let body = wire::Changed { object: wire::Key::from(view), effective: wire::Effective::All };
    versioned(StatusCode::OK, version, &body)
}

/// The answer to a change that made or shows a secret.
pub(super) fn with_secret(made: WithSecret) -> Response {
    let body = wire::KeyWithSecret::from(made);
    versioned(StatusCode::OK, body.key.version, &body)
}

impl From<wire::Limit> for LimitSpec {
    fn from(limit: wire::Limit) -> Self {
        Self {
            name: limit.name,
            limit: limit.limit,
            window_s: limit.window_s,
            algorithm: limit.algorithm.map(words::read_algorithm),
            per: limit.per.map(words::read_per),
        }
    }
}

impl From<LimitSpec> for wire::Limit {
    fn from(spec: LimitSpec) -> Self {
        Self {
            name: spec.name,
            limit: spec.limit,
            window_s: spec.window_s,
            algorithm: spec.algorithm.map(words::algorithm),
            per: spec.per.map(words::per),
        }
    }
}

impl From<wire::Quota> for QuotaSpec {
    fn from(quota: wire::Quota) -> Self {
        Self {
            name: quota.name,
            budget: quota.budget,
            refill: words::read_refill(quota.refill),
            per: quota.per.map(words::read_per).unwrap_or_default(),
        }
    }
}

impl From<QuotaSpec> for wire::Quota {
    fn from(spec: QuotaSpec) -> Self {
        Self {
            name: spec.name,
            budget: spec.budget,
            refill: words::refill(spec.refill),
            per: Some(words::per(spec.per)),
        }
    }
}

impl From<SecretView> for wire::SecretInfo {
    fn from(view: SecretView) -> Self {
        Self {
            id: view.id.to_string(),
            hint: view.hint,
            created_at: words::at(view.created_at),
            until: view.until.map(words::at),
            first_used_at: view.first_used_at.map(words::at),
            last_used_at: view.last_used_at.map(words::at),
        }
    }
}

impl From<KeyView> for wire::Key {
    fn from(view: KeyView) -> Self {
        Self {
            id: view.id.to_string(),
            account_id: view.account.to_string(),
            api: view.api,
            kind: words::kind(view.kind),
            person_id: view.person.map(|person| person.to_string()),
            environment: words::environment(view.environment),
            name: view.name,
            standing: words::standing(view.standing),
            expires_at: view.expires_at.map(words::at),
            scopes: view.scopes,
            addresses: view.addresses,
            limits: view.limits.into_iter().map(Into::into).collect(),
            quotas: view.quotas.into_iter().map(Into::into).collect(),
            plan: view.plan,
            external_id: view.external_id,
            metadata: view.metadata,
            tags: view.tags,
            contacts: view.contacts,
            snoozed_until: view.snoozed_until.map(words::at),
            secrets: view.secrets.into_iter().map(Into::into).collect(),
            created_by: view.created_by,
            created_at: words::at(view.created_at),
            updated_at: words::at(view.updated_at),
            revoked_at: view.revoked_at.map(words::at),
            pickup_by: view.pickup_by.map(|by| wire::PickupBy {
                recipient: by.recipient,
                link_expires_at: by.link_expires_at.map(words::at),
            }),
            version: view.version,
        }
    }
}

impl From<WithSecret> for wire::KeyWithSecret {
    fn from(made: WithSecret) -> Self {
        Self {
            key: made.key.into(),
            secret: made.secret.map(|secret| wire::SecretText::new(secret.expose())),
            pickup: made.pickup.map(Into::into),
            effective: wire::Effective::All,
        }
    }
}

impl From<PickupView> for wire::Pickup {
    fn from(view: PickupView) -> Self {
        Self {
            link: wire::SecretText::new(view.link.expose()),
            recipient: view.recipient,
            expires_at: words::at(view.expires_at),
        }
    }
}

impl From<PickupLook> for wire::PickUpLook {
    fn from(look: PickupLook) -> Self {
        Self {
            key_name: look.key.name,
            kind: words::kind(look.key.kind),
            environment: words::environment(look.key.environment),
            api: look.key.api,
            account_name: look.account_name,
            recipient: look.recipient,
            key_expires_at: look.key.expires_at.map(words::at),
            link_expires_at: words::at(look.link_expires_at),
        }
    }
}

impl From<TouchedKey> for wire::TouchedKey {
    fn from(TouchedKey { key, why }: TouchedKey) -> Self {
        let last_used_at = key.secrets.iter().filter_map(|secret| secret.last_used_at).max();
        Self {
            key_id: key.id.to_string(),
            name: key.name,
            kind: words::kind(key.kind),
            standing: words::standing(key.standing),
            why,
            last_used_at: last_used_at.map(words::at),
        }
    }
}

impl From<Impact> for wire::DryRun {
    fn from(impact: Impact) -> Self {
        Self { dry_run: true, keys: impact.keys.into_iter().map(Into::into).collect(), more: impact.more }
    }
}

impl From<Whose> for wire::Found {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Key(key, secret) => Self::Key { key: (*key).into(), secret_id: secret.to_string() },
            Whose::Gone { key, account, name, reason, at } => {
                Self::Gone { key_id: key.to_string(), account_id: account.to_string(), name, reason, at: words::at(at) }
            }
            Whose::Unknown => Self::Unknown,
        }
    }
}
