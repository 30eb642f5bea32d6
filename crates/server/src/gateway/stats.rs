//! What the gateway counts: by API, status class and denial. Every label is known beforehand (threat T20).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::config::Config;

/// Every code a refusal can carry. What is not in the list is counted under the last entry.
pub const CODES: [&str; 33] = [
    "bad_request",
    "ambiguous_path",
    "no_api",
    "ambiguous_credentials",
    "credential_in_url",
    "missing_credentials",
    "unsupported_scheme",
    "invalid_credentials",
    "https_required",
    "account_suspended",
    "key_revoked",
    "key_disabled",
    "key_expired",
    "wrong_region",
    "kind_not_accepted",
    "wrong_environment",
    "ip_not_allowed",
    "no_route",
    "insufficient_scope",
    "unsupported_media",
    "invalid_body",
    "payload_too_large",
    "body_required",
    "too_many_items",
    "rate_limited",
    "quota_exceeded",
    "upstream_unavailable",
    "upstream_timeout",
    "auth_unavailable",
    "method_not_allowed",
    "uri_too_long",
    "expectation_failed",
    "other",
];

/// The gateway's counters, shared by all of its threads.
#[derive(Debug)]
pub struct Stats {
    apis: Vec<String>,
    threads: Vec<Counters>,
    /// Connections open now.
    pub connections: Arc<AtomicUsize>,
}

/// One thread's counters; others only read them.
#[derive(Debug)]
struct Counters {
    /// By API; the last is for requests of none.
    apis: Vec<ApiCounters>,
}

#[derive(Debug)]
struct ApiCounters {
    classes: [AtomicU64; 5],
    denials: [AtomicU64; CODES.len()],
    client_gone: AtomicU64,
}

/// What one API has answered so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSnapshot {
    /// The API's name; `None` for requests of none.
    pub api: Option<String>,
    /// Answers by hundreds of their status, from 1xx to 5xx.
    pub classes: [u64; 5],
    /// Refusals by code, those that occurred.
    pub denials: Vec<(&'static str, u64)>,
    /// Requests whose client broke off while it was sending.
    pub client_gone: u64,
}

impl ApiCounters {
    fn new() -> Self {
        let nought = |_| AtomicU64::new(0);
        Self { classes: std::array::from_fn(nought), denials: std::array::from_fn(nought), client_gone: nought(0) }
    }
}

impl Stats {
    /// Counters at nought.
    pub fn new(config: &Config) -> Self {
        let counters = || Counters { apis: (0..=config.apis.len()).map(|_| ApiCounters::new()).collect() };
        Self {
            apis: config.apis.iter().map(|setup| setup.api.name.clone()).collect(),
            threads: (0..config.gateway.workers.max(1)).map(|_| counters()).collect(),
            connections: Arc::default(),
        }
    }

    /// Counts an answer.
    pub(super) fn answered(&self, thread: usize, api: Option<u16>, status: u16) {
        if let Some(counters) = self.counters(thread, api)
            && let Some(class) = counters.classes.get(usize::from(status / 100).saturating_sub(1))
        {
            add(class);
        }
    }

    /// Counts a refusal; its answer is counted apart.
    pub(super) fn denied(&self, thread: usize, api: Option<u16>, code: &str) {
        let place = CODES.iter().position(|own| *own == code).unwrap_or(CODES.len() - 1);
        if let Some(counters) = self.counters(thread, api) {
            add(&counters.denials[place]);
        }
    }

    /// Counts a client that broke off.
    pub(super) fn client_gone(&self, thread: usize, api: Option<u16>) {
        if let Some(counters) = self.counters(thread, api) {
            add(&counters.client_gone);
        }
    }

    fn counters(&self, thread: usize, api: Option<u16>) -> Option<&ApiCounters> {
        let place = api.map_or(self.apis.len(), usize::from);
        self.threads.get(thread)?.apis.get(place)
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Everything so far, summed over the threads; requests of no API come last.
    pub fn snapshot(&self) -> Vec<ApiSnapshot> {
        let names = self.apis.iter().cloned().map(Some).chain([None]);
        names.enumerate().map(|(place, api)| self.sum(place, api)).collect()
    }

    fn sum(&self, place: usize, api: Option<String>) -> ApiSnapshot {
        let all = || self.threads.iter().filter_map(|thread| thread.apis.get(place));
        let sum = |pick: &dyn Fn(&ApiCounters) -> &AtomicU64| -> u64 {
            all().map(|counters| pick(counters).load(Ordering::Relaxed)).sum()
        };
        let denials = CODES.iter().enumerate().map(|(at, code)| (*code, sum(&|own| &own.denials[at])));
        ApiSnapshot {
            api,
            classes: std::array::from_fn(|class| sum(&|own| &own.classes[class])),
            denials: denials.filter(|(_, count)| *count > 0).collect(),
            client_gone: sum(&|own| &own.client_gone),
        }
    }
}

/// Only one thread writes each counter: no locked instruction is needed.
fn add(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
