//! What happened: counts, rates, response times, and who called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Environment;

/// What of usage to show; all given conditions hold at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// Of this account; without it and `key_id`, of the caller's own, and for the operator of whole APIs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Of this key: kept in hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Of this API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// On this route, by its pattern; of an account kept in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Of keys of this environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// With this outcome: `ok`, `client_error`, `server_error`, `broken_off`, or a refusal's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// From then on (RFC 3339); a day before the end unless said. Rounded down to a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until then (RFC 3339); now unless said. Rounded up to a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The length of a step in seconds, whole minutes; what suits the stretch unless said. Days are of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_s: Option<u32>,
}

/// What happened in a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Where the first step begins.
    pub from: String,
    /// Where the last step ends.
    pub to: String,
    /// The length of a step in seconds.
    pub step_s: u64,
    /// How complete this is.
    #[serde(flatten)]
    pub whole: UsageWhole,
    /// Requests of the account in the hours of this stretch that are in no step: so many accounts were active at once
    /// that it was counted by the hour. Steps of an hour tell of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<u64>,
    /// All steps together.
    pub total: UsageSum,
    /// Each step in which something happened, oldest first.
    pub points: Vec<UsagePoint>,
}

/// How complete an answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageWhole {
    /// Until when everything that the log has is in it.
    pub as_of: String,
    /// Whether nothing is missing.
    pub complete: bool,
    /// Decisions made in or about that time that are not in the log and so not counted, whoever's they were: dropped
    /// under overload, or lost when the program was killed (`gap`).
    pub lost: Vec<UsageLoss>,
}

/// Decisions that are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageLoss {
    /// Why.
    pub reason: String,
    /// How many.
    pub records: u64,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsagePoint {
    /// When it begins.
    pub at: String,
    /// What happened in it.
    #[serde(flatten)]
    pub sum: UsageSum,
}

/// A sum of requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageSum {
    /// All of them, refused ones too.
    pub requests: u64,
    /// Those that were allowed and answered below 400.
    pub ok: u64,
    /// `ok` of `requests`, 0 to 1; null without requests.
    pub success_rate: Option<f64>,
    /// By outcome: `ok`, `client_error`, `server_error`, `broken_off`, or a refusal's code.
    pub outcomes: BTreeMap<String, u64>,
    /// What was taken of limits and quotas; null for keys.
    pub cost: Option<u64>,
    /// Bytes of requests' bodies; null for keys.
    pub bytes_in: Option<u64>,
    /// Bytes of answers' bodies; null for keys.
    pub bytes_out: Option<u64>,
    /// Mean response time in milliseconds, of what was forwarded; null where nothing was, and in steps of a key that
    /// are no whole days.
    pub mean_ms: Option<f64>,
    /// Half of them took no longer; within 2 %.
    pub p50_ms: Option<f64>,
    /// 95 of 100 took no longer; within 2 %.
    pub p95_ms: Option<f64>,
    /// 99 of 100 took no longer; within 2 %.
    pub p99_ms: Option<f64>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageBy {
    /// Keys.
    Key,
    /// Routes.
    Route,
    /// Accounts; for the operator.
    Account,
    /// Clients' addresses, of one account or key; needs `logs.read` too.
    Address,
    /// Clients' programs, of one account or key; needs `logs.read` too.
    Agent,
}

/// Which of the many to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageTopQuery {
    /// What is counted.
    #[param(inline)]
    pub by: UsageBy,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Of this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Of this API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// From that day on (RFC 3339); a day before the end unless said. Rounded down to a day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until that day; today unless said. Rounded up to a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Most entries: 1 to 100, 10 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
}

/// Those with the most requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageTop {
    /// Where the first day begins.
    pub from: String,
    /// Where the last day ends.
    pub to: String,
    /// How complete this is.
    #[serde(flatten)]
    pub whole: UsageWhole,
    /// They, most requests first.
    pub items: Vec<UsageCount>,
    /// Requests of those that are not told apart, as far as they are known.
    pub other: u64,
    /// Whether there was more to read than one answer may.
    pub truncated: bool,
}

/// How often one was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageCount {
    /// A key's or account's id, a route's pattern (empty: no route matched), an address, a program, or an outcome.
    pub name: String,
    /// What a key or account is called now.
    pub title: Option<String>,
    /// How many requests.
    pub requests: u64,
    /// Those of them that were refused; of accounts not told.
    pub refused: u64,
    /// When the last one came, where that is kept.
    pub last_at: Option<String>,
}

/// Which keys to tell of at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysUsageQuery {
    /// Their ids with commas between them, at most 200. Those that are none of the caller's are left out.
    pub key_ids: String,
    /// From then on (RFC 3339); a day before the end unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until then (RFC 3339); now unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The length of a step in seconds, whole hours; what suits the stretch unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_s: Option<u32>,
}

/// How many keys were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeysUsage {
    /// Where the first step begins.
    pub from: String,
    /// Where the last step ends.
    pub to: String,
    /// The length of a step in seconds.
    pub step_s: u64,
    /// How complete this is.
    #[serde(flatten)]
    pub whole: UsageWhole,
    /// Each key.
    pub items: Vec<KeyUsage>,
}

/// How one key was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyUsage {
    /// The key.
    pub key_id: String,
    /// All its requests in that stretch.
    pub total: u64,
    /// Its requests in each step, refused ones too.
    pub requests: Vec<u64>,
    /// Those of them that were refused.
    pub refused: Vec<u64>,
    /// When it was first accepted.
    pub first_used_at: Option<String>,
    /// When it was last accepted.
    pub last_used_at: Option<String>,
}

/// In how many last days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallersQuery {
    /// So many, today among them; 30 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// Who called a key, and what for: who breaks if it is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Callers {
    /// The key.
    pub key_id: String,
    /// How complete this is.
    #[serde(flatten)]
    pub whole: UsageWhole,
    /// All requests in those days.
    pub requests: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// When it was first accepted in those days.
    pub first_used_at: Option<String>,
    /// When it was last accepted.
    pub last_used_at: Option<String>,
    /// What became of its requests.
    pub outcomes: Vec<UsageCount>,
    /// The addresses it came from.
    pub addresses: Met,
    /// The programs that sent it, as they call themselves.
    pub agents: Met,
    /// The routes it was sent to.
    pub routes: Met,
}

/// Who or what was met, most requests first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Met {
    /// At most 32.
    pub items: Vec<UsageCount>,
    /// Requests of all others together.
    pub other: u64,
}
