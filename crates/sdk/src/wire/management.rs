//! Management keys: what authenticates automation to the management API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Effective, Expires, SecretText};

/// A management key to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewManagementKey {
    /// Its name.
    pub name: String,
    /// The one account it manages; left out: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// What it may do, such as `keys.write`; everything its maker may when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// When it ends; never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
}

/// A management key, never with its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManagementKey {
    /// `mk_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// The one account it manages; `null`: all of them.
    pub account_id: Option<String>,
    /// What it may do; `*` is everything.
    pub permissions: Vec<String>,
    /// Its prefix and last four letters.
    pub hint: String,
    /// When it ends; `null` is never.
    pub expires_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: String,
}

/// A new management key with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManagementKeyCreated {
    /// The key.
    #[serde(flatten)]
    pub key: ManagementKey,
    /// The secret in clear; `null` in a replay, since the first answer held it.
    #[schema(value_type = Option<String>)]
    pub secret: Option<SecretText>,
    /// Since when every node accepts it.
    pub effective: Effective,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whoami {
    /// The management key that was sent.
    pub management_key_id: Option<String>,
    /// The person who is signed in.
    pub person_id: Option<String>,
    /// The one account that is reached; `null`: all of them, or none is chosen yet.
    pub account_id: Option<String>,
    /// What may be done there; `*` is everything.
    pub permissions: Vec<String>,
    /// What the audit calls it.
    pub actor: String,
    /// The version of the server.
    pub server_version: String,
}
