//! The gateway: finds the API and the credential of a request, has it judged, and forwards it or refuses it.
//!
//! It decides nothing itself ([`crate::authorize`] does) and never waits for the store.

mod answered;
mod challenge;
mod cors;
pub mod credential;
pub mod dialect;
mod doors;
#[cfg(test)]
mod fixtures;
mod framing;
mod guard;
mod handle;
pub mod inbound;
mod inspected;
pub mod listen;
pub mod matching;
pub mod outbound;
mod peer;
mod rates;
pub(crate) mod recording;
mod refusal;
pub mod request_id;
pub mod stats;
#[cfg(test)]
mod tests;
pub mod ticker;
pub mod upstream;
mod written;

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::watch;

pub use doors::Doors;
pub use guard::Limits;
pub use handle::X_KEYWARD_KEY_EXPIRES;
pub use peer::Peer;
pub use refusal::X_KEYWARD_ERROR;
pub use written::{Unreadable, Written};

use crate::authorize::{Attempt, Verdict};
use crate::clock::Clock;
use crate::config::Config;
use crate::logs::Logs;
use challenge::Challenge;
use handle::Worker;
use listen::{Bounds, Serving, Sockets};
use matching::Table;
use outbound::Outbound;
use request_id::RequestIds;
use stats::Stats;
use upstream::Pool;

/// Whoever gives verdicts: the ward, or a test's puppet.
pub trait Judge: Send + Sync + 'static {
    /// Judges a request.
    fn authorize(&self, attempt: &Attempt<'_>) -> Verdict;
}

/// What all threads of the gateway share; nothing in it is written on a request's way.
pub struct Gateway<J> {
    config: Arc<Config>,
    clock: Clock,
    judge: J,
    table: Table,
    /// By the API's index.
    wires: Vec<Wire>,
    stats: Arc<Stats>,
    doors: Option<Doors>,
    logs: Option<Arc<Logs>>,
}

/// What is made ready of an API's configuration.
struct Wire {
    outbound: Outbound,
    challenge: Challenge,
}

impl<J: Judge> Gateway<J> {
    /// Makes a configuration ready.
    pub fn new(config: Arc<Config>, clock: Clock, judge: J) -> Self {
        let wire = |setup| Wire { outbound: Outbound::new(setup), challenge: Challenge::new(setup) };
        let wires = config.apis.iter().map(|setup| wire(setup)).collect();
        let (table, stats) = (Table::new(&config), Arc::new(Stats::new(&config)));
        Self { config, clock, judge, table, wires, stats, doors: None, logs: None }
    }

    /// Opens the doors for holders and keys, where APIs have them.
    #[must_use]
    pub fn with_doors(self, doors: Doors) -> Self {
        Self { doors: Some(doors), ..self }
    }

    /// Records what it decides.
    #[must_use]
    pub fn with_logs(self, logs: Arc<Logs>) -> Self {
        Self { logs: Some(logs), ..self }
    }

    /// What it counts.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// Serves until `shutdown` turns true.
    pub fn serve(self: Arc<Self>, sockets: Sockets, shutdown: watch::Receiver<bool>) -> io::Result<Serving> {
        let bounds = Bounds::from(&self.config.gateway);
        let open = Arc::clone(&self.stats.connections);
        listen::serve("gateway", sockets, bounds, open, shutdown, move |number, ticker| {
            let pool = Rc::new(Pool::new(&self.config, ticker));
            tokio::task::spawn_local(Rc::clone(&pool).sweep());
            let recorder = self.logs.as_ref().and_then(|logs| logs.recorder()).map(Rc::new);
            Worker { gateway: Arc::clone(&self), pool, ids: RequestIds::new(), number, recorder }
        })
    }
}
