//! Keys.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{Effective, Limit, NewPickup, Pickup, PickupBy, Quota, SecretText, nullable};

/// Who holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The account as a whole.
    #[default]
    Account,
    /// One person of the account.
    Personal,
}

/// Real data or a playground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real thing.
    #[default]
    Live,
    /// For development.
    Test,
}

/// What a key is called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Usable, more than 30 days left or no end.
    Active,
    /// Usable, 30 days or less left.
    ExpiringSoon,
    /// Its time is over; an extension makes it usable again.
    Expired,
    /// Switched off; can be switched on again.
    Disabled,
    /// Ended for good.
    Revoked,
    /// Waits for a second admin's approval; has no secret yet.
    Pending,
    /// Waits for somebody to pick up its secret; has none yet.
    AwaitingPickup,
}

/// When a key ends: `{"days": 30}`, `{"at": "2027-01-01T00:00:00Z"}` or `"never"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// This many times 24 hours from now.
    Days(u32),
    /// At this instant.
    At(String),
    /// Never, as the rules of its kind understand it.
    Never,
}

/// A key to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Whose.
    pub account_id: String,
    /// Which kind; `account` when left out, `personal` needs `person_id`.
    #[serde(default)]
    pub kind: Kind,
    /// Who holds it: for personal keys only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// Which environment; `live` when left out.
    #[serde(default)]
    pub environment: Environment,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it ends. Some kinds want it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
    /// Names of its scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Addresses or CIDR ranges it may be used from; none means from anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Its own limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Its own quotas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<Quota>,
    /// Its own plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Your own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Anything of yours, at most 4 kB as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// E-mail addresses without a sign-in that are told of it too, such as a partner's; at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Send its secret for pick-up: the answer holds a link that works once instead of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<NewPickup>,
}

/// Changes to a key: what is left out stays, `null` clears, lists are replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEdit {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// When it ends, counted from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
    /// Names of its scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Addresses or CIDR ranges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
    /// Its own limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// Its own quotas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Vec<Quota>>,
    /// Its own plan.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<Option<String>>,
    /// Your own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
    /// Anything of yours; replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Option<Map<String, Value>>>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// E-mail addresses without a sign-in that are told of it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<String>>,
}

/// A new secret for a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// How many seconds the old secret stays good; 0 ends it at once.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub overlap_s: u32,
    /// When the key ends; unchanged when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
}

/// A fresh secret for a personal key; the old one ends at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetKey {
    /// When the key ends; unchanged when left out. An expired key needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
}

/// A key, never with a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// `key_…`; stays the same when its secret is rotated.
    pub id: String,
    /// Whose.
    pub account_id: String,
    /// Of which API.
    pub api: String,
    /// Which kind.
    pub kind: Kind,
    /// Who holds it, for personal keys.
    pub person_id: Option<String>,
    /// Which environment.
    pub environment: Environment,
    /// Its name.
    pub name: Option<String>,
    /// What it is called now.
    pub standing: Standing,
    /// When it ends; `null` is never.
    pub expires_at: Option<String>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// Where it may be used from; none means from anywhere.
    pub addresses: Vec<String>,
    /// Its own limits.
    pub limits: Vec<Limit>,
    /// Its own quotas.
    pub quotas: Vec<Quota>,
    /// Its own plan.
    pub plan: Option<String>,
    /// Your own id for it.
    pub external_id: Option<String>,
    /// Anything of yours.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// E-mail addresses without a sign-in that are told of it too.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// Until when nobody is reminded of its end.
    #[serde(default)]
    pub snoozed_until: Option<String>,
    /// The secret in force first, then the one before it during an overlap.
    pub secrets: Vec<SecretInfo>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// For whom its secret waits, where it is sent for pick-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_by: Option<PickupBy>,
    /// Grows with every change; `ETag` carries it.
    pub version: i64,
}

/// What may be said of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretInfo {
    /// `sec_…`
    pub id: String,
    /// Its prefix and last four letters.
    pub hint: String,
    /// When it was made.
    pub created_at: String,
    /// The end of its overlap; `null` for the one in force.
    pub until: Option<String>,
    /// When it was first accepted, to the second.
    pub first_used_at: Option<String>,
    /// When it was last accepted, to the second.
    pub last_used_at: Option<String>,
}

/// A key and its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyWithSecret {
    /// The key.
    #[serde(flatten)]
    pub key: Key,
    /// The secret in clear; `null` in a replay, since the first answer held it, and where it is not for the caller's
    /// eyes or does not exist yet.
    #[schema(value_type = Option<String>)]
    pub secret: Option<SecretText>,
    /// The link to send, where the secret is to be picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Pickup>,
    /// Since when every node accepts it.
    pub effective: Effective,
}

/// A secret whose key is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindKey {
    /// The secret.
    #[schema(value_type = String)]
    pub secret: SecretText,
}

/// Whose a secret is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "made once per answer, never stored")]
pub enum Found {
    /// A key's: the one in force or the one before it.
    Key {
        /// The key.
        key: Key,
        /// Which of its secrets.
        secret_id: String,
    },
    /// A deleted key's, or a secret that was replaced.
    Gone {
        /// The key it belonged to.
        key_id: String,
        /// Whose that key was.
        account_id: String,
        /// The key's name then.
        name: Option<String>,
        /// `deleted` or `replaced`.
        reason: String,
        /// Since when.
        at: String,
    },
    /// Nobody's that you may see.
    Unknown,
}

/// Which keys to list; all conditions hold at once. `metadata.NAME=value` is understood too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Of this API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Of this environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Called this now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Held by this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// With exactly this name, whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With this external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// With this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// With each of these words, at most eight, somewhere in its name, external id, tags or scopes, whatever the case.
    /// Words of four characters and more are looked for in the visible part of its secrets, those of eight in its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// With this plain member of its metadata: name and value.
    #[serde(skip)]
    #[param(ignore)]
    pub metadata: Option<(String, String)>,
    /// Most items on a page: 1 to 200, 50 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
