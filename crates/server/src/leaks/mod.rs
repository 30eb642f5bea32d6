//! Leaks: secrets that were found where they must not be. Those concerned are told, and the key is dealt with at once
//! as its account's policy says; each secret once per place.
//!
//! Nothing of a reported text is kept, logged or answered: only keyed hashes of it, from which nobody finds it again.

mod github;
mod routes;
mod store;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::policy::Exposed;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::db::Conn;
use crate::keys::{self, Whose};
use crate::notices::{self, Kind, Notice};
use crate::operation::OpError;
use crate::vault::hex;

pub use github::{GithubKeys, PublicKey};
pub use routes::routes;

/// For how long a report is known again.
const KNOWN_MS: i64 = 365 * DAY_MS;
/// A longer text is nobody's secret.
const SECRET_LETTERS_MAX: usize = 500;
const URL_CHARS_MAX: usize = 2_000;
const SOURCE_CHARS_MAX: usize = 100;

/// What a scanner found.
pub struct Found {
    /// The text.
    pub secret: Secret,
    /// Where.
    pub url: Option<String>,
    /// In what.
    pub source: Option<String>,
}

/// How a secret was exposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It was sent over plain HTTP; the account is told at most once a day of one key.
    PlainHttp,
    /// Somebody reported it.
    Published {
        /// Where it was found.
        url: Option<String>,
        /// In what.
        source: Option<String>,
    },
}

/// What became of one report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whose secret it is, or was; `None`: not ours.
    pub key: Option<KeyId>,
    /// What was done; `None`: nothing, since its time was over or this was known.
    pub done: Option<Exposed>,
}

/// Deals with a text that a scanner found. Whoever reports it, what is done is what the account's policy says.
pub async fn report(app: &App, reach: Reach, actor: Actor, found: Found) -> Result<Outcome, OpError> {
    let text = found.secret.expose();
    if text.is_empty() || text.len() > SECRET_LETTERS_MAX {
        return Ok(Outcome::default());
    }
    let digest = app.vault.pepper().digest(text);
    let (account, key) = match keys::find_digest(app, reach, &digest).await? {
        Whose::Key(view, _) => (view.account, view.id),
        Whose::Gone { key, .. } => return Ok(Outcome { key: Some(key), done: None }),
        Whose::Unknown => return Ok(Outcome::default()),
    };
    let shown = |said: &Option<String>, most| said.as_ref().map(|said| tidy(said, text, most));
    let (url, source) = (shown(&found.url, URL_CHARS_MAX), shown(&found.source, SOURCE_CHARS_MAX));
    let place = url.clone().unwrap_or_default();
    let mark = hex(&Sha256::new().chain_update(digest).chain_update(place).finalize());
    let actor = Actor { may: Permissions::ALL, ..actor };
    let done = settle(app, actor, account, key, How::Published { url, source }, mark).await?;
    Ok(Outcome { key: Some(key), done })
}

/// Tells those concerned that a key's secret was exposed, in another way than by a scanner's report.
pub async fn exposed(app: &App, key: KeyId, how: How) -> Result<Option<Exposed>, OpError> {
    let day = app.clock.now().0.div_euclid(DAY_MS);
    let mark = match &how {
        How::PlainHttp => format!("plain_http {key} {day}"),
        How::Published { url, .. } => format!("published {key} {}", url.as_deref().unwrap_or_default()),
    };
    let mark = hex(&Sha256::digest(mark));
    // Looking first costs no change: a key that is sent in clear is sent often.
    if store::is_known(&mut app.db.conn().await?, &mark).await? {
        return Ok(None);
    }
    let account = match keys::account_of(app, Reach::All, key).await {
        // Deleted since it was used.
        Err(OpError::NotFound) => return Ok(None),
        found => found?,
    };
    settle(app, Actor::system(), account, key, how, mark).await
}

async fn settle(
    app: &App,
    actor: Actor,
    account: AccountId,
    key: KeyId,
    how: How,
    mark: String,
) -> Result<Option<Exposed>, OpError> {
    let inner = app.clone();
    let settled = app
        .changes
        .run(actor, move |tx| Box::pin(async move { settle_in(&inner, tx, account, key, &how, &mark).await }));
    match settled.await {
        // Deleted between the two looks.
        Err(OpError::NotFound) => Ok(None),
        other => other,
    }
}

async fn settle_in(
    app: &App,
    tx: &mut Tx,
    account: AccountId,
    key: KeyId,
    how: &How,
    mark: &str,
) -> Result<Option<Exposed>, OpError> {
    accounts::lock(tx, Reach::All, account).await?;
    if store::is_known(tx.conn(), mark).await? {
        return Ok(None);
    }
    let done = match how {
        How::PlainHttp => keys::is_there(tx, key).await.map(|()| Exposed::Warn)?,
        How::Published { .. } => keys::expose_in(app, tx, key).await?,
    };
    let now = tx.now();
    store::insert(tx.conn(), mark, account, key, done, now).await?;
    let mut facts = match how {
        How::PlainHttp => json!({ "how": "plain_http" }),
        How::Published { url, source } => json!({ "how": "published", "url": url, "source": source }),
    };
    facts["done"] = done.as_str().into();
    tx.touch(Touched::Other, key.to_string());
    tx.audit(AuditEvent {
        action: "key.exposed",
        subject: key.to_string(),
        account: Some(account),
        before: None,
        after: Some(facts.clone()),
    });
    notices::raise(app, tx, Notice::of_key(Kind::KeyExposed, account, key, mark).with(facts)).await?;
    Ok(Some(done))
}

/// What a scanner said, bounded, on one line, and without the secret, which may stand in a URL.
fn tidy(said: &str, secret: &str, most: usize) -> String {
    let hidden = said.replace(secret, "…");
    hidden.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

/// Forgets what was reported of an account that is being deleted.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

/// Forgets what was reported long ago.
pub(crate) async fn sweep(conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    store::sweep(conn, now.plus(-KNOWN_MS)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scanner_says_is_kept_without_the_secret() {
        let said = "https://a.example/?key=kw_live_abc&x=kw_live_abc\r\nX: y";
        assert_eq!(tidy(said, "kw_live_abc", 100), "https://a.example/?key=…&x=…X: y");
        assert_eq!(tidy("ääää", "zz", 3), "äää");
    }
}
