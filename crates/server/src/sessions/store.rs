//! The SQL of sign-ins and of what of a person signing in needs.

use keyward_core::ids::{PersonId, SessionId};
use keyward_core::secret::Digest;
use keyward_core::time::UnixMs;

use super::{SessionView, Signed};
use crate::db::Conn;
use crate::on_db;
use crate::operation::damaged;

macro_rules! person {
    () => {
        "id, name, email, password, totp, totp_step, operator, suspended"
    };
}

const SIGNED: &str = "select s.id, s.person_id, s.method, s.proved_at, s.seen_at, s.expires_at, p.name, p.email, \
    p.operator, p.suspended, p.totp_step from session s join person p on p.id = s.person_id where s.digest = $1";
const SEE: &str = "update session set seen_at = $2 where id = $1 and seen_at < $2";
const INSERT: &str = "insert into session \
    (id, digest, person_id, method, origin, agent, created_at, proved_at, seen_at, expires_at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const RENEW: &str = "update session set digest = $2 where id = $1";
const PROVE: &str = "update session set proved_at = $3 where id = $1 and person_id = $2";
const LIST: &str = "select id, method, origin, agent, created_at, proved_at, seen_at, expires_at from session \
    where person_id = $1 and expires_at > $2 and seen_at > $3 order by created_at desc, id desc limit $4";
const END: &str = "delete from session where id = $2 and person_id = $1";
const END_OTHERS: &str = "delete from session where person_id = $1 and id <> $2";
const END_BY_DIGEST: &str = "delete from session where digest = $1";
const DROP_ENDED: &str = "delete from session where person_id = $1 and (expires_at <= $2 or seen_at <= $3)";
const DROP_OLDEST: &str = "delete from session where person_id = $1 and id not in \
    (select id from session where person_id = $1 order by created_at desc, id desc limit $2)";
const SWEEP: &str = "delete from session where expires_at <= $1 or seen_at <= $2";
const FORGET_IDENTITIES: &str = "delete from identity where person_id = $1";
const BY_EMAIL: &str = concat!("select ", person!(), " from person where email = $1");
const BY_ID: &str = concat!("select ", person!(), " from person where id = $1");
// Whatever else changes how this person signs in waits.
const LOCK: &str = concat!("update person set id = id where id = $1 returning ", person!());
const SIGNED_IN: &str = "update person set signed_in_at = $2 where id = $1";
const SET_PASSWORD: &str = "update person set password = $2 where id = $1";
const SET_TOTP: &str = "update person set totp = $2, totp_step = $3 where id = $1";
const COUNT_OPERATORS: &str = "select count(*) from person where operator and not suspended";
const MAKE_OPERATOR: &str = "update person set operator = $2 where id = $1";
const INSERT_PERSON: &str = "insert into person (id, name, email, operator, suspended, created_at) \
    values ($1, $2, $3, $4, $5, $6)";

/// A sign-in with its person.
#[derive(sqlx::FromRow)]
pub(super) struct SignedRow {
    pub(super) id: String,
    person_id: String,
    method: String,
    proved_at: i64,
    pub(super) seen_at: i64,
    pub(super) expires_at: i64,
    name: String,
    email: Option<String>,
    operator: bool,
    pub(super) suspended: bool,
    totp_step: Option<i64>,
}

impl SignedRow {
    pub(super) fn signed(self) -> sqlx::Result<Signed> {
        let has_totp = self.totp_step.is_some();
        Ok(Signed {
            session: self.id.parse().map_err(|_| damaged("a sign-in's id"))?,
            person: self.person_id.parse().map_err(|_| damaged("a sign-in's person"))?,
            name: self.name,
            email: self.email,
            operator: self.operator,
            has_totp,
            has_second_factor: has_totp || self.method.starts_with("sso:"),
            proved_at: UnixMs(self.proved_at),
        })
    }
}

/// A sign-in's own row.
#[derive(sqlx::FromRow)]
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) origin: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) created_at: i64,
    pub(super) proved_at: i64,
    pub(super) seen_at: i64,
    pub(super) expires_at: i64,
}

impl SessionRow {
    pub(super) fn view(&self) -> sqlx::Result<SessionView> {
        Ok(SessionView {
            id: self.id.parse().map_err(|_| damaged("a sign-in's id"))?,
            method: self.method.clone(),
            origin: self.origin.clone(),
            agent: self.agent.clone(),
            created_at: UnixMs(self.created_at),
            seen_at: UnixMs(self.seen_at),
            expires_at: UnixMs(self.expires_at),
        })
    }
}

/// What a person signs in with.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct PersonRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) password: Option<String>,
    pub(super) totp: Option<Vec<u8>>,
    pub(super) totp_step: Option<i64>,
    pub(super) operator: bool,
    pub(super) suspended: bool,
}

impl PersonRow {
    pub(super) fn person(&self) -> sqlx::Result<PersonId> {
        self.id.parse().map_err(|_| damaged("a person's id"))
    }
}

pub(super) async fn signed(conn: &mut Conn, digest: &Digest) -> sqlx::Result<Option<SignedRow>> {
    on_db!(conn, |c| sqlx::query_as(SIGNED).bind(digest.as_slice()).fetch_optional(c).await)
}

pub(super) async fn see(conn: &mut Conn, id: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SEE).bind(id).bind(now.0).execute(c).await.map(drop))
}

pub(super) async fn insert(conn: &mut Conn, person: PersonId, row: &SessionRow, digest: &Digest) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(digest.as_slice())
        .bind(person.to_string())
        .bind(&row.method)
        .bind(&row.origin)
        .bind(&row.agent)
        .bind(row.created_at)
        .bind(row.proved_at)
        .bind(row.seen_at)
        .bind(row.expires_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn signed_in(conn: &mut Conn, person: PersonId, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SIGNED_IN).bind(person.to_string()).bind(now.0).execute(c).await.map(drop))
}

/// A new digest; whether there is such a sign-in.
pub(super) async fn renew(conn: &mut Conn, id: SessionId, digest: &Digest) -> sqlx::Result<bool> {
    let rows = on_db!(conn, |c| sqlx::query(RENEW)
        .bind(id.to_string())
        .bind(digest.as_slice())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

pub(super) async fn prove(conn: &mut Conn, person: PersonId, id: SessionId, now: UnixMs) -> sqlx::Result<bool> {
    let (id, person) = (id.to_string(), person.to_string());
    let rows = on_db!(conn, |c| sqlx::query(PROVE)
        .bind(id)
        .bind(person)
        .bind(now.0)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

pub(super) async fn list(
    conn: &mut Conn,
    person: PersonId,
    now: UnixMs,
    idle_since: UnixMs,
    most: i64,
) -> sqlx::Result<Vec<SessionRow>> {
    on_db!(conn, |c| sqlx::query_as(LIST)
        .bind(person.to_string())
        .bind(now.0)
        .bind(idle_since.0)
        .bind(most)
        .fetch_all(c)
        .await)
}

/// Whether there was such a sign-in.
pub(super) async fn end(conn: &mut Conn, person: PersonId, id: SessionId) -> sqlx::Result<bool> {
    let (person, id) = (person.to_string(), id.to_string());
    let rows =
        on_db!(conn, |c| sqlx::query(END).bind(person).bind(id).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

pub(super) async fn end_others(conn: &mut Conn, person: PersonId, keep: Option<SessionId>) -> sqlx::Result<()> {
    let keep = keep.map(|id| id.to_string()).unwrap_or_default();
    on_db!(conn, |c| sqlx::query(END_OTHERS).bind(person.to_string()).bind(keep).execute(c).await.map(drop))
}

pub(super) async fn end_by_digest(conn: &mut Conn, digest: &Digest) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(END_BY_DIGEST).bind(digest.as_slice()).execute(c).await.map(drop))
}

pub(super) async fn drop_ended(conn: &mut Conn, person: PersonId, now: UnixMs, idle: UnixMs) -> sqlx::Result<()> {
    let person = person.to_string();
    on_db!(conn, |c| sqlx::query(DROP_ENDED).bind(person).bind(now.0).bind(idle.0).execute(c).await.map(drop))
}

pub(super) async fn drop_oldest(conn: &mut Conn, person: PersonId, keep: i64) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DROP_OLDEST).bind(person.to_string()).bind(keep).execute(c).await.map(drop))
}

pub(super) async fn sweep(conn: &mut Conn, now: UnixMs, idle_since: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SWEEP).bind(now.0).bind(idle_since.0).execute(c).await.map(drop))
}

pub(super) async fn forget_identities(conn: &mut Conn, person: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET_IDENTITIES).bind(person.to_string()).execute(c).await.map(drop))
}

pub(super) async fn by_email(conn: &mut Conn, email: &str) -> sqlx::Result<Option<PersonRow>> {
    // No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    if email.contains('\0') {
        return Ok(None);
    }
    on_db!(conn, |c| sqlx::query_as(BY_EMAIL).bind(email).fetch_optional(c).await)
}

pub(super) async fn by_id(conn: &mut Conn, person: PersonId) -> sqlx::Result<Option<PersonRow>> {
    on_db!(conn, |c| sqlx::query_as(BY_ID).bind(person.to_string()).fetch_optional(c).await)
}

pub(super) async fn lock(conn: &mut Conn, person: PersonId) -> sqlx::Result<Option<PersonRow>> {
    on_db!(conn, |c| sqlx::query_as(LOCK).bind(person.to_string()).fetch_optional(c).await)
}

/// Whether there is such a person.
pub(super) async fn set_password(conn: &mut Conn, person: PersonId, phc: &str) -> sqlx::Result<bool> {
    let rows = on_db!(conn, |c| sqlx::query(SET_PASSWORD)
        .bind(person.to_string())
        .bind(phc)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Without a step the authenticator is not confirmed yet.
pub(super) async fn set_totp(
    conn: &mut Conn,
    person: PersonId,
    sealed: Option<&[u8]>,
    step: Option<i64>,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_TOTP).bind(person.to_string()).bind(sealed).bind(step).execute(c).await.map(drop))
}

pub(super) async fn count_operators(conn: &mut Conn) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT_OPERATORS).fetch_one(c).await)
}

pub(super) async fn make_operator(conn: &mut Conn, person: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(MAKE_OPERATOR).bind(person.to_string()).bind(true).execute(c).await.map(drop))
}

pub(super) async fn insert_operator(
    conn: &mut Conn,
    person: PersonId,
    name: &str,
    email: &str,
    now: UnixMs,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT_PERSON)
        .bind(person.to_string())
        .bind(name)
        .bind(email)
        .bind(true)
        .bind(false)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}
