//! What the operations on keys take and give.

use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::{AccountId, KeyId, PersonId, SecretId};
use keyward_core::key::{Environment, KeyState, Kind};
use keyward_core::limit::{Algorithm, Per};
use keyward_core::quota::Refill;
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A limit as somebody writes it down: what is left out comes from the API's or plan's limit of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitSpec {
    /// Its name, `default` for the usual one.
    pub name: String,
    /// Most per window.
    pub limit: u32,
    /// Length of the window in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// How it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Whose requests share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
}

/// A quota as somebody writes it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaSpec {
    /// Its name.
    pub name: String,
    /// The whole budget of one period.
    pub budget: u64,
    /// When it is renewed.
    pub refill: Refill,
    /// Whose requests share it.
    #[serde(default)]
    pub per: Per,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose.
    pub account: AccountId,
    /// Which kind.
    pub kind: Kind,
    /// Which environment.
    pub environment: Environment,
    /// Its name, as typed.
    pub name: Option<String>,
    /// How long it shall live.
    pub lifetime: Lifetime,
    /// Names of its scopes.
    pub scopes: Vec<String>,
    /// Addresses or CIDR ranges, as typed.
    pub addresses: Vec<String>,
    /// Its own limits.
    pub limits: Vec<LimitSpec>,
    /// Its own quotas.
    pub quotas: Vec<QuotaSpec>,
    /// Its own plan.
    pub plan: Option<String>,
    /// The operator's own id for it.
    pub external_id: Option<String>,
    /// A JSON object, at most 4 kB as text.
    pub metadata: Option<Value>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Addresses without a sign-in that are told of it too, as typed.
    pub contacts: Vec<String>,
    /// Who holds it; needed for personal keys and refused for others.
    pub person: Option<PersonId>,
    /// Send its secret for pick-up instead of answering with it.
    pub pickup: Option<NewPickup>,
}

/// A secret to be picked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPickup {
    /// For whom the link is, as typed.
    pub recipient: Option<String>,
}

/// A link with which a secret is picked up once.
#[derive(Clone)]
pub struct PickupView {
    /// The link in clear; it is not kept.
    pub link: Secret,
    /// For whom it is.
    pub recipient: Option<String>,
    /// Until when it works.
    pub expires_at: UnixMs,
}

/// For whom a secret waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickupBy {
    /// As the sender wrote it.
    pub recipient: Option<String>,
    /// Until when the link works; `None` where there is none.
    pub link_expires_at: Option<UnixMs>,
}

/// What a link is for; nothing secret.
#[derive(Debug, Clone, PartialEq)]
pub struct PickupLook {
    /// The key, which has no secret yet.
    pub key: KeyView,
    /// The name of its account.
    pub account_name: String,
    /// For whom the link is.
    pub recipient: Option<String>,
    /// Until when it works.
    pub link_expires_at: UnixMs,
}

/// Changes to a key; `None` leaves as is, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct KeyEdit {
    /// Its name.
    pub name: Option<Option<String>>,
    /// A new lifetime, counted from now.
    pub lifetime: Option<Lifetime>,
    /// Names of its scopes.
    pub scopes: Option<Vec<String>>,
    /// Addresses or CIDR ranges.
    pub addresses: Option<Vec<String>>,
    /// Its own limits.
    pub limits: Option<Vec<LimitSpec>>,
    /// Its own quotas.
    pub quotas: Option<Vec<QuotaSpec>>,
    /// Its own plan.
    pub plan: Option<Option<String>>,
    /// The operator's own id.
    pub external_id: Option<Option<String>>,
    /// A JSON object.
    pub metadata: Option<Option<Value>>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
    /// Addresses without a sign-in that are told of it too.
    pub contacts: Option<Vec<String>>,
}

/// One secret of a key, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// Its id.
    pub id: SecretId,
    /// Prefix and last four letters.
    pub hint: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// The end of the overlap; `None` for the one in force.
    pub until: Option<UnixMs>,
    /// When it was first accepted.
    pub first_used_at: Option<UnixMs>,
    /// When it was last accepted.
    pub last_used_at: Option<UnixMs>,
}

/// A key as it may be shown: never with a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// Whose.
    pub account: AccountId,
    /// Of which API.
    pub api: String,
    /// Which kind.
    pub kind: Kind,
    /// Which environment.
    pub environment: Environment,
    /// Its name.
    pub name: Option<String>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The ranges it may be used from.
    pub addresses: Vec<String>,
    /// Its own limits.
    pub limits: Vec<LimitSpec>,
    /// Its own quotas.
    pub quotas: Vec<QuotaSpec>,
    /// Its own plan.
    pub plan: Option<String>,
    /// The operator's own id.
    pub external_id: Option<String>,
    /// A JSON object.
    pub metadata: Option<Value>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Addresses without a sign-in that are told of it too.
    pub contacts: Vec<String>,
    /// Who holds it.
    pub person: Option<PersonId>,
    /// What was done to it.
    pub state: KeyState,
    /// What it is called now.
    pub standing: Standing,
    /// When it ends.
    pub expires_at: Option<UnixMs>,
    /// Until when nobody is reminded of its end.
    pub snoozed_until: Option<UnixMs>,
    /// The one in force first, then the one before it during an overlap.
    pub secrets: Vec<SecretView>,
    /// Who made it, as the audit calls them.
    pub created_by: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was last changed.
    pub updated_at: UnixMs,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
    /// For whom its secret waits, where it is sent for pick-up.
    pub pickup_by: Option<PickupBy>,
    /// Grows with every change; what `ETag` carries.
    pub version: i64,
}

/// A key together with a secret that was just made or may be shown.
#[derive(Clone)]
pub struct WithSecret {
    /// The key.
    pub key: KeyView,
    /// The secret in clear; `None` when an earlier request already received it (an idempotent replay), when it is not
    /// for the actor's eyes, and when there is none yet.
    pub secret: Option<Secret>,
    /// The link to send, where the secret is to be picked up.
    pub pickup: Option<PickupView>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// Which keys to list; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this API.
    pub api: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this environment.
    pub environment: Option<Environment>,
    /// Of this standing, now.
    pub standing: Option<Standing>,
    /// Held by this person.
    pub person: Option<PersonId>,
    /// With exactly this name, whatever its case.
    pub name: Option<String>,
    /// With this external id.
    pub external_id: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With each of these words somewhere in what people said of it, whatever its case.
    pub search: Option<String>,
    /// With this plain member of its metadata: name and value as text.
    pub metadata: Option<(String, String)>,
}

/// Whose a secret is.
#[derive(Debug, Clone)]
pub enum Whose {
    /// A key's current or old secret.
    Key(Box<KeyView>, SecretId),
    /// A deleted key's, or a replaced secret.
    Gone {
        /// The key it belonged to.
        key: KeyId,
        /// Its account.
        account: AccountId,
        /// The key's name then.
        name: Option<String>,
        /// `deleted` or `replaced`.
        reason: String,
        /// Since when.
        at: UnixMs,
    },
    /// Nobody's.
    Unknown,
}
