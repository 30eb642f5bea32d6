//! The store as somebody sees it who reads it past the program.

use keyward_server::db::{Conn, Db};
use keyward_server::on_db;

/// Tables with their rows as text; `sealed` stands for a sealed secret.
pub const TABLES: &[(&str, &str)] = &[
    ("account", "select id || public_id || name || coalesce(metadata, '') || tags from account"),
    ("person", "select id || name || coalesce(email, '') from person"),
    ("session", "select id || person_id || method || coalesce(origin, '') || coalesce(agent, '') from session"),
    ("link", "select kind || coalesce(person_id, '') || coalesce(account_id, '') || created_by from link"),
    ("identity", "select provider || subject || person_id from identity"),
    ("attempt", "select bucket from attempt"),
    ("api_key", "select id || coalesce(name, '') || scopes || coalesce(metadata, '') || tags || contacts from api_key"),
    (
        "secret",
        "select id || key_id || pepper_id || hint || (case when sealed is null then '' else ' sealed' end) from secret",
    ),
    ("pickup", "select key_id || coalesce(recipient, '') || created_by from pickup"),
    ("policy", "select account_id || rules from policy"),
    ("secret_seen", "select key_id || person_id || how from secret_seen"),
    ("tombstone", "select key_id || coalesce(name, '') || reason from tombstone"),
    ("attribute", "select owner_id || name || value from attribute"),
    ("management_key", "select id || name || pepper_id || hint from management_key"),
    (
        "audit_event",
        "select actor || action || subject || coalesce(before, '') || coalesce(after, '') from audit_event",
    ),
    ("notice", "select mark || kind || coalesce(account_id, '') || facts from notice"),
    (
        "parcel",
        "select id || channel || target || state || coalesce(last_error, '') \
         || (case when sealed is null then '' else ' sealed' end) from parcel",
    ),
    ("notice_setting", "select account_id || settings from notice_setting"),
    ("notice_choice", "select account_id || person_id || delivery || kinds from notice_choice"),
    ("reminder", "select key_id || account_id || coalesce(snoozed_by, '') from reminder"),
    ("webhook_endpoint", "select id || url || kinds || coalesce(disabled_why, '') || created_by from webhook_endpoint"),
    ("webhook_attempt", "select endpoint_id || parcel_id || kind || coalesce(error, '') from webhook_attempt"),
    ("leak", "select mark || account_id || key_id || done from leak"),
    ("usage_bucket", "select subject || route || api from usage_bucket"),
    ("usage_key", "select key_id || account_id || api from usage_key"),
    ("idempotency", "select actor || token || request || subject from idempotency"),
];

/// Puts a notice with these facts into the store, on its way to this mailbox; the parcel's id.
pub async fn put_mail(
    db: &Db,
    kind: &str,
    account: Option<&str>,
    facts: &serde_json::Value,
    to: &str,
    at: i64,
) -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
    let nth = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let (notice, parcel) = (format!("ntc_{nth:032x}"), format!("pcl_{nth:032x}"));
    let mut conn = db.conn().await.unwrap();
    on_db!(&mut conn, |c| {
        let notice =
            sqlx::query("insert into notice (id, mark, kind, account_id, facts, at) values ($1, $1, $2, $3, $4, $5)")
                .bind(&notice)
                .bind(kind)
                .bind(account)
                .bind(facts.to_string())
                .bind(at);
        notice.execute(c).await.unwrap();
    });
    let id = parcel.clone();
    on_db!(&mut conn, |c| {
        let parcel = sqlx::query(
            "insert into parcel (id, notice_id, account_id, channel, target, state, attempts, since, due_at, created_at) \
             values ($1, $2, $3, 'mail', $4, 'waiting', 0, $5, $5, $5)",
        );
        parcel.bind(&id).bind(&notice).bind(account).bind(to).bind(at).execute(c).await.unwrap();
    });
    parcel
}

/// Makes parcels wait for a digest that goes out then.
pub async fn hold_all(db: &Db, until: i64) {
    let mut conn = db.conn().await.unwrap();
    let sql = "update parcel set state = 'held', due_at = $1 where state = 'waiting'";
    on_db!(&mut conn, |c| sqlx::query(sql).bind(until).execute(c).await.map(drop)).unwrap();
}

/// Keeps the audit as it is now, to be put back by [`AUDIT_BACK`].
pub const AUDIT_KEPT: &[&str] = &[
    "create table kept_event as select * from audit_event",
    "create table kept_head as select * from head",
    "create table kept_checkpoint as select * from audit_checkpoint",
];
pub const AUDIT_BACK: &[&str] = &[
    "delete from audit_event",
    "insert into audit_event select * from kept_event",
    "delete from head",
    "insert into head select * from kept_head",
    "delete from audit_checkpoint",
    "insert into audit_checkpoint select * from kept_checkpoint",
];

/// What somebody who can write the store but has no key might do to the audit, each with what is found.
pub const TAMPERING: &[(&str, &[&str])] = &[
    ("changed", &["update audit_event set actor = 'cli' where seq = 3"]),
    ("changed", &["update audit_event set origin = null where seq = 3"]),
    ("changed", &["update audit_event set at = at + 1 where seq = 3"]),
    ("changed", &["update audit_event set action = 'key.seen' where seq = 3"]),
    ("changed", &["update audit_event set subject = '' where seq = 3"]),
    ("changed", &["update audit_event set account_id = null where seq = 3"]),
    ("changed", &["update audit_event set before = '{}' where seq = 3"]),
    ("changed", &["update audit_event set after = '{}' where seq = 3"]),
    ("changed", &["update audit_event set mac = (select mac from kept_event where seq = 2) where seq = 3"]),
    ("removed", &["delete from audit_event where seq = 3"]),
    ("removed", &["delete from audit_event where seq <= 3"]),
    (
        "reordered",
        &[
            "update audit_event set seq = -1 where seq = 2",
            "update audit_event set seq = 2 where seq = 3",
            "update audit_event set seq = 3 where seq = -1",
        ],
    ),
    ("cut", &["delete from audit_event where seq > 4"]),
    ("cut", &["delete from audit_event"]),
    (
        "head",
        &[
            "delete from audit_event where seq > 4",
            "update head set audit_seq = 4, audit_mac = (select mac from kept_event where seq = 4)",
        ],
    ),
    ("head", &["delete from head"]),
    ("head", &["update head set epoch = epoch - 1"]),
    (
        "added",
        &["insert into audit_event (seq, epoch, place, at, actor, action, subject, mac) \
         select seq + 1, epoch + 1, 0, at, actor, action, subject, mac from kept_event order by seq desc limit 1"],
    ),
    (
        "changed",
        &[
            "delete from audit_event where seq = 3",
            "update audit_event set seq = seq + 1000 where seq > 3",
            "update audit_event set seq = seq - 1001 where seq > 1000",
        ],
    ),
    (
        "checkpoint",
        &[
            "delete from audit_event where seq <= 3",
            "insert into audit_checkpoint (one, seq, mac, at, signature) \
         select 1, seq, mac, at, mac from kept_event where seq = 3",
        ],
    ),
];

/// A fault that strikes when an event of the audit is written; and its end.
pub const FAILPOINT: [&[&str]; 2] = [
    &["create trigger failpoint before insert on audit_event begin select raise(abort, 'failpoint'); end"],
    &[
        "create function failpoint() returns trigger as $$ begin raise exception 'failpoint'; end $$ language plpgsql",
        "create trigger failpoint before insert on audit_event for each row execute function failpoint()",
    ],
];
pub const FAILPOINT_OVER: [&[&str]; 2] =
    [&["drop trigger failpoint"], &["drop trigger failpoint on audit_event", "drop function failpoint"]];

/// A fault that strikes while usage is stored, when some of its transactions are through; and its end.
pub const USAGE_FAILPOINT: [&[&str]; 2] = [
    &["create trigger usage_failpoint before insert on usage_key when (select count(*) from usage_key) > 200 \
       begin select raise(abort, 'failpoint'); end"],
    &[
        "create function usage_failpoint() returns trigger as $$ begin \
         if (select count(*) from usage_key) > 200 then raise exception 'failpoint'; end if; return new; \
         end $$ language plpgsql",
        "create trigger usage_failpoint before insert on usage_key for each row execute function usage_failpoint()",
    ],
];
pub const USAGE_FAILPOINT_OVER: [&[&str]; 2] = [
    &["drop trigger usage_failpoint"],
    &["drop trigger usage_failpoint on usage_key", "drop function usage_failpoint"],
];

/// A fault that strikes when a notice is written; and its end.
pub const NOTICE_FAILPOINT: [&[&str]; 2] = [
    &["create trigger notice_failpoint before insert on notice begin select raise(abort, 'failpoint'); end"],
    &[
        "create function notice_failpoint() returns trigger as $$ begin raise exception 'failpoint'; end $$ \
         language plpgsql",
        "create trigger notice_failpoint before insert on notice for each row execute function notice_failpoint()",
    ],
];
pub const NOTICE_FAILPOINT_OVER: [&[&str]; 2] = [
    &["drop trigger notice_failpoint"],
    &["drop trigger notice_failpoint on notice", "drop function notice_failpoint"],
];

/// The tail cut, and the head made to fit.
pub const TAIL_CUT: &[&str] = &[
    "delete from audit_event where seq > 4",
    "update head set audit_seq = 4, audit_mac = (select mac from audit_event where seq = 4)",
];

/// One event is not as it was.
pub const OLD_EVENT_CHANGED: &[&str] = &["update audit_event set actor = 'cli' where seq = 2"];

/// Runs statements one after the other.
pub async fn execute(conn: &mut Conn, statements: &'static [&'static str]) {
    for statement in statements {
        on_db!(conn, |c| sqlx::query(*statement).execute(c).await.map(drop)).unwrap();
    }
}

/// Lets an embedded store grow no more, or again: every connection that there may be is told.
pub async fn no_room(db: &Db, none: bool) {
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(db.conn().await.unwrap());
    }
    for _ in 0..3 {
        all.push(db.kept_conn().await.unwrap());
    }
    for conn in &mut all {
        let Conn::Sqlite(inner) = conn else { panic!("only an embedded store has pages") };
        let told = if none { "pragma max_page_count = 1" } else { "pragma max_page_count = 4294967294" };
        sqlx::query(told).execute(&mut **inner).await.unwrap();
    }
}
