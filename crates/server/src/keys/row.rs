//! A key as the store keeps it, and what becomes of it.

use keyward_core::expiry::standing;
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{Environment, KeyState, Kind};
use keyward_core::time::UnixMs;
use serde_json::{Value, json};

use super::secrets::SecretRow;
use super::{KeyView, LimitSpec, QuotaSpec, SecretView};
use crate::app::App;
use crate::labels::{self, Labels};
use crate::operation::damaged;

/// One row. Scopes and addresses are words with spaces between, limits and quotas JSON.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) account_id: String,
    /// The account's.
    pub(super) api: String,
    pub(super) kind: String,
    pub(super) environment: String,
    pub(super) person_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) name_folded: Option<String>,
    /// The folded name where no other key may have it.
    pub(super) name_unique: Option<String>,
    pub(super) scopes: String,
    pub(super) addresses: String,
    pub(super) limits: String,
    pub(super) quotas: String,
    pub(super) plan: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) tags: String,
    /// Addresses, with spaces between them.
    pub(super) contacts: String,
    pub(super) state: String,
    pub(super) expires_at: Option<i64>,
    pub(super) created_by: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) revoked_at: Option<i64>,
    pub(super) version: i64,
    /// Of its reminder; written there.
    pub(super) snoozed_until: Option<i64>,
}

impl KeyRow {
    pub(super) fn id(&self) -> sqlx::Result<KeyId> {
        self.id.parse().map_err(|_| damaged("a key's id"))
    }

    pub(super) fn account(&self) -> sqlx::Result<AccountId> {
        self.account_id.parse().map_err(|_| damaged("a key's account"))
    }

    pub(super) fn kind(&self) -> sqlx::Result<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == self.kind).ok_or_else(|| damaged("a key's kind"))
    }

    pub(super) fn environment(&self) -> sqlx::Result<Environment> {
        let all = [Environment::Live, Environment::Test];
        let found = all.into_iter().find(|environment| environment.as_str() == self.environment);
        found.ok_or_else(|| damaged("a key's environment"))
    }

    pub(super) fn state(&self) -> sqlx::Result<KeyState> {
        KeyState::ALL.into_iter().find(|state| state.as_str() == self.state).ok_or_else(|| damaged("a key's state"))
    }

    pub(super) fn is_expired(&self, now: UnixMs) -> bool {
        self.expires_at.is_some_and(|end| end <= now.0)
    }

    pub(super) fn labels(&self) -> Labels {
        Labels { metadata: self.metadata.clone(), tags: self.tags.clone() }
    }

    pub(super) fn limits(&self) -> sqlx::Result<Vec<LimitSpec>> {
        serde_json::from_str(&self.limits).map_err(|_| damaged("a key's limits"))
    }

    pub(super) fn quotas(&self) -> sqlx::Result<Vec<QuotaSpec>> {
        serde_json::from_str(&self.quotas).map_err(|_| damaged("a key's quotas"))
    }

    /// The key as it may be shown at `now`, with those of `secrets` that are still good.
    pub(super) fn view(&self, app: &App, secrets: &[SecretRow], now: UnixMs) -> sqlx::Result<KeyView> {
        let (state, expires_at) = (self.state()?, self.expires_at.map(UnixMs));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let person = self.person_id.as_deref().map(|id| id.parse().map_err(|_| damaged("a key's person")));
        let good = secrets.iter().filter(|secret| secret.is_good(now));
        Ok(KeyView {
            id: self.id()?,
            account: self.account()?,
            api: self.api.clone(),
            kind: self.kind()?,
            environment: self.environment()?,
            name: self.name.clone(),
            scopes: words(&self.scopes),
            addresses: words(&self.addresses),
            limits: self.limits()?,
            quotas: self.quotas()?,
            plan: self.plan.clone(),
            external_id: self.external_id.clone(),
            metadata: labels::read_metadata(self.metadata.as_deref()),
            tags: labels::read_tags(&self.tags),
            contacts: words(&self.contacts),
            person: person.transpose()?,
            state,
            standing: standing(state, expires_at, now),
            expires_at,
            snoozed_until: self.snoozed_until.map(UnixMs).filter(|until| *until > now),
            secrets: good.map(|secret| secret.view(app)).collect::<sqlx::Result<_>>()?,
            created_by: self.created_by.clone(),
            created_at: UnixMs(self.created_at),
            updated_at: UnixMs(self.updated_at),
            revoked_at: self.revoked_at.map(UnixMs),
            pickup_by: None,
            version: self.version,
        })
    }

    /// What the audit keeps of a key.
    pub(super) fn facts(&self) -> Value {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        json!({
            "kind": self.kind,
            "environment": self.environment,
            "person_id": self.person_id,
            "name": self.name,
            "scopes": words(&self.scopes),
            "addresses": words(&self.addresses),
            "limits": parsed(&self.limits),
            "quotas": parsed(&self.quotas),
            "plan": self.plan,
            "external_id": self.external_id,
            "metadata": labels::read_metadata(self.metadata.as_deref()),
            "tags": labels::read_tags(&self.tags),
            "contacts": words(&self.contacts).iter().map(|email| masked(email)).collect::<Vec<_>>(),
            "state": self.state,
            "expires_at": self.expires_at.map(|at| UnixMs(at).rfc3339()),
        })
    }
}

/// An address without the name in it: the audit holds none of a person.
fn masked(email: &str) -> String {
    format!("…@{}", email.rsplit('@').next().unwrap_or_default())
}

impl SecretRow {
    fn view(&self, app: &App) -> sqlx::Result<SecretView> {
        let digest = self.digest()?;
        let last_used_at = app.keyring.last_used(&digest).max(self.last_used_at.map(UnixMs));
        let first_used_at = self.first_used_at.map(UnixMs).or_else(|| app.keyring.first_used(&digest));
        Ok(SecretView {
            id: self.id()?,
            hint: self.hint.clone(),
            created_at: UnixMs(self.created_at),
            until: self.until.map(UnixMs),
            // What was used at all was used a first time, even between the two looks.
            first_used_at: first_used_at.or(last_used_at),
            last_used_at,
        })
    }
}
