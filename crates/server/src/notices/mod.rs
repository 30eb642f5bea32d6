//! Notices: what people and programs are told, each once.
//!
//! A notice is raised inside the change that causes it, and becomes parcels in the outbox in the same transaction.
//! Nothing is sent from a request.

mod store;

use keyward_core::ids::{AccountId, KeyId, NoticeId, PersonId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use serde_json::Value;

use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::operation::{OpError, new_id};
use crate::outbox::{self, Channel, NewParcel};
use crate::webhooks;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal,)+) => {
        /// What a notice is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its word in the store, on the wire and in webhooks.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// A key was made.
    KeyCreated "key.created",
    /// A key is nearing its expiry.
    KeyExpiring "key.expiring",
    /// A key has expired.
    KeyExpired "key.expired",
    /// A key was ended for good.
    KeyRevoked "key.revoked",
    /// A key has a new secret.
    KeyRotated "key.rotated",
    /// A key's secret was shown again.
    KeyRevealed "key.revealed",
    /// A key's secret was picked up by a link.
    KeyPickedUp "key.picked_up",
    /// A key's secret was seen where it must not be: on plain HTTP, or published.
    KeyExposed "key.exposed",
    /// A limit or quota is nearly or wholly used up.
    LimitReached "limit.reached",
    /// One address tries many unknown keys.
    UnknownKeys "refusals.unknown_keys",
    /// A revoked key is still being used.
    RevokedKeyUsed "refusals.revoked_key",
    /// Somebody was added to an account.
    PersonAdded "person.added",
    /// Somebody joined an account.
    PersonJoined "person.joined",
    /// Somebody's role or standing changed.
    PersonChanged "person.changed",
    /// Somebody was removed from an account.
    PersonRemoved "person.removed",
    /// An invitation, to the person invited.
    Invitation "invitation",
    /// A link to a new password, to the person who asked.
    PasswordReset "password_reset",
    /// A webhook endpoint failed for so long that it was switched off.
    WebhookDisabled "webhook.disabled",
    /// What a person had held back for a day, in one.
    Digest "digest",
}

/// Something to tell.
pub(crate) struct Notice {
    /// What about.
    pub(crate) kind: Kind,
    /// Of which account; `None`: the operator's.
    pub(crate) account: Option<AccountId>,
    /// About which key.
    pub(crate) key: Option<KeyId>,
    /// About which person.
    pub(crate) person: Option<PersonId>,
    /// What makes it the same one: raised again, nothing happens.
    pub(crate) mark: String,
    /// What the texts are made of; never a secret.
    pub(crate) facts: Value,
    /// For this mailbox alone, such as an invitation.
    pub(crate) only_to: Option<String>,
    /// The link that a mail to one person carries.
    pub(crate) link: Option<Secret>,
}

/// A notice as it was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Its id.
    pub id: NoticeId,
    /// What about.
    pub kind: Kind,
    /// Of which account.
    pub account: Option<AccountId>,
    /// About which key.
    pub key: Option<KeyId>,
    /// About which person.
    pub person: Option<PersonId>,
    /// What the texts are made of.
    pub facts: Value,
    /// When.
    pub at: UnixMs,
}

/// Somebody who is told by mail.
pub(crate) struct Recipient {
    /// Their address.
    pub(crate) email: String,
    /// The person, where it is one.
    pub(crate) person: Option<PersonId>,
    /// When it may go out: now, or with their daily digest.
    pub(crate) due_at: UnixMs,
    /// Whether it waits for the digest.
    pub(crate) held: bool,
}

/// Raises a notice: writes it and one parcel for each who is to be told. The same mark again is nothing new.
pub(crate) async fn raise(app: &App, tx: &mut Tx, notice: Notice) -> Result<(), OpError> {
    let now = tx.now();
    let raised = Raised {
        id: NoticeId::new(new_id(now)),
        kind: notice.kind,
        account: notice.account,
        key: notice.key,
        person: notice.person,
        facts: notice.facts.clone(),
        at: now,
    };
    if !store::insert(tx.conn(), &raised, &notice.mark).await? {
        return Ok(());
    }
    let recipients = match &notice.only_to {
        Some(email) => vec![Recipient { email: email.clone(), person: notice.person, due_at: now, held: false }],
        None => recipients(app, tx, &raised).await?,
    };
    for recipient in recipients {
        let parcel = NewParcel {
            notice: raised.id,
            account: raised.account,
            channel: Channel::Mail,
            target: recipient.email,
            person: recipient.person,
            // A link goes to the one person it is for, or to nobody.
            link: notice.only_to.as_ref().and(notice.link.clone()),
            due_at: recipient.due_at,
            held: recipient.held,
        };
        outbox::put(app, tx, parcel).await?;
    }
    webhooks::subscribe(app, tx, &raised).await
}

/// The time zone that an account's mails are written in, as its settings say.
pub(crate) async fn time_zone(conn: &mut Conn, account: AccountId) -> Result<Option<String>, OpError> {
    let settings = store::settings(conn, account).await?;
    Ok(settings.and_then(|settings| Some(settings.get("time_zone")?.as_str()?.to_owned())))
}

/// Who is told of it by mail.
#[expect(clippy::unused_async, reason = "who is told is decided by reading the store")]
async fn recipients(_app: &App, _tx: &mut Tx, _notice: &Raised) -> Result<Vec<Recipient>, OpError> {
    Ok(vec![])
}
