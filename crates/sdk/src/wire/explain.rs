//! Explaining: which check refuses a request, or refused it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Check, Environment, LimitState, LogEntry};

/// A request as a client sends it. Its credential stands in its headers, is used once and is kept nowhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// Where it is sent: `https://host/path?query`, or a path.
    pub url: String,
    /// The API it is for, where its host and path do not lead to one; the path is then the API's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Its method; `GET` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Its headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub headers: Vec<ExplainHeader>,
    /// Its body as text, for routes that look into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The address it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
}

/// One header.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainHeader {
    /// Its name, in any case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Headers and bodies stay out of debug prints.
impl std::fmt::Debug for ExplainRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExplainRequest").field("api", &self.api).field("method", &self.method).finish_non_exhaustive()
    }
}

/// Its value stays out of debug prints.
impl std::fmt::Debug for ExplainHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExplainHeader").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What would become of a request now. Nothing was spent and nothing recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedRequest {
    /// Whether it would pass.
    pub allow: bool,
    /// Why not; `null` when it would.
    pub code: Option<String>,
    /// The status it would get; 200 stands for whatever the upstream answers.
    pub status: u16,
    /// What the client would be told; `null` when it would pass.
    pub detail: Option<String>,
    /// The API; `null` where the address leads to none.
    pub api: Option<String>,
    /// The route's pattern, where the API declares routes.
    pub route: Option<String>,
    /// Whose key it carries; this and the next are `null` until the secret matched.
    pub account_id: Option<String>,
    /// Who holds it, for personal keys.
    pub person_id: Option<String>,
    /// The key.
    pub key_id: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Its environment.
    pub environment: Option<Environment>,
    /// Its account's region.
    pub region: Option<String>,
    /// How its limits and quotas stand.
    pub limits: Vec<LimitState>,
    /// How long to wait, where waiting helps.
    pub retry_after_s: Option<i64>,
    /// The checks, in their order.
    pub checks: Vec<Check>,
}

/// A request of the log, by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRecorded {
    /// Its id, as in `X-Request-Id`.
    pub request_id: String,
}

/// What became of a request, and at which check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedRecord {
    /// Its row.
    pub row: LogEntry,
    /// The checks, in their order: passed, failed, or not reached.
    pub checks: Vec<Check>,
}
