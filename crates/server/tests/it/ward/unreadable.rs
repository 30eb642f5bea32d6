//! A row that this version can't read takes its key out of use: an older state of it never stays in force.

use keyward_server::changes::{Actor, Touched};
use keyward_server::db::Conn;
use keyward_server::operation::OpError;

use super::ask;
use crate::support::{Started, new_key, start};

const APIS: &str = r#"
[apis.a]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
environments = ["live"]
"#;

/// Writes what a newer version might have written, as one change.
async fn write(started: &Started, sql: &'static str, kind: Touched, subject: String) {
    let changed = started.app.changes.run(Actor::system(), move |tx| {
        Box::pin(async move {
            let Conn::Sqlite(conn) = tx.conn() else { panic!("the tests' store is embedded") };
            sqlx::query(sql).execute(&mut **conn).await?;
            tx.touch(kind, subject);
            Ok::<(), OpError>(())
        })
    });
    changed.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_row_can_t_be_read_is_unknown_and_an_account_suspended() {
    let started = start(APIS).await;
    let account = started.account("a", "Example").await;
    let (one, two) = (started.key(new_key(&account, "one")).await, started.key(new_key(&account, "two")).await);
    let ward = started.app.ward();
    let (first, second) = (one.secret.unwrap(), two.secret.unwrap());
    assert_eq!(ask(&started.app, &ward, "a", first.expose(), None, None), "allow");
    write(&started, "update api_key set limits = 'later' where name = 'one'", Touched::Key, one.key.id.to_string())
        .await;
    assert_eq!(ask(&started.app, &ward, "a", first.expose(), None, None), "invalid_credentials");
    assert_eq!(ask(&started.app, &ward, "a", second.expose(), None, None), "allow");
    let later = "update account set accepted_keys = 'later'";
    write(&started, later, Touched::Account, account.id.to_string()).await;
    assert_eq!(ask(&started.app, &ward, "a", second.expose(), None, None), "account_suspended");
}
