//! Who is told of a notice by mail.
//!
//! | about | told |
//! |---|---|
//! | a key | who made it, who holds it, the account's admins; its contacts of what ends or endangers it (row r27) |
//! | something else of an account | its admins |
//! | nothing of an account | those who run the deployment |
//!
//! Each mailbox once, as its account and the person want it.

use std::collections::{BTreeSet, HashMap};

use keyward_core::ids::PersonId;
use keyward_core::time::{DAY_MS, UnixMs};

use super::choices::{Choice, Delivery};
use super::settings::{Settings, settings_in};
use super::{Raised, store};
use crate::accounts;
use crate::app::App;
use crate::changes::Tx;
use crate::keys::Told;
use crate::operation::OpError;
use crate::outbox;
use crate::people::{self, Mailbox};

/// Most mails of one account to one contact in 24 hours.
const CONTACT_MAILS_MAX: i64 = 20;

/// Somebody who is told by mail.
pub(super) struct Recipient {
    /// Their address.
    pub(super) email: String,
    /// The person, where it is one.
    pub(super) person: Option<PersonId>,
    /// When it may go out: now, or with their daily digest.
    pub(super) due_at: UnixMs,
    /// Whether it waits for the digest.
    pub(super) held: bool,
}

/// Those who are told of a notice.
pub(super) async fn of(app: &App, tx: &mut Tx, notice: &Raised, key: Option<&Told>) -> Result<Vec<Recipient>, OpError> {
    // Nobody is asked what they want where nothing can be sent.
    if app.config.mail.is_none() {
        return Ok(vec![]);
    }
    let (settings, people) = match notice.account {
        None => (Settings::default(), people::operators_mailboxes(tx.conn()).await?),
        Some(account) => {
            let settings = settings_in(tx.conn(), account).await?;
            if !settings.mails(notice.kind) {
                return Ok(vec![]);
            }
            let account = accounts::seen(tx.conn(), account).await?;
            // Of an API that is no longer configured there are no roles, and so no admins; the notice is listed.
            let Ok(setup) = accounts::setup(app, &account) else { return Ok(vec![]) };
            let concerned: Vec<PersonId> = key.iter().flat_map(|key| key.people()).collect();
            (settings, people::mailboxes(tx.conn(), &setup, account.id, &concerned).await?)
        }
    };
    let choices: HashMap<PersonId, Choice> = if people.is_empty() {
        HashMap::new()
    } else {
        store::choices(tx.conn(), notice.account).await?.into_iter().collect()
    };
    let contacts = match key {
        Some(key) if notice.kind.is_for_contacts() => contacts(tx, notice, &key.contacts).await?,
        Some(_) | None => vec![],
    };
    let (now, nothing) = (tx.now(), Choice::default());
    let mut seen = BTreeSet::new();
    let mut recipients = Vec::new();
    for Mailbox { email, person } in people.into_iter().chain(contacts) {
        let choice = person.and_then(|person| choices.get(&person)).unwrap_or(&nothing);
        // Whoever does not want it as a person does not get it as a contact either.
        if !seen.insert(email.clone()) {
            continue;
        }
        let (due_at, held) = match choice.of(notice.kind) {
            Delivery::Now => (now, false),
            Delivery::Daily => (settings.next_digest(now), true),
            Delivery::Off => continue,
        };
        recipients.push(Recipient { email, person, due_at, held });
    }
    Ok(recipients)
}

/// The contacts of a key, but none who was told enough today: nobody has asked them whether they want to be, and whoever
/// makes keys could have them mailed all day.
async fn contacts(tx: &mut Tx, notice: &Raised, contacts: &[String]) -> Result<Vec<Mailbox>, OpError> {
    let (Some(account), since) = (notice.account, tx.now().plus(-DAY_MS)) else { return Ok(vec![]) };
    let mut mailboxes = Vec::with_capacity(contacts.len());
    for email in contacts {
        if outbox::count_to(tx.conn(), account, email, since).await? < CONTACT_MAILS_MAX {
            mailboxes.push(Mailbox { email: email.clone(), person: None });
        }
    }
    Ok(mailboxes)
}
