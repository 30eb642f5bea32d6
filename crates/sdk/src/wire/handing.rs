//! Handing over a secret: approvals, and links that work once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Effective, Environment, Key, Kind, SecretText};

/// A secret to be picked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPickup {
    /// For whom the link is, for people to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

/// A link that shows a secret once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pickup {
    /// The link; shown this once. Who has it can pick up the secret.
    #[schema(value_type = String)]
    pub link: SecretText,
    /// For whom it is.
    pub recipient: Option<String>,
    /// Until when it works.
    pub expires_at: String,
}

/// For whom a secret waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PickupBy {
    /// As the sender wrote it.
    pub recipient: Option<String>,
    /// Until when the link works; `null` where there is none.
    pub link_expires_at: Option<String>,
}

/// A key whose secret was sent for pick-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PickupSent {
    /// The key.
    #[serde(flatten)]
    pub key: Key,
    /// The link; earlier ones have ended.
    pub pickup: Pickup,
    /// Since when every node knows it.
    pub effective: Effective,
}

/// What somebody with a link sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PickUp {
    /// What follows `#` in the link.
    #[schema(value_type = String)]
    pub token: SecretText,
}

/// What a link is for; nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PickUpLook {
    /// The key's name.
    pub key_name: Option<String>,
    /// Which kind of key.
    pub kind: Kind,
    /// Which environment.
    pub environment: Environment,
    /// Of which API.
    pub api: String,
    /// Whose.
    pub account_name: String,
    /// For whom the link is.
    pub recipient: Option<String>,
    /// When the key ends; `null` is never.
    pub key_expires_at: Option<String>,
    /// Until when the link works.
    pub link_expires_at: String,
}

/// Why a key is not approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineKey {
    /// For the audit; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
