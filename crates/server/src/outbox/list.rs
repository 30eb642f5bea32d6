//! What is on its way, what arrived, what was given up; and sending it once more.

use keyward_core::ids::{AccountId, NoticeId, ParcelId};
use keyward_core::time::UnixMs;
use serde_json::json;

use super::{Channel, State, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::notices::Kind;
use crate::operation::{Cursor, OpError, Page, Paged};

/// A parcel as it may be shown: never with what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelView {
    /// Its id.
    pub id: ParcelId,
    /// The notice it carries.
    pub notice: NoticeId,
    /// What that is about.
    pub kind: Kind,
    /// Whose; `None`: the operator's.
    pub account: Option<AccountId>,
    /// How it travels.
    pub channel: Channel,
    /// A mailbox, or the id of an endpoint.
    pub target: String,
    /// How it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, while it waits.
    pub due_at: UnixMs,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was put here.
    pub created_at: UnixMs,
    /// When it arrived or was given up.
    pub ended_at: Option<UnixMs>,
}

/// Which parcels to list; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct ParcelFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// That stand so.
    pub state: Option<State>,
    /// That travel so.
    pub channel: Option<Channel>,
}

/// Parcels, newest first. An account sees its own.
pub async fn list(app: &App, reach: Reach, filter: ParcelFilter, page: Page) -> Result<Paged<ParcelView>, OpError> {
    let fetch = page.fetch()?;
    let views = store::list(&mut app.db.conn().await?, reach.within(), &filter, fetch).await?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

/// One parcel.
pub async fn get(app: &App, reach: Reach, id: ParcelId) -> Result<ParcelView, OpError> {
    store::get(&mut app.db.conn().await?, reach.within(), id).await?.ok_or(OpError::NotFound)
}

/// Sends a parcel once more that arrived or was given up.
pub async fn resend(app: &App, reach: Reach, actor: Actor, id: ParcelId) -> Result<ParcelView, OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let seen = store::get(tx.conn(), reach.within(), id).await?.ok_or(OpError::NotFound)?;
                if let Some(account) = seen.account {
                    accounts::lock(tx, reach, account).await?;
                }
                let view = store::get(tx.conn(), reach.within(), id).await?.ok_or(OpError::NotFound)?;
                may_go_again(&view)?;
                let now = tx.now();
                store::again(tx.conn(), id, now).await?;
                note(tx, &view);
                store::get(tx.conn(), reach.within(), id).await?.ok_or(OpError::NotFound)
            })
        })
        .await
}

fn may_go_again(view: &ParcelView) -> Result<(), OpError> {
    // What carries a link is never kept longer than it takes to send it.
    if matches!(view.kind, Kind::Invitation | Kind::PasswordReset) {
        return Err(OpError::conflict("link_gone", "its link is not kept; make a new one"));
    }
    match view.state {
        State::Sent | State::Dead => Ok(()),
        State::Waiting => Err(OpError::conflict("on_its_way", "it is on its way already")),
        State::Held | State::Folded => Err(OpError::conflict("in_digest", "it goes out with the daily digest")),
    }
}

fn note(tx: &mut Tx, view: &ParcelView) {
    tx.touch(Touched::Other, view.id.to_string());
    tx.audit(AuditEvent {
        action: "parcel.resent",
        subject: view.id.to_string(),
        account: view.account,
        before: Some(json!({ "state": view.state.as_str() })),
        after: Some(json!({ "state": State::Waiting.as_str() })),
    });
}
