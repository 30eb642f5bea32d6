//! Which keys a change would touch, without making it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Kind, Standing};

/// Whether to make a change or only to say which keys it would touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DryRunQuery {
    /// With `true` nothing is changed, and the answer says which keys would be touched. The rules are the change's own:
    /// what it would be refused for, this is refused for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[param(required = false)]
    pub dry_run: bool,
}

/// Which keys a change would touch. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRun {
    /// Always `true`.
    pub dry_run: bool,
    /// The keys, newest first; at most 200.
    pub keys: Vec<TouchedKey>,
    /// Whether there may be others.
    pub more: bool,
}

/// A key that a change would touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TouchedKey {
    /// `key_…`
    pub key_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Which kind.
    pub kind: Kind,
    /// What it is called now.
    pub standing: Standing,
    /// What would become of it.
    pub why: String,
    /// When one of its secrets was last accepted.
    pub last_used_at: Option<String>,
}

/// The answer to a change, or to its dry run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum OrDryRun<T> {
    /// With `dry_run=true`.
    DryRun(DryRun),
    /// Otherwise.
    Done(T),
}
