//! The outbox: parcels on their way. A worker claims one, sends it outside of any transaction, and marks it: each goes
//! out at least once, whatever is killed in between; a receiver sees one more than once only after a crash or a pause
//! between sending and marking, and knows it by its id.

mod digest;
mod list;
mod pace;
mod routes;
mod store;
mod sweep;
mod work;
mod worker;

use keyward_core::ids::{AccountId, NoticeId, ParcelId, PersonId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;

use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::notices::Raised;
use crate::operation::{OpError, new_id};

pub use digest::fold_once;
pub use list::{ParcelFilter, ParcelView, get, list, resend};
pub use pace::Pace;
pub use routes::routes;
pub use sweep::sweep;
pub use work::work_once;
pub use worker::Worker;

/// How a parcel travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// To a mailbox.
    Mail,
    /// To a webhook endpoint.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// Its word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// How a parcel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// To be sent, now or when it is due.
    Waiting,
    /// Waits for the daily digest.
    Held,
    /// Went into a digest.
    Folded,
    /// Arrived.
    Sent,
    /// Given up.
    Dead,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Held, Self::Folded, Self::Sent, Self::Dead];

    /// Its word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Folded => "folded",
            Self::Sent => "sent",
            Self::Dead => "dead",
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
    /// Which attempt this is, from 1: what webhooks' log counts by.
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
    /// Nothing of this channel can be sent for so many milliseconds: the other parcels wait unharmed meanwhile.
    Away(String, i64),
}

/// Puts a parcel into the outbox, inside the change that causes it. Without a mail server there is no mail: the notice
/// stays listed.
pub(crate) async fn put(app: &App, tx: &mut Tx, parcel: NewParcel) -> Result<(), OpError> {
    if parcel.channel == Channel::Mail && app.config.mail.is_none() {
        return Ok(());
    }
    let now = tx.now();
    let id = ParcelId::new(new_id(now));
    let sealed = parcel.link.as_ref().map(|link| app.vault.seal_text(&place(id), link));
    store::insert(tx.conn(), id, &parcel, sealed, now).await?;
    Ok(())
}

/// Forgets the notices of an account that is being deleted, wherever they were going.
pub(crate) async fn forget_account(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    Ok(store::forget_account(tx.conn(), account).await?)
}

/// Forgets what was going to a person who is being erased, and what was about them.
pub(crate) async fn forget_person(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    Ok(store::forget_person(tx.conn(), person).await?)
}

/// How many mails of an account went, or are on their way, to an address that is no person's since then.
pub(crate) async fn count_to(conn: &mut Conn, account: AccountId, email: &str, since: UnixMs) -> sqlx::Result<i64> {
    store::count_to(conn, account, email, since).await
}

/// Withdraws what is still on its way to somebody who no longer belongs to an account, but for what carries a link: that
/// leads nowhere any more.
pub(crate) async fn withdraw(tx: &mut Tx, account: AccountId, person: PersonId) -> Result<(), OpError> {
    Ok(store::withdraw(tx.conn(), account, person).await?)
}

/// What a parcel's link is sealed for: beside any other parcel it does not open.
fn place(id: ParcelId) -> String {
    format!("parcel/{id}")
}
