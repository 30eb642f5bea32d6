//! `POST /v1/verify` of the auth listener: a decision for somebody else's proxy or program.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Environment;

/// A request to be judged. Give either `authorization`, or `secret` (with `account_id` where the API uses a pair).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The API it is for.
    pub api: String,
    /// The value of its Authorization header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// The account's public id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Its method; `GET` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its path, with or without a query. Left out: routes and their scopes are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The host it was sent to: tells the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Whether it came over HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<bool>,
    /// Its body as text, for routes that look into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many items it has, instead of counting them in `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// What it costs of each limit, instead of the route's cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u32>,
}

/// Credentials and bodies stay out of debug prints.
impl std::fmt::Debug for Verify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verify")
            .field("api", &self.api)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("host", &self.host)
            .field("client_ip", &self.client_ip)
            .finish_non_exhaustive()
    }
}

/// The decision. Its HTTP status is always 200.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// Whether the request may pass.
    pub allow: bool,
    /// Why not; `null` when it may.
    pub code: Option<String>,
    /// The status to answer with when it may not; 200 when it may.
    pub status: u16,
    /// Names this decision in the logs.
    pub request_id: String,
    /// Whose key it is; this and the next are `null` until the secret matched.
    pub account: Option<String>,
    /// Who holds it, for personal keys.
    pub person: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Its environment.
    pub environment: Option<Environment>,
    /// Its account's region.
    pub region: Option<String>,
    /// Its limits and quotas, after this request.
    pub limits: Vec<LimitState>,
    /// How long to wait, where waiting helps.
    pub retry_after_s: Option<i64>,
}

/// How one limit or quota stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitState {
    /// Which.
    pub name: String,
    /// Most per window.
    pub limit: u64,
    /// What is left.
    pub remaining: u64,
    /// When it is whole again; `null` for a lifetime budget.
    pub reset_at: Option<String>,
}

/// Several requests to be judged, each by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBatch {
    /// At most 100.
    #[schema(max_items = 100)]
    pub items: Vec<Verify>,
}

/// A decision for each item, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyBatchAnswer {
    /// The decisions.
    pub results: Vec<Verification>,
}

/// A decision with every check it rests on. Nothing was spent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The decision.
    #[serde(flatten)]
    pub decision: Verification,
    /// The checks, in their order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Which.
    pub name: String,
    /// How it went.
    pub outcome: CheckOutcome,
    /// Why it failed or was skipped.
    pub detail: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be tried.
    Skipped,
}
