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
    let mut conn = db.conn().await?;
    let mut seen = load(&keyring, &config, &mut conn).await?;
    drop(conn);
    keyring.extend(t0);
    tokio::spawn(async move {
        loop {
            // Time out or woken: either way it is time to look.
            let _ = tokio::time::timeout(POLL, written.notified()).await;
            let t0 = boot_ms();
            match tokio::time::timeout(LOOK_TIMEOUT, look(&keyring, &config, &db, &mut seen)).await {
                Ok(Ok(())) => keyring.extend(t0),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the store can't be read; decisions stop when the lease ends");
                }
                Err(_) => tracing::error!("the store does not answer; decisions stop when the lease ends"),
            }
        }
    });
    Ok(())
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
        complain(keyring.put_account(config, &row));
    }
    let mut secrets = store::secrets(conn);
    while let Some(row) = secrets.try_next().await? {
        complain(keyring.put_secret(config, &row));
    }
    drop(secrets);
    Ok(Seen { epoch: head.epoch, hash: head.hash, history: head.history })
}

/// Applies what was committed since the last look.
async fn look(keyring: &Keyring, config: &Config, db: &Db, seen: &mut Seen) -> Result<(), FeedError> {
    let mut conn = db.conn().await?;
    let head = head(&mut conn).await?.ok_or(FeedError::NoHead)?;
    if head.history == seen.history && head.epoch == seen.epoch && head.hash == seen.hash {
        return Ok(());
    }
    let another_past = head.history != seen.history || head.epoch < seen.epoch || seen.epoch < head.floor;
    let forked = head.epoch == seen.epoch && head.hash != seen.hash;
    if another_past || forked {
        // Another database under the same name: nothing that was applied counts.
        tracing::error!("the store has another past than before; loading everything again");
        keyring.drop_lease();
        keyring.forget_all();
        *seen = load(keyring, config, &mut conn).await?;
        return Ok(());
    }
    conn.begin_read().await?;
    let applied = apply(keyring, config, &mut conn, seen.epoch).await;
    let ended = conn.run("COMMIT").await;
    let head = applied?;
    ended?;
    keyring.applied.send_replace(head.epoch);
    *seen = Seen { epoch: head.epoch, hash: head.hash, history: head.history };
    Ok(())
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
        complain(keyring.put_account(config, row));
    }
    for row in &secrets {
        complain(keyring.put_secret(config, row));
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

/// A row that can't be read leaves its key unknown, which refuses it: the safe side, but somebody must hear of it.
fn complain(result: Result<(), rows::BadRow>) {
    if let Err(bad) = result {
        tracing::error!(%bad, "left out of the keyring");
    }
}
