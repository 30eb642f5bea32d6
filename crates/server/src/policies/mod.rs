//! Policies: what an account demands of its keys. They bind whoever makes, edits, extends or rotates one from then on,
//! the operator too; keys that are out already keep working.

mod routes;
mod store;

use keyward_core::ids::AccountId;
use keyward_core::policy::{LIFETIME_DAYS_MAX, Policy};
use serde_json::Value;

use crate::accounts;
use crate::app::App;
use crate::audit::differences;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::config::ApiSetup;
use crate::keys::{self, Impact};
use crate::operation::{Findings, OpError, damaged, rehearse};
use store::PolicyRow;

pub use routes::routes;

/// An account's policy as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptPolicy {
    /// What it demands.
    pub policy: Policy,
    /// Grows with every change; 0 until the first.
    pub version: i64,
}

/// The policy of an account.
pub async fn get(app: &App, reach: Reach, account: AccountId) -> Result<KeptPolicy, OpError> {
    let account = accounts::get(app, reach, account).await?;
    kept(store::get(&mut app.db.conn().await?, account.id).await?)
}

/// Sets the policy of an account; one that is as it was leaves no trace.
pub async fn set(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    policy: Policy,
    if_version: Option<i64>,
) -> Result<KeptPolicy, OpError> {
    let inner = app.clone();
    app.changes.run(actor, move |tx| set_in(inner, tx, reach, account, policy, if_version)).await
}

/// Which keys a policy would touch: those that it would refuse if they were made today.
pub async fn rehearse_set(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    policy: Policy,
    if_version: Option<i64>,
) -> Result<Impact, OpError> {
    let inner = app.clone();
    let would = rehearse(&app.changes, actor, move |tx| set_in(inner, tx, reach, account, policy, if_version)).await?;
    keys::breaking(app, account, &would.policy).await
}

fn set_in(
    app: App,
    tx: &mut Tx,
    reach: Reach,
    account: AccountId,
    policy: Policy,
    if_version: Option<i64>,
) -> futures_util::future::BoxFuture<'_, Result<KeptPolicy, OpError>> {
    Box::pin(async move {
        let account = accounts::lock(tx, reach, account).await?;
        let before = kept(store::get(tx.conn(), account.id).await?)?;
        if if_version.is_some_and(|version| version != before.version) {
            return Err(OpError::PreconditionFailed);
        }
        let policy = checked(&*accounts::setup(&app, &account)?, policy)?;
        if policy == before.policy {
            return Ok(before);
        }
        let after = KeptPolicy { policy, version: before.version + 1 };
        let (was, is) = (facts(&before.policy), facts(&after.policy));
        store::save(tx.conn(), account.id, &is.to_string(), after.version).await?;
        tx.touch(Touched::Other, account.id.to_string());
        let (was, is) = differences(was, is);
        tx.audit(AuditEvent {
            action: "policy.set",
            subject: account.id.to_string(),
            account: Some(account.id),
            before: Some(was),
            after: Some(is),
        });
        Ok(after)
    })
}

/// What an account demands, inside a change.
pub(crate) async fn of(tx: &mut Tx, account: AccountId) -> Result<Policy, OpError> {
    Ok(kept(store::get(tx.conn(), account).await?)?.policy)
}

/// Drops the policy of an account that is being deleted.
pub(crate) async fn forget(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete(tx.conn(), account).await?;
    Ok(())
}

fn kept(row: Option<PolicyRow>) -> Result<KeptPolicy, OpError> {
    let Some(row) = row else { return Ok(KeptPolicy::default()) };
    let policy = serde_json::from_str(&row.rules).map_err(|_| damaged("an account's policy"))?;
    Ok(KeptPolicy { policy, version: row.version })
}

fn facts(policy: &Policy) -> Value {
    serde_json::to_value(policy).unwrap_or_default()
}

/// The policy with its scopes in the catalogue's order.
fn checked(setup: &ApiSetup, policy: Policy) -> Result<Policy, OpError> {
    let mut findings = Findings::default();
    if policy.lifetime_days_max.is_some_and(|days| !(1..=LIFETIME_DAYS_MAX).contains(&days)) {
        findings.note("/lifetime_days_max", format!("a whole number from 1 to {LIFETIME_DAYS_MAX}"));
    }
    let catalogue = &setup.api.catalogue;
    let mut ordered = |pointer: &str, scopes: &[String]| {
        for (at, scope) in scopes.iter().enumerate() {
            if let Err(unknown) = catalogue.set([scope]) {
                findings.note(format!("{pointer}/{at}"), unknown);
            }
        }
        let set = catalogue.set(scopes).unwrap_or_default();
        catalogue.names(&set).map(str::to_owned).collect::<Vec<_>>()
    };
    let scopes_max = policy.scopes_max.as_deref().map(|scopes| ordered("/scopes_max", scopes));
    let approval_scopes = ordered("/approval_scopes", &policy.approval_scopes);
    findings.done()?;
    Ok(Policy { scopes_max, approval_scopes, ..policy })
}
