//! Making keys.

use keyward_core::expiry::Lifetime;
use keyward_core::ids::KeyId;
use keyward_core::key::{Environment, KeyState, Kind, KindRules, Naming};
use keyward_core::secret::Secret;

use super::approval::approval_needed;
use super::hold::{check_uniqueness, shown, taken};
use super::row::KeyRow;
use super::rules::{Asked, Ground};
use super::seen::{self, How};
use super::{NewKey, PickupView, WithSecret, permits, pickup, reminders, secrets, store};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::config::ApiSetup;
use crate::labels;
use crate::notices::{self, Notice};
use crate::operation::{Findings, Idempotency, OpError, new_id, recall, remember};
use crate::{people, policies};

/// The name of a key that an account begins with, where keys need one.
const FIRST_NAME: &str = "Default";

/// Makes a key. The answer holds its secret, this once.
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewKey,
    idempotency: Option<Idempotency>,
) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, new.account).await?;
                permits::manages(tx.actor(), new.kind)?;
                permits::acts_in_force(tx, &account).await?;
                if let Some(made) = recall(tx, idempotency.as_ref()).await? {
                    let id = made.parse().map_err(|_| OpError::NotFound)?;
                    return replay(&inner, tx, reach, id).await;
                }
                let setup = accounts::setup(&inner, &account)?;
                let made = make(&inner, tx, &setup, &account, reach, &new).await?;
                remember(tx, idempotency.as_ref(), &made.key.id.to_string()).await?;
                Ok(made)
            })
        })
        .await
}

/// The key that an earlier request made, without its secret.
pub(crate) async fn replay(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<WithSecret, OpError> {
    let row = store::get(tx.conn(), super::within(reach), id).await?.ok_or(OpError::NotFound)?;
    Ok(WithSecret { key: shown(app, tx, &row).await?, secret: None, pickup: None, replayed: true })
}

/// Makes the first key of a new account, where its API provisions one (row r86): as able as the plan allows.
pub(crate) async fn provision(
    app: &App,
    tx: &mut Tx,
    setup: &ApiSetup,
    account: &AccountView,
) -> Result<Option<WithSecret>, OpError> {
    let Some(rules) = setup.api.kind(Kind::Account).filter(|rules| rules.provisioned) else { return Ok(None) };
    let new = NewKey {
        account: account.id,
        kind: Kind::Account,
        environment: setup.api.environments.first().copied().unwrap_or(Environment::Live),
        name: match rules.naming {
            Naming::Required => Some(FIRST_NAME.into()),
            Naming::Optional => None,
        },
        lifetime: Lifetime::Infinite,
        scopes: scopes_within_plan(setup, account),
        addresses: vec![],
        limits: vec![],
        quotas: vec![],
        plan: None,
        external_id: None,
        metadata: None,
        tags: vec![],
        contacts: vec![],
        person: None,
        pickup: None,
    };
    make(app, tx, setup, account, Reach::All, &new).await.map(Some)
}

fn scopes_within_plan(setup: &ApiSetup, account: &AccountView) -> Vec<String> {
    let plan = account.plan.as_deref().and_then(|name| setup.api.plans.get(name));
    let ceiling = plan.and_then(|plan| plan.scopes.as_ref());
    let all = setup.api.catalogue.scopes().iter().map(|scope| scope.name.clone());
    let below = |name: &String| {
        ceiling.is_none_or(|ceiling| setup.api.catalogue.set([name]).is_ok_and(|set| ceiling.covers(&set)))
    };
    all.filter(below).collect()
}

async fn make(
    app: &App,
    tx: &mut Tx,
    setup: &ApiSetup,
    account: &AccountView,
    reach: Reach,
    new: &NewKey,
) -> Result<WithSecret, OpError> {
    let Some(kind) = setup.api.kind(new.kind) else {
        return Err(OpError::field("/kind", "this API issues no keys of this kind"));
    };
    let policy = policies::of(tx, account.id).await?;
    let ground = Ground { setup, kind, account, reach, now: tx.now(), policy: &policy };
    let is_known = match new.person {
        None => false,
        Some(person) => people::is_of(tx, account.id, person).await?,
    };
    if new.pickup.is_some() {
        let signs_in = match new.person {
            None => false,
            Some(person) => people::signs_in(tx, account.id, person).await?,
        };
        pickup::is_for_others(kind, signs_in).map_err(|why| OpError::field("/pickup", why))?;
    }
    let (row, recipient) = written(&ground, new, is_known, tx.actor())?;
    ground.obeys(&row, Asked::ALL)?;
    if reach != Reach::All && row.plan.is_some() {
        return Err(OpError::operator_only("give a key its own plan"));
    }
    if ground.exceeds_grantor(&row, new.environment)? {
        return Err(OpError::operator_only("raise a limit or quota above the account's"));
    }
    check_maximum(tx, kind, new).await?;
    check_uniqueness(tx, &row).await?;
    store::insert(tx.conn(), &row).await.map_err(taken)?;
    labels::keep(tx.conn(), &row.id, &row.labels()).await?;
    if row.expires_at.is_some() {
        reminders::keep(tx, &row).await?;
    }
    let (secret, pickup) = first_secret(app, tx, &row, kind, new.pickup.is_some(), recipient).await?;
    tx.touch(Touched::Key, &row.id);
    tx.audit(AuditEvent {
        action: "key.created",
        subject: row.id.clone(),
        account: Some(account.id),
        before: None,
        after: Some(row.facts()),
    });
    notices::raise(app, tx, Notice::of_key(notices::Kind::KeyCreated, account.id, row.id()?, "")).await?;
    Ok(WithSecret { key: shown(app, tx, &row).await?, secret, pickup, replayed: false })
}

/// The secret of a new key, or the link to pick it up with, or neither while it waits for approval.
async fn first_secret(
    app: &App,
    tx: &mut Tx,
    row: &KeyRow,
    kind: &KindRules,
    is_sent: bool,
    recipient: Option<String>,
) -> Result<(Option<Secret>, Option<PickupView>), OpError> {
    match row.state()? {
        KeyState::Pending => {
            if is_sent {
                pickup::intend(tx, row, recipient).await?;
            }
            Ok((None, None))
        }
        KeyState::AwaitingPickup => Ok((None, Some(pickup::send(app, tx, row, recipient).await?))),
        KeyState::Active | KeyState::Disabled | KeyState::Revoked => {
            let secret = secrets::issue(app, tx, row, kind).await?;
            Ok((seen::meet(tx, row, kind, secret, How::Created).await?, None))
        }
    }
}

/// What a new key begins as. A key that makes keys waits for nobody: what needs approval is not for it.
fn first_state(ground: &Ground<'_>, row: &KeyRow, new: &NewKey, actor: &Actor) -> Result<KeyState, OpError> {
    match (ground.needs_approval(row, None), &new.pickup) {
        (true, _) if actor.is_key() => Err(approval_needed()),
        (true, _) => Ok(KeyState::Pending),
        (false, Some(_)) => Ok(KeyState::AwaitingPickup),
        (false, None) => Ok(KeyState::Active),
    }
}

/// The row of a new key, and for whom its secret is to be sent.
fn written(
    ground: &Ground<'_>,
    new: &NewKey,
    is_known: bool,
    actor: &Actor,
) -> Result<(KeyRow, Option<String>), OpError> {
    let mut findings = Findings::default();
    let now = ground.now.0;
    let mut row = KeyRow {
        id: KeyId::new(new_id(ground.now)).to_string(),
        account_id: ground.account.id.to_string(),
        api: ground.account.api.clone(),
        kind: new.kind.as_str().into(),
        environment: new.environment.as_str().into(),
        person_id: new.person.map(|person| person.to_string()),
        name: None,
        name_folded: None,
        name_unique: None,
        scopes: String::new(),
        addresses: String::new(),
        limits: String::new(),
        quotas: String::new(),
        plan: None,
        external_id: labels::external_id(new.external_id.as_deref(), &mut findings),
        metadata: labels::metadata(new.metadata.as_ref(), &mut findings),
        tags: labels::tags(&new.tags, &mut findings),
        contacts: String::new(),
        state: KeyState::Active.as_str().into(),
        expires_at: None,
        created_by: actor.who.clone(),
        created_at: now,
        updated_at: now,
        revoked_at: None,
        version: 1,
        snoozed_until: None,
    };
    match (new.kind, new.person, is_known) {
        (Kind::Account, None, _) | (Kind::Personal, Some(_), true) => {}
        (Kind::Account, Some(_), _) => findings.note("/person_id", "only personal keys are held by a person"),
        (Kind::Personal, None, _) => findings.note("/person_id", "a personal key is held by a person"),
        (Kind::Personal, Some(_), false) => findings.note("/person_id", "no such person in this account"),
    }
    if !ground.setup.api.environments.contains(&new.environment) {
        findings.note("/environment", "this API has no such environment");
    }
    ground.name(&mut row, new.name.as_deref(), &mut findings);
    ground.lifetime(&mut row, new.lifetime, &mut findings);
    ground.scopes(&mut row, &new.scopes, &mut findings);
    Ground::addresses(&mut row, &new.addresses, &mut findings);
    Ground::contacts(&mut row, &new.contacts, &mut findings);
    Ground::limits(&mut row, &new.limits, &mut findings);
    Ground::quotas(&mut row, &new.quotas, &mut findings);
    ground.plan(&mut row, new.plan.as_deref(), &mut findings);
    ground.ceiling(&row, &mut findings);
    let recipient = new.pickup.as_ref().and_then(|pickup| pickup.recipient.as_deref());
    let recipient = recipient.and_then(|text| pickup::recipient("/pickup/recipient", text, &mut findings));
    findings.done()?;
    row.state = first_state(ground, &row, new, actor)?.as_str().into();
    Ok((row, recipient))
}

/// Rows r17, r36, r100. The account's row is locked: nobody else adds one between this count and the insert.
async fn check_maximum(tx: &mut Tx, kind: &KindRules, new: &NewKey) -> Result<(), OpError> {
    let count = match new.person {
        _ if kind.count_max == u32::MAX => 0,
        Some(person) => store::count_of_person(tx.conn(), new.account, person).await?,
        None => store::count(tx.conn(), new.account, kind.kind, kind.count_max).await?,
    };
    if count < i64::from(kind.count_max) {
        return Ok(());
    }
    Err(OpError::conflict(
        "key_maximum_reached",
        "Maximum number of API keys reached. To create a new API key, delete an unused key and try again.",
    ))
}
