//! Sums of what was counted, and what is told of them.

use std::collections::BTreeMap;

use keyward_core::histogram::Histogram;
use keyward_core::key::Environment;

use super::cells::{Cells, OK, is_asked};

/// What of a bucket is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// This environment.
    pub environment: Option<Environment>,
    /// This outcome, or all causes of it.
    pub outcome: Option<String>,
}

/// A sum of requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sum {
    /// All of them.
    pub requests: u64,
    /// By outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// What they took of limits and quotas together, and bytes of bodies both ways; `None` where it is not kept.
    pub carried: Option<Carried>,
    /// How long forwarded ones took.
    pub times: Times,
}

/// What requests cost and moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// What was taken of limits and quotas.
    pub cost: u64,
    /// Bytes of requests' bodies.
    pub bytes_in: u64,
    /// Bytes of answers' bodies.
    pub bytes_out: u64,
}

/// How long forwarded requests took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    /// All of them together, in microseconds.
    pub(crate) took_us: u64,
    pub(crate) latency: Histogram,
    /// Whether some of the sum's requests were timed together with others, so that nothing can be told.
    pub(crate) blurred: bool,
}

impl Only {
    pub(crate) fn takes(&self, environment: Option<Environment>, outcome: &str) -> bool {
        let is_own = self.environment.is_none_or(|asked| environment == Some(asked));
        is_own && self.outcome.as_ref().is_none_or(|asked| is_asked(outcome, asked))
    }
}

impl Sum {
    /// Adds what a bucket holds of what is asked for.
    pub(crate) fn add(&mut self, cells: &Cells, only: &Only) {
        let asked = cells.iter().filter(|(environment, outcome, _)| only.takes(*environment, outcome));
        for (_, outcome, cell) in asked {
            self.count(outcome, cell.requests);
            let carried = self.carried.get_or_insert_default();
            carried.cost += cell.cost;
            carried.bytes_in += cell.bytes_in;
            carried.bytes_out += cell.bytes_out;
            self.times.took_us += cell.took_us;
            self.times.latency.merge(&cell.latency);
        }
    }

    pub(crate) fn count(&mut self, outcome: &str, requests: u64) {
        self.requests += requests;
        match self.outcomes.get_mut(outcome) {
            Some(own) => *own += requests,
            None => drop(self.outcomes.insert(outcome.to_owned(), requests)),
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (outcome, requests) in &other.outcomes {
            self.count(outcome, *requests);
        }
        if let Some(more) = other.carried {
            let carried = self.carried.get_or_insert_default();
            carried.cost += more.cost;
            carried.bytes_in += more.bytes_in;
            carried.bytes_out += more.bytes_out;
        }
        self.times.merge(&other.times);
    }

    /// Those that were allowed and answered well.
    pub fn ok(&self) -> u64 {
        self.outcomes.get(OK).copied().unwrap_or(0)
    }

    /// Those of all that were allowed and answered well, 0 to 1; `None` without any.
    pub fn success_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.ok() as f64 / self.requests as f64)
    }
}

impl Times {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.took_us += other.took_us;
        self.latency.merge(&other.latency);
        self.blurred |= other.blurred;
    }

    /// The milliseconds that this share of forwarded requests (0 to 1) did not exceed, within 2 %.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.latency.quantile(share).filter(|_| !self.blurred).map(|us| us as f64 / 1_000.0)
    }

    /// Their mean in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        let count = self.latency.count();
        (count > 0 && !self.blurred).then(|| self.took_us as f64 / count as f64 / 1_000.0)
    }
}
