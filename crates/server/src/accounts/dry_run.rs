//! Which keys an edit of an account would touch.

use keyward_core::ids::AccountId;

use super::{AccountEdit, edit_in};
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::keys::{self, Impact};
use crate::operation::{OpError, rehearse};

/// Which keys an edit would touch; nothing is changed.
pub async fn rehearse_edit(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: AccountId,
    edit: AccountEdit,
    if_version: Option<i64>,
) -> Result<Impact, OpError> {
    let inner = app.clone();
    let would = rehearse(&app.changes, actor, move |tx| {
        Box::pin(async move { edit_in(&inner, tx, reach, id, &edit, if_version).await })
    });
    let (before, after) = would.await?;
    keys::touched_by_account(app, &before, &after).await
}
