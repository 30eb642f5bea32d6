//! Adding people to accounts. Whoever has an address is invited by a link that works once; whoever has none holds
//! personal keys and never signs in.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use serde_json::json;

use super::authority::{authority, of_role};
use super::store::{self, MemberRow};
use super::{MadePerson, MemberState, MemberView, NewPerson, OneTimeLink, covers, mailbox, name, note};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::operation::{Findings, Idempotency, OpError, new_id, recall, remember};
use crate::roles;
use crate::sessions::{self, LinkKind};

/// For how long an invitation stands.
const INVITATION_MS: i64 = 7 * DAY_MS;
/// For how long a link to a new password works when somebody else asked for it.
const RESET_MS: i64 = HOUR_MS;

/// Adds a person to an account; with an address they are invited. Nobody gives a role that permits more than they may
/// themselves (threat T4).
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewPerson,
    idempotency: Option<Idempotency>,
) -> Result<MadePerson, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, new.account).await?;
                if let Some(made) = recall(tx, idempotency.as_ref()).await? {
                    let id = made.parse().map_err(|_| OpError::NotFound)?;
                    let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                    return Ok(MadePerson { person: row.view()?, invitation: None, replayed: true });
                }
                let made = add(&inner, tx, &account, &new).await?;
                remember(tx, idempotency.as_ref(), &made.person.id.to_string()).await?;
                Ok(made)
            })
        })
        .await
}

async fn add(app: &App, tx: &mut Tx, account: &AccountView, new: &NewPerson) -> Result<MadePerson, OpError> {
    let now = tx.now();
    let setup = accounts::setup(app, account)?;
    let mut findings = Findings::default();
    let shown = findings.take("/name", name(&new.name)).unwrap_or_default();
    let email = new.email.as_deref().and_then(|email| findings.take("/email", mailbox(email)));
    // Whoever never signs in needs no role.
    let role = match (&new.role, &new.email) {
        (Some(role), _) => role.clone(),
        (None, Some(_)) => roles::least(&setup),
        (None, None) => String::new(),
    };
    let theirs = roles::permissions(tx.conn(), &setup, account.id, &role).await?;
    if theirs.is_none() && !role.is_empty() {
        findings.note("/role", "this account has no such role");
    }
    if new.email.is_none() && new.role.is_some() {
        findings.note("/email", "a role is of use to people who sign in: give their address");
    }
    findings.done()?;
    covers(authority(app, tx, account).await?, theirs.unwrap_or_default())?;
    let id = person(tx, &shown, email.as_deref()).await?;
    if store::get(tx.conn(), account.id, id).await?.is_some() {
        return Err(OpError::conflict("email_taken", "another person of this account has this address"));
    }
    let state = if email.is_some() { MemberState::Invited } else { MemberState::Active };
    let row = MemberRow {
        account_id: account.id.to_string(),
        person_id: id.to_string(),
        name: shown,
        role,
        state: state.as_str().into(),
        version: 1,
        created_at: now.0,
        email,
        suspended: false,
        signed_in_at: None,
        has_totp: false,
    };
    store::add_member(tx.conn(), &row).await?;
    let facts = json!({ "role": row.role, "state": row.state });
    note(tx, "person.added", id, Some(account.id), (None, Some(facts)));
    let invitation = match state {
        MemberState::Invited => Some(link(app, tx, LinkKind::Invitation, id, Some(account.id), INVITATION_MS).await?),
        MemberState::Active | MemberState::Suspended => None,
    };
    let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
    Ok(MadePerson { person: unaware(row.view()?), invitation, replayed: false })
}

/// Somebody who was not in the account before is shown as new, whoever else knows them already (threat T3).
fn unaware(view: MemberView) -> MemberView {
    match view.state {
        MemberState::Invited => MemberView { signed_in_at: None, has_totp: false, ..view },
        MemberState::Active | MemberState::Suspended => view,
    }
}

/// The person with this address, or a new one.
pub(super) async fn person(tx: &mut Tx, name: &str, email: Option<&str>) -> Result<PersonId, OpError> {
    if let Some(email) = email
        && let Some(known) = store::by_email(tx.conn(), email).await?
    {
        return Ok(known.id()?);
    }
    let now = tx.now();
    let id = PersonId::new(new_id(now));
    store::add_person(tx.conn(), id, name, email, now).await?;
    Ok(id)
}

pub(super) async fn link(
    app: &App,
    tx: &mut Tx,
    kind: LinkKind,
    person: PersonId,
    account: Option<AccountId>,
    lifetime_ms: i64,
) -> Result<OneTimeLink, OpError> {
    let expires_at = UnixMs(tx.now().0 + lifetime_ms);
    let token = sessions::make_link(app, tx, kind, Some(person), account, lifetime_ms).await?;
    Ok(OneTimeLink { token, expires_at })
}

/// A fresh link for somebody who has not answered yet; the old one ends.
pub async fn invite_again(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    id: PersonId,
) -> Result<OneTimeLink, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                if row.state()? != MemberState::Invited {
                    return Err(OpError::conflict("not_invited", "this person has joined the account already"));
                }
                let theirs = of_role(&inner, tx.conn(), &account, &row.role).await?;
                covers(authority(&inner, tx, &account).await?, theirs)?;
                note(tx, "person.invited_again", id, Some(account.id), (None, None));
                link(&inner, tx, LinkKind::Invitation, id, Some(account.id), INVITATION_MS).await
            })
        })
        .await
}

/// A link to a new password for somebody who can't sign in. An account's own people give one only to people who
/// belong to no other account and do not run the deployment: a password opens all of a person's doors.
pub async fn reset_link(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    id: PersonId,
) -> Result<OneTimeLink, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                if row.state()? == MemberState::Invited || row.email.is_none() {
                    return Err(OpError::conflict("never_signed_in", "this person has not joined with an address yet"));
                }
                let theirs = of_role(&inner, tx.conn(), &account, &row.role).await?;
                covers(authority(&inner, tx, &account).await?, theirs)?;
                let others = store::of_person(tx.conn(), id, 2).await?.len();
                let runs_all = store::person(tx.conn(), id).await?.is_some_and(|person| person.operator);
                if (others > 1 || runs_all) && reach != Reach::All {
                    let why = "this person signs in elsewhere too; they ask for a new password themselves";
                    return Err(OpError::forbidden("not_only_yours", why));
                }
                note(tx, "person.reset_link_made", id, Some(account.id), (None, None));
                link(&inner, tx, LinkKind::Reset, id, None, RESET_MS).await
            })
        })
        .await
}

/// What an invitation is to: shown before it is accepted. Looking does not use it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The account's name; none for the operator's own people.
    pub account: Option<String>,
    /// What the account calls the person.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they have a password already: then they sign in and accept.
    pub known: bool,
}

/// Looks at an invitation without using it up.
pub async fn look(app: &App, token: &Secret) -> Result<Invitation, OpError> {
    let mut conn = app.db.conn().await?;
    let taken = sessions::look_at_link(app, &[LinkKind::Invitation, LinkKind::Operator], token).await?;
    let id = taken.person.ok_or(OpError::NotFound)?;
    let person = store::person(&mut conn, id).await?.ok_or(OpError::NotFound)?;
    let email = person.email.clone().unwrap_or_default();
    let (account, name) = match taken.account {
        None => (None, person.name.clone()),
        Some(account) => {
            let row = store::get(&mut conn, account, id).await?.ok_or(OpError::NotFound)?;
            drop(conn);
            (Some(accounts::get(app, Reach::Account(account), account).await?.name), row.name)
        }
    };
    Ok(Invitation { account, name, email, known: person.is_known() })
}

/// Accepts an invitation as somebody new, with a first password, and signs them in. Who has a password already signs
/// in and accepts with [`accept_own`]: a link alone never opens somebody's other accounts.
pub async fn accept(
    app: &App,
    origin: Option<String>,
    agent: Option<String>,
    token: Secret,
    own_name: Option<String>,
    password: Secret,
) -> Result<Secret, OpError> {
    let hashed = sessions::hash_password(app, &password).await?;
    let inner = app.clone();
    let actor = Actor { origin, ..Actor::system() };
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let kinds = [LinkKind::Invitation, LinkKind::Operator];
                let taken = sessions::take_link(&inner, tx, &kinds, &token).await?;
                let id = taken.person.ok_or(OpError::NotFound)?;
                let person = store::person(tx.conn(), id).await?.ok_or(OpError::NotFound)?;
                let is_for_more = person.operator && taken.kind == LinkKind::Invitation;
                if person.is_known() || is_for_more {
                    let why = "this address has signed in here before; sign in, then accept";
                    return Err(OpError::conflict("sign_in_first", why));
                }
                tx.act_as(id);
                if let Some(own) = &own_name {
                    let own = name(own).map_err(|why| OpError::field("/name", why.to_string()))?;
                    store::rename(tx.conn(), id, &own).await?;
                }
                join(tx, taken.account, id).await?;
                sessions::set_password(tx, id, &hashed, None).await?;
                sessions::open(&inner, tx, id, "password", agent).await
            })
        })
        .await
}

/// Accepts an invitation as the person who is signed in; it must be theirs.
pub async fn accept_own(app: &App, actor: Actor, token: Secret) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let own = tx.actor().person.ok_or(OpError::NotFound)?.id;
                let taken = sessions::take_link(&inner, tx, &[LinkKind::Invitation], &token).await?;
                if taken.person != Some(own) {
                    let why = "this invitation is for another address; sign in with that one";
                    return Err(OpError::forbidden("another_address", why));
                }
                join(tx, taken.account, own).await
            })
        })
        .await
}

async fn join(tx: &mut Tx, account: Option<AccountId>, id: PersonId) -> Result<(), OpError> {
    let Some(account) = account else {
        note(tx, "operator.joined", id, None, (None, None));
        return Ok(());
    };
    accounts::lock(tx, Reach::Account(account), account).await?;
    let row = store::get(tx.conn(), account, id).await?.ok_or(OpError::NotFound)?;
    if row.state()? == MemberState::Invited {
        let row = MemberRow { state: MemberState::Active.as_str().into(), ..row };
        store::save_member(tx.conn(), &row).await?;
    }
    note(tx, "person.joined", id, Some(account), (None, None));
    Ok(())
}
