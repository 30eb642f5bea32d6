//! Adding people to accounts. Whoever has an address is invited by a link that works once; whoever has none holds
//! personal keys and never signs in.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use serde_json::json;

use super::authority::{authority, of_role};
use super::by_mail::invite;
use super::store::{self, MemberRow};
use super::{MadePerson, MemberState, NewPerson, OneTimeLink, covers, mailbox, name, note, tell};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::notices;
use crate::operation::{Findings, Idempotency, OpError, is_taken, new_id, recall, remember};
use crate::roles;
use crate::sessions::{self, LinkKind, TakenLink};

/// For how long an invitation stands.
pub(super) const INVITATION_MS: i64 = 7 * DAY_MS;
/// For how long a link to a new password works when somebody else asked for it.
const RESET_MS: i64 = HOUR_MS;
/// Most people of one account.
const PEOPLE_MAX: i64 = 10_000;

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
    let theirs = theirs.unwrap_or_default();
    covers(authority(app, tx, account).await?, theirs)?;
    if theirs == Permissions::ALL {
        // A stolen cookie must not make itself an admin of its own.
        sessions::demand_recent_of(tx)?;
    }
    if store::count(tx.conn(), account.id).await? >= PEOPLE_MAX {
        return Err(OpError::conflict("people_maximum_reached", format!("an account has at most {PEOPLE_MAX} people")));
    }
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
    tell(app, tx, notices::Kind::PersonAdded, account, &row).await?;
    let invitation = match state {
        MemberState::Invited => Some(invite(app, tx, account, &row).await?),
        MemberState::Active | MemberState::Suspended => None,
    };
    let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
    Ok(MadePerson { person: row.view()?, invitation, replayed: false })
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
    store::add_person(tx.conn(), id, name, email, now).await.map_err(quicker)?;
    Ok(id)
}

/// Another node added the same address at this instant.
fn quicker(error: sqlx::Error) -> OpError {
    if is_taken(&error, "email") {
        return OpError::conflict("email_taken", "somebody adds this address at this moment; look, then try again");
    }
    error.into()
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
    Ok(OneTimeLink { token, expires_at, by_mail: false })
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
                invite(&inner, tx, &account, &row).await
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
                let only_here = may_reset(&inner, tx, reach, &account, &row).await?;
                note(tx, "person.reset_link_made", id, Some(account.id), (None, None));
                // A link that an account made works as long as the person is the account's alone.
                let account = only_here.then_some(account.id);
                link(&inner, tx, LinkKind::Reset, id, account, RESET_MS).await
            })
        })
        .await
}

/// Takes the authenticator from somebody who lost it and the codes; their sign-ins end. Who may, is as for
/// [`reset_link`].
pub async fn forget_totp(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    id: PersonId,
) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                may_reset(&inner, tx, reach, &account, &row).await?;
                note(tx, "person.totp_taken", id, Some(account.id), (None, None));
                sessions::forget_totp(tx, id).await
            })
        })
        .await
}

/// Whether the person is this account's alone; refuses whoever may not open their doors. A password opens all of a
/// person's doors: for those who have others, or run the deployment, it takes the operator with every permission.
async fn may_reset(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    account: &AccountView,
    row: &MemberRow,
) -> Result<bool, OpError> {
    let id = row.view()?.id;
    sessions::demand_recent_of(tx)?;
    if row.state()? == MemberState::Invited || row.email.is_none() {
        return Err(OpError::conflict("never_signed_in", "this person has not joined with an address yet"));
    }
    let theirs = of_role(app, tx.conn(), account, &row.role).await?;
    let own = authority(app, tx, account).await?;
    covers(own, theirs)?;
    let only_here = belongs_only_to(tx, id, account.id).await?;
    let is_operator = reach == Reach::All && own == Permissions::ALL;
    if !only_here && !is_operator {
        let why = "this person signs in elsewhere too; they ask for a new password themselves";
        return Err(OpError::forbidden("not_only_yours", why));
    }
    Ok(only_here)
}

/// Whether a person belongs to this account and to nothing else.
pub(crate) async fn belongs_only_to(tx: &mut Tx, id: PersonId, account: AccountId) -> Result<bool, OpError> {
    let all = store::of_person(tx.conn(), id, 2).await?;
    let runs_all = store::person(tx.conn(), id).await?.is_some_and(|person| person.operator);
    let is_here = all.iter().any(|row| row.account_id == account.to_string());
    Ok(is_here && all.len() == 1 && !runs_all)
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
    let taken = sessions::look_at_link(app, &[LinkKind::Invitation, LinkKind::Operator], token).await?;
    let id = taken.person.ok_or(OpError::NotFound)?;
    let mut conn = app.db.conn().await?;
    let person = store::person(&mut conn, id).await?.ok_or(OpError::NotFound)?;
    let email = person.email.clone().unwrap_or_default();
    let (account, name) = match taken.account {
        None => (None, person.name.clone()),
        Some(account) => {
            let row = store::get(&mut conn, account, id).await?.ok_or(OpError::NotFound)?;
            (accounts::name_of(&mut conn, account).await?, row.name)
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
    // A made-up link makes nobody hash a password.
    let invitation = sessions::guarded(app, origin.as_deref(), look(app, &token)).await?;
    let taken = sessions::look_at_link(app, &[LinkKind::Invitation, LinkKind::Operator], &token).await?;
    let shown = own_name.clone().unwrap_or(invitation.name);
    let own = [shown.as_str(), invitation.email.as_str()];
    let hashed = sessions::hash_password_for(app, &password, "/password", &own).await?;
    let inner = app.clone();
    let actor = Actor { origin, ..Actor::system() };
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                // The account first, then the person: everybody locks in this order.
                if let Some(account) = taken.account {
                    accounts::lock(tx, Reach::Account(account), account).await?;
                }
                let id = taken.person.ok_or(OpError::NotFound)?;
                store::lock_person(tx.conn(), id).await?;
                let taken =
                    sessions::take_link(&inner, tx, &[LinkKind::Invitation, LinkKind::Operator], &token).await?;
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
                join(&inner, tx, &taken, id).await?;
                sessions::set_password(tx, id, &hashed, None).await?;
                sessions::open(&inner, tx, id, "password", agent).await
            })
        })
        .await
}

/// Accepts an invitation, to an account or to run the deployment, as the person who is signed in; it must be theirs.
pub async fn accept_own(app: &App, actor: Actor, token: Secret) -> Result<(), OpError> {
    let looked = sessions::look_at_link(app, &[LinkKind::Invitation, LinkKind::Operator], &token).await?;
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let own = tx.actor().person.ok_or(OpError::NotFound)?.id;
                if let Some(account) = looked.account {
                    accounts::lock(tx, Reach::Account(account), account).await?;
                }
                store::lock_person(tx.conn(), own).await?;
                let taken =
                    sessions::take_link(&inner, tx, &[LinkKind::Invitation, LinkKind::Operator], &token).await?;
                if taken.person != Some(own) {
                    let why = "this invitation is for another address; sign in with that one";
                    return Err(OpError::forbidden("another_address", why));
                }
                join(&inner, tx, &taken, own).await
            })
        })
        .await
}

/// The account is locked, where it is one.
async fn join(app: &App, tx: &mut Tx, taken: &TakenLink, id: PersonId) -> Result<(), OpError> {
    let Some(account) = taken.account else {
        store::set_operator(tx.conn(), id, true, false).await?;
        note(tx, "operator.joined", id, None, (None, None));
        return Ok(());
    };
    let row = store::get(tx.conn(), account, id).await?.ok_or(OpError::NotFound)?;
    if row.state()? == MemberState::Invited {
        let row = MemberRow { state: MemberState::Active.as_str().into(), ..row };
        store::save_member(tx.conn(), &row).await?;
        let account = accounts::seen(tx.conn(), account).await?;
        tell(app, tx, notices::Kind::PersonJoined, &account, &row).await?;
    }
    note(tx, "person.joined", id, Some(account), (None, None));
    Ok(())
}
