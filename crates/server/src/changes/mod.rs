//! Changes: the only way to alter the store.
//!
//! A change is one transaction with its audit events and the next epoch. It runs in a task of its own, so that a
//! client that hangs up does not undo half of it; queued changes share a commit, each in its own savepoint; the
//! reply waits until the keyring has applied the change, which is what makes "revoked" mean revoked.

mod ledger;
mod store;
mod tx;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use keyward_core::ids::{AccountId, KeyId, ManagementKeyId, PersonId};
use keyward_core::role::{Area, Permission, Permissions};
use keyward_core::time::UnixMs;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::db::Db;
use crate::vault::AuditKey;

pub use store::{Head, head};
pub(crate) use store::{make_head, raise_high_water, seal_first};
pub use tx::{AuditEvent, Touched, Tx};
use writer::Writer;

/// Most changes that wait; a caller beyond waits for a place.
const QUEUE_MAX: usize = 1_024;

/// Who makes a change: for the audit, and for rules about what they may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `person:person_…`, `management_key:mk_…`, `key:key_…`, `link:key_…`, `cli` or `system`.
    pub who: String,
    /// The address the request came from, where there is one.
    pub origin: Option<String>,
    /// What they may do, in the account or accounts they reach.
    pub may: Permissions,
    /// The person, where a person does it.
    pub person: Option<SignedIn>,
}

/// A person who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub id: PersonId,
    /// When they last proved who they are.
    pub proved_at: UnixMs,
}

impl Actor {
    /// The program itself.
    pub fn system() -> Self {
        Self { who: "system".into(), origin: None, may: Permissions::ALL, person: None }
    }

    /// Somebody at the machine's own command line.
    pub fn cli() -> Self {
        Self { who: "cli".into(), ..Self::system() }
    }

    /// A key that was sent to one of the gateway's doors.
    pub fn key(id: KeyId, origin: Option<String>) -> Self {
        Self {
            who: format!("key:{id}"),
            origin,
            may: Permissions::NONE.with(Permission::write(Area::Keys)),
            person: None,
        }
    }

    /// Whether it is a key that was sent to one of the gateway's doors.
    pub fn is_key(&self) -> bool {
        self.who.starts_with("key:")
    }

    /// Somebody with the link of a key.
    pub fn link(id: KeyId, origin: Option<String>) -> Self {
        Self { who: format!("link:{id}"), origin, may: Permissions::NONE, person: None }
    }

    /// A management key.
    pub fn management_key(id: ManagementKeyId, origin: Option<String>, may: Permissions) -> Self {
        Self { who: format!("management_key:{id}"), origin, may, person: None }
    }

    /// Somebody who is signed in.
    pub fn person(person: SignedIn, origin: Option<String>, may: Permissions) -> Self {
        Self { who: format!("person:{}", person.id), origin, may, person: Some(person) }
    }
}

/// What a caller of the management API can see: everything, or one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The operator's: every account.
    All,
    /// One account's; every other object is as good as missing (threat T3).
    Account(AccountId),
}

impl Reach {
    /// No account at all: none is made with the nil id.
    pub const NOTHING: Self = Self::Account(AccountId::new(uuid::Uuid::nil()));

    /// The account that a query is confined to.
    pub fn within(self) -> Option<AccountId> {
        match self {
            Self::All => None,
            Self::Account(id) => Some(id),
        }
    }
}

/// A change whose fate the caller must learn, though its own rules did not refuse it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failed {
    /// The store could not be reached or said no; nothing was changed.
    #[error("the store failed, nothing was changed: {0}")]
    Store(String),
    /// The store has no room left; nothing was changed.
    #[error("the store has no room left, nothing was changed")]
    Full,
    /// The commit's outcome is not known.
    #[error("the store was lost during the commit; look before you repeat the change")]
    Unknown,
    /// The program is stopping.
    #[error("the program is stopping; nothing was changed")]
    Stopping,
}

type Work = Box<dyn for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, bool> + Send>;

struct Job {
    actor: Actor,
    /// Runs the change; false when it refused, which undoes what it did.
    work: Work,
    /// Told the epoch to wait for.
    reply: oneshot::Sender<Result<i64, Failed>>,
}

/// The door to the writer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes {
    queue: mpsc::Sender<Job>,
    applied: watch::Receiver<i64>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({})", self.actor.who)
    }
}

impl Changes {
    /// Starts the writer. `applied` is the epoch that the data plane judges by; `written` wakes the feed.
    /// `key` chains the audit.
    pub fn start(
        db: Db,
        clock: Clock,
        key: Arc<AuditKey>,
        applied: watch::Receiver<i64>,
        written: Arc<Notify>,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(writer::run(Writer { db, clock, key }, jobs, written));
        Self { queue, applied }
    }

    /// Makes one change and waits until the data plane judges by it.
    ///
    /// Once it is queued it runs to its end, also when the caller is dropped. The work must update its account's
    /// row first (that serialises the account's counts) and record what it did with [`Tx::touch`] and
    /// [`Tx::audit`]. When it returns an error, nothing of it stays.
    pub async fn run<T, E, F>(&self, actor: Actor, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failed> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let slot: Arc<Mutex<Option<Result<T, E>>>> = Arc::default();
        let inner = Arc::clone(&slot);
        let work: Work = Box::new(move |tx| {
            Box::pin(async move {
                let result = work(tx).await;
                let done = result.is_ok();
                *inner.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                done
            })
        });
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job { actor, work, reply }).await.map_err(|_| Failed::Stopping)?;
        let epoch = answer.await.map_err(|_| Failed::Unknown)??;
        let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let value = result.ok_or(Failed::Unknown)??;
        self.applied(epoch).await?;
        Ok(value)
    }

    /// Wakes whoever watches after each change, also those of other nodes.
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.applied.clone()
    }

    /// Waits until the data plane judges by `epoch`.
    pub async fn applied(&self, epoch: i64) -> Result<(), Failed> {
        self.applied.clone().wait_for(|applied| *applied >= epoch).await.map(drop).map_err(|_| Failed::Stopping)
    }
}
