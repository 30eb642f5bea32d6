//! What is better tidied up.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Environment, Kind, Standing, UsageCount};

/// What counts as idle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HygieneQuery {
    /// Keys that were not used for so many days are idle; also how far back arriving requests are told of. 90 unless
    /// said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_days: Option<u32>,
}

/// What is better tidied up in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hygiene {
    /// The account.
    pub account_id: String,
    /// What counted as idle.
    pub idle_days: u32,
    /// Keys that can be used and of which there is something to say, newest first.
    pub keys: Vec<HygieneKey>,
    /// Requests that still arrive with keys and secrets that are over, most first.
    pub arriving: Vec<ArrivingKey>,
    /// Requests that arrive with the account's id and a key that is none; the log has each (`reason`). Told only where
    /// an API wants the id of an account beside the key.
    #[serde(default)]
    pub unknown: Vec<ArrivingUnknown>,
    /// Whether there may be more than is told.
    pub more: bool,
}

/// A key of which there is something to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HygieneKey {
    /// The key.
    pub key_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Which kind.
    pub kind: Kind,
    /// Which environment.
    pub environment: Environment,
    /// What it is called now.
    pub standing: Standing,
    /// When it was made.
    pub created_at: String,
    /// When it was first accepted.
    pub first_used_at: Option<String>,
    /// When one of its secrets was last accepted.
    pub last_used_at: Option<String>,
    /// It was not used for as long as was asked.
    pub idle: bool,
    /// It never ends.
    pub no_expiry: bool,
    /// It works from everywhere.
    pub no_addresses: bool,
    /// Scopes that it was never used for; empty where that can't be said. `POST /v1/keys/{key_id}/shrink` takes them.
    pub unused_scopes: Vec<String>,
    /// Its new secret is in use and its old one no longer: the rotation can be completed.
    pub rotation_done: bool,
}

/// Requests with a key or secret that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArrivingKey {
    /// The key, which may be deleted.
    pub key_id: String,
    /// Its name, where it is still there.
    pub name: Option<String>,
    /// What they were refused for: `key_revoked`, `key_expired`, `key_disabled`, `invalid_credentials.deleted` or
    /// `invalid_credentials.replaced`.
    pub outcome: String,
    /// How many, in the key's whole life.
    pub requests: u64,
    /// When the last one came.
    pub last_at: Option<String>,
    /// The most frequent addresses of all its requests; null without `logs.read`.
    pub addresses: Option<Vec<UsageCount>>,
    /// The most frequent programs; null without `logs.read`.
    pub agents: Option<Vec<UsageCount>>,
}

/// Requests with a key that is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArrivingUnknown {
    /// `invalid_credentials.unknown`, `invalid_credentials.checksum` or `invalid_credentials.malformed`.
    pub outcome: String,
    /// How many in those days.
    pub requests: u64,
    /// The day (UTC) of the last one.
    pub last_on: Option<String>,
}
