//! The one task that writes: takes what is queued, runs it in one transaction, commits, wakes the feed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, mpsc, oneshot};

use super::ledger::Ledger;
use super::store::{self, Place};
use super::tx::{AuditEvent, Touched, Tx};
use super::{Actor, Failed, Job};
use crate::clock::Clock;
use crate::db::{self, Conn, Db};
use crate::vault::{AuditKey, hex};

/// Most changes that share a commit.
const BATCH_MAX: usize = 64;
/// How often, and how far apart, a commit of unknown outcome is looked up.
const LOOKUPS_MAX: u32 = 40;
const LOOKUP_PAUSE: Duration = Duration::from_millis(250);

/// A change that was run and waits for the commit.
struct Done {
    actor: Actor,
    touched: Vec<(Touched, String)>,
    events: Vec<AuditEvent>,
    reply: oneshot::Sender<Result<i64, Failed>>,
}

/// What the writer works with.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) key: Arc<AuditKey>,
}

pub(super) async fn run(writer: Writer, mut jobs: mpsc::Receiver<Job>, written: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while jobs.recv_many(&mut batch, BATCH_MAX).await > 0 {
        commit_batch(&writer, batch.drain(..)).await;
        written.notify_one();
    }
}

async fn commit_batch(writer: &Writer, jobs: impl Iterator<Item = Job> + Send) {
    let mut waiting = Vec::new();
    let outcome = try_batch(writer, jobs, &mut waiting).await;
    match outcome {
        Ok(epochs) => {
            for (done, epoch) in waiting.into_iter().zip(epochs) {
                // Nobody listens when the client hung up; the change stands all the same.
                let _ = done.reply.send(Ok(epoch));
            }
        }
        Err(failed) => {
            tracing::error!(error = %failed, changes = waiting.len(), "changes could not be committed");
            for done in waiting {
                let _ = done.reply.send(Err(failed.clone()));
            }
        }
    }
}

async fn try_batch(
    writer: &Writer,
    jobs: impl Iterator<Item = Job> + Send,
    waiting: &mut Vec<Done>,
) -> Result<Vec<i64>, Failed> {
    let Writer { db, clock, key } = writer;
    let mut jobs = jobs;
    let mut conn = match open(db).await {
        Ok(conn) => conn,
        Err(error) => {
            waiting.extend(jobs.by_ref().map(|job| Done {
                actor: job.actor,
                touched: vec![],
                events: vec![],
                reply: job.reply,
            }));
            return Err(lost(error));
        }
    };
    let mut broken = None;
    for job in jobs {
        if broken.is_some() {
            // The engine may have undone the transaction: what ran now would be committed by itself.
            waiting.push(Done { actor: job.actor, touched: vec![], events: vec![], reply: job.reply });
            continue;
        }
        let (back, done, error) = run_one(conn, clock, job).await;
        conn = back;
        waiting.push(done);
        broken = error;
    }
    let finished = match broken {
        None => finish(&mut conn, clock, key, waiting).await.map_err(lost),
        Some(error) => Err(lost(error)),
    };
    match finished {
        Ok((epochs, last)) => match conn.run("COMMIT").await {
            Ok(()) => Ok(epochs),
            Err(error) => {
                tracing::warn!(%error, "a commit's outcome is unknown; looking it up");
                conn.discard();
                if committed(db, last).await? { Ok(epochs) } else { Err(lost(error)) }
            }
        },
        Err(failed) => {
            if let Err(error) = conn.run("ROLLBACK").await {
                tracing::warn!(%error, "rolling back failed");
                // The engine undoes what an ended connection had begun.
                conn.discard();
            }
            Err(failed)
        }
    }
}

fn lost(error: sqlx::Error) -> Failed {
    if db::is_full(&error) { Failed::Full } else { Failed::Store(error.to_string()) }
}

async fn open(db: &Db) -> sqlx::Result<Conn> {
    let mut conn = db.kept_conn().await?;
    if let Err(error) = conn.begin_write().await {
        conn.discard();
        return Err(error);
    }
    Ok(conn)
}

/// Runs one change in its savepoint. A change that refuses is undone and replied to with the others: its reply
/// waits for the epoch that its refusal was read at.
async fn run_one(conn: Conn, clock: &Clock, job: Job) -> (Conn, Done, Option<sqlx::Error>) {
    let mut tx = Tx { conn, now: clock.now(), actor: job.actor, touched: Vec::new(), events: Vec::new() };
    let mut error = tx.conn.run("SAVEPOINT one").await.err();
    if error.is_none() {
        // A panic in one change must not end the writer of all.
        let done = AssertUnwindSafe((job.work)(&mut tx)).catch_unwind().await.unwrap_or(false);
        if !done {
            tx.touched.clear();
            tx.events.clear();
            error = tx.conn.run("ROLLBACK TO SAVEPOINT one").await.err();
        }
        if error.is_none() {
            error = tx.conn.run("RELEASE SAVEPOINT one").await.err();
        }
    }
    (tx.conn, Done { actor: tx.actor, touched: tx.touched, events: tx.events, reply: job.reply }, error)
}

/// Gives each change its epoch, then its change and audit rows. Returns what each waits for, and the last
/// epoch with its hash.
async fn finish(
    conn: &mut Conn,
    clock: &Clock,
    key: &AuditKey,
    waiting: &[Done],
) -> sqlx::Result<(Vec<i64>, Option<(i64, String)>)> {
    let changed = |done: &Done| !done.touched.is_empty() || !done.events.is_empty();
    let count = waiting.iter().filter(|done| changed(done)).count() as i64;
    if count == 0 {
        let epoch = store::head(conn).await?.map_or(0, |head| head.epoch);
        return Ok((vec![epoch; waiting.len()], None));
    }
    let now = clock.now();
    let mut head = store::take_epochs(conn, count, now).await?;
    head.epoch -= count;
    let mut ledger = Ledger::open(conn, key, head, now).await?;
    let mut epochs = Vec::with_capacity(waiting.len());
    for done in waiting {
        if changed(done) {
            ledger.head.epoch += 1;
            ledger.head.hash = chain(&ledger.head.hash, ledger.head.epoch, done);
            record(conn, &mut ledger, done).await?;
        }
        epochs.push(ledger.head.epoch);
    }
    let head = ledger.close();
    store::set_head(conn, &head).await?;
    Ok((epochs, Some((head.epoch, head.hash))))
}

async fn record(conn: &mut Conn, ledger: &mut Ledger<'_>, done: &Done) -> sqlx::Result<()> {
    let head = &ledger.head;
    let at = Place { epoch: head.epoch, nth: 0, hash: &head.hash, now: ledger.now };
    for (nth, (kind, subject)) in done.touched.iter().enumerate() {
        let at = Place { nth: nth as i64, ..at };
        store::add_change(conn, &at, *kind, subject).await?;
    }
    if done.touched.is_empty() {
        // Every epoch has a row: a gap would be a lost change.
        store::add_change(conn, &at, Touched::Other, "").await?;
    }
    ledger.enter(conn, &done.actor, &done.events).await
}

/// Names this epoch of this store: two that were made at once, of the same things, differ.
fn chain(before: &str, epoch: i64, done: &Done) -> String {
    let mut once = [0_u8; 16];
    crate::vault::random(&mut once);
    let mut hash = Sha256::new();
    hash.update(once);
    hash.update(before);
    hash.update(epoch.to_be_bytes());
    for (kind, subject) in &done.touched {
        hash.update(kind.as_str());
        hash.update([0]);
        hash.update(subject);
        hash.update([0]);
    }
    hex(&hash.finalize()[..16])
}

/// Whether a commit whose reply was lost happened after all: its last change is there, with its hash, or not.
async fn committed(db: &Db, last: Option<(i64, String)>) -> Result<bool, Failed> {
    let Some((epoch, hash)) = last else { return Ok(true) };
    for _ in 0..LOOKUPS_MAX {
        if let Ok(found) = settled_hash(db, epoch).await {
            return Ok(found.as_deref() == Some(&hash));
        }
        tokio::time::sleep(LOOKUP_PAUSE).await;
    }
    Err(Failed::Unknown)
}

/// The hash of an epoch, once no commit is under way any more: taking the head's lock waits for one.
async fn settled_hash(db: &Db, epoch: i64) -> sqlx::Result<Option<String>> {
    let mut conn = open(db).await?;
    let found = match store::lock_head(&mut conn).await {
        Ok(()) => store::hash_of(&mut conn, epoch).await,
        Err(error) => Err(error),
    };
    match conn.run("ROLLBACK").await {
        Ok(()) => found,
        Err(error) => {
            conn.discard();
            Err(error)
        }
    }
}
