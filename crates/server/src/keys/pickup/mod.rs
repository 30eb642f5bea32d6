//! Links with which a secret is picked up once. Only a digest of a link's token is kept; the secret is made when
//! somebody picks it up, so that there is none before.

mod store;

use keyward_core::key::{Environment, KindRules, Visibility};
use keyward_core::name::Name;
use keyward_core::secret::{Alphabet, Format, Secret};
use keyward_core::time::{DAY_MS, UnixMs};

use super::PickupView;
use super::row::KeyRow;
use crate::app::App;
use crate::changes::Tx;
use crate::operation::Findings;
use crate::vault;

pub(super) use store::{by_digest, end_made_by, forget, forget_all, of};

const PREFIX: &str = "kwu_";
const LETTERS: usize = 40;
const RECIPIENT_CHARS_MAX: usize = 200;
/// For how long a link works.
const LINK_MS: i64 = 7 * DAY_MS;

/// One row: a key whose secret is meant for somebody with a link.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct PickupRow {
    pub(super) key_id: String,
    /// The link's; `None` while there is none.
    pub(super) digest: Option<Vec<u8>>,
    pub(super) recipient: Option<String>,
    pub(super) created_by: String,
    pub(super) created_at: i64,
    pub(super) expires_at: Option<i64>,
}

impl PickupRow {
    /// Until when its link works, where it has one that does.
    pub(super) fn link_end(&self, now: UnixMs) -> Option<UnixMs> {
        self.expires_at.filter(|end| self.digest.is_some() && *end > now.0).map(UnixMs)
    }
}

/// The shape of links' tokens.
pub(super) fn format() -> Format {
    Format::new(PREFIX, Alphabet::Base62, LETTERS).expect("34 letters of 62 are more than 128 random bits")
}

/// Refuses a link where it would show the secret to more than its recipient: of kinds whose secrets anybody with access
/// sees again, and of a person who sees the own secret by signing in (row r42).
pub(super) fn is_for_others(kind: &KindRules, holder_signs_in: bool) -> Result<(), &'static str> {
    match (kind.visibility, holder_signs_in) {
        (Visibility::Always, _) => {
            Err("whoever may see this kind's secrets would see it again: there is nothing to hand over")
        }
        (Visibility::Owner, true) => Err("the person who holds it sees the secret under their own settings"),
        (Visibility::Owner, false) | (Visibility::Once, _) => Ok(()),
    }
}

/// For whom a secret is, as people read it.
pub(super) fn recipient(pointer: &str, text: &str, findings: &mut Findings) -> Option<String> {
    findings.take(pointer, Name::parse(text, RECIPIENT_CHARS_MAX)).map(|name| name.as_str().to_owned())
}

/// Makes a link; the one before it ends.
pub(super) async fn send(app: &App, tx: &mut Tx, key: &KeyRow, recipient: Option<String>) -> sqlx::Result<PickupView> {
    let token = format().generate(Environment::Live, &mut vault::random);
    let end = tx.now().plus(LINK_MS);
    let digest = app.vault.pepper().digest(token.expose()).to_vec();
    put(tx, key, recipient.clone(), Some((digest, end))).await?;
    // What follows # stays in the browser: no server and no log on the way sees it.
    let link = Secret::new(format!("{}/pick-up#{}", app.config.control_url(), token.expose()));
    Ok(PickupView { link, recipient, expires_at: end })
}

/// Notes for whom a secret is before there may be a link, or ends the link there is.
pub(super) async fn intend(tx: &mut Tx, key: &KeyRow, recipient: Option<String>) -> sqlx::Result<()> {
    put(tx, key, recipient, None).await
}

async fn put(
    tx: &mut Tx,
    key: &KeyRow,
    recipient: Option<String>,
    link: Option<(Vec<u8>, UnixMs)>,
) -> sqlx::Result<()> {
    let (digest, end) = link.unzip();
    let row = PickupRow {
        key_id: key.id.clone(),
        digest,
        recipient,
        created_by: tx.actor().who.clone(),
        created_at: tx.now().0,
        expires_at: end.map(|end| end.0),
    };
    store::put(tx.conn(), &row).await
}
