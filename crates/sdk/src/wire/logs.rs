//! The request log: a row for every decision.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Environment, Kind};

/// One decision and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// When the request's head had been read.
    pub at: String,
    /// Where it was decided.
    pub source: LogSource,
    /// The request's id, as in `X-Request-Id`.
    pub request_id: String,
    /// The account, once a secret matched, or of a deleted key whose secret came.
    pub account_id: Option<String>,
    /// The key, likewise.
    pub key_id: Option<String>,
    /// What the key is called now.
    pub key_name: Option<String>,
    /// Who holds it, of a personal key.
    pub person_id: Option<String>,
    /// The key's kind.
    pub kind: Option<Kind>,
    /// The key's environment.
    pub environment: Option<Environment>,
    /// Whether the secret was the old one of a rotation.
    pub old_secret: bool,
    /// The API.
    pub api: Option<String>,
    /// The route's pattern, where the API declares routes.
    pub route: Option<String>,
    /// The region that was asked, or else the account's.
    pub region: Option<String>,
    /// The method.
    pub method: String,
    /// The path without its query, at most 512 bytes of it. What looks like a key in it is redacted.
    pub path: String,
    /// The status that was answered; 499 where the client was gone before.
    pub status: u16,
    /// Why it was refused, or what went wrong; none where the upstream answered.
    pub code: Option<String>,
    /// What came of it.
    pub outcome: LogOutcome,
    /// Why credentials were invalid: `malformed`, `checksum`, `unknown`, `wrong_account`, `deleted` or `replaced`.
    pub reason: Option<String>,
    /// Keyed fingerprint of what was sent in place of a valid secret, 8 hexadecimal digits: equal ones were the same.
    pub fingerprint: Option<String>,
    /// Microseconds from the request's head to the answer's end.
    pub total_us: u32,
    /// Microseconds from forwarding to the head of the upstream's answer; 0 where nothing was forwarded.
    pub upstream_us: u32,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// Whether the answer broke off.
    pub broke_off: bool,
    /// The client's address.
    pub address: Option<String>,
    /// The client's user agent, at most 200 bytes of it.
    pub agent: Option<String>,
    /// What it took of each limit and quota.
    pub cost: u32,
    /// How many items its body held, where a rule counts them.
    pub items: Option<u32>,
    /// What was left of the limit with the least left, or of the one that refused.
    pub remaining: Option<u64>,
}

/// Where a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogSource {
    /// At the gateway.
    Gateway,
    /// At the auth listener.
    Auth,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogOutcome {
    /// Let pass, and answered well (below 400) to the end.
    Success,
    /// Let pass, and answered badly, not to the end, or not at all.
    Error,
    /// Refused by Keyward.
    Refused,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A row as JSON on each line.
    #[default]
    Ndjson,
    /// Comma-separated values with a line of headings.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// What is missing from the log, for one reason. It is counted for the whole deployment: what was dropped is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogMissing {
    /// `queue_full` or `disk` (dropped under overload), or `gap` (the process was killed).
    pub reason: String,
    /// Since when, at the earliest.
    pub since: String,
    /// Until when, at the latest.
    pub until: String,
    /// How many rows.
    pub records: u64,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// The rows.
    pub items: Vec<LogEntry>,
    /// Where the next page begins; `null` on the last one. A page may have fewer rows than asked for, even none, and
    /// still not be the last: one call looks at so many rows and no more.
    pub next_cursor: Option<String>,
    /// What is missing from the stretch of time that was asked for.
    pub missing: Vec<LogMissing>,
}

/// How the log does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogStatus {
    /// Decisions of this process.
    pub decided: u64,
    /// Their rows that are on the disk.
    pub stored: u64,
    /// Their rows that were dropped.
    pub dropped: Vec<LogDropped>,
    /// Decisions whose answers have not ended, or whose rows are on their way to the disk.
    pub under_way: u64,
    /// Why nothing can be written at the moment.
    pub failing: Option<String>,
    /// Since when.
    pub failing_since: Option<String>,
    /// Rows that can be found.
    pub records: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Compressed files among them.
    pub segments: u64,
    /// The earliest row.
    pub oldest: Option<String>,
    /// What is missing, of all time that is kept.
    pub missing: Vec<LogMissing>,
}

/// Rows that were dropped for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogDropped {
    /// `queue_full` or `disk`.
    pub reason: String,
    /// How many.
    pub records: u64,
}

/// Whose bodies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogBodiesQuery {
    /// The request's id.
    pub request_id: String,
}

/// What was kept of a request's bodies; `null` both where its route keeps none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogBodies {
    /// The request's.
    pub request: Option<LogBody>,
    /// The answer's.
    pub answer: Option<LogBody>,
}

/// The beginning of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogBody {
    /// As text; what looked like a key is redacted.
    pub text: String,
    /// Whether there was more, or something that is no text and was left out.
    pub cut: bool,
}

/// Which rows; what is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Not before this instant, RFC 3339.
    pub since: Option<String>,
    /// Before this instant, RFC 3339.
    pub until: Option<String>,
    /// Of this account.
    pub account_id: Option<String>,
    /// Of this key.
    pub key_id: Option<String>,
    /// Of this person's keys.
    pub person_id: Option<String>,
    /// For this API.
    pub api: Option<String>,
    /// On this route, by its pattern.
    pub route: Option<String>,
    /// In this region.
    pub region: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this path; one that ends in `*` is a beginning.
    pub path: Option<String>,
    /// With this status (`404`), class (`4xx`) or range (`500-504`).
    pub status: Option<String>,
    /// With this code.
    pub code: Option<String>,
    /// With this outcome.
    pub outcome: Option<LogOutcome>,
    /// Invalid for this reason.
    pub reason: Option<String>,
    /// With this fingerprint.
    pub fingerprint: Option<String>,
    /// Decided there.
    pub source: Option<LogSource>,
    /// With a key of this kind.
    pub kind: Option<Kind>,
    /// Of this environment.
    pub environment: Option<Environment>,
    /// From this address or range, such as `10.0.0.0/8`.
    pub address: Option<String>,
    /// With a user agent that holds this text, in any case.
    pub agent: Option<String>,
    /// With this request id.
    pub request_id: Option<String>,
    /// That took at least so many milliseconds.
    pub slower_than_ms: Option<u32>,
}

/// The filters of every question to the log, and more of its own.
macro_rules! asking {
    ($(#[$doc:meta])* $name:ident { $($(#[$more:meta])* $own:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields, default)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// Not before this instant, RFC 3339.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub since: Option<String>,
            /// Before this instant, RFC 3339.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub until: Option<String>,
            /// Of this account.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub account_id: Option<String>,
            /// Of this key.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub key_id: Option<String>,
            /// Of this person's keys.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub person_id: Option<String>,
            /// For this API.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub api: Option<String>,
            /// On this route, by its pattern.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub route: Option<String>,
            /// In this region.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub region: Option<String>,
            /// With this method.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub method: Option<String>,
            /// With this path; one that ends in `*` is a beginning.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub path: Option<String>,
            /// With this status (`404`), class (`4xx`) or range (`500-504`).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub status: Option<String>,
            /// With this code.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub code: Option<String>,
            /// With this outcome: `success`, `error` or `refused`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[param(inline)]
            pub outcome: Option<LogOutcome>,
            /// Invalid for this reason.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
            /// With this fingerprint.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub fingerprint: Option<String>,
            /// Decided there: `gateway` or `auth`.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[param(inline)]
            pub source: Option<LogSource>,
            /// With a key of this kind.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[param(inline)]
            pub kind: Option<Kind>,
            /// Of this environment.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[param(inline)]
            pub environment: Option<Environment>,
            /// From this address or range, such as `10.0.0.0/8`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub address: Option<String>,
            /// With a user agent that holds this text, in any case.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub agent: Option<String>,
            /// With this request id.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub request_id: Option<String>,
            /// That took at least so many milliseconds.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub slower_than_ms: Option<u32>,
            $($(#[$more])* pub $own: $kind,)*
        }

        impl $name {
            /// Asks for these rows.
            #[allow(clippy::needless_update, reason = "one of them has no fields of its own")]
            pub fn of(filter: LogFilter) -> Self {
                let LogFilter { since, until, account_id, key_id, person_id, api, route, region, method, .. } = filter;
                let LogFilter { path, status, code, outcome, reason, fingerprint, source, kind, .. } = filter;
                let LogFilter { environment, address, agent, request_id, slower_than_ms, .. } = filter;
                Self {
                    since, until, account_id, key_id, person_id, api, route, region, method, path, status, code,
                    outcome, reason, fingerprint, source, kind, environment, address, agent, request_id,
                    slower_than_ms, ..Self::default()
                }
            }

            /// Which rows it asks for.
            pub fn filter(self) -> LogFilter {
                let Self { since, until, account_id, key_id, person_id, api, route, region, method, .. } = self;
                let Self { path, status, code, outcome, reason, fingerprint, source, kind, .. } = self;
                let Self { environment, address, agent, request_id, slower_than_ms, .. } = self;
                LogFilter {
                    since, until, account_id, key_id, person_id, api, route, region, method, path, status, code,
                    outcome, reason, fingerprint, source, kind, environment, address, agent, request_id,
                    slower_than_ms,
                }
            }
        }
    };
}

asking! {
    /// Which rows to list.
    LogQuery {
        /// Most rows on a page: 1 to 1,000, 100 unless said otherwise.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[param(minimum = 1, maximum = 1000)]
        limit: Option<u32>,
        /// `next_cursor` of the page before.
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }
}

asking! {
    /// Which rows to export.
    LogExportQuery {
        /// `ndjson`, unless said otherwise, `csv` or `parquet`.
        #[param(inline)]
        format: LogFormat,
    }
}

asking! {
    /// Which rows to be told of.
    LogTailQuery {}
}
