//! Whose eyes have met which secret: what must be rotated when they leave.

mod store;

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::key::{KindRules, Visibility};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;

use super::row::KeyRow;
use super::{KeyView, read};
use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::operation::{OpError, damaged};

pub(super) use store::{forget, forget_all};

/// Most keys of one person's list.
const SEEN_MAX: i64 = 1_000;

/// How somebody came to see a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// They made the key.
    Created,
    /// They gave it a new secret.
    Rotated,
    /// They had it shown again.
    Revealed,
    /// They picked it up.
    PickedUp,
}

impl How {
    const ALL: [Self; 4] = [Self::Created, Self::Rotated, Self::Revealed, Self::PickedUp];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Rotated => "rotated",
            Self::Revealed => "revealed",
            Self::PickedUp => "picked_up",
        }
    }
}

/// A key that somebody made or whose secret they know.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The key.
    pub key: KeyView,
    /// How they came to know it; each once.
    pub how: Vec<How>,
    /// When one of its secrets was last accepted.
    pub last_used_at: Option<UnixMs>,
}

/// The secret, where it is for the actor's eyes: a personal key's is for its holder's alone, as long as they can have
/// it shown again. Automation hands it on. What a person sees is noted.
pub(super) async fn meet(
    tx: &mut Tx,
    key: &KeyRow,
    rules: &KindRules,
    secret: Secret,
    how: How,
) -> Result<Option<Secret>, OpError> {
    let Some(person) = tx.actor().person else { return Ok(Some(secret)) };
    let own = person.id.to_string();
    let is_anothers = key.person_id.as_ref().is_some_and(|holder| *holder != own);
    if is_anothers && rules.visibility != Visibility::Once {
        return Ok(None);
    }
    let now = tx.now();
    store::note(tx.conn(), &key.id, &own, how.as_str(), now).await?;
    Ok(Some(secret))
}

/// The keys of an account that a person made, or of which they have seen a secret that is still good; newest first.
pub async fn seen_by(app: &App, conn: &mut Conn, account: AccountId, person: PersonId) -> Result<Vec<Seen>, OpError> {
    let now = app.clock.now();
    let rows = super::store::seen_by(conn, account, person, now, SEEN_MAX).await?;
    let noted = store::ways_of(conn, account, person, now).await?;
    let maker = format!("person:{person}");
    let mut all = Vec::with_capacity(rows.len());
    for key in read::views(app, conn, &rows, now).await? {
        let id = key.id.to_string();
        let mut how = Vec::new();
        if key.created_by == maker {
            how.push(How::Created);
        }
        for (_, word) in noted.iter().filter(|(key, _)| *key == id) {
            let way = How::ALL.into_iter().find(|way| way.as_str() == word);
            how.push(way.ok_or_else(|| damaged("how a secret was seen"))?);
        }
        how.sort_unstable();
        how.dedup();
        let last_used_at = key.secrets.iter().filter_map(|secret| secret.last_used_at).max();
        all.push(Seen { key, how, last_used_at });
    }
    Ok(all)
}
