//! Signing in: passwords, second factors, sign-ins (sessions) and their end, and links that work once.
//!
//! Whoever is signed in is known by a cookie whose value is kept as a digest. What a person may do is not judged
//! here; that they are who they say is.

mod links;
pub mod operators;
mod password;
mod reset;
mod routes;
mod sign_in;
#[cfg(feature = "sso")]
mod sso;
mod store;
mod throttle;
mod totp;

use std::sync::Arc;

use keyward_core::ids::{PersonId, SessionId};
use keyward_core::key::Environment;
use keyward_core::secret::{Alphabet, Format, Secret};
use keyward_core::time::UnixMs;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::changes::{Actor, AuditEvent, SignedIn, Touched, Tx};
use crate::operation::{OpError, new_id};
use crate::vault;
use store::SessionRow;

pub use links::{LinkKind, TakenLink};
pub(crate) use links::{
    end_invitation, end_links, end_links_made_by, end_links_to, invited, look as look_at_link, make_link, take_link,
};
pub use password::Hashed;
pub(crate) use password::hash_password_for;
pub use reset::{ask as ask_for_reset, complete as complete_reset};
pub use routes::{cookie, routes};
pub use sign_in::{Attempt, Prove, SecondFactor, change_password, prove, sign_in};
pub(crate) use throttle::{guarded, sweep as sweep_attempts};
pub use totp::{Enrolment, confirm as confirm_totp, fresh_codes, remove as remove_totp, start as start_totp};

/// How recent a proof of who somebody is must be for what a stolen cookie must not do.
pub const RECENT_MS: i64 = 15 * 60_000;
/// How often `seen_at` is written.
const SEEN_EVERY_MS: i64 = 60_000;
/// Most sign-ins of one person; the oldest ends when there is one more.
const SESSIONS_MAX: i64 = 50;
/// Most links to set another password that are being made at once.
const RESETS_MAX: usize = 16;
const AGENT_CHARS_MAX: usize = 300;
const PREFIX: &str = "kws_";
const LETTERS: usize = 40;

/// What signing in keeps in memory; one for each program.
#[derive(Debug)]
pub struct Desk {
    hashing: password::Hashing,
    counts: sign_in::Counts,
    resets: Arc<Semaphore>,
    #[cfg(feature = "sso")]
    providers: sso::Providers,
}

impl Desk {
    /// A desk at which nobody has been yet.
    pub fn new() -> Self {
        Self {
            hashing: password::Hashing::new(),
            counts: sign_in::Counts::default(),
            resets: Arc::new(Semaphore::new(RESETS_MAX)),
            #[cfg(feature = "sso")]
            providers: sso::Providers::default(),
        }
    }

    /// How many attempts to sign in ended how.
    pub fn outcomes(&self) -> [(&'static str, u64); 4] {
        self.counts.all()
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// By which sign-in.
    pub session: SessionId,
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they run the deployment.
    pub operator: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// Whether more than a password stands between them and a thief: an authenticator, or an identity provider that
    /// vouched for this sign-in.
    pub has_second_factor: bool,
    /// When they last proved who they are.
    pub proved_at: UnixMs,
}

/// A sign-in as its person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// How they signed in: `password`, `password+totp`, `invitation`, `sso:NAME`.
    pub method: String,
    /// From which address.
    pub origin: Option<String>,
    /// With what, as the browser called itself.
    pub agent: Option<String>,
    /// Since when.
    pub created_at: UnixMs,
    /// When it was last used, to the minute.
    pub seen_at: UnixMs,
    /// When it ends at the latest.
    pub expires_at: UnixMs,
}

/// Whether a proof of who somebody is counts as recent.
pub const fn is_recent(now: UnixMs, proved_at: UnixMs) -> bool {
    now.since(proved_at) < RECENT_MS
}

/// Refuses whose proof is too old: a stolen cookie must not be enough.
pub(crate) fn demand_recent(now: UnixMs, proved_at: UnixMs) -> Result<(), OpError> {
    if is_recent(now, proved_at) {
        return Ok(());
    }
    let message = "this needs a proof of who you are from the last 15 minutes: POST /v1/session/prove";
    Err(OpError::forbidden("proof_needed", message))
}

/// The same for the actor of a change, where a person makes it: automation proves itself with every request.
pub(crate) fn demand_recent_of(tx: &Tx) -> Result<(), OpError> {
    tx.actor().person.map_or(Ok(()), |person| demand_recent(tx.now(), person.proved_at))
}

fn format() -> Format {
    Format::new(PREFIX, Alphabet::Base62, LETTERS).expect("34 letters of 62 are more than 128 random bits")
}

/// Who a cookie's value belongs to; `None` for anything but a sign-in in force. Notes at most once a minute that it
/// was used.
pub async fn authenticate(app: &App, token: &Secret) -> Result<Option<Signed>, OpError> {
    if format().check(token.expose()).is_err() {
        return Ok(None);
    }
    let digest = app.vault.pepper().digest(token.expose());
    let mut conn = app.db.conn().await?;
    let Some(row) = store::signed(&mut conn, &digest).await? else { return Ok(None) };
    let now = app.clock.now();
    let is_idle = now.since(UnixMs(row.seen_at)) >= app.config.sign_in.idle_ms;
    if row.expires_at <= now.0 || is_idle || row.suspended {
        return Ok(None);
    }
    if now.0 - row.seen_at >= SEEN_EVERY_MS {
        // A full disk must not keep anybody from looking.
        if let Err(why) = store::see(&mut conn, &row.id, now).await {
            tracing::warn!(%why, "when a sign-in was last used could not be noted");
        }
    }
    Ok(Some(row.signed()?))
}

/// Starts a sign-in; the cookie's value. The transaction's actor is the person.
pub(crate) async fn open(
    app: &App,
    tx: &mut Tx,
    person: PersonId,
    method: &str,
    agent: Option<String>,
) -> Result<Secret, OpError> {
    let now = tx.now();
    open_proved(app, tx, person, method, agent, now).await
}

/// Starts a sign-in of somebody who proved who they are a while ago, to a provider of identities.
async fn open_proved(
    app: &App,
    tx: &mut Tx,
    person: PersonId,
    method: &str,
    agent: Option<String>,
    proved_at: UnixMs,
) -> Result<Secret, OpError> {
    let now = tx.now();
    store::drop_ended(tx.conn(), person, now, UnixMs(now.0 - app.config.sign_in.idle_ms)).await?;
    store::drop_oldest(tx.conn(), person, SESSIONS_MAX - 1).await?;
    let token = new_token();
    let row = SessionRow {
        id: SessionId::new(new_id(now)).to_string(),
        method: method.to_owned(),
        origin: tx.actor().origin.clone(),
        agent: agent.map(tame),
        created_at: now.0,
        proved_at: proved_at.0,
        seen_at: now.0,
        expires_at: now.plus(app.config.sign_in.lifetime_ms).0,
    };
    let digest = app.vault.pepper().digest(token.expose());
    store::insert(tx.conn(), person, &row, &digest).await?;
    store::signed_in(tx.conn(), person, now).await?;
    note(tx, "person.signed_in", person, json!({ "session": row.id, "method": method }));
    Ok(token)
}

fn new_token() -> Secret {
    format().generate(Environment::Live, &mut vault::random)
}

/// What a browser calls itself: somebody else's words, made harmless.
fn tame(agent: String) -> String {
    agent.chars().filter(|letter| !letter.is_control()).take(AGENT_CHARS_MAX).collect()
}

/// Gives a sign-in another cookie, after what it is trusted for has changed (threat T6).
async fn rotate(app: &App, tx: &mut Tx, session: SessionId) -> Result<Secret, OpError> {
    let token = new_token();
    let digest = app.vault.pepper().digest(token.expose());
    if store::renew(tx.conn(), session, &digest).await? { Ok(token) } else { Err(OpError::NotFound) }
}

/// Sets a password; every sign-in of theirs but `keep` ends, and so do links that could set another.
pub(crate) async fn set_password(
    tx: &mut Tx,
    person: PersonId,
    hashed: &Hashed,
    keep: Option<SessionId>,
) -> Result<(), OpError> {
    if !store::set_password(tx.conn(), person, hashed.phc()).await? {
        return Err(OpError::NotFound);
    }
    store::end_others(tx.conn(), person, keep).await?;
    links::end(tx, LinkKind::Reset, person).await?;
    note(tx, "person.password_changed", person, json!({}));
    Ok(())
}

/// Ends the sign-ins of a person and the links that would open another; what they sign in with stays theirs.
pub(crate) async fn end_sign_ins(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    store::end_others(tx.conn(), person, None).await?;
    links::end(tx, LinkKind::Reset, person).await?;
    links::end(tx, LinkKind::Operator, person).await?;
    note(tx, "person.signed_out_everywhere", person, json!({}));
    Ok(())
}

/// Takes somebody's authenticator and recovery codes; their sign-ins end.
pub(crate) async fn forget_totp(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    store::lock(tx.conn(), person).await?;
    store::set_totp(tx.conn(), person, None, None).await?;
    totp::forget_codes(tx, person).await?;
    end_sign_ins(tx, person).await
}

/// Ends everything by which somebody could sign in: they were suspended, or removed from everything.
pub(crate) async fn end_all(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    store::end_others(tx.conn(), person, None).await?;
    links::end_all(tx, person).await?;
    totp::forget_codes(tx, person).await?;
    store::forget_identities(tx.conn(), person).await?;
    note(tx, "person.signed_out_everywhere", person, json!({}));
    Ok(())
}

/// The sign-ins of a person that are in force, newest first.
pub async fn list(app: &App, person: PersonId) -> Result<Vec<SessionView>, OpError> {
    let now = app.clock.now();
    let idle = UnixMs(now.0 - app.config.sign_in.idle_ms);
    let rows = store::list(&mut app.db.conn().await?, person, now, idle, SESSIONS_MAX).await?;
    Ok(rows.iter().map(SessionRow::view).collect::<sqlx::Result<_>>()?)
}

/// Ends one sign-in of the person who asks.
pub async fn sign_out(app: &App, actor: Actor, session: SessionId) -> Result<(), OpError> {
    let person = person_of(&actor)?.id;
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                if !store::end(tx.conn(), person, session).await? {
                    return Err(OpError::NotFound);
                }
                note(tx, "person.signed_out", person, json!({ "session": session }));
                Ok(())
            })
        })
        .await
}

/// Ends every sign-in of the person who asks, except `keep`.
pub async fn sign_out_everywhere(app: &App, actor: Actor, keep: Option<SessionId>) -> Result<(), OpError> {
    let person = person_of(&actor)?.id;
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                store::end_others(tx.conn(), person, keep).await?;
                note(tx, "person.signed_out_everywhere", person, json!({ "but": keep }));
                Ok(())
            })
        })
        .await
}

/// Removes what is over; called now and then.
pub(crate) async fn sweep(app: &App, conn: &mut crate::db::Conn) -> sqlx::Result<()> {
    let now = app.clock.now();
    store::sweep(conn, now, UnixMs(now.0 - app.config.sign_in.idle_ms)).await?;
    links::sweep(conn, now).await?;
    sweep_attempts(conn, now).await
}

fn person_of(actor: &Actor) -> Result<SignedIn, OpError> {
    actor.person.ok_or_else(|| OpError::forbidden("person_only", "only a person who is signed in can do this"))
}

/// Audited by id alone: neither a name nor an address.
fn note(tx: &mut Tx, action: &'static str, person: PersonId, after: serde_json::Value) {
    tx.touch(Touched::Other, person.to_string());
    tx.audit(AuditEvent { action, subject: person.to_string(), account: None, before: None, after: Some(after) });
}
