//! Rows as the keyring's feed reads them, and what they become.

use keyward_core::account::{AcceptedKeys, Account};
use keyward_core::key::{Environment, Key, KeyState, Kind, SecretAge};
use keyward_core::terms::Own;
use keyward_core::time::UnixMs;
use uuid::Uuid;

use crate::config::ApiSetup;
use crate::keys::{LimitSpec, QuotaSpec};

/// One secret with its key, as the store holds them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SecretRow {
    /// The digest of the secret.
    pub digest: Vec<u8>,
    /// The end of the overlap, for the secret before a rotation.
    pub until: Option<i64>,
    /// When it was last accepted.
    pub last_used_at: Option<i64>,
    /// Its key.
    pub key_id: String,
    /// The key's account.
    pub account_id: String,
    /// The key's kind.
    pub kind: String,
    /// Its environment.
    pub environment: String,
    /// Who holds it.
    pub person_id: Option<String>,
    /// Names of its scopes, separated by spaces.
    pub scopes: String,
    /// Ranges it may be used from, separated by spaces.
    pub addresses: String,
    /// Its own limits, JSON.
    pub limits: String,
    /// Its own quotas, JSON.
    pub quotas: String,
    /// Its plan.
    pub plan: Option<String>,
    /// What was done to it.
    pub state: String,
    /// When it ends.
    pub expires_at: Option<i64>,
}

/// One account, as the store holds it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AccountRow {
    /// Its id.
    pub id: String,
    /// Its API.
    pub api: String,
    /// What its people send in a header pair.
    pub public_id: String,
    /// Its name.
    pub name: String,
    /// The operator's own id.
    pub external_id: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its plan.
    pub plan: Option<String>,
    /// Which kinds of key it accepts.
    pub accepted_keys: String,
    /// Whether all of its requests are refused.
    pub suspended: bool,
    /// A JSON object.
    pub metadata: Option<String>,
}

/// A row that can't be understood: it is left out, and said so; the key is then unknown and refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the row of {subject} can't be read: {why}")]
pub struct BadRow {
    subject: String,
    why: String,
}

impl SecretRow {
    fn bad(&self, why: impl Into<String>) -> BadRow {
        BadRow { subject: self.key_id.clone(), why: why.into() }
    }

    pub(super) fn key(&self) -> Result<Key, BadRow> {
        Ok(Key {
            id: self.key_id.parse().map_err(|_| self.bad("its id"))?,
            kind: kind(&self.kind).ok_or_else(|| self.bad("its kind"))?,
            environment: environment(&self.environment).ok_or_else(|| self.bad("its environment"))?,
            state: state(&self.state).ok_or_else(|| self.bad("its state"))?,
            expires_at: self.expires_at.map(UnixMs),
            person: match &self.person_id {
                None => None,
                Some(id) => Some(id.parse().map_err(|_| self.bad("its person"))?),
            },
            secret: self.until.map_or(SecretAge::Current, |until| SecretAge::Old { until: UnixMs(until) }),
        })
    }

    pub(super) fn digest(&self) -> Result<[u8; 32], BadRow> {
        self.digest.as_slice().try_into().map_err(|_| self.bad("its digest"))
    }

    /// What the key says of itself. Scopes that the configuration no longer knows are left out: nobody has them.
    pub(super) fn own(&self, setup: &ApiSetup, account_plan: Option<&str>) -> Result<Own, BadRow> {
        let known = |name: &&str| setup.api.catalogue.set([*name]).is_ok();
        let scopes = setup.api.catalogue.set(self.scopes.split_whitespace().filter(known)).unwrap_or_default();
        let range = |text: &str| text.parse().map_err(|_| self.bad("its addresses"));
        Ok(Own {
            scopes,
            addresses: self.addresses.split_whitespace().map(range).collect::<Result<_, _>>()?,
            limits: self.limits(setup, account_plan)?,
            quotas: self.quotas()?,
        })
    }

    fn limits(&self, setup: &ApiSetup, account_plan: Option<&str>) -> Result<Vec<keyward_core::limit::Limit>, BadRow> {
        let specs: Vec<LimitSpec> = serde_json::from_str(&self.limits).map_err(|_| self.bad("its limits"))?;
        let environment = environment(&self.environment).ok_or_else(|| self.bad("its environment"))?;
        let plan = self.plan.as_deref().or(account_plan).and_then(|name| setup.api.plans.get(name));
        let inherited = |name: &str| {
            let of_plan = plan.and_then(|plan| plan.limits.iter().find(|limit| limit.name == name));
            of_plan.or_else(|| setup.api.limits(environment).iter().find(|limit| limit.name == name))
        };
        Ok(specs.iter().map(|spec| spec.to_limit(inherited(&spec.name))).collect())
    }

    fn quotas(&self) -> Result<Vec<keyward_core::quota::Quota>, BadRow> {
        let specs: Vec<QuotaSpec> = serde_json::from_str(&self.quotas).map_err(|_| self.bad("its quotas"))?;
        Ok(specs.into_iter().map(QuotaSpec::into_quota).collect())
    }
}

impl AccountRow {
    pub(super) fn account(&self, needs_metadata: bool) -> Result<Account, BadRow> {
        let bad = |why: &str| BadRow { subject: self.id.clone(), why: why.into() };
        Ok(Account {
            id: self.id.parse().map_err(|_| bad("its id"))?,
            api: self.api.clone(),
            public_id: self.public_id.clone(),
            name: self.name.clone(),
            external_id: self.external_id.clone(),
            region: self.region.clone(),
            suspended: self.suspended,
            accepted: accepted(&self.accepted_keys).ok_or_else(|| bad("its accepted keys"))?,
            metadata: self.metadata.clone().filter(|_| needs_metadata),
        })
    }
}

/// The bare UUID of a prefixed id.
pub(super) fn bare(id: &str) -> Option<u128> {
    let (_, hex) = id.split_once('_')?;
    Uuid::try_parse(hex).ok().map(|uuid| uuid.as_u128())
}

fn kind(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

fn environment(text: &str) -> Option<Environment> {
    [Environment::Live, Environment::Test].into_iter().find(|environment| environment.as_str() == text)
}

fn state(text: &str) -> Option<KeyState> {
    KeyState::ALL.into_iter().find(|state| state.as_str() == text)
}

fn accepted(text: &str) -> Option<AcceptedKeys> {
    [AcceptedKeys::Account, AcceptedKeys::User, AcceptedKeys::Both]
        .into_iter()
        .find(|accepted| accepted.as_str() == text)
}
