//! The request log: a record of every decision, handed over without waiting, kept on this machine, and read again.
//!
//! Recording never makes a request wait: where the hand-off or the disk is full, records are dropped, counted and
//! shown. Usage is made of the same records, after they are durable, and of nothing else.

mod live;
mod names;
mod record;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use live::{Subscription, Told};
pub use names::{Name, Names};
pub use record::{AGENT_BYTES_MAX, Cause, METHOD_BYTES_MAX, Method, PATH_BYTES_MAX, Record, Source};

use crate::config::Config;
use live::Live;

/// One run of one process: its records are numbered in batches from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Incarnation {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// The request log of this process.
#[derive(Debug)]
pub struct Logs {
    names: Arc<Names>,
    live: Arc<Live>,
}

impl Logs {
    /// A log that knows the names of this configuration.
    pub fn new(config: &Config) -> Self {
        let names = Names::new([]);
        for setup in &config.apis {
            names.name(&setup.api.name);
        }
        Self { names: Arc::new(names), live: Arc::new(Live::new()) }
    }

    /// What the numbers of names in records stand for.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Batches from now on, each as soon as it is durable: within a second of its records.
    pub fn subscribe(&self) -> Subscription {
        self.live.subscribe()
    }

    /// Tells those who watch.
    #[expect(dead_code, reason = "the writer is its caller")]
    fn publish(&self, records: &Arc<[Record]>) {
        self.live.publish(records);
    }
}
