//! The audit: who changed what.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEvent {
    /// Its place in the audit; grows.
    pub id: String,
    /// Its number: events follow each other without gaps, of whichever account they are.
    pub seq: i64,
    /// When it was made.
    pub at: String,
    /// Who made it: `management_key:mk_…`, `key:key_…`, `cli` or `system`.
    pub actor: String,
    /// The address it came from.
    pub origin: Option<String>,
    /// What was done, such as `key.created`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Whose that is.
    pub account_id: Option<String>,
    /// What was there before, as far as it changed.
    pub before: Option<Value>,
    /// What is there since.
    pub after: Option<Value>,
    /// Its keyed hash over itself and the event before it; `keyward audit verify` checks them all.
    pub mac: String,
}

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// About this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// By this actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Of this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Most items on a page: 1 to 200, 50 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// An event as JSON on each line.
    #[default]
    Ndjson,
    /// Comma-separated values with a line of headings.
    Csv,
}

/// Which events to export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditExportQuery {
    /// `ndjson`, unless said otherwise, or `csv`.
    #[serde(default)]
    #[param(inline)]
    pub format: AuditFormat,
    /// Not made before this instant, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Made before this instant, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
}
