//! The SQL of people and memberships.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::time::UnixMs;
use sqlx::QueryBuilder;

use super::{MemberState, MemberView};
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

macro_rules! select {
    () => {
        "select m.account_id, m.person_id, m.name, m.role, m.state, m.version, m.created_at, p.email, p.suspended, \
         p.signed_in_at, p.totp_step is not null as has_totp \
         from membership m join person p on p.id = m.person_id where "
    };
}

const GET: &str = concat!(select!(), "m.account_id = $1 and m.person_id = $2");
const LIST: &str = concat!(
    select!(),
    "m.account_id = $1 and ($2 is null or (m.created_at, m.person_id) < ($2, $3)) \
     order by m.created_at desc, m.person_id desc limit $4"
);
const OF_PERSON: &str = concat!(select!(), "m.person_id = $1 order by m.created_at, m.account_id limit $2");
const ADD_MEMBER: &str = "insert into membership (account_id, person_id, name, role, state, created_at, version) \
    values ($1, $2, $3, $4, $5, $6, 1)";
const SAVE_MEMBER: &str = "update membership set name = $3, role = $4, state = $5, version = version + 1 \
    where account_id = $1 and person_id = $2";
const DELETE_MEMBER: &str = "delete from membership where account_id = $1 and person_id = $2";
const DELETE_MEMBERS: &str = "delete from membership where account_id = $1";
const HOLDS_ROLE: &str = "select count(*) from membership where account_id = $1 and role = $2";

const PERSON: &str = "select id, name, email, operator, suspended, password is not null as has_password, \
    totp_step is not null as has_totp, signed_in_at, created_at from person where ";
const ADD_PERSON: &str = "insert into person (id, name, email, operator, suspended, created_at) \
    values ($1, $2, $3, false, false, $4)";
const RENAME: &str = "update person set name = $2 where id = $1";
const SET_OPERATOR: &str = "update person set operator = $2, suspended = $3 where id = $1";
// Whoever counts operators goes first over all of them: two changes can't both leave the last one.
const LOCK_OPERATORS: &str = "update person set operator = true where operator = true";
const OPERATORS: &str = " operator = true order by created_at, id limit 1000";
// Nobody is left without an account, unless they run the deployment.
const FORGOTTEN: &str = "select id from person where id = $1 and operator = false \
    and not exists (select 1 from membership m where m.person_id = person.id)";
const MEMBERS: &str = "select person_id from membership where account_id = $1";
const FORGET_SEEN: &str = "delete from secret_seen where person_id = $1";
const DELETE_PERSON: &str = "delete from person where id = $1 and operator = false";
const LOCK_PERSON: &str = "update person set id = id where id = $1";
const REACHABLE: &str = "select m.person_id, p.email from membership m join person p on p.id = m.person_id \
    where p.email is not null and p.suspended = false and m.state <> 'suspended' and m.account_id = ";
const COUNT: &str = "select count(*) from membership where account_id = $1";

/// A membership together with what is known of its person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct MemberRow {
    pub(super) account_id: String,
    pub(super) person_id: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) email: Option<String>,
    pub(super) suspended: bool,
    pub(super) signed_in_at: Option<i64>,
    pub(super) has_totp: bool,
}

impl MemberRow {
    pub(super) fn state(&self) -> sqlx::Result<MemberState> {
        let found = MemberState::ALL.into_iter().find(|state| state.as_str() == self.state);
        found.ok_or_else(|| damaged("a membership's state"))
    }

    /// Who has not joined yet is shown as new, whoever else knows them already (threat T3).
    pub(super) fn view(&self) -> sqlx::Result<MemberView> {
        let joined = self.state()? != MemberState::Invited;
        Ok(MemberView {
            id: self.person_id.parse().map_err(|_| damaged("a person's id"))?,
            account: self.account_id.parse().map_err(|_| damaged("a person's account"))?,
            name: self.name.clone(),
            email: self.email.clone(),
            role: Some(self.role.clone()).filter(|role| !role.is_empty()),
            state: self.state()?,
            has_totp: joined && self.has_totp,
            signed_in_at: self.signed_in_at.filter(|_| joined).map(UnixMs),
            created_at: UnixMs(self.created_at),
            version: self.version,
        })
    }
}

/// A person as such.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct PersonRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) operator: bool,
    pub(super) suspended: bool,
    pub(super) has_password: bool,
    pub(super) has_totp: bool,
    pub(super) signed_in_at: Option<i64>,
    pub(super) created_at: i64,
}

impl PersonRow {
    /// Whether they can sign in already: a link from one account must not open the others of the same person.
    pub(super) fn is_known(&self) -> bool {
        self.has_password || self.signed_in_at.is_some()
    }

    pub(super) fn id(&self) -> sqlx::Result<PersonId> {
        self.id.parse().map_err(|_| damaged("a person's id"))
    }
}

pub(super) async fn get(conn: &mut Conn, account: AccountId, id: PersonId) -> sqlx::Result<Option<MemberRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(account.to_string()).bind(id.to_string()).fetch_optional(c).await)
}

pub(super) async fn list(
    conn: &mut Conn,
    account: AccountId,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<MemberRow>> {
    let (at, id) = cursor.map_or((None, None), |cursor| (Some(cursor.at), Some(cursor.id)));
    on_db!(conn, |c| sqlx::query_as(LIST).bind(account.to_string()).bind(at).bind(id).bind(limit).fetch_all(c).await)
}

pub(super) async fn of_person(conn: &mut Conn, id: PersonId, most: i64) -> sqlx::Result<Vec<MemberRow>> {
    on_db!(conn, |c| sqlx::query_as(OF_PERSON).bind(id.to_string()).bind(most).fetch_all(c).await)
}

pub(super) async fn add_member(conn: &mut Conn, row: &MemberRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(ADD_MEMBER)
        .bind(&row.account_id)
        .bind(&row.person_id)
        .bind(&row.name)
        .bind(&row.role)
        .bind(&row.state)
        .bind(row.created_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn save_member(conn: &mut Conn, row: &MemberRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE_MEMBER)
        .bind(&row.account_id)
        .bind(&row.person_id)
        .bind(&row.name)
        .bind(&row.role)
        .bind(&row.state)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete_member(conn: &mut Conn, account: AccountId, id: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_MEMBER)
        .bind(account.to_string())
        .bind(id.to_string())
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete_members(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_MEMBERS).bind(account.to_string()).execute(c).await.map(drop))
}

pub(super) async fn members(conn: &mut Conn, account: AccountId) -> sqlx::Result<Vec<String>> {
    on_db!(conn, |c| sqlx::query_scalar(MEMBERS).bind(account.to_string()).fetch_all(c).await)
}

pub(super) async fn count_role(conn: &mut Conn, account: AccountId, role: &str) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(HOLDS_ROLE).bind(account.to_string()).bind(role).fetch_one(c).await)
}

/// Ids and addresses of those who are told of what happens in an account: people with one of these roles who belong to
/// it, and those of `concerned` who are not shut out of it.
pub(super) async fn reachable(
    conn: &mut Conn,
    account: AccountId,
    roles: &[&str],
    concerned: &[PersonId],
) -> sqlx::Result<Vec<(String, String)>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(REACHABLE);
        sql.push_bind(account.to_string()).push(" and (m.state = 'active' and m.role in (");
        let mut list = sql.separated(", ");
        for role in roles {
            list.push_bind((*role).to_owned());
        }
        sql.push(") or m.person_id in (");
        // Nobody has the empty id: without it the list could be empty, which is no SQL.
        let mut list = sql.separated(", ");
        list.push_bind(String::new());
        for person in concerned {
            list.push_bind(person.to_string());
        }
        sql.push(")) order by m.created_at, m.person_id");
        sql.build_query_as().fetch_all(c).await
    })
}

/// Active people of the account other than this one who have one of these roles.
pub(super) async fn count_others(
    conn: &mut Conn,
    account: AccountId,
    except: PersonId,
    roles: &[&str],
) -> sqlx::Result<i64> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(
            "select count(*) from membership m join person p on p.id = m.person_id \
             where m.state = 'active' and p.suspended = false and m.account_id = ",
        );
        sql.push_bind(account.to_string()).push(" and m.person_id <> ").push_bind(except.to_string());
        sql.push(" and m.role in (");
        let mut list = sql.separated(", ");
        for role in roles {
            list.push_bind((*role).to_owned());
        }
        sql.push(")");
        sql.build_query_scalar().fetch_one(c).await
    })
}

pub(super) async fn person(conn: &mut Conn, id: PersonId) -> sqlx::Result<Option<PersonRow>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(PERSON);
        sql.push("id = ").push_bind(id.to_string());
        sql.build_query_as().fetch_optional(c).await
    })
}

pub(super) async fn by_email(conn: &mut Conn, email: &str) -> sqlx::Result<Option<PersonRow>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(PERSON);
        sql.push("email = ").push_bind(email.to_owned());
        sql.build_query_as().fetch_optional(c).await
    })
}

pub(super) async fn operators(conn: &mut Conn) -> sqlx::Result<Vec<PersonRow>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(PERSON);
        sql.push(OPERATORS);
        sql.build_query_as().fetch_all(c).await
    })
}

/// Waits for whatever else changes this person, and takes the turn.
pub(super) async fn lock_person(conn: &mut Conn, id: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(LOCK_PERSON).bind(id.to_string()).execute(c).await.map(drop))
}

pub(super) async fn count(conn: &mut Conn, account: AccountId) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT).bind(account.to_string()).fetch_one(c).await)
}

pub(super) async fn lock_operators(conn: &mut Conn) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(LOCK_OPERATORS).execute(c).await.map(drop))
}

pub(super) async fn add_person(
    conn: &mut Conn,
    id: PersonId,
    name: &str,
    email: Option<&str>,
    now: UnixMs,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(ADD_PERSON)
        .bind(id.to_string())
        .bind(name)
        .bind(email)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn rename(conn: &mut Conn, id: PersonId, name: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(RENAME).bind(id.to_string()).bind(name).execute(c).await.map(drop))
}

pub(super) async fn set_operator(
    conn: &mut Conn,
    id: PersonId,
    is_operator: bool,
    is_suspended: bool,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_OPERATOR)
        .bind(id.to_string())
        .bind(is_operator)
        .bind(is_suspended)
        .execute(c)
        .await
        .map(drop))
}

/// Whether nothing keeps this person any more.
pub(super) async fn is_left_over(conn: &mut Conn, id: PersonId) -> sqlx::Result<bool> {
    let found: Option<String> =
        on_db!(conn, |c| sqlx::query_scalar(FORGOTTEN).bind(id.to_string()).fetch_optional(c).await?);
    Ok(found.is_some())
}

pub(super) async fn delete_person(conn: &mut Conn, id: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| {
        sqlx::query(FORGET_SEEN).bind(id.to_string()).execute(&mut *c).await?;
        sqlx::query(DELETE_PERSON).bind(id.to_string()).execute(c).await.map(drop)
    })
}
