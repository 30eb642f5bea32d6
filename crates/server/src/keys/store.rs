//! The SQL of keys. Their secrets and tombstones are `secrets/store.rs`'s.

use keyward_core::expiry::{EXPIRING_SOON_MS, Standing};
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::Kind;
use keyward_core::time::UnixMs;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::KeyFilter;
use super::row::KeyRow;
use super::search::Word;
use crate::db::Conn;
use crate::labels;
use crate::on_db;
use crate::operation::Cursor;

macro_rules! select {
    () => {
        "select k.id, k.account_id, a.api, k.kind, k.environment, k.person_id, k.name, k.name_folded, k.name_unique, \
         k.scopes, k.addresses, k.limits, k.quotas, k.plan, k.external_id, k.metadata, k.tags, k.state, k.expires_at, \
         k.created_by, k.created_at, k.updated_at, k.revoked_at, k.version, k.contacts, r.snoozed_until \
         from api_key k join account a on a.id = k.account_id left join reminder r on r.key_id = k.id where "
    };
}

const GET: &str = concat!(select!(), "k.id = $1 and ($2 is null or k.account_id = $2)");
const OF_PERSON: &str = concat!(select!(), "k.account_id = $1 and k.person_id = $2");
const OF_KIND: &str = concat!(select!(), "k.account_id = $1 and k.kind = $2 order by k.created_at desc, k.id desc");
// Made by a person, or with a secret that is still good and as old as their look at it.
const SEEN_BY: &str = concat!(
    select!(),
    "k.account_id = $1 and k.state <> 'revoked' and (k.created_by = $2 or k.id in \
     (select v.key_id from secret_seen v join secret s on s.key_id = v.key_id and s.created_at <= v.at \
     and (s.until is null or s.until > $4) where v.person_id = $3)) order by k.created_at desc, k.id desc limit $5"
);
const LIST: &str = concat!(select!(), "true");
const TAGGED: &str = " and k.id in (select owner_id from attribute where name = ";
// Where words are looked for: what comes before the pattern, and after it.
const IN_NAME: &str = " and (k.name_folded like ";
const IN_SAID: [(&str, &str); 2] = [
    (" or lower(k.external_id) like ", ""),
    (" or exists (select 1 from attribute t where t.owner_id = k.id and t.name = 'tag' and lower(t.value) like ", ")"),
];
const IN_SCOPES: (&str, &str) = (" or lower(k.scopes) like ", "");
const IN_ID: (&str, &str) = (" or k.id like ", "");
const IN_HINTS: (&str, &str) =
    (" or exists (select 1 from secret s where s.key_id = k.id and lower(s.hint) like ", ")");
const ESCAPED: &str = r" escape '\'";
const IS_ACTIVE: &str = " and k.state = 'active'";
const ACCOUNT_OF: &str = "select account_id from api_key where id = $1 and ($2 is null or account_id = $2)";
// The inner limit bounds the work: more than the maximum is never of interest.
const COUNT: &str = "select count(*) from (select 1 from api_key where account_id = $1 and kind = $2 \
    and state <> 'revoked' limit $3) as found";
const COUNT_OF_PERSON: &str =
    "select count(*) from api_key where account_id = $1 and person_id = $2 and state <> 'revoked'";
// A key without a secret keeps nobody's access.
const COUNT_OTHERS: &str = "select count(*) from (select 1 from api_key where account_id = $1 and kind = $2 \
    and state in ('active', 'disabled') and ($3 is null or expires_at is null or expires_at > $3) and id <> $4 limit $5) as found";
const NAMED: &str =
    "select count(*) from api_key where account_id = $1 and kind = $2 and name_unique = $3 and id <> $4";
const EXTERNAL: &str = "select count(*) from api_key where account_id = $1 and external_id = $2 and id <> $3";
const INSERT: &str = "insert into api_key (id, account_id, kind, environment, person_id, name, name_folded, name_unique, \
    scopes, addresses, limits, quotas, plan, external_id, metadata, tags, state, expires_at, created_by, created_at, \
    updated_at, revoked_at, version, contacts) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
    $17, $18, $19, $20, $21, $22, $23, $24)";
const SAVE: &str = "update api_key set name = $3, name_folded = $4, name_unique = $5, scopes = $6, \
    addresses = $7, limits = $8, quotas = $9, plan = $10, external_id = $11, metadata = $12, tags = $13, state = $14, \
    expires_at = $15, updated_at = $16, revoked_at = $17, version = $18, \
    contacts = $19 where id = $1 and account_id = $2";
const DELETE: &str = "delete from api_key where id = $1 and account_id = $2";
const NAMES: &str = "select id, name from api_key where name is not null and id in (";
const BURIED_NAMES: &str = ") union select key_id, name from tombstone where name is not null and key_id in (";
const FORGET_LABELS: &str = "delete from attribute where owner_id in (select id from api_key where account_id = $1)";
const DELETE_ALL: &str = "delete from api_key where account_id = $1";

pub(super) async fn get(conn: &mut Conn, within: Option<AccountId>, id: KeyId) -> sqlx::Result<Option<KeyRow>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within).fetch_optional(c).await)
}

pub(super) async fn of_person(conn: &mut Conn, account: AccountId, person: PersonId) -> sqlx::Result<Vec<KeyRow>> {
    on_db!(conn, |c| sqlx::query_as(OF_PERSON).bind(account.to_string()).bind(person.to_string()).fetch_all(c).await)
}

pub(super) async fn of_kind(conn: &mut Conn, account: AccountId, kind: Kind) -> sqlx::Result<Vec<KeyRow>> {
    on_db!(conn, |c| sqlx::query_as(OF_KIND).bind(account.to_string()).bind(kind.as_str()).fetch_all(c).await)
}

/// Keys that a person made or whose good secrets they have seen, newest first.
pub(super) async fn seen_by(
    conn: &mut Conn,
    account: AccountId,
    person: PersonId,
    now: UnixMs,
    most: i64,
) -> sqlx::Result<Vec<KeyRow>> {
    on_db!(conn, |c| sqlx::query_as(SEEN_BY)
        .bind(account.to_string())
        .bind(format!("person:{person}"))
        .bind(person.to_string())
        .bind(now.0)
        .bind(most)
        .fetch_all(c)
        .await)
}

/// The account of a key, without reading more: it has to be locked before the key is looked at.
pub(super) async fn account_of(conn: &mut Conn, within: Option<AccountId>, id: KeyId) -> sqlx::Result<Option<String>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_scalar(ACCOUNT_OF).bind(id.to_string()).bind(within).fetch_optional(c).await)
}

pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    filter: &KeyFilter,
    words: &[Word],
    now: UnixMs,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<KeyRow>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LIST);
        narrow(&mut sql, within, filter, now);
        look_for(&mut sql, words);
        if let Some(Cursor { at, id }) = cursor {
            sql.push(" and (k.created_at, k.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        sql.push(" order by k.created_at desc, k.id desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })
}

/// Adds only the conditions that are asked for: both engines then find the index for each.
fn narrow<E>(sql: &mut QueryBuilder<E>, within: Option<AccountId>, filter: &KeyFilter, now: UnixMs)
where
    E: Database,
    String: Type<E> + for<'q> Encode<'q, E>,
    i64: Type<E> + for<'q> Encode<'q, E>,
{
    let texts = [
        (" and k.account_id = ", within.map(|id| id.to_string())),
        (" and k.account_id = ", filter.account.map(|id| id.to_string())),
        (" and a.api = ", filter.api.clone()),
        (" and k.kind = ", filter.kind.map(|kind| kind.as_str().to_owned())),
        (" and k.environment = ", filter.environment.map(|environment| environment.as_str().to_owned())),
        (" and k.person_id = ", filter.person.map(|id| id.to_string())),
        (" and k.name_folded = ", filter.name.clone()),
        (" and k.external_id = ", filter.external_id.clone()),
    ];
    for (condition, text) in texts.into_iter().filter_map(|(condition, text)| Some((condition, text?))) {
        sql.push(condition).push_bind(text);
    }
    let tag = filter.tag.iter().map(|tag| (labels::TAG.to_owned(), tag.clone()));
    let member = filter.metadata.iter().map(|(name, value)| (labels::member(name), value.clone()));
    for (name, value) in tag.chain(member) {
        sql.push(TAGGED).push_bind(name).push(" and value = ").push_bind(value).push(")");
    }
    let (now, soon) = (now.0, now.plus(EXPIRING_SOON_MS).0);
    match filter.standing {
        None => sql,
        Some(Standing::Active) => {
            sql.push(IS_ACTIVE).push(" and (k.expires_at is null or k.expires_at > ").push_bind(soon).push(")")
        }
        Some(Standing::ExpiringSoon) => {
            sql.push(IS_ACTIVE).push(" and k.expires_at > ").push_bind(now);
            sql.push(" and k.expires_at <= ").push_bind(soon)
        }
        Some(Standing::Expired) => sql.push(IS_ACTIVE).push(" and k.expires_at <= ").push_bind(now),
        Some(Standing::Disabled) => sql.push(" and k.state = 'disabled'"),
        Some(Standing::Revoked) => sql.push(" and k.state = 'revoked'"),
        Some(Standing::Pending) => sql.push(" and k.state = 'pending'"),
        Some(Standing::AwaitingPickup) => sql.push(" and k.state = 'awaiting_pickup'"),
    };
}

/// Every word somewhere in what people said of a key, or in what was made up for it.
fn look_for<E>(sql: &mut QueryBuilder<E>, words: &[Word])
where
    E: Database,
    String: Type<E> + for<'q> Encode<'q, E>,
{
    for word in words {
        sql.push(IN_NAME).push_bind(word.folded.clone()).push(ESCAPED);
        let more = [(word.may_be_scope, IN_SCOPES), (word.may_be_id, IN_ID), (word.may_be_hint, IN_HINTS)];
        let more = more.into_iter().filter_map(|(is_asked, place)| is_asked.then_some(place));
        for (before, after) in IN_SAID.into_iter().chain(more) {
            sql.push(before).push_bind(word.lower.clone()).push(ESCAPED).push(after);
        }
        sql.push(")");
    }
}

/// How many keys of a kind an account has, revoked ones aside; counts no further than `most`.
pub(super) async fn count(conn: &mut Conn, account: AccountId, kind: Kind, most: u32) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT)
        .bind(account.to_string())
        .bind(kind.as_str())
        .bind(i64::from(most))
        .fetch_one(c)
        .await)
}

/// How many keys a person holds, revoked ones aside.
pub(super) async fn count_of_person(conn: &mut Conn, account: AccountId, person: PersonId) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT_OF_PERSON)
        .bind(account.to_string())
        .bind(person.to_string())
        .fetch_one(c)
        .await)
}

/// How many keys with a secret there are beside `row`, of its account and kind, revoked ones aside and those aside that
/// ended by `living_at`; counts no further than `most`.
pub(super) async fn count_others(
    conn: &mut Conn,
    row: &KeyRow,
    living_at: Option<UnixMs>,
    most: u32,
) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT_OTHERS)
        .bind(&row.account_id)
        .bind(&row.kind)
        .bind(living_at.map(|at| at.0))
        .bind(&row.id)
        .bind(i64::from(most))
        .fetch_one(c)
        .await)
}

/// Whether another key has this key's unique name.
pub(super) async fn is_name_taken(conn: &mut Conn, row: &KeyRow) -> sqlx::Result<bool> {
    let count: i64 = on_db!(conn, |c| sqlx::query_scalar(NAMED)
        .bind(&row.account_id)
        .bind(&row.kind)
        .bind(&row.name_unique)
        .bind(&row.id)
        .fetch_one(c)
        .await)?;
    Ok(count > 0)
}

/// Whether another key of the account has this key's external id.
pub(super) async fn is_external_id_taken(conn: &mut Conn, row: &KeyRow) -> sqlx::Result<bool> {
    let count: i64 = on_db!(conn, |c| sqlx::query_scalar(EXTERNAL)
        .bind(&row.account_id)
        .bind(&row.external_id)
        .bind(&row.id)
        .fetch_one(c)
        .await)?;
    Ok(count > 0)
}

pub(super) async fn insert(conn: &mut Conn, row: &KeyRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.kind)
        .bind(&row.environment)
        .bind(&row.person_id)
        .bind(&row.name)
        .bind(&row.name_folded)
        .bind(&row.name_unique)
        .bind(&row.scopes)
        .bind(&row.addresses)
        .bind(&row.limits)
        .bind(&row.quotas)
        .bind(&row.plan)
        .bind(&row.external_id)
        .bind(&row.metadata)
        .bind(&row.tags)
        .bind(&row.state)
        .bind(row.expires_at)
        .bind(&row.created_by)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.revoked_at)
        .bind(row.version)
        .bind(&row.contacts)
        .execute(c)
        .await
        .map(drop))
}

/// Writes everything of a key that can change.
pub(super) async fn save(conn: &mut Conn, row: &KeyRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE)
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.name)
        .bind(&row.name_folded)
        .bind(&row.name_unique)
        .bind(&row.scopes)
        .bind(&row.addresses)
        .bind(&row.limits)
        .bind(&row.quotas)
        .bind(&row.plan)
        .bind(&row.external_id)
        .bind(&row.metadata)
        .bind(&row.tags)
        .bind(&row.state)
        .bind(row.expires_at)
        .bind(row.updated_at)
        .bind(row.revoked_at)
        .bind(row.version)
        .bind(&row.contacts)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete(conn: &mut Conn, row: &KeyRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(&row.id).bind(&row.account_id).execute(c).await.map(drop))
}

/// Deletes all keys of an account with what filters look at; their secrets are gone already.
pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    let account = account.to_string();
    on_db!(&mut *conn, |c| sqlx::query(FORGET_LABELS).bind(&account).execute(c).await.map(drop))?;
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(&account).execute(c).await.map(drop))
}

/// What these keys are called, deleted ones among them.
pub(super) async fn names_of(conn: &mut Conn, keys: &[KeyId]) -> sqlx::Result<Vec<(String, String)>> {
    if keys.is_empty() {
        return Ok(vec![]);
    }
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(NAMES);
        for part in [BURIED_NAMES, ")"] {
            let mut list = sql.separated(", ");
            for key in keys {
                list.push_bind(key.to_string());
            }
            sql.push(part);
        }
        sql.build_query_as().persistent(false).fetch_all(c).await
    })
}
