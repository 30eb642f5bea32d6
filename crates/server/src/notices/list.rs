//! Looking at notices: also where nobody is mailed.

use keyward_core::ids::{AccountId, KeyId, NoticeId};
use keyward_core::role::{Area, Permission, Permissions};

use super::{Kind, Raised, store};
use crate::app::App;
use crate::changes::Reach;
use crate::operation::{Cursor, OpError, Page, Paged};

/// Which notices to list; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// About this key.
    pub key: Option<KeyId>,
    /// Of these kinds; none: of all.
    pub kinds: Vec<Kind>,
}

/// Notices, newest first: of those kinds that the caller may see.
pub async fn list(
    app: &App,
    reach: Reach,
    may: Permissions,
    filter: NoticeFilter,
    page: Page,
) -> Result<Paged<Raised>, OpError> {
    let fetch = page.fetch()?;
    let asked = |kind: &Kind| filter.kinds.is_empty() || filter.kinds.contains(kind);
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| asked(kind) && is_for(*kind, may)).collect();
    if kinds.is_empty() {
        return Ok(Paged { items: vec![], next_cursor: None });
    }
    let filter = NoticeFilter { kinds, ..filter };
    let found = store::list(&mut app.db.conn().await?, reach.within(), &filter, fetch).await?;
    Ok(page.cut(found, |notice| Cursor { at: notice.at.0, id: notice.id.to_string() }))
}

/// One notice.
pub async fn get(app: &App, reach: Reach, may: Permissions, id: NoticeId) -> Result<Raised, OpError> {
    let found = store::get(&mut app.db.conn().await?, reach.within(), id).await?;
    found.filter(|notice| is_for(notice.kind, may)).ok_or(OpError::NotFound)
}

/// Whether somebody who may do this may see notices of that kind.
fn is_for(kind: Kind, may: Permissions) -> bool {
    match kind {
        Kind::PersonAdded
        | Kind::PersonJoined
        | Kind::PersonChanged
        | Kind::PersonRemoved
        | Kind::Invitation
        | Kind::PasswordReset => may.allow(Permission::read(Area::People)),
        // What others are folded into says nothing new.
        Kind::Digest => false,
        Kind::WebhookDisabled => may.allow(Permission::read(Area::Settings)),
        Kind::KeyCreated
        | Kind::KeyExpiring
        | Kind::KeyExpired
        | Kind::KeyRevoked
        | Kind::KeyRotated
        | Kind::KeyRevealed
        | Kind::KeyPickedUp
        | Kind::KeyExposed
        | Kind::LimitReached
        | Kind::UnknownKeys
        | Kind::RevokedKeyUsed => may.allow(Permission::read(Area::Keys)),
    }
}
