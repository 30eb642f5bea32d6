//! What happens now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What to watch; all given conditions hold at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// This account; without it the caller's own, and for the operator everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// This key; what is left of its limits is told also while it does not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// This API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// The data of an event `tick`: what happened since the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveTick {
    /// How long ago that was, in milliseconds; 0 for the first.
    pub over_ms: u64,
    /// Requests, refused ones too.
    pub requests: u64,
    /// Requests in the last second.
    pub per_second: u64,
    /// By outcome: `ok`, `client_error`, `server_error`, `broken_off`, or a refusal's code.
    pub outcomes: BTreeMap<String, u64>,
    /// Requests that this stream was too slow to be told of.
    pub missed: u64,
    /// Keys that came, at most 50, those with the most requests first; and the key that is watched.
    pub keys: Vec<LiveKey>,
    /// How many other keys came.
    pub more_keys: u64,
}

/// A key that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveKey {
    /// It.
    pub key_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its requests.
    pub requests: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// Its limits and then its quotas, as the rate headers of its next refusal would have them.
    pub limits: Vec<LiveLimit>,
}

/// How a limit or quota stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveLimit {
    /// Its name.
    pub name: String,
    /// The whole of it.
    pub limit: u64,
    /// What is left.
    pub remaining: u64,
    /// When it is whole again.
    pub reset_at: String,
}
