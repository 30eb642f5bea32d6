//! Changing what a key may do, and switching it off and on.

use keyward_core::ids::KeyId;
use keyward_core::key::KeyState;

use super::approval::approval_needed;
use super::hold::{Held, check_uniqueness};
use super::row::KeyRow;
use super::rules::{Asked, Ground};
use super::{KeyEdit, KeyView};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::labels;
use crate::operation::{Findings, OpError};

/// Changes a key; its secret keeps working. A lifetime counts from now, so that an expired key can be extended
/// (row r33). An edit that changes nothing leaves no trace.
pub async fn edit(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    edit: KeyEdit,
    if_version: Option<i64>,
) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { edit_in(&inner, tx, reach, id, edit, if_version).await }))
        .await
}

pub(super) async fn edit_in(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    id: KeyId,
    edit: KeyEdit,
    if_version: Option<i64>,
) -> Result<KeyView, OpError> {
    let held = Held::manage(app, tx, reach, id).await?;
    if if_version.is_some_and(|version| version != held.row.version) {
        return Err(OpError::PreconditionFailed);
    }
    held.is_not_revoked()?;
    let ground = held.ground(reach, tx)?;
    // What is approved is what was asked for: until its secret is out, such a key keeps what it may do.
    if held.row.state()?.has_no_secret_yet() && edit.changes_what_it_may() && ground.needs_approval(&held.row, None) {
        return Err(approval_needed());
    }
    let after = edited(&ground, &held.row, &edit)?;
    let raised = edit.limits.is_some() || edit.quotas.is_some();
    if reach != Reach::All && edit.plan.is_some() {
        return Err(OpError::operator_only("change a key's own plan"));
    }
    if raised && ground.exceeds_grantor(&after, after.environment()?)? {
        return Err(OpError::operator_only("raise a limit or quota above the account's"));
    }
    let asked =
        Asked { lifetime: edit.lifetime.is_some(), addresses: edit.addresses.is_some(), scopes: edit.scopes.is_some() };
    ground.obeys(&after, asked)?;
    if ground.needs_approval(&after, Some(&held.row)) {
        return Err(approval_needed());
    }
    check_uniqueness(tx, &after).await?;
    held.settle(app, tx, "key.edited", after).await
}

impl KeyEdit {
    /// Whether more than names and labels change.
    fn changes_what_it_may(&self) -> bool {
        let Self {
            lifetime,
            scopes,
            addresses,
            limits,
            quotas,
            plan,
            name: _,
            external_id: _,
            metadata: _,
            tags: _,
            contacts: _,
        } = self;
        let [a, b, c] = [lifetime.is_some(), scopes.is_some(), addresses.is_some()];
        a || b || c || limits.is_some() || quotas.is_some() || plan.is_some()
    }
}

fn edited(ground: &Ground<'_>, row: &KeyRow, edit: &KeyEdit) -> Result<KeyRow, OpError> {
    let KeyEdit { name, lifetime, scopes, addresses, limits, quotas, plan, external_id, metadata, tags, contacts } =
        edit;
    let mut findings = Findings::default();
    let mut after = row.clone();
    if let Some(name) = name {
        ground.name(&mut after, name.as_deref(), &mut findings);
    }
    if let Some(lifetime) = lifetime {
        ground.lifetime(&mut after, *lifetime, &mut findings);
    }
    if let Some(scopes) = scopes {
        ground.scopes(&mut after, scopes, &mut findings);
    }
    if let Some(addresses) = addresses {
        Ground::addresses(&mut after, addresses, &mut findings);
    }
    if let Some(limits) = limits {
        Ground::limits(&mut after, limits, &mut findings);
    }
    if let Some(quotas) = quotas {
        Ground::quotas(&mut after, quotas, &mut findings);
    }
    if let Some(plan) = plan {
        ground.plan(&mut after, plan.as_deref(), &mut findings);
    }
    if let Some(external_id) = external_id {
        after.external_id = labels::external_id(external_id.as_deref(), &mut findings);
    }
    if let Some(metadata) = metadata {
        after.metadata = labels::metadata(metadata.as_ref(), &mut findings);
    }
    if let Some(tags) = tags {
        after.tags = labels::tags(tags, &mut findings);
    }
    if let Some(contacts) = contacts {
        Ground::contacts(&mut after, contacts, &mut findings);
    }
    if scopes.is_some() || plan.is_some() {
        ground.ceiling(&after, &mut findings);
    }
    findings.done()?;
    Ok(after)
}

/// Switches a key off until it is switched on again.
pub async fn disable(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    switch(app, reach, actor, id, KeyState::Disabled, "key.disabled").await
}

/// Switches a key on again.
pub async fn enable(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    switch(app, reach, actor, id, KeyState::Active, "key.enabled").await
}

async fn switch(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    state: KeyState,
    action: &'static str,
) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { switch_in(&inner, tx, reach, id, state, action).await }))
        .await
}

pub(super) async fn switch_in(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    id: KeyId,
    state: KeyState,
    action: &'static str,
) -> Result<KeyView, OpError> {
    let held = Held::manage(app, tx, reach, id).await?;
    held.has_secret()?;
    let after = KeyRow { state: state.as_str().into(), ..held.row.clone() };
    held.settle(app, tx, action, after).await
}
