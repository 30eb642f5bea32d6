//! A forgotten password: a link that works once, for half an hour, sent to the address of its person and nobody else.

use std::sync::Arc;

use keyward_core::ids::PersonId;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::links::{self, LinkKind, make_link, not_valid, take_link};
use super::store::{self, PersonRow};
use super::{note, set_password, sign_in, throttle};
use crate::app::App;
use crate::changes::{Actor, SignedIn, Tx};
use crate::notices::{self, Kind, Notice};
use crate::operation::{OpError, new_id};
use crate::people;

/// How long a link lives that somebody asked for.
const LIFETIME_MS: i64 = 30 * 60_000;

/// Makes a link for the person with this address, if there is one, and sends it to them. Whoever asks learns nothing:
/// the answer goes out before this begins.
pub async fn ask(app: &App, email: &str, origin: Option<String>) -> Result<(), OpError> {
    let email = email.trim().to_lowercase();
    throttle::reset_for(app, &email).await?;
    let Some(row) = store::by_email(&mut app.db.conn().await?, &email).await? else { return Ok(()) };
    if row.suspended {
        return Ok(());
    }
    let (person, inner) = (row.person()?, app.clone());
    let actor = Actor { origin, ..Actor::system() };
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let link = make_link(&inner, tx, LinkKind::Reset, Some(person), None, LIFETIME_MS).await?;
                note(tx, "person.reset_asked", person, json!({}));
                announce_reset(&inner, tx, &row, (person, &link)).await
            })
        })
        .await
}

/// Counts the address that asks; the only refusal that it can see.
pub(super) async fn count(app: &App, origin: Option<&str>) -> Result<(), OpError> {
    throttle::reset_by(app, origin).await
}

/// A place among those whose links are being made; refused to whoever finds none, whomever they ask for.
pub(super) fn place(app: &App) -> Result<OwnedSemaphorePermit, OpError> {
    Arc::clone(&app.desk.resets).try_acquire_owned().map_err(|_| OpError::TooMany {
        code: "too_many_attempts",
        message: "too many people forgot their password at this moment; try again".into(),
        retry_after_s: 1,
    })
}

/// Sends the link to its person, and nobody else. Without mail it leaves by nobody: an operator, an admin of the
/// person's account or the machine's own command line makes one that can be handed over.
async fn announce_reset(
    app: &App,
    tx: &mut Tx,
    row: &PersonRow,
    (person, link): (PersonId, &Secret),
) -> Result<(), OpError> {
    let Some(email) = &row.email else { return Ok(()) };
    if app.config.mail.is_none() {
        tracing::info!(person = row.id, "a link to set another password was asked for, and there is no mail");
        return Ok(());
    }
    let address = format!("{}/{}#{}", app.config.control_url(), LinkKind::Reset.as_str(), link.expose());
    let notice = Notice {
        kind: Kind::PasswordReset,
        account: None,
        key: None,
        person: Some(person),
        mark: format!("{} {}", Kind::PasswordReset.as_str(), new_id(tx.now())),
        facts: json!({ "expires_at": tx.now().plus(LIFETIME_MS).rfc3339() }),
        only_to: Some(email.clone()),
        link: Some(Secret::new(address)),
    };
    notices::raise(app, tx, notice).await
}

/// Sets another password by a link; every sign-in of the person ends.
pub async fn complete(app: &App, link: Secret, new: Secret, origin: Option<String>) -> Result<(), OpError> {
    let guess = throttle::guess(app, origin.as_deref()).await?;
    let person = person_of(links::look(app, &[LinkKind::Reset], &link).await?)?;
    guess.give_back(app).await?;
    let row = store::by_id(&mut app.db.conn().await?, person).await?.ok_or_else(not_valid)?;
    let hashed = sign_in::hash_own(app, &row, &new).await?;
    let actor = Actor::person(SignedIn { id: person, proved_at: app.clock.now() }, origin.clone(), Permissions::NONE);
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                // Again, now that it counts: somebody may have been quicker.
                let taken = take_link(&inner, tx, &[LinkKind::Reset], &link).await?;
                let (account, taken) = (taken.account, person_of(taken)?);
                let row = store::lock(tx.conn(), taken).await?.ok_or_else(not_valid)?;
                if row.suspended {
                    return Err(not_valid());
                }
                // Made by an account for somebody of its own, who may be more by now.
                if let Some(account) = account
                    && !people::belongs_only_to(tx, taken, account).await?
                {
                    return Err(not_valid());
                }
                note(tx, "person.reset_completed", taken, json!({}));
                set_password(tx, taken, &hashed, None).await
            })
        })
        .await?;
    match &row.email {
        Some(email) => throttle::welcome(app, origin.as_deref(), email).await,
        None => Ok(()),
    }
}

fn person_of(link: links::TakenLink) -> Result<PersonId, OpError> {
    link.person.ok_or_else(not_valid)
}
