//! Reports of secrets that were found where they must not be.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SecretText;

/// What becomes of a key whose secret was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exposed {
    /// Those concerned are told.
    #[default]
    Warn,
    /// They are told, and the key is switched off until somebody switches it on again.
    Contain,
    /// They are told, and the key is revoked.
    Revoke,
}

/// What a scanner found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakReports {
    /// At most 100.
    pub reports: Vec<LeakReport>,
}

/// One text that looks like a secret, and where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakReport {
    /// The text.
    #[schema(value_type = String)]
    pub secret: SecretText,
    /// Where it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// In what: `content`, `commit`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Whether what was found is a secret of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakLabel {
    /// It is, or was.
    TruePositive,
    /// It is not, or of no account within reach.
    FalsePositive,
}

/// What became of the reports, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeakResults {
    /// One for each.
    pub results: Vec<LeakResult>,
}

/// What became of one report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeakResult {
    /// Whether it is a secret of ours.
    pub label: LeakLabel,
    /// Whose secret it is, or was.
    pub key_id: Option<String>,
    /// What was done, as the account's policy says; `null`: nothing, since its time was over or this was known.
    pub done: Option<Exposed>,
}

/// One match of GitHub's secret scanning, as GitHub words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GithubMatch {
    /// The text that was found.
    #[schema(value_type = String)]
    pub token: SecretText,
    /// The name of the pattern that it matches.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it was found; may be empty.
    #[serde(default)]
    pub url: Option<String>,
    /// In what, such as `content`.
    #[serde(default)]
    pub source: Option<String>,
}

/// What GitHub is told of one match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GithubFeedback {
    /// SHA-256 of the text, hexadecimal.
    pub token_hash: String,
    /// The name of the pattern.
    pub token_type: String,
    /// Whether it is a secret of ours.
    pub label: LeakLabel,
}
