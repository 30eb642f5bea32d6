//! Links that work once: to set up the first operator, to accept an invitation, to set another password. The store
//! has their digests alone.

mod store;

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::key::Environment;
use keyward_core::secret::{Alphabet, Format, Secret};
use keyward_core::time::UnixMs;

use crate::app::App;
use crate::changes::{Actor, Tx};
use crate::db::Conn;
use crate::operation::{OpError, damaged};
use crate::vault;
use store::LinkRow;

const PREFIX: &str = "kwl_";
const LETTERS: usize = 40;

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// To become the first operator.
    Setup,
    /// To become an operator.
    Operator,
    /// To join an account.
    Invitation,
    /// To set another password.
    Reset,
}

impl LinkKind {
    const ALL: [Self; 4] = [Self::Setup, Self::Operator, Self::Invitation, Self::Reset];

    /// Its word, which is also the path of its page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Operator => "operator",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// A link that was used: it works no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenLink {
    /// What it was good for.
    pub kind: LinkKind,
    /// Whom it was for.
    pub person: Option<PersonId>,
    /// The account it leads to.
    pub account: Option<AccountId>,
}

fn format() -> Format {
    Format::new(PREFIX, Alphabet::Base62, LETTERS).expect("34 letters of 62 are more than 128 random bits")
}

/// Makes a link; what its URL ends with. An older one of the same kind for the same person and account ends.
pub(crate) async fn make_link(
    app: &App,
    tx: &mut Tx,
    kind: LinkKind,
    person: Option<PersonId>,
    account: Option<AccountId>,
    lifetime_ms: i64,
) -> Result<Secret, OpError> {
    let (now, by) = (tx.now(), tx.actor().who.clone());
    let text = format().generate(Environment::Live, &mut vault::random);
    let row = LinkRow {
        kind: kind.as_str().into(),
        person_id: person.map(|id| id.to_string()),
        account_id: account.map(|id| id.to_string()),
        expires_at: now.plus(lifetime_ms).0,
    };
    // What somebody asks for at the door does not end what was handed to its person.
    let of_whom = if by == Actor::system().who { Some(by.as_str()) } else { None };
    store::end_alike(tx.conn(), &row, of_whom).await?;
    store::insert(tx.conn(), &row, &app.vault.pepper().digest(text.expose()), &by, now).await?;
    Ok(text)
}

/// Uses a link up. Unknown, used, of another kind or past its end: all are refused alike.
pub(crate) async fn take_link(
    app: &App,
    tx: &mut Tx,
    kinds: &[LinkKind],
    token: &Secret,
) -> Result<TakenLink, OpError> {
    let now = tx.now();
    if format().check(token.expose()).is_err() {
        return Err(not_valid());
    }
    let digest = app.vault.pepper().digest(token.expose());
    let row = store::take(tx.conn(), &digest).await?;
    read(row, kinds, now)
}

/// What a link is for, without using it up: nobody can make us hash passwords with a made-up one.
pub(crate) async fn look(app: &App, kinds: &[LinkKind], token: &Secret) -> Result<TakenLink, OpError> {
    if format().check(token.expose()).is_err() {
        return Err(not_valid());
    }
    let digest = app.vault.pepper().digest(token.expose());
    let row = store::get(&mut app.db.conn().await?, &digest).await?;
    read(row, kinds, app.clock.now())
}

fn read(row: Option<LinkRow>, kinds: &[LinkKind], now: UnixMs) -> Result<TakenLink, OpError> {
    let row = row.filter(|row| row.expires_at > now.0).ok_or_else(not_valid)?;
    let kind = LinkKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind).ok_or_else(|| damaged("a link"))?;
    if !kinds.contains(&kind) {
        return Err(not_valid());
    }
    let person = row.person_id.map(|id| id.parse()).transpose().map_err(|_| damaged("a link's person"))?;
    let account = row.account_id.map(|id| id.parse()).transpose().map_err(|_| damaged("a link's account"))?;
    Ok(TakenLink { kind, person, account })
}

/// The one answer to whatever is no link in force.
pub(super) fn not_valid() -> OpError {
    OpError::Gone { code: "link_not_valid", message: "this link is not valid, was used, or is too old".into() }
}

/// Ends the links of one kind for a person.
pub(super) async fn end(tx: &mut Tx, kind: LinkKind, person: PersonId) -> Result<(), OpError> {
    store::end_kind(tx.conn(), kind.as_str(), person).await?;
    Ok(())
}

/// Ends the links of a person to one account: they left it.
pub(crate) async fn end_links(tx: &mut Tx, person: PersonId, account: AccountId) -> Result<(), OpError> {
    Ok(store::end_to(tx.conn(), person, account).await?)
}

/// Takes back an invitation; whether there was one.
pub(crate) async fn end_invitation(tx: &mut Tx, kind: LinkKind, person: PersonId) -> Result<bool, OpError> {
    Ok(store::end_kind(tx.conn(), kind.as_str(), person).await?)
}

/// Whom links of this kind are for that still work.
pub(crate) async fn invited(conn: &mut Conn, kind: LinkKind, now: UnixMs) -> Result<Vec<PersonId>, OpError> {
    let ids = store::people(conn, kind.as_str(), now).await?;
    ids.iter().map(|id| id.parse().map_err(|_| damaged("a link's person").into())).collect()
}

/// Ends all links to an account: it is being deleted.
pub(crate) async fn end_links_to(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    Ok(store::end_account(tx.conn(), account).await?)
}

/// Ends the links that somebody made, to one account or at all.
pub(crate) async fn end_links_made_by(tx: &mut Tx, who: &str, account: Option<AccountId>) -> Result<(), OpError> {
    Ok(store::end_made_by(tx.conn(), who, account).await?)
}

/// Ends all links for a person.
pub(super) async fn end_all(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    Ok(store::end_person(tx.conn(), person).await?)
}

/// Removes links past their end.
pub(super) async fn sweep(conn: &mut crate::db::Conn, now: UnixMs) -> sqlx::Result<()> {
    store::sweep(conn, now).await
}
