//! Invitations that go out by mail.

use keyward_core::secret::Secret;
use serde_json::json;

use super::OneTimeLink;
use super::invitations::{INVITATION_MS, link};
use super::store::MemberRow;
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::Tx;
use crate::notices::{self, Kind, Notice};
use crate::operation::{OpError, new_id};
use crate::roles;
use crate::sessions::LinkKind;

/// The link by which somebody joins: it goes to them by mail where that is set up, and otherwise to whoever invites
/// them.
pub(super) async fn invite(
    app: &App,
    tx: &mut Tx,
    account: &AccountView,
    row: &MemberRow,
) -> Result<OneTimeLink, OpError> {
    let id = row.view()?.id;
    let made = link(app, tx, LinkKind::Invitation, id, Some(account.id), INVITATION_MS).await?;
    let (Some(email), true) = (&row.email, app.config.mail.is_some()) else { return Ok(made) };
    let setup = accounts::setup(app, account)?;
    let role = roles::title(tx.conn(), &setup, account.id, &row.role).await?;
    let expires_at = made.expires_at.rfc3339();
    let notice = Notice {
        kind: Kind::Invitation,
        account: Some(account.id),
        key: None,
        person: Some(id),
        mark: format!("{} {}", Kind::Invitation.as_str(), new_id(tx.now())),
        facts: json!({ "account": account.name, "role": role, "expires_at": expires_at }),
        only_to: Some(email.clone()),
        link: Some(made.address(app, LinkKind::Invitation.as_str())),
    };
    notices::raise(app, tx, notice).await?;
    Ok(OneTimeLink { by_mail: true, ..made })
}

impl OneTimeLink {
    /// The whole of it: what stands behind the `#` is never sent to a server by a browser.
    pub(super) fn address(&self, app: &App, page: &str) -> Secret {
        Secret::new(format!("{}/{page}#{}", app.config.control_url(), self.token.expose()))
    }
}
