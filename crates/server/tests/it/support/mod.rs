//! What the tests share: a program in a temporary directory, on a clock that only they move.

pub mod postgres;
pub mod receiver;
pub mod served;
pub mod smtp;
pub mod store;

use std::path::Path;
use std::sync::Arc;

use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::Lifetime;
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use keyward_server::accounts::{self, AccountView, NewAccount};
use keyward_server::app::{App, ClockChoice};
use keyward_server::changes::{Actor, Reach};
use keyward_server::clock::Clock;
use keyward_server::config::{self, Config};
use keyward_server::keys::{self, NewKey, WithSecret};

/// When the tests' clocks stand: 2026-03-01T10:15:00Z, a quarter past the hour.
pub const START: UnixMs = UnixMs(1_772_360_100_000);

/// A program without listeners; its directory lives as long as it does.
pub struct Started {
    pub app: App,
    pub clock: Clock,
    pub dir: tempfile::TempDir,
}

/// Parses a configuration, or fails with everything that is wrong with it.
pub fn parse(text: &str, dir: &Path) -> Arc<Config> {
    match config::parse(text, dir) {
        Ok(config) => Arc::new(config),
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Starts a program with these APIs on an embedded store.
pub async fn start(apis: &str) -> Started {
    start_on(apis, Clock::manual(START)).await
}

/// The same on this clock.
pub async fn start_on(apis: &str, clock: Clock) -> Started {
    let dir = tempfile::tempdir().unwrap();
    let app = restart(apis, dir.path(), &clock).await;
    Started { app, clock, dir }
}

/// Starts a program in a directory that was used before.
pub async fn restart(apis: &str, dir: &Path, clock: &Clock) -> App {
    let text = format!("data_dir = {:?}\n{apis}", dir.display().to_string());
    App::start(parse(&text, dir), ClockChoice::Given(clock.clone())).await.unwrap()
}

/// An account with nothing special.
pub fn new_account(api: &str, name: &str) -> NewAccount {
    NewAccount {
        api: api.into(),
        name: name.into(),
        public_id: None,
        external_id: None,
        region: None,
        plan: None,
        accepted_keys: AcceptedKeys::Both,
        metadata: None,
        tags: vec![],
    }
}

/// A live account key with nothing special.
pub fn new_key(account: &AccountView, name: &str) -> NewKey {
    NewKey {
        account: account.id,
        kind: Kind::Account,
        environment: Environment::Live,
        name: Some(name.into()),
        lifetime: Lifetime::Unsaid,
        scopes: vec![],
        addresses: vec![],
        limits: vec![],
        quotas: vec![],
        plan: None,
        external_id: None,
        metadata: None,
        tags: vec![],
        contacts: vec![],
        person: None,
        pickup: None,
    }
}

impl Started {
    pub async fn account(&self, api: &str, name: &str) -> AccountView {
        accounts::create(&self.app, Reach::All, Actor::system(), new_account(api, name), None).await.unwrap().account
    }

    pub async fn key(&self, new: NewKey) -> WithSecret {
        keys::create(&self.app, Reach::All, Actor::system(), new, None).await.unwrap()
    }
}
