//! Signing in.
#![expect(missing_docs, reason = "being written")]

mod routes;
use crate::app::App;
use crate::changes::Tx;
use crate::operation::OpError;
use keyward_core::ids::{AccountId, PersonId, SessionId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    Setup,
    Operator,
    Invitation,
    Reset,
}
pub struct TakenLink {
    pub kind: LinkKind,
    pub person: Option<PersonId>,
    pub account: Option<AccountId>,
}
pub struct Hashed;
pub struct Signed {
    pub session: SessionId,
    pub person: PersonId,
    pub operator: bool,
    pub has_totp: bool,
    pub has_second_factor: bool,
    pub proved_at: UnixMs,
}
pub async fn authenticate(_: &App, _: &Secret) -> Result<Option<Signed>, OpError> {
    Ok(None)
}
pub(crate) async fn make_link(
    _: &App,
    _: &mut Tx,
    _: LinkKind,
    _: Option<PersonId>,
    _: Option<AccountId>,
    _: i64,
) -> Result<Secret, OpError> {
    Ok(Secret::new("kwl_x".into()))
}
pub(crate) async fn take_link(_: &App, _: &mut Tx, _: &[LinkKind], _: &Secret) -> Result<TakenLink, OpError> {
    Err(OpError::NotFound)
}
pub(crate) async fn look_at_link(_: &App, _: &[LinkKind], _: &Secret) -> Result<TakenLink, OpError> {
    Err(OpError::NotFound)
}
pub(crate) async fn end_links(_: &mut Tx, _: PersonId, _: AccountId) -> Result<(), OpError> {
    Ok(())
}
pub(crate) async fn hash_password(_: &App, _: &Secret) -> Result<Hashed, OpError> {
    Ok(Hashed)
}
pub(crate) async fn set_password(_: &mut Tx, _: PersonId, _: &Hashed, _: Option<SessionId>) -> Result<(), OpError> {
    Ok(())
}
pub(crate) async fn end_all(_: &mut Tx, _: PersonId) -> Result<(), OpError> {
    Ok(())
}
pub(crate) async fn open(_: &App, _: &mut Tx, _: PersonId, _: &str, _: Option<String>) -> Result<Secret, OpError> {
    Err(OpError::NotFound)
}
pub use routes::{cookie, routes};
