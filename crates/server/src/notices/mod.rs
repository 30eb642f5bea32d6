//! Notices: what people and programs are told, each once.
//!
//! A notice is raised inside the change that causes it, and becomes parcels in the outbox in the same transaction.
//! Nothing is sent from a request. Whether anybody is mailed or not, a notice is kept and listed for 90 days.

mod choices;
mod kind;
mod list;
mod recipients;
mod routes;
mod settings;
mod store;

use keyward_core::ids::{AccountId, KeyId, NoticeId, PersonId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use serde_json::Value;

use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::keys;
use crate::operation::{OpError, new_id};
use crate::outbox::{self, Channel, NewParcel};
use crate::webhooks;
use recipients::Recipient;

pub use choices::{Choice, Delivery, choice, choose};
pub use kind::Kind;
pub use list::{NoticeFilter, get, list};
pub use routes::routes;
pub use settings::{KeptSettings, PERCENTS, Settings, set, settings, settings_in};
pub(crate) use store::{NoticeRow, kind as kept_kind};

/// Something to tell.
pub(crate) struct Notice {
    /// What about.
    pub(crate) kind: Kind,
    /// Of which account; `None`: the operator's.
    pub(crate) account: Option<AccountId>,
    /// About which key. What it is called is added to the facts.
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

impl Notice {
    /// A notice about a key; `mark` makes it the same one among those of its kind and key.
    pub(crate) fn of_key(kind: Kind, account: AccountId, key: KeyId, mark: impl std::fmt::Display) -> Self {
        Self {
            kind,
            account: Some(account),
            key: Some(key),
            person: None,
            mark: format!("{} {key} {mark}", kind.as_str()),
            facts: Value::Object(serde_json::Map::new()),
            only_to: None,
            link: None,
        }
    }

    /// A notice about somebody in an account; each is a new one.
    pub(crate) fn of_person(tx: &Tx, kind: Kind, account: AccountId, person: PersonId, facts: Value) -> Self {
        Self {
            kind,
            account: Some(account),
            key: None,
            person: Some(person),
            mark: format!("{} {person} {}", kind.as_str(), new_id(tx.now())),
            facts,
            only_to: None,
            link: None,
        }
    }

    /// With these facts.
    #[must_use]
    pub(crate) fn with(self, facts: Value) -> Self {
        Self { facts, ..self }
    }
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

/// Raises a notice: writes it and one parcel for each who is to be told. The same mark again is nothing new.
pub(crate) async fn raise(app: &App, tx: &mut Tx, notice: Notice) -> Result<(), OpError> {
    let now = tx.now();
    let told = match notice.key {
        Some(key) => keys::told(tx.conn(), key).await?,
        None => None,
    };
    let mut facts = notice.facts;
    if let Value::Object(facts) = &mut facts {
        facts.extend(told.iter().map(|told| ("key".to_owned(), told.facts.clone())));
        // Who makes a change is told with it; the program itself is nobody.
        if tx.actor().who != "system" {
            facts.entry("by").or_insert_with(|| tx.actor().who.clone().into());
        }
    }
    let raised = Raised {
        id: NoticeId::new(new_id(now)),
        kind: notice.kind,
        account: notice.account,
        key: notice.key,
        person: notice.person,
        facts,
        at: now,
    };
    if !store::insert(tx.conn(), &raised, &notice.mark).await? {
        return Ok(());
    }
    let recipients = match &notice.only_to {
        Some(email) => vec![Recipient { email: email.clone(), person: notice.person, due_at: now, held: false }],
        None => recipients::of(app, tx, &raised, told.as_ref()).await?,
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

/// Whether a notice with this mark was raised already.
pub(crate) async fn is_known(conn: &mut Conn, mark: &str) -> Result<bool, OpError> {
    Ok(store::is_known(conn, mark).await?)
}

/// The time zone that an account's mails are written in, as its settings say.
pub(crate) async fn time_zone(conn: &mut Conn, account: AccountId) -> Result<Option<String>, OpError> {
    Ok(settings_in(conn, account).await?.time_zone)
}

/// Forgets what an account wanted to be told, when it is deleted. Its notices are the outbox's to forget.
pub(crate) async fn forget_account(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    Ok(store::forget_account(tx.conn(), account).await?)
}

/// Forgets what a person wanted to be told, in one account or anywhere.
pub(crate) async fn forget_choices(tx: &mut Tx, account: Option<AccountId>, person: PersonId) -> Result<(), OpError> {
    Ok(store::forget_choices(tx.conn(), account, person).await?)
}
