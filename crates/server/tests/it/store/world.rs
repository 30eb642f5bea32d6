//! A program on a store of its own, on either engine.

use std::path::PathBuf;

use keyward_core::expiry::Lifetime;
use keyward_core::ids::{AccountId, PersonId};
use keyward_core::key::Kind;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use keyward_server::accounts::{self, AccountView};
use keyward_server::app::App;
use keyward_server::audit::{self, AuditFilter, AuditView, Heads, Report};
use keyward_server::changes::{Actor, Reach, SignedIn};
use keyward_server::clock::Clock;
use keyward_server::keys::{self, KeyFilter, KeyView, NewKey, WithSecret};
use keyward_server::on_db;
use keyward_server::operation::{OpError, Page};
use keyward_server::people::{self, NewPerson};

use crate::support::{START, new_account, new_key, postgres, restart, store};

/// The APIs of every test: the three presets and a neutral one with plans.
const APIS: &str = r#"
[apis.clevertap]
preset = "clevertap"
upstream = "http://127.0.0.1:9"

[apis.clickyid]
preset = "clickyid"
upstream = "http://127.0.0.1:9"
test_upstream = "same"
prefixes = ["/clickyid"]

[apis.codat]
preset = "codat"
upstream = "http://127.0.0.1:9"
prefixes = ["/codat"]

[apis.shop]
upstream = "http://127.0.0.1:9"
prefixes = ["/shop"]
[apis.shop.keys.account]
count_max = 300
[apis.shop.scopes]
"read" = "Read"
"write" = "Write"
[apis.shop.limits.default]
limit = 100
window = "1m"
[apis.shop.quotas.monthly]
budget = 1000
[apis.shop.plans.small]
scopes = ["read"]
[apis.shop.plans.small.limits.default]
limit = 10
window = "1m"
[apis.shop.plans.daily.limits.default]
limit = 50
window = "1d"
[apis.shop.plans.large.limits.default]
limit = 1000
window = "1m"
"#;

/// A running program. Its store goes with it.
pub struct World {
    pub app: App,
    dir: tempfile::TempDir,
    store_url: String,
}

impl World {
    /// On a SQLite file of its own.
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store_url = format!("sqlite:{}", dir.path().join("store.db").display());
        Self::start(dir, store_url).await
    }

    /// On a PostgreSQL database of its own.
    pub async fn postgres() -> Self {
        Self::start(tempfile::tempdir().unwrap(), postgres::database().await).await
    }

    async fn start(dir: tempfile::TempDir, store_url: String) -> Self {
        let app = restart(&with_store(&store_url), dir.path(), &Clock::manual(START)).await;
        Self { app, dir, store_url }
    }

    /// Another process on the same store, with the same pepper and the same clock.
    pub async fn beside(&self) -> App {
        self.beside_with("").await
    }

    /// The same with more lines of configuration.
    pub async fn beside_with(&self, more: &str) -> App {
        let (dir, text) = self.place_beside(more);
        restart(&text, &dir, &self.app.clock).await
    }

    /// Directory and configuration of another process on the same store.
    pub fn place_beside(&self, more: &str) -> (PathBuf, String) {
        let dir = tempfile::Builder::new().prefix("beside").tempdir_in(self.dir.path()).unwrap().keep();
        for file in ["pepper", "key-encryption-key", "audit-key"] {
            std::fs::copy(self.dir.path().join(file), dir.join(file)).unwrap();
        }
        (dir, format!("{}{more}", with_store(&self.store_url)))
    }

    /// An account of this API.
    pub async fn account(&self, api: &str) -> AccountView {
        accounts::create(&self.app, Reach::All, operator(), new_account(api, "Acme"), None).await.unwrap().account
    }

    /// A person of an account.
    /// Somebody who never signs in.
    pub async fn holder(&self, account: AccountId, name: &str) -> PersonId {
        let new = NewPerson { account, name: name.into(), email: None, role: None };
        people::create(&self.app, Reach::All, operator(), new, None).await.unwrap().person.id
    }

    pub async fn person(&self, account: AccountId, name: &str) -> PersonId {
        let new = NewPerson { account, name: name.into(), email: Some(format!("{name}@example.com")), role: None };
        people::create(&self.app, Reach::All, operator(), new, None).await.unwrap().person.id
    }

    /// Makes a key as the operator.
    pub async fn make(&self, new: NewKey) -> Result<WithSecret, OpError> {
        keys::create(&self.app, Reach::All, operator(), new, None).await
    }

    /// The key as the store has it.
    pub async fn look(&self, key: &KeyView) -> KeyView {
        keys::get(&self.app, Reach::All, key.id).await.unwrap()
    }

    /// What a secret is said to be: `key`, `deleted`, `replaced` or `unknown`.
    pub async fn whose(&self, secret: &Secret) -> String {
        match keys::find(&self.app, Reach::All, secret).await.unwrap() {
            keys::Whose::Key(..) => "key".into(),
            keys::Whose::Gone { reason, .. } => reason,
            keys::Whose::Unknown => "unknown".into(),
        }
    }

    /// The newest key of an account.
    pub async fn first_key(&self, account: AccountId) -> KeyView {
        let filter = KeyFilter { account: Some(account), ..KeyFilter::default() };
        let page = keys::list(&self.app, Reach::All, filter, Page::default()).await.unwrap();
        page.items.into_iter().next().unwrap()
    }

    /// The newest event of the audit.
    pub async fn last_event(&self) -> AuditView {
        let page = Page { limit: 1, cursor: None };
        let page = audit::list(&self.app, Reach::All, AuditFilter::default(), page).await.unwrap();
        page.items.into_iter().next().unwrap()
    }

    /// Every table as text, one row a line: what somebody who stole the store could read.
    pub async fn dump(&self) -> Vec<(String, String)> {
        let mut conn = self.app.db.conn().await.unwrap();
        let mut dump = Vec::new();
        for (table, rows) in store::TABLES {
            let rows: Vec<String> = on_db!(&mut conn, |c| sqlx::query_scalar(*rows).fetch_all(c).await.unwrap());
            dump.push(((*table).to_owned(), rows.join("\n")));
        }
        dump
    }

    /// Whether any file of the program's own holds this text.
    pub fn files_hold(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|file| file.unwrap().path());
        let holds = |file: std::path::PathBuf| {
            let bytes = std::fs::read(file).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        files.filter(|file| file.is_file()).any(holds)
    }

    /// A look at the whole audit.
    pub async fn verify(&self, heads: Heads) -> Report {
        audit::verify(&self.app.db, &self.app.vault, heads).await.unwrap()
    }

    /// Alters the store past the program.
    pub async fn execute(&self, statements: &'static [&'static str]) {
        store::execute(&mut self.app.db.conn().await.unwrap(), statements).await;
    }

    /// Moves the clock.
    pub fn pass(&self, ms: i64) {
        self.app.clock.advance(ms);
    }

    pub fn now(&self) -> UnixMs {
        self.app.clock.now()
    }
}

fn with_store(url: &str) -> String {
    format!("[store]\nurl = {url:?}\n[webhooks]\nloopback = true\n{APIS}")
}

pub fn operator() -> Actor {
    Actor { who: "management_key:mk_test".into(), origin: Some("192.0.2.1".into()), ..Actor::system() }
}

/// Somebody who signed in, or proved who they are again, at this instant.
pub fn person(id: PersonId, proved_at: UnixMs, may: Permissions) -> Actor {
    Actor::person(SignedIn { id, proved_at }, None, may)
}

/// A personal key.
pub fn new_grant(account: &AccountView, person: PersonId, lifetime: Lifetime) -> NewKey {
    NewKey { kind: Kind::Personal, person: Some(person), name: None, lifetime, ..new_key(account, "") }
}

/// In one word how an operation ended: `ok`, an error's code, or the pointers of what was invalid.
pub fn outcome<T>(result: &Result<T, OpError>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(OpError::NotFound) => "not_found".into(),
        Err(OpError::PreconditionFailed) => "precondition_failed".into(),
        Err(
            OpError::Conflict { code, .. }
            | OpError::Forbidden { code, .. }
            | OpError::Unproved { code, .. }
            | OpError::Gone { code, .. }
            | OpError::Elsewhere { code, .. }
            | OpError::TooMany { code, .. },
        ) => (*code).into(),
        Err(OpError::Invalid(fields)) => {
            fields.iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>().join(" ")
        }
        Err(error @ (OpError::Store(_) | OpError::Change(_))) => panic!("{error}"),
    }
}

/// Runs each test of a file on both engines.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::super::world::World::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::super::world::World::postgres().await).await;
            })*
        }
    };
}
