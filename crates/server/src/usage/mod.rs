//! Usage: what was asked of APIs, by whom, and how it went. Everything here is counted from records that are durable
//! in the log, each once, so that usage and log say the same; nothing is counted on a request's way.
//!
//! Counted are: each API and route in minutes, hours and days; each account in minutes, hours and days, and its routes
//! in days; each key in hours, with what it was used for and from where. Finer questions go to the log.

mod book;
mod cells;
mod day;
mod group;
mod list;
mod lives;
mod routes;
mod series;
mod span;
mod store;
mod sum;
mod top;

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;

use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::logs::{Incarnation, Record};
use crate::operation::OpError;

pub use book::Book;
pub(crate) use cells::{is_refusal, outcome};
pub use lives::{KeyUse, Life, Met, callers, of_keys};
pub(crate) use lives::{life_of, lives, unknown_of};
pub use routes::routes;
pub use series::{Asked, Series, Whole, series};
pub use span::{AskedSpan, Span};
pub use sum::{Carried, Only, Sum, Times};
pub use top::{By, Counted, Top, top};

/// Takes one batch of records into usage, exactly once.
///
/// Batches of an incarnation are numbered from 1 without gaps and come in order, from the log's own task, after their
/// records are durable. Counts stay in memory for a while; [`absorbed`] says how far they are in the store, and what
/// comes after that must come again after a start. A batch that was taken before changes nothing and is no error.
/// After an error the batch was not taken and is to come again.
///
/// `records` may be empty: a number that stands for records which could not be read again.
pub async fn absorb(app: &App, incarnation: Incarnation, seq: u64, records: &[Record]) -> sqlx::Result<()> {
    app.usage.absorb(app, incarnation, seq, records).await
}

/// The number of the last batch of an incarnation whose counts are in the store; 0 for none. Batches up to it need not
/// be kept for usage; whoever wants to let go of later ones calls [`settle`] first.
pub async fn absorbed(app: &App, incarnation: Incarnation) -> sqlx::Result<u64> {
    store::flushed(&mut app.db.conn().await?, incarnation).await.map(|at| at.seq)
}

/// The same for batches that this process counts, from memory: what [`absorbed`] says, or a little less. The log keeps
/// what comes after it.
pub fn stored(app: &App, incarnation: Incarnation) -> u64 {
    app.usage.stored(incarnation)
}

/// Puts everything that was counted into the store: before a stop, and before the log lets go of batches.
pub async fn settle(app: &App) -> sqlx::Result<()> {
    app.usage.store_all(app).await
}

/// Stores what has been counted long enough; called every second.
pub(crate) async fn keep(app: &App) -> sqlx::Result<()> {
    app.usage.store_due(app).await
}

/// Forgets what is older than the configuration says.
pub(crate) async fn sweep(app: &App, conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    store::sweep(conn, &app.config.usage, now).await
}

/// Forgets what an account did, when it is deleted.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    Ok(store::forget(tx.conn(), account).await?)
}
