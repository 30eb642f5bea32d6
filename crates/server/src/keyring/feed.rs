//! The feed: reads the change table in epoch order and brings the keyring up to date.
//!
//! It runs whenever the writer has committed, and every quarter second besides, so that changes of another process
//! are seen too. Each successful look at the store extends the time for which the keyring may be judged by; when the
//! store is lost for longer than the lease, decisions stop (`auth_unavailable`) rather than grow stale.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::sync::Notify;

use super::{Keyring, rows, store};
use crate::changes::{Head, head};
use crate::clock::boot_ms;
use crate::config::Config;
use crate::db::{Conn, Db};

/// For how long the keyring may be judged by after the store was last seen.
const LEASE_MS: i64 = 10_000;
const POLL: Duration = Duration::from_millis(250);
/// A store that hangs is as good as lost.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the keyring can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The store said no.
    #[error("the keyring can't be loaded: {0}")]
    Store(#[from] sqlx::Error),
    /// The store has no head row.
    #[error("the store has no head; run `keyward migrate`")]
    NoHead,
}

/// What the feed remembers between two looks.
struct Seen {
    epoch: i64,
    hash: String,
    history: String,
}

/// Loads the keyring, then keeps it fed for ever. `written` wakes it at once.
pub async fn start(keyring: Arc<Keyring>, config: Arc<Config>, db: Db, written: Arc<Notify>) -> Result<(), FeedError> {
    let t0 = boot_ms();
    let mut held = Held(Some(db.kept_conn().await?));
    let mut seen = match &mut held.0 {
        Some(conn) => load(&keyring, &config, conn).await?,
        None => return Err(FeedError::NoHead),
    };
    drop(held.0.take());
    keyring.extend(t0);
    tokio::spawn(async move {
        loop {
            // Time out or woken: either way it is time to look.
            let _ = tokio::time::timeout(POLL, written.notified()).await;
            let t0 = boot_ms();
            let looked = tokio::time::timeout(LOOK_TIMEOUT, look(&keyring, &config, &db, &mut seen)).await;
            let done = match looked {
                Ok(Ok(Looked::UpToDate)) => Ok(()),
                // Loading everything may take longer than a look; the lease is gone meanwhile.
                Ok(Ok(Looked::AnotherPast)) => reload(&keyring, &config, &db, &mut seen).await,
                Ok(Err(error)) => Err(error),
                Err(_) => {
                    tracing::error!("the store does not answer; decisions stop when the lease ends");
                    continue;
                }
            };
            match done {
                Ok(()) => keyring.extend(t0),
                // The program closes the store at its very end: nobody asks for decisions any more.
                Err(FeedError::Store(sqlx::Error::PoolClosed)) => return,
                Err(error) => tracing::error!(%error, "the store can't be read; decisions stop when the lease ends"),
            }
        }
    });
    Ok(())
}

/// A connection that is given back only after a look that ended well: one whose look was cut short may stand in the
/// middle of a transaction, and would show its next user an old state of the store.
struct Held(Option<Conn>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.discard();
        }
    }
}

/// What a look found.
enum Looked {
    /// The keyring now holds everything that was committed.
    UpToDate,
    /// Another database under the same name: nothing that was applied counts.
    AnotherPast,
}

impl Keyring {
    fn extend(&self, t0: i64) {
        self.valid_until.fetch_max(t0 + LEASE_MS, Ordering::Release);
    }

    fn drop_lease(&self) {
        self.valid_until.store(i64::MIN, Ordering::Release);
    }
}

/// Reads everything, from one state of the store.
async fn load(keyring: &Keyring, config: &Config, conn: &mut Conn) -> Result<Seen, FeedError> {
    conn.begin_read().await?;
    let loaded = load_all(keyring, config, conn).await;
    let ended = conn.run("COMMIT").await;
    let seen = loaded?;
    ended?;
    keyring.applied.send_replace(seen.epoch);
    Ok(seen)
}

async fn load_all(keyring: &Keyring, config: &Config, conn: &mut Conn) -> Result<Seen, FeedError> {
    let head = head(conn).await?.ok_or(FeedError::NoHead)?;
    for row in store::accounts(conn).await? {
        put_account(keyring, config, &row);
    }
    let mut secrets = store::secrets(conn);
    while let Some(row) = secrets.try_next().await? {
        put_secret(keyring, config, &row);
    }
    drop(secrets);
    Ok(Seen { epoch: head.epoch, hash: head.hash, history: head.history })
}

/// Applies what was committed since the last look.
async fn look(keyring: &Keyring, config: &Config, db: &Db, seen: &mut Seen) -> Result<Looked, FeedError> {
    let mut held = Held(Some(db.kept_conn().await?));
    let Some(conn) = &mut held.0 else { return Err(FeedError::NoHead) };
    let looked = look_on(keyring, config, conn, seen).await?;
    drop(held.0.take());
    Ok(looked)
}

async fn reload(keyring: &Keyring, config: &Config, db: &Db, seen: &mut Seen) -> Result<(), FeedError> {
    tracing::error!("the store has another past than before; loading everything again");
    keyring.drop_lease();
    keyring.forget_all();
    // Should loading fail, the next look must not take the emptied keyring for an up-to-date one.
    *seen = Seen { epoch: 0, hash: String::new(), history: String::new() };
    let mut held = Held(Some(db.kept_conn().await?));
    let Some(conn) = &mut held.0 else { return Err(FeedError::NoHead) };
    *seen = load(keyring, config, conn).await?;
    drop(held.0.take());
    Ok(())
}

async fn look_on(keyring: &Keyring, config: &Config, conn: &mut Conn, seen: &mut Seen) -> Result<Looked, FeedError> {
    let head = head(conn).await?.ok_or(FeedError::NoHead)?;
    if head.history == seen.history && head.epoch == seen.epoch && head.hash == seen.hash {
        return Ok(Looked::UpToDate);
    }
    let another_past = head.history != seen.history || head.epoch < seen.epoch || seen.epoch < head.floor;
    let forked = head.epoch == seen.epoch && head.hash != seen.hash;
    if another_past || forked {
        return Ok(Looked::AnotherPast);
    }
    conn.begin_read().await?;
    let applied = apply(keyring, config, conn, seen.epoch).await;
    let ended = conn.run("COMMIT").await;
    let head = applied?;
    ended?;
    keyring.applied.send_replace(head.epoch);
    *seen = Seen { epoch: head.epoch, hash: head.hash, history: head.history };
    Ok(Looked::UpToDate)
}

async fn apply(keyring: &Keyring, config: &Config, conn: &mut Conn, after: i64) -> Result<Head, FeedError> {
    let head = head(conn).await?.ok_or(FeedError::NoHead)?;
    let accounts = store::changed_accounts(conn, after, head.epoch).await?;
    let secrets = store::changed_secrets(conn, after, head.epoch).await?;
    let gone = store::gone_secrets(conn, after, head.epoch).await?;
    let changes = store::changes(conn, after, head.epoch).await?;
    for digest in &gone {
        if let Ok(digest) = digest.as_slice().try_into() {
            keyring.remove_secret(digest);
        }
    }
    for row in &accounts {
        put_account(keyring, config, row);
    }
    for row in &secrets {
        put_secret(keyring, config, row);
    }
    let kept = |id: &str| accounts.iter().any(|row| row.id == id);
    for change in changes.iter().filter(|change| change.kind == "account_keys" && !kept(&change.subject)) {
        if let Ok(id) = change.subject.parse() {
            keyring.remove_account(id);
        }
    }
    tracing::debug!(epoch = head.epoch, changes = changes.len(), "applied");
    Ok(head)
}

/// A row that can't be read suspends its account: the safe side, and somebody must hear of it.
fn put_account(keyring: &Keyring, config: &Config, row: &rows::AccountRow) {
    if let Err(bad) = keyring.put_account(config, row) {
        tracing::error!(%bad, "its account is treated as suspended");
        if let Ok(id) = row.id.parse() {
            keyring.suspend(id);
        }
    }
}

/// A row that can't be read leaves its secret unknown, also where an older state of it was known.
fn put_secret(keyring: &Keyring, config: &Config, row: &rows::SecretRow) {
    if let Err(bad) = keyring.put_secret(config, row) {
        tracing::error!(%bad, "left out of the keyring");
        if let Ok(digest) = row.digest.as_slice().try_into() {
            keyring.remove_secret(digest);
        }
    }
}
