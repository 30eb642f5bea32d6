//! The SQL of people.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::time::UnixMs;

use super::PersonView;
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

macro_rules! select {
    () => {
        "select id, account_id, name, email, created_at from person where "
    };
}

const GET: &str = concat!(select!(), "id = $1 and ($2 is null or account_id = $2)");
const LIST: &str = concat!(
    select!(),
    "account_id = $1 and ($2 is null or (created_at, id) < ($2, $3)) order by created_at desc, id desc limit $4"
);
const INSERT: &str = "insert into person (id, account_id, name, email, created_at) values ($1, $2, $3, $4, $5)";
const DELETE: &str = "delete from person where id = $1 and account_id = $2";
const DELETE_ALL: &str = "delete from person where account_id = $1";

/// One row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct PersonRow {
    pub(super) id: String,
    pub(super) account_id: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) created_at: i64,
}

impl PersonRow {
    pub(super) fn view(&self) -> sqlx::Result<PersonView> {
        Ok(PersonView {
            id: self.id.parse().map_err(|_| damaged("a person's id"))?,
            account: self.account_id.parse().map_err(|_| damaged("a person's account"))?,
            name: self.name.clone(),
            email: self.email.clone(),
            created_at: UnixMs(self.created_at),
        })
    }
}

pub(super) async fn get(conn: &mut Conn, within: Option<AccountId>, id: PersonId) -> sqlx::Result<Option<PersonRow>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within).fetch_optional(c).await)
}

pub(super) async fn list(
    conn: &mut Conn,
    account: AccountId,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<PersonRow>> {
    let (at, id) = cursor.map_or((None, None), |cursor| (Some(cursor.at), Some(cursor.id)));
    on_db!(conn, |c| sqlx::query_as(LIST).bind(account.to_string()).bind(at).bind(id).bind(limit).fetch_all(c).await)
}

pub(super) async fn insert(conn: &mut Conn, row: &PersonRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.name)
        .bind(&row.email)
        .bind(row.created_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete(conn: &mut Conn, account: AccountId, id: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(id.to_string()).bind(account.to_string()).execute(c).await.map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
