//! What accounts demand of their keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Exposed;

/// An account's demands on keys that are made, edited, extended or rotated from now on. What is left out demands
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Most days until a key ends, 1 to 3,650; a key that never ends is above any number.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    pub lifetime_days_max: Option<u32>,
    /// Whether every key must end some day.
    #[serde(default)]
    pub expiry_required: bool,
    /// Whether every key must be bound to addresses.
    #[serde(default)]
    pub addresses_required: bool,
    /// The only scopes a key may have; `null` is all of them.
    #[serde(default)]
    pub scopes_max: Option<Vec<String>>,
    /// Scopes that a second admin must approve.
    #[serde(default)]
    pub approval_scopes: Vec<String>,
    /// What becomes of a key whose secret is reported as published.
    #[serde(default)]
    pub exposed: Exposed,
}

/// An account's policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptPolicy {
    /// Most days until a key ends.
    pub lifetime_days_max: Option<u32>,
    /// Whether every key must end some day.
    pub expiry_required: bool,
    /// Whether every key must be bound to addresses.
    pub addresses_required: bool,
    /// The only scopes a key may have; `null` is all of them.
    pub scopes_max: Option<Vec<String>>,
    /// Scopes that a second admin must approve.
    pub approval_scopes: Vec<String>,
    /// What becomes of a key whose secret is reported as published.
    pub exposed: Exposed,
    /// Grows with every change, 0 until the first; `ETag` carries it.
    pub version: i64,
}
