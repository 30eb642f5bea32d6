//! The SQL of notices, and of who wants to be told what.

use std::collections::BTreeMap;

use keyward_core::ids::{AccountId, NoticeId, PersonId};
use keyward_core::time::UnixMs;
use sqlx::QueryBuilder;

use super::choices::{Choice, Delivery};
use super::{Kind, NoticeFilter, Raised};
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

const INSERT: &str = "insert into notice (id, mark, kind, account_id, key_id, person_id, facts, at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (mark) do nothing";
const IS_KNOWN: &str = "select count(*) from notice where mark = $1";
const LIST: &str = "select id as notice_id, kind, account_id, key_id, person_id, facts, at from notice where ";
const GET: &str = "select id as notice_id, kind, account_id, key_id, person_id, facts, at from notice \
    where id = $1 and ($2 is null or account_id = $2)";

const SETTINGS: &str = "select settings, version from notice_setting where account_id = $1";
const SAVE_SETTINGS: &str = "insert into notice_setting (account_id, settings, version) values ($1, $2, $3) \
    on conflict (account_id) do update set settings = excluded.settings, version = excluded.version";

const CHOICES: &str = "select person_id, delivery, kinds from notice_choice where account_id = $1";
const CHOICE: &str = "select person_id, delivery, kinds from notice_choice where account_id = $1 and person_id = $2";
const SAVE_CHOICE: &str = "insert into notice_choice (account_id, person_id, delivery, kinds) \
    values ($1, $2, $3, $4) on conflict (account_id, person_id) \
    do update set delivery = excluded.delivery, kinds = excluded.kinds";
const FORGET_CHOICES: &str = "delete from notice_choice where person_id = $2 and ($1 is null or account_id = $1)";
const FORGET_ACCOUNT: [&str; 2] =
    ["delete from notice_setting where account_id = $1", "delete from notice_choice where account_id = $1"];

/// A notice as it is kept, alone or beside the parcel that carries it.
#[derive(sqlx::FromRow)]
pub(crate) struct NoticeRow {
    notice_id: String,
    kind: String,
    account_id: Option<String>,
    key_id: Option<String>,
    person_id: Option<String>,
    facts: String,
    at: i64,
}

impl NoticeRow {
    pub(crate) fn raised(&self) -> sqlx::Result<Raised> {
        fn id<T: std::str::FromStr>(text: Option<&String>) -> sqlx::Result<Option<T>> {
            text.map(|id| id.parse()).transpose().map_err(|_| damaged("a notice's object"))
        }
        Ok(Raised {
            id: self.notice_id.parse().map_err(|_| damaged("a notice's id"))?,
            kind: kind(&self.kind)?,
            account: id(self.account_id.as_ref())?,
            key: id(self.key_id.as_ref())?,
            person: id(self.person_id.as_ref())?,
            facts: serde_json::from_str(&self.facts).map_err(|_| damaged("a notice's facts"))?,
            at: UnixMs(self.at),
        })
    }
}

/// The kind of a notice by its word in the store.
pub(crate) fn kind(word: &str) -> sqlx::Result<Kind> {
    Kind::parse(word).ok_or_else(|| damaged("a notice's kind"))
}

/// Whether it is a new one.
pub(super) async fn insert(conn: &mut Conn, notice: &Raised, mark: &str) -> sqlx::Result<bool> {
    let written = on_db!(conn, |c| sqlx::query(INSERT)
        .bind(notice.id.to_string())
        .bind(mark)
        .bind(notice.kind.as_str())
        .bind(notice.account.map(|id| id.to_string()))
        .bind(notice.key.map(|id| id.to_string()))
        .bind(notice.person.map(|id| id.to_string()))
        .bind(notice.facts.to_string())
        .bind(notice.at.0)
        .execute(c)
        .await?
        .rows_affected());
    Ok(written == 1)
}

pub(super) async fn is_known(conn: &mut Conn, mark: &str) -> sqlx::Result<bool> {
    let count: i64 = on_db!(conn, |c| sqlx::query_scalar(IS_KNOWN).bind(mark).fetch_one(c).await?);
    Ok(count > 0)
}

pub(super) async fn get(conn: &mut Conn, within: Option<AccountId>, id: NoticeId) -> sqlx::Result<Option<Raised>> {
    let within = within.map(|id| id.to_string());
    let row: Option<NoticeRow> =
        on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within).fetch_optional(c).await?);
    row.map(|row| row.raised()).transpose()
}

/// Of the filter's kinds, which are some.
pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    filter: &NoticeFilter,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<Raised>> {
    let rows: Vec<NoticeRow> = on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LIST);
        sql.push("kind in (");
        let mut kinds = sql.separated(", ");
        for kind in &filter.kinds {
            kinds.push_bind(kind.as_str());
        }
        sql.push(")");
        let ids = [
            (" and account_id = ", within.map(|id| id.to_string())),
            (" and account_id = ", filter.account.map(|id| id.to_string())),
            (" and key_id = ", filter.key.map(|id| id.to_string())),
        ];
        for (condition, id) in ids.into_iter().filter_map(|(condition, id)| Some((condition, id?))) {
            sql.push(condition).push_bind(id);
        }
        if let Some(Cursor { at, id }) = &cursor {
            sql.push(" and (at, id) < (").push_bind(*at).push(", ").push_bind(id.clone()).push(")");
        }
        sql.push(" order by at desc, id desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await?
    });
    rows.iter().map(NoticeRow::raised).collect()
}

/// What an account has said, as JSON, and its version.
pub(super) async fn settings(conn: &mut Conn, account: AccountId) -> sqlx::Result<Option<(String, i64)>> {
    on_db!(conn, |c| sqlx::query_as(SETTINGS).bind(account.to_string()).fetch_optional(c).await)
}

pub(super) async fn save_settings(
    conn: &mut Conn,
    account: AccountId,
    settings: &str,
    version: i64,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE_SETTINGS)
        .bind(account.to_string())
        .bind(settings)
        .bind(version)
        .execute(c)
        .await
        .map(drop))
}

#[derive(sqlx::FromRow)]
struct ChoiceRow {
    person_id: String,
    delivery: String,
    kinds: String,
}

impl ChoiceRow {
    fn choice(&self) -> sqlx::Result<(PersonId, Choice)> {
        let person = self.person_id.parse().map_err(|_| damaged("a choice's person"))?;
        let delivery = Delivery::ALL.into_iter().find(|delivery| delivery.as_str() == self.delivery);
        let kinds: BTreeMap<String, Delivery> =
            serde_json::from_str(&self.kinds).map_err(|_| damaged("a choice's kinds"))?;
        Ok((person, Choice { delivery: delivery.ok_or_else(|| damaged("a choice"))?, kinds }))
    }
}

/// Whose choice: of the operator's notices where there is no account.
fn whose(account: Option<AccountId>) -> String {
    account.map(|id| id.to_string()).unwrap_or_default()
}

/// What people have chosen.
pub(super) async fn choices(conn: &mut Conn, account: Option<AccountId>) -> sqlx::Result<Vec<(PersonId, Choice)>> {
    let rows: Vec<ChoiceRow> = on_db!(conn, |c| sqlx::query_as(CHOICES).bind(whose(account)).fetch_all(c).await?);
    rows.iter().map(ChoiceRow::choice).collect()
}

pub(super) async fn choice(
    conn: &mut Conn,
    account: Option<AccountId>,
    person: PersonId,
) -> sqlx::Result<Option<Choice>> {
    let row: Option<ChoiceRow> = on_db!(conn, |c| sqlx::query_as(CHOICE)
        .bind(whose(account))
        .bind(person.to_string())
        .fetch_optional(c)
        .await?);
    row.map(|row| row.choice().map(|(_, choice)| choice)).transpose()
}

pub(super) async fn save_choice(
    conn: &mut Conn,
    account: Option<AccountId>,
    person: PersonId,
    choice: &Choice,
) -> sqlx::Result<()> {
    let kinds = serde_json::to_string(&choice.kinds).unwrap_or_default();
    on_db!(conn, |c| sqlx::query(SAVE_CHOICE)
        .bind(whose(account))
        .bind(person.to_string())
        .bind(choice.delivery.as_str())
        .bind(kinds)
        .execute(c)
        .await
        .map(drop))
}

/// Everywhere, where no account is named.
pub(super) async fn forget_choices(conn: &mut Conn, account: Option<AccountId>, person: PersonId) -> sqlx::Result<()> {
    let account = account.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query(FORGET_CHOICES).bind(account).bind(person.to_string()).execute(c).await.map(drop))
}

pub(super) async fn forget_account(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    for sql in FORGET_ACCOUNT {
        on_db!(conn, |c| sqlx::query(sql).bind(account.to_string()).execute(c).await.map(drop))?;
    }
    Ok(())
}
