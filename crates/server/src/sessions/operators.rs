//! Operators at the very beginning and when they are locked out: the set-up link on the console (threat T19), and
//! what the machine's own command line can do without anybody signed in (threat T21).

use keyward_core::ids::PersonId;
use keyward_core::name::Name;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS};
use serde_json::json;

use super::links::{self, LinkKind, make_link, not_valid, take_link};
use super::store::{self, PersonRow};
use super::{Hashed, note, open, password, set_password, throttle};
use crate::app::App;
use crate::changes::{Actor, Tx};
use crate::operation::{Findings, OpError, new_id};
use crate::people;

const NAME_CHARS_MAX: usize = 200;
const SETUP_LIFETIME_MS: i64 = HOUR_MS;
/// How long a link lives that the command line printed.
const LINK_LIFETIME_MS: i64 = DAY_MS;

/// A person who shall run the deployment.
#[derive(Clone)]
pub struct NewOperator {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// The link to set up the first operator; `None` where there is one. A new one at each start: that of before ends.
pub async fn setup_link(app: &App) -> Result<Option<Secret>, OpError> {
    let inner = app.clone();
    app.changes
        .run(Actor::system(), move |tx| {
            Box::pin(async move {
                if store::count_operators(tx.conn()).await? > 0 {
                    return Ok(None);
                }
                make_link(&inner, tx, LinkKind::Setup, None, None, SETUP_LIFETIME_MS).await.map(Some)
            })
        })
        .await
}

/// Sets up the first operator by the link on the console, and signs them in; the cookie's value.
pub async fn set_up(
    app: &App,
    link: Secret,
    new: NewOperator,
    given: Secret,
    (origin, agent): (Option<String>, Option<String>),
) -> Result<Secret, OpError> {
    let guess = throttle::guess(app, origin.as_deref()).await?;
    links::look(app, &[LinkKind::Setup], &link).await?;
    guess.give_back(app).await?;
    let new = checked(new)?;
    let hashed = password::hash_password_for(app, &given, "/password", &[&new.name, &new.email]).await?;
    let actor = Actor { who: "setup".into(), origin, ..Actor::system() };
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                take_link(&inner, tx, &[LinkKind::Setup], &link).await?;
                if store::count_operators(tx.conn()).await? > 0 {
                    return Err(not_valid());
                }
                let person = make(tx, &new).await?;
                set_password(tx, person, &hashed, None).await?;
                open(&inner, tx, person, "setup", agent).await
            })
        })
        .await
}

/// Lets an operator back in who is locked out: their sign-ins and their authenticator end, and the link that is given
/// sets another password.
pub async fn reset(app: &App, actor: Actor, email: &str) -> Result<Secret, OpError> {
    let (email, inner) = (email.trim().to_lowercase(), app.clone());
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let found = store::by_email(tx.conn(), &email).await?.filter(|row| row.operator);
                let person = found.ok_or(OpError::NotFound)?.person()?;
                let row = store::lock(tx.conn(), person).await?.ok_or(OpError::NotFound)?;
                if row.suspended {
                    let message = "this operator is suspended; let them in again first";
                    return Err(OpError::conflict("person_suspended", message));
                }
                super::forget_totp(tx, person).await?;
                note(tx, "operator.reset", person, json!({}));
                link(&inner, tx, person).await
            })
        })
        .await
}

/// Finds or makes an operator and sets their password: for the demo, which shows it.
pub async fn ensure(app: &App, actor: Actor, new: NewOperator, given: &Secret) -> Result<PersonId, OpError> {
    let new = checked(new)?;
    let hashed: Hashed = password::hash_password(app, given).await?;
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let person = match store::by_email(tx.conn(), &new.email).await?.filter(|row| row.operator) {
                    Some(row) => row.person()?,
                    None => make(tx, &new).await?,
                };
                set_password(tx, person, &hashed, None).await?;
                Ok(person)
            })
        })
        .await
}

async fn link(app: &App, tx: &mut Tx, person: PersonId) -> Result<Secret, OpError> {
    make_link(app, tx, LinkKind::Reset, Some(person), None, LINK_LIFETIME_MS).await
}

fn checked(new: NewOperator) -> Result<NewOperator, OpError> {
    let mut findings = Findings::default();
    let name = findings.take("/name", Name::parse(&new.name, NAME_CHARS_MAX));
    let email = findings.take("/email", people::mailbox(&new.email));
    findings.done()?;
    let name = name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    Ok(NewOperator { name, email: email.unwrap_or_default() })
}

/// A person with this address becomes an operator, or a new one.
async fn make(tx: &mut Tx, new: &NewOperator) -> Result<PersonId, OpError> {
    let person = if let Some(row) = store::by_email(tx.conn(), &new.email).await? {
        may_become(&row)?;
        store::make_operator(tx.conn(), row.person()?).await?;
        row.person()?
    } else {
        let (now, id) = (tx.now(), PersonId::new(new_id(tx.now())));
        store::insert_operator(tx.conn(), id, &new.name, &new.email, now).await?;
        id
    };
    note(tx, "operator.added", person, json!({}));
    Ok(person)
}

fn may_become(row: &PersonRow) -> Result<(), OpError> {
    if row.operator {
        return Err(OpError::conflict("operator_exists", "this person is an operator already"));
    }
    if row.suspended {
        return Err(OpError::conflict("person_suspended", "this person is suspended"));
    }
    Ok(())
}
