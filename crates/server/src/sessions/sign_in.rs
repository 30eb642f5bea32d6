//! Proving who somebody is: by a password and, where they have one, an authenticator.

use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::ids::{PersonId, SessionId};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use serde_json::json;

use super::store::{self, PersonRow};
use super::throttle::{self, Counted};
use super::{Hashed, demand_recent, note, open, password, person_of, rotate, set_password, totp};
use crate::app::App;
use crate::changes::{Actor, SignedIn, Tx};
use crate::operation::OpError;

/// How attempts ended.
#[derive(Debug, Default)]
pub(super) struct Counts {
    signed_in: AtomicU64,
    refused: AtomicU64,
    code_refused: AtomicU64,
    throttled: AtomicU64,
}

impl Counts {
    pub(super) fn all(&self) -> [(&'static str, u64); 4] {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("signed_in", read(&self.signed_in)),
            ("refused", read(&self.refused)),
            ("code_refused", read(&self.code_refused)),
            ("throttled", read(&self.throttled)),
        ]
    }

    #[cfg(feature = "sso")]
    pub(super) fn signed_in(&self) {
        self.signed_in.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "sso")]
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is sent beside a password.
#[derive(Clone)]
pub enum SecondFactor {
    /// What the authenticator shows.
    Code(Secret),
    /// One of the codes for when it is lost.
    Recovery(Secret),
}

/// An attempt to sign in.
#[derive(Clone)]
pub struct Attempt {
    /// The person's address.
    pub email: String,
    /// Their password.
    pub password: Secret,
    /// Their second factor, where they were asked for it.
    pub second: Option<SecondFactor>,
    /// The cookie that came along: its sign-in ends (threat T6).
    pub before: Option<Secret>,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// Where it came from.
    pub origin: Option<String>,
}

/// A proof of who somebody is, who is signed in already.
#[derive(Clone)]
pub struct Prove {
    /// Their password.
    pub password: Secret,
    /// Their second factor, where they have one.
    pub second: Option<SecondFactor>,
}

/// Signs somebody in; the cookie's value. Unknown, without a password, suspended or wrong: all look alike and take
/// the same work (threat T1).
pub async fn sign_in(app: &App, attempt: Attempt) -> Result<Secret, OpError> {
    let ended = try_sign_in(app, attempt).await;
    let counts = &app.desk.counts;
    let count = match &ended {
        Ok(_) => Some(&counts.signed_in),
        Err(OpError::TooMany { .. }) => Some(&counts.throttled),
        Err(OpError::Unproved { code: "invalid_code", .. }) => Some(&counts.code_refused),
        Err(OpError::Unproved { code: "invalid_credentials", .. }) => Some(&counts.refused),
        Err(_) => None,
    };
    if let Some(count) = count {
        count.fetch_add(1, Ordering::Relaxed);
    }
    ended
}

async fn try_sign_in(app: &App, attempt: Attempt) -> Result<Secret, OpError> {
    let email = attempt.email.trim().to_lowercase();
    let counted = throttle::sign_in(app, attempt.origin.as_deref(), &email).await?;
    let found = store::by_email(&mut app.db.conn().await?, &email).await?;
    let known = found.as_ref().and_then(|row| row.password.as_deref());
    let is_right = password::is_right(app, &attempt.password, known).await?;
    let row = found.filter(|row| is_right && !row.suspended).ok_or_else(refused)?;
    let method = method(&row, attempt.second.as_ref());
    if row.totp_step.is_some() && attempt.second.is_none() {
        counted.give_back(app).await?;
        return Err(code_needed());
    }
    let person = row.person()?;
    let signed_in = SignedIn { id: person, proved_at: app.clock.now() };
    let actor = Actor::person(signed_in, attempt.origin.clone(), Permissions::NONE);
    let inner = app.clone();
    let token = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let now = locked(tx, &row).await?;
                pass_second(&inner, tx, &now, attempt.second.as_ref()).await?;
                if let Some(before) = &attempt.before {
                    let digest = inner.vault.pepper().digest(before.expose());
                    store::end_by_digest(tx.conn(), &digest).await?;
                }
                open(&inner, tx, person, method, attempt.agent).await
            })
        })
        .await?;
    counted.was_right(app).await?;
    Ok(token)
}

fn method(row: &PersonRow, second: Option<&SecondFactor>) -> &'static str {
    match (row.totp_step, second) {
        (Some(_), Some(SecondFactor::Code(_))) => "password+totp",
        (Some(_), Some(SecondFactor::Recovery(_))) => "password+recovery",
        (Some(_), None) | (None, _) => "password",
    }
}

/// The person's row, locked, if nothing of what was proved has changed meanwhile.
async fn locked(tx: &mut Tx, proved: &PersonRow) -> Result<PersonRow, OpError> {
    let now = store::lock(tx.conn(), proved.person()?).await?.ok_or_else(refused)?;
    if now.password == proved.password && !now.suspended { Ok(now) } else { Err(refused()) }
}

async fn pass_second(app: &App, tx: &mut Tx, row: &PersonRow, second: Option<&SecondFactor>) -> Result<(), OpError> {
    match (row.totp_step, second) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(code_needed()),
        (Some(_), Some(second)) => totp::pass(app, tx, row, second).await,
    }
}

/// Proves again who somebody is, for what needs a recent proof.
pub async fn prove(app: &App, actor: Actor, session: SessionId, proof: Prove) -> Result<(), OpError> {
    let person = person_of(&actor)?.id;
    let (row, counted) = check_password(app, person, &proof.password).await?;
    if row.totp_step.is_some() && proof.second.is_none() {
        counted.give_back(app).await?;
        return Err(code_needed());
    }
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let now = locked(tx, &row).await?;
                pass_second(&inner, tx, &now, proof.second.as_ref()).await?;
                let at = tx.now();
                if !store::prove(tx.conn(), person, session, at).await? {
                    return Err(OpError::NotFound);
                }
                note(tx, "person.proved", person, json!({ "session": session }));
                Ok::<_, OpError>(())
            })
        })
        .await?;
    counted.was_right(app).await
}

/// Sets another password and ends every other sign-in; the cookie's new value. Who has none yet needs a recent proof
/// in its place.
pub async fn change_password(
    app: &App,
    actor: Actor,
    session: SessionId,
    current: Option<Secret>,
    new: Secret,
) -> Result<Secret, OpError> {
    let signed_in = person_of(&actor)?;
    let row = load(app, signed_in.id).await?;
    // With an authenticator a password alone proves nothing: a recent proof holds both.
    if row.password.is_none() || row.totp_step.is_some() {
        demand_recent(app.clock.now(), signed_in.proved_at)?;
    }
    match (&row.password, current) {
        (None, _) => {}
        (Some(_), None) => return Err(OpError::field("/current_password", "the password in force")),
        (Some(_), Some(current)) => {
            let (_, counted) = check_password(app, signed_in.id, &current).await?;
            counted.give_back(app).await?;
        }
    }
    let hashed = hash_own(app, &row, &new).await?;
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                locked(tx, &row).await?;
                set_password(tx, signed_in.id, &hashed, Some(session)).await?;
                rotate(&inner, tx, session).await
            })
        })
        .await
}

/// Judges and hashes somebody's new password.
pub(super) async fn hash_own(app: &App, row: &PersonRow, new: &Secret) -> Result<Hashed, OpError> {
    let own = [row.name.as_str(), row.email.as_deref().unwrap_or_default()];
    password::hash_password_for(app, new, "/new_password", &own).await
}

async fn check_password(app: &App, person: PersonId, given: &Secret) -> Result<(PersonRow, Counted), OpError> {
    let counted = throttle::proof(app, person).await?;
    let row = load(app, person).await?;
    let is_right = password::is_right(app, given, row.password.as_deref()).await?;
    if is_right { Ok((row, counted)) } else { Err(refused()) }
}

async fn load(app: &App, person: PersonId) -> Result<PersonRow, OpError> {
    store::by_id(&mut app.db.conn().await?, person).await?.ok_or(OpError::NotFound)
}

/// The one answer to whatever is not right.
pub(super) fn refused() -> OpError {
    OpError::Unproved { code: "invalid_credentials", message: "the credentials are not valid".into() }
}

fn code_needed() -> OpError {
    OpError::Unproved { code: "totp_required", message: "send what your authenticator shows as well".into() }
}
