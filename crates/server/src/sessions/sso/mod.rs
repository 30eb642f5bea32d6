//! Single sign-on: a provider of identities (OpenID Connect) vouches for people.
//!
//! The authorization code flow with PKCE, state and nonce. What belongs to one attempt is sealed into a cookie of the
//! browser that makes it, so that nobody can finish somebody else's, and nothing is kept here meanwhile. Nobody is
//! made by signing in: whom the provider names must be here already.

mod fetch;
mod provider;
mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_core::ids::PersonId;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{SECOND_MS, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store as people;
use super::{note, open_proved, throttle};
use crate::app::App;
use crate::changes::{Actor, SignedIn, Tx};
use crate::config::Provider;
use crate::operation::OpError;
use provider::Identity;

pub(super) use provider::Providers;

/// How long somebody may take at the provider.
pub(super) const ATTEMPT_S: u32 = 600;

/// An attempt that was begun: where the browser goes, and what it keeps meanwhile.
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) cookie: Secret,
}

/// What comes back from a provider.
pub(super) struct Returned {
    pub(super) code: Secret,
    pub(super) state: Secret,
    /// Who says that it answers (RFC 9207).
    pub(super) issuer: Option<String>,
    /// What the browser kept.
    pub(super) cookie: Option<Secret>,
    /// The cookie of an earlier sign-in: it ends.
    pub(super) before: Option<Secret>,
    pub(super) origin: Option<String>,
    pub(super) agent: Option<String>,
}

/// What belongs to one attempt.
#[derive(Serialize, Deserialize)]
struct Memo {
    state: String,
    nonce: String,
    verifier: String,
    until: i64,
}

fn named<'a>(app: &'a App, name: &str) -> Result<&'a Provider, OpError> {
    app.config.sign_in.sso.iter().find(|provider| provider.name == name).ok_or(OpError::NotFound)
}

/// Begins an attempt; `fresh` has the provider ask again who it is, for what needs a recent proof.
pub(super) async fn begin(app: &App, name: &str, fresh: bool) -> Result<Begun, OpError> {
    let asked = app.desk.providers.ask(app, named(app, name)?, fresh).await?;
    let until = app.clock.now().0 + i64::from(ATTEMPT_S) * SECOND_MS;
    let memo = Memo { state: asked.state, nonce: asked.nonce, verifier: asked.verifier, until };
    let text = serde_json::to_string(&memo).map_err(|_| refused())?;
    let sealed = app.vault.seal_text(&place(name), &Secret::new(text));
    Ok(Begun { url: asked.url, cookie: Secret::new(URL_SAFE_NO_PAD.encode(sealed)) })
}

/// Finishes an attempt of this very browser; the cookie's value.
pub(super) async fn finish(app: &App, name: &str, returned: Returned) -> Result<Secret, OpError> {
    let ended = try_finish(app, name, returned).await;
    match &ended {
        Ok(_) => app.desk.counts.signed_in(),
        Err(OpError::Unproved { .. } | OpError::Forbidden { .. }) => app.desk.counts.refused(),
        Err(_) => {}
    }
    ended
}

async fn try_finish(app: &App, name: &str, returned: Returned) -> Result<Secret, OpError> {
    let provider = named(app, name)?;
    let counted = throttle::guess(app, returned.origin.as_deref()).await?;
    let memo = recall(app, name, &returned)?;
    let is_another = returned.issuer.as_ref().is_some_and(|issuer| *issuer != provider.issuer);
    if returned.code.expose().is_empty() || is_another {
        return Err(refused());
    }
    let answer = provider::Answer { code: &returned.code, nonce: &memo.nonce, verifier: &memo.verifier };
    let identity = app.desk.providers.identify(app, provider, answer).await?;
    is_welcome(provider, &identity)?;
    let person = find(app, &identity).await?;
    let now = app.clock.now();
    let proved_at = identity.proved_at.unwrap_or(now).min(now);
    let actor = Actor::person(SignedIn { id: person, proved_at }, returned.origin.clone(), Permissions::NONE);
    let (inner, method, provider) = (app.clone(), format!("sso:{name}"), name.to_owned());
    let token = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                link(tx, person, &identity, &provider).await?;
                if let Some(before) = &returned.before {
                    people::end_by_digest(tx.conn(), &inner.vault.pepper().digest(before.expose())).await?;
                }
                open_proved(&inner, tx, person, &method, returned.agent, proved_at).await
            })
        })
        .await?;
    counted.give_back(app).await?;
    Ok(token)
}

/// What this browser was given when it began, if that is what comes back and not too late.
fn recall(app: &App, name: &str, returned: &Returned) -> Result<Memo, OpError> {
    let cookie = returned.cookie.as_ref().ok_or_else(not_this_browser)?;
    let sealed = URL_SAFE_NO_PAD.decode(cookie.expose()).map_err(|_| not_this_browser())?;
    let text = app.vault.unseal_text(&place(name), &sealed).map_err(|_| not_this_browser())?;
    let memo: Memo = serde_json::from_str(text.expose()).map_err(|_| not_this_browser())?;
    // Digests compare without telling how much of them is right.
    let digest = |text: &str| app.vault.pepper().digest(text);
    let is_ours = digest(&memo.state) == digest(returned.state.expose());
    if is_ours && app.clock.now().0 < memo.until { Ok(memo) } else { Err(not_this_browser()) }
}

/// Whether the provider may vouch for this address.
fn is_welcome(provider: &Provider, identity: &Identity) -> Result<(), OpError> {
    let domain = identity.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let is_named = |domain: &str| provider.domains.iter().any(|own| own == domain);
    if provider.domains.is_empty() || domain.is_some_and(is_named) {
        return Ok(());
    }
    Err(OpError::forbidden("sso_domain", "this provider may not vouch for this address here"))
}

/// Whom the provider means: somebody it vouched for before, else whoever has the address that it verified.
async fn find(app: &App, identity: &Identity) -> Result<PersonId, OpError> {
    let mut conn = app.db.conn().await?;
    if let Some(person) = store::find(&mut conn, &identity.issuer, &identity.subject).await? {
        return Ok(person);
    }
    let email = identity.email.as_deref().ok_or_else(unknown)?;
    let row = people::by_email(&mut conn, email).await?.ok_or_else(unknown)?;
    Ok(row.person()?)
}

/// Remembers whom the provider means, from the first time on.
async fn link(tx: &mut Tx, person: PersonId, identity: &Identity, provider: &str) -> Result<(), OpError> {
    let row = people::lock(tx.conn(), person).await?.filter(|row| !row.suspended).ok_or_else(unknown)?;
    let now = tx.now();
    match store::find(tx.conn(), &identity.issuer, &identity.subject).await? {
        Some(known) if known == person => Ok(()),
        Some(_) => Err(unknown()),
        // The address may have been changed or given to somebody else meanwhile.
        None if row.email != identity.email => Err(unknown()),
        None => {
            store::insert(tx.conn(), &identity.issuer, &identity.subject, person, now).await?;
            note(tx, "person.identity_linked", person, json!({ "provider": provider }));
            Ok(())
        }
    }
}

fn place(name: &str) -> String {
    format!("sso/{name}")
}

fn not_this_browser() -> OpError {
    let message = "this sign-in was not begun in this browser, or took too long; begin again";
    OpError::Unproved { code: "sso_state", message: message.into() }
}

fn refused() -> OpError {
    let message = "the provider's answer could not be trusted; begin again";
    OpError::Unproved { code: "sso_refused", message: message.into() }
}

fn unknown() -> OpError {
    let message = "nobody here has this address; ask somebody to invite you, with the address that your provider has \
                   verified";
    OpError::forbidden("sso_unknown", message)
}

fn unavailable(provider: &Provider, why: &dyn std::fmt::Display) -> OpError {
    tracing::warn!(provider = provider.name, %why, "a provider of identities could not be asked");
    let message = format!("{} could not be asked who you are; try again, or sign in with a password", provider.title);
    OpError::Elsewhere { code: "sso_unavailable", message }
}

/// When the provider saw them prove who they are, as an instant of ours.
fn instant(ms: i64) -> UnixMs {
    UnixMs(ms)
}
