//! The outbox: parcels on their way. A worker claims one, sends it outside of any transaction, and marks it: each goes
//! out at least once, whatever is killed in between.

mod store;

use keyward_core::ids::{AccountId, NoticeId, ParcelId, PersonId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;

use crate::app::App;
use crate::changes::Tx;
use crate::notices::Raised;
use crate::operation::{OpError, new_id};

/// How a parcel travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// To a mailbox.
    Mail,
    /// To a webhook endpoint.
    Webhook,
}

impl Channel {
    /// Its word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// A parcel to be put into the outbox.
pub(crate) struct NewParcel {
    /// What it carries.
    pub(crate) notice: NoticeId,
    /// Whose.
    pub(crate) account: Option<AccountId>,
    /// How.
    pub(crate) channel: Channel,
    /// A mailbox, or the id of an endpoint.
    pub(crate) target: String,
    /// The person behind the mailbox.
    pub(crate) person: Option<PersonId>,
    /// The link that a mail to one person carries; sealed in the store.
    pub(crate) link: Option<Secret>,
    /// Not before.
    pub(crate) due_at: UnixMs,
    /// Whether it waits for the daily digest.
    pub(crate) held: bool,
}

/// A parcel that a worker holds.
pub(crate) struct Parcel {
    /// Its id: what a receiver recognises a duplicate by.
    pub(crate) id: ParcelId,
    /// A mailbox, or the id of an endpoint.
    pub(crate) target: String,
    /// What it carries.
    pub(crate) notice: Raised,
    /// The link of a mail that has one.
    pub(crate) link: Option<Secret>,
    /// Which attempt this is, from 1.
    pub(crate) attempt: i64,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It arrived.
    Done,
    /// Not now; why, without any secret.
    Again(String),
    /// Never.
    Never(String),
}

/// Puts a parcel into the outbox, inside the change that causes it.
pub(crate) async fn put(_app: &App, tx: &mut Tx, parcel: NewParcel) -> Result<(), OpError> {
    let now = tx.now();
    store::insert(tx.conn(), ParcelId::new(new_id(now)), &parcel, None, now).await?;
    Ok(())
}
