//! The SQL of the outbox.

use keyward_core::ids::{AccountId, ParcelId, PersonId};
use keyward_core::time::UnixMs;
use sqlx::QueryBuilder;

use super::digest::Held;
use super::{Channel, NewParcel, ParcelFilter, ParcelView, State};
use crate::db::Conn;
use crate::notices::{self, NoticeRow, Raised};
use crate::on_db;
use crate::operation::{Cursor, damaged};

const INSERT: &str = "insert into parcel (id, notice_id, account_id, channel, target, person_id, sealed, state, \
    attempts, since, due_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9, $10) \
    on conflict do nothing";
const IS_ANY_DUE: &str = "select count(*) from (select 1 from parcel where channel = $1 and state = 'waiting' \
    and due_at <= $2 and (claim is null or claimed_until <= $2) limit 1) as one";
// Asked again of each row it takes, since another worker may have taken it meanwhile: PostgreSQL then reads the row
// as that worker left it.
const CLAIM: &str = "update parcel set claim = $3, claimed_until = $4 where id in (select id from parcel \
    where channel = $1 and state = 'waiting' and due_at <= $2 and (claim is null or claimed_until <= $2) \
    order by due_at, id limit $5) and state = 'waiting' and due_at <= $2 \
    and (claim is null or claimed_until <= $2) returning id";
macro_rules! carried {
    () => {
        "n.id as notice_id, n.kind, n.account_id, n.key_id, n.person_id, n.facts, n.at \
         from parcel p join notice n on n.id = p.notice_id where "
    };
}
const CLAIMED: &str = concat!(
    "select p.id, p.target, p.person_id as reader, p.sealed, p.attempts, p.since, ",
    carried!(),
    "p.id = $1 and p.claim = $2 and p.claimed_until >= $3 and p.state = 'waiting'"
);
const HELD: &str = concat!(
    "select p.id, p.target, p.person_id as reader, p.sealed, p.attempts, p.since, ",
    carried!(),
    "p.channel = 'mail' and p.state = 'held' and p.due_at <= $1 order by p.target, p.account_id, p.created_at, p.id limit $2"
);
const IS_ANY_HELD: &str = "select count(*) from (select 1 from parcel where channel = 'mail' and state = 'held' \
    and due_at <= $1 limit 1) as one";
const FOLD: &str = "update parcel set state = 'folded', ended_at = $2 where id = $1 and state = 'held'";
const RELEASE: &str = "update parcel set state = 'waiting', ended_at = null, since = $2, due_at = $2 where id = $1";
const MARK: &str = "update parcel set state = $3, attempts = $4, due_at = $5, last_error = $6, ended_at = $7, \
    sealed = case when $3 = 'waiting' then sealed else null end, claim = null, claimed_until = null \
    where id = $1 and claim = $2 and state = 'waiting'";
const AGAIN: &str = "update parcel set state = 'waiting', attempts = 0, since = $2, due_at = $2, last_error = null, \
    ended_at = null, claim = null, claimed_until = null where id = $1";
macro_rules! listed {
    () => {
        "select p.id, p.notice_id, n.kind, p.account_id, p.channel, p.target, p.state, p.attempts, p.due_at, \
         p.last_error, p.created_at, p.ended_at from parcel p join notice n on n.id = p.notice_id where "
    };
}
const GET: &str = concat!(listed!(), "p.id = $1 and ($2 is null or p.account_id = $2)");
const LIST: &str = concat!(listed!(), "true");
const FORGET_PARCELS: &str =
    "delete from parcel where id in (select id from parcel where ended_at is not null and ended_at < $1 limit $2)";
const FORGET_NOTICES: &str = "delete from notice where id in (select id from notice where at < $1 \
    and not exists (select 1 from parcel where parcel.notice_id = notice.id) limit $2)";

const COUNT_TO: &str = "select count(*) from parcel where account_id = $1 and created_at > $2 and target = $3 \
    and person_id is null and channel = 'mail'";
const WITHDRAW: &str = "delete from parcel where account_id = $1 and person_id = $2 and channel = 'mail' \
    and state in ('waiting', 'held') and sealed is null";

// Parcels first: they name their notices.
const FORGET_ACCOUNT: [&str; 2] = [
    "delete from parcel where notice_id in (select id from notice where account_id = $1)",
    "delete from notice where account_id = $1",
];
const FORGET_PERSON: [&str; 3] = [
    "delete from parcel where person_id = $1",
    "delete from parcel where notice_id in (select id from notice where person_id = $1)",
    "delete from notice where person_id = $1",
];

pub(super) async fn count_to(conn: &mut Conn, account: AccountId, email: &str, since: UnixMs) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT_TO)
        .bind(account.to_string())
        .bind(since.0)
        .bind(email)
        .fetch_one(c)
        .await)
}

pub(super) async fn withdraw(conn: &mut Conn, account: AccountId, person: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(WITHDRAW)
        .bind(account.to_string())
        .bind(person.to_string())
        .execute(c)
        .await
        .map(drop))
}

/// Deletes an account's notices.
pub(super) async fn forget_account(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    for sql in FORGET_ACCOUNT {
        on_db!(conn, |c| sqlx::query(sql).bind(account.to_string()).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Deletes what is to or about a person.
pub(super) async fn forget_person(conn: &mut Conn, person: PersonId) -> sqlx::Result<()> {
    for sql in FORGET_PERSON {
        on_db!(conn, |c| sqlx::query(sql).bind(person.to_string()).execute(c).await.map(drop))?;
    }
    Ok(())
}

pub(super) async fn insert(
    conn: &mut Conn,
    id: ParcelId,
    parcel: &NewParcel,
    sealed: Option<Vec<u8>>,
    now: UnixMs,
) -> sqlx::Result<()> {
    let state = if parcel.held { State::Held } else { State::Waiting };
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(id.to_string())
        .bind(parcel.notice.to_string())
        .bind(parcel.account.map(|id| id.to_string()))
        .bind(parcel.channel.as_str())
        .bind(&parcel.target)
        .bind(parcel.person.map(|id| id.to_string()))
        .bind(sealed)
        .bind(state.as_str())
        .bind(parcel.due_at.0)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}

/// Whether a claim now would take anything.
pub(super) async fn is_any_due(conn: &mut Conn, channel: Channel, now: UnixMs) -> sqlx::Result<bool> {
    let count: i64 =
        on_db!(conn, |c| sqlx::query_scalar(IS_ANY_DUE).bind(channel.as_str()).bind(now.0).fetch_one(c).await?);
    Ok(count > 0)
}

/// Takes up to `most` parcels that are due and that nobody holds.
pub(super) async fn claim(
    conn: &mut Conn,
    channel: Channel,
    claim: &str,
    now: UnixMs,
    until: UnixMs,
    most: i64,
) -> sqlx::Result<Vec<ParcelId>> {
    let ids: Vec<String> = on_db!(conn, |c| sqlx::query_scalar(CLAIM)
        .bind(channel.as_str())
        .bind(now.0)
        .bind(claim)
        .bind(until.0)
        .bind(most)
        .fetch_all(c)
        .await?);
    ids.iter().map(|id| id.parse().map_err(|_| damaged("a parcel's id"))).collect()
}

/// A parcel with what it carries.
#[derive(sqlx::FromRow)]
struct CarriedRow {
    id: String,
    target: String,
    reader: Option<String>,
    sealed: Option<Vec<u8>>,
    attempts: i64,
    since: i64,
    #[sqlx(flatten)]
    notice: NoticeRow,
}

/// A parcel that a worker holds, as the store has it.
pub(super) struct Claimed {
    pub(super) id: ParcelId,
    pub(super) target: String,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) attempts: i64,
    pub(super) since: UnixMs,
    pub(super) notice: Raised,
}

/// The parcel, if this claim still holds it until `enough`.
pub(super) async fn claimed(
    conn: &mut Conn,
    id: ParcelId,
    claim: &str,
    enough: UnixMs,
) -> sqlx::Result<Option<Claimed>> {
    let row: Option<CarriedRow> = on_db!(conn, |c| sqlx::query_as(CLAIMED)
        .bind(id.to_string())
        .bind(claim)
        .bind(enough.0)
        .fetch_optional(c)
        .await?);
    let Some(row) = row else { return Ok(None) };
    let notice = row.notice.raised()?;
    let since = UnixMs(row.since);
    Ok(Some(Claimed { id, target: row.target, sealed: row.sealed, attempts: row.attempts, since, notice }))
}

/// Parcels that waited for a digest, those of one mailbox together.
pub(super) async fn held(conn: &mut Conn, now: UnixMs, max: i64) -> sqlx::Result<Vec<Held>> {
    let rows: Vec<CarriedRow> = on_db!(conn, |c| sqlx::query_as(HELD).bind(now.0).bind(max).fetch_all(c).await?);
    let held = |row: CarriedRow| {
        let notice = row.notice.raised()?;
        let person = row.reader.map(|id| id.parse()).transpose().map_err(|_| damaged("a parcel's person"))?;
        let id = row.id.parse().map_err(|_| damaged("a parcel's id"))?;
        Ok(Held { id, account: notice.account, target: row.target, person, notice })
    };
    rows.into_iter().map(held).collect()
}

/// Whether a digest is due.
pub(super) async fn is_any_held(conn: &mut Conn, now: UnixMs) -> sqlx::Result<bool> {
    let count: i64 = on_db!(conn, |c| sqlx::query_scalar(IS_ANY_HELD).bind(now.0).fetch_one(c).await?);
    Ok(count > 0)
}

/// Whether it was this one that folded it.
pub(super) async fn fold(conn: &mut Conn, id: ParcelId, now: UnixMs) -> sqlx::Result<bool> {
    let folded = on_db!(conn, |c| sqlx::query(FOLD).bind(id.to_string()).bind(now.0).execute(c).await?.rows_affected());
    Ok(folded == 1)
}

/// Lets one that is alone go out as itself.
pub(super) async fn release(conn: &mut Conn, id: ParcelId, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(RELEASE).bind(id.to_string()).bind(now.0).execute(c).await.map(drop))
}

/// What became of an attempt.
pub(super) struct Outcome {
    pub(super) state: State,
    pub(super) attempts: i64,
    pub(super) due_at: UnixMs,
    pub(super) error: Option<String>,
    pub(super) now: UnixMs,
}

/// Writes it down, unless the claim is lost.
pub(super) async fn mark(conn: &mut Conn, id: ParcelId, claim: &str, outcome: &Outcome) -> sqlx::Result<bool> {
    let ended_at = (outcome.state != State::Waiting).then_some(outcome.now.0);
    let marked = on_db!(conn, |c| sqlx::query(MARK)
        .bind(id.to_string())
        .bind(claim)
        .bind(outcome.state.as_str())
        .bind(outcome.attempts)
        .bind(outcome.due_at.0)
        .bind(&outcome.error)
        .bind(ended_at)
        .execute(c)
        .await?
        .rows_affected());
    Ok(marked == 1)
}

/// Begins anew.
pub(super) async fn again(conn: &mut Conn, id: ParcelId, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(AGAIN).bind(id.to_string()).bind(now.0).execute(c).await.map(drop))
}

/// A parcel as it is listed.
#[derive(sqlx::FromRow)]
struct ListedRow {
    id: String,
    notice_id: String,
    kind: String,
    account_id: Option<String>,
    channel: String,
    target: String,
    state: String,
    attempts: i64,
    due_at: i64,
    last_error: Option<String>,
    created_at: i64,
    ended_at: Option<i64>,
}

impl ListedRow {
    fn view(self) -> sqlx::Result<ParcelView> {
        let account = self.account_id.map(|id| id.parse()).transpose().map_err(|_| damaged("a parcel's account"))?;
        let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == self.channel);
        let state = State::ALL.into_iter().find(|state| state.as_str() == self.state);
        Ok(ParcelView {
            id: self.id.parse().map_err(|_| damaged("a parcel's id"))?,
            notice: self.notice_id.parse().map_err(|_| damaged("a notice's id"))?,
            kind: notices::kept_kind(&self.kind)?,
            account,
            channel: channel.ok_or_else(|| damaged("a parcel's channel"))?,
            target: self.target,
            state: state.ok_or_else(|| damaged("a parcel's state"))?,
            attempts: self.attempts,
            due_at: UnixMs(self.due_at),
            last_error: self.last_error,
            created_at: UnixMs(self.created_at),
            ended_at: self.ended_at.map(UnixMs),
        })
    }
}

pub(super) async fn get(conn: &mut Conn, within: Option<AccountId>, id: ParcelId) -> sqlx::Result<Option<ParcelView>> {
    let within = within.map(|id| id.to_string());
    let row: Option<ListedRow> =
        on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within).fetch_optional(c).await?);
    row.map(ListedRow::view).transpose()
}

pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    filter: &ParcelFilter,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<ParcelView>> {
    let rows: Vec<ListedRow> = on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LIST);
        let texts = [
            (" and p.account_id = ", within.map(|id| id.to_string())),
            (" and p.account_id = ", filter.account.map(|id| id.to_string())),
            (" and p.state = ", filter.state.map(|state| state.as_str().into())),
            (" and p.channel = ", filter.channel.map(|channel| channel.as_str().into())),
        ];
        for (condition, text) in texts.into_iter().filter_map(|(condition, text)| Some((condition, text?))) {
            sql.push(condition).push_bind(text);
        }
        if let Some(Cursor { at, id }) = &cursor {
            sql.push(" and (p.created_at, p.id) < (").push_bind(*at).push(", ").push_bind(id.clone()).push(")");
        }
        sql.push(" order by p.created_at desc, p.id desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await?
    });
    rows.into_iter().map(ListedRow::view).collect()
}

/// Deletes up to `max` parcels that ended before, then up to `max` notices that no parcel carries any more.
pub(super) async fn forget(conn: &mut Conn, before: UnixMs, max: i64) -> sqlx::Result<u64> {
    let mut count = 0;
    for sql in [FORGET_PARCELS, FORGET_NOTICES] {
        count += on_db!(conn, |c| sqlx::query(sql).bind(before.0).bind(max).execute(c).await?.rows_affected());
    }
    Ok(count)
}
