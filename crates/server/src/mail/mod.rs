//! Mail: notices in words, through SMTP.
//!
//! A mail is one notice to one mailbox, as plain text and as HTML. It never holds a secret; a link that works once
//! stands only in a mail to exactly the person it is for. Texts are typed headers and encoded bodies throughout, so
//! that nothing in a name can begin a header of its own (threat T15).

mod facts;
mod letter;
mod look;
mod names;
mod routes;
mod smtp;
mod templates;

use std::time::Duration;

use keyward_core::ids::ParcelId;
use keyward_core::secret::Secret;
use lettre::message::Mailbox;

use crate::accounts;
use crate::app::App;
use crate::changes::Reach;
use crate::notices;
use crate::operation::{OpError, new_id};
use crate::outbox::{Parcel, Sent};
use facts::Reader;

pub use letter::Letter;
pub use look::looks;
pub use routes::routes;
pub use smtp::{Login, Security, Server};
pub use templates::{BadTemplate, Templates};

/// Where mail goes out, as the configuration says.
#[derive(Debug)]
pub struct MailSettings {
    /// The mail server.
    pub server: Server,
    /// Whom mails are from.
    pub from: Mailbox,
    /// The texts.
    pub templates: Templates,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Whether the mail server took it.
    pub accepted: bool,
    /// What it said, or why there was no answer.
    pub answer: String,
    /// How long it took.
    pub took: Duration,
}

/// Sends one parcel; called by the outbox's worker.
pub(crate) async fn send(app: &App, parcel: &Parcel) -> Sent {
    let Some(settings) = &app.config.mail else { return Sent::Again("no mail server is configured".into()) };
    let reader = match reader(app, parcel).await {
        Ok(reader) => reader,
        Err(error) => return Sent::Again(error.to_string()),
    };
    let now = app.clock.now();
    let link = parcel.link.as_ref().map(Secret::expose);
    let letter = settings.templates.write(&parcel.notice, &reader, link, now);
    match letter.message(&settings.from, &parcel.target, parcel.id, now) {
        Ok(message) => match settings.server.deliver(&message).await {
            Ok(_) => Sent::Done,
            Err(failed) => failed.into(),
        },
        Err(why) => Sent::Never(why),
    }
}

/// Sends one mail now, past the outbox, and tells what the mail server said.
pub async fn test(app: &App, to: &str) -> Result<Tested, OpError> {
    let settings = app.config.mail.as_ref();
    let settings = settings.ok_or_else(|| OpError::conflict("no_mail", "no mail server is configured: see [mail]"))?;
    let to = crate::people::mailbox(to).map_err(|why| OpError::field("/to", why))?;
    let (now, began) = (app.clock.now(), crate::clock::boot_ms());
    let letter = settings.templates.write_test(&app.config.control_url(), now);
    let message = letter
        .message(&settings.from, &to, ParcelId::new(new_id(now)), now)
        .map_err(|why| OpError::field("/to", why))?;
    let outcome = settings.server.deliver(&message).await;
    let took = Duration::from_millis(crate::clock::boot_ms().saturating_sub(began).max(0) as u64);
    Ok(match outcome {
        Ok(answer) => Tested { accepted: true, answer, took },
        Err(failed) => Tested { accepted: false, answer: failed.to_string(), took },
    })
}

/// In which words and in which time zone a mail is written: its account's. An account that is gone has none.
async fn reader(app: &App, parcel: &Parcel) -> Result<Reader, OpError> {
    let home = app.config.control_url.clone();
    let Some(id) = parcel.notice.account else { return Ok(Reader::operator(home)) };
    let account = match accounts::get(app, Reach::All, id).await {
        Ok(account) => account,
        Err(OpError::NotFound) => return Ok(Reader::operator(home)),
        Err(error) => return Err(error),
    };
    let zone = notices::time_zone(&mut app.db.conn().await?, id).await?;
    let words = app.config.api(&account.api).map(|setup| setup.words.clone()).unwrap_or_default();
    let names = names::of(app, &parcel.notice).await?;
    Ok(Reader { names, ..Reader::new(&words, Some(account.name), zone.as_deref(), home) })
}
