//! How many keys can be made in a second, each durable before its reply: `create-keys --creators N --seconds S`.
//!
//! It runs in process on a new embedded store, in `--dir`, which should be on the disk that is meant.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::Lifetime;
use keyward_core::key::{Environment, Kind};
use keyward_server::accounts::{self, NewAccount};
use keyward_server::app::{App, ClockChoice};
use keyward_server::changes::{Actor, Reach};
use keyward_server::config;
use keyward_server::keys::{self, NewKey};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Accounts that keys are made for, in turn.
const ACCOUNTS: usize = 64;

/// Makes keys as fast as they become durable.
#[derive(Parser)]
struct Options {
    /// How many make one key after the other at the same time.
    #[arg(long, default_value_t = 64)]
    creators: usize,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where the store is made; a temporary directory in it.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

fn main() -> Result<()> {
    let options = Options::parse();
    // The control plane of `keyward serve`.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> Result<()> {
    let dir = tempfile::Builder::new().prefix("create-keys-").tempdir_in(&options.dir)?;
    let text = "[apis.bench]\nupstream = \"http://127.0.0.1:9\"\n[apis.bench.keys.account]\ncount_max = 1_000_000\n";
    let config = config::parse(text, dir.path())
        .map_err(|errors| anyhow!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let app = App::start(config.into(), ClockChoice::System).await?;
    let mut made = Vec::new();
    for number in 0..ACCOUNTS {
        let account = accounts::create(&app, Reach::All, Actor::system(), new_account(number), None).await?;
        made.push(account.account.id);
    }
    let made = Arc::new(made);
    let began = Instant::now();
    let end = began + Duration::from_secs(options.seconds);
    let creators: Vec<_> = (0..options.creators)
        .map(|creator| {
            let (app, made) = (app.clone(), Arc::clone(&made));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let name = format!("key {creator}.{}", waits.len());
                    let new = new_key(made[(creator + waits.len()) % ACCOUNTS], name);
                    let asked = Instant::now();
                    keys::create(&app, Reach::All, Actor::system(), new, None).await?;
                    waits.push(asked.elapsed());
                }
                anyhow::Ok(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for creator in creators {
        waits.extend(creator.await??);
    }
    let took = began.elapsed();
    waits.sort_unstable();
    let at = |part: f64| waits.get((waits.len() as f64 * part) as usize).context("no key was made");
    println!(
        "{:.0} keys/s ({} in {:.1} s, {} creators), p50 {:.1} ms, p99 {:.1} ms",
        waits.len() as f64 / took.as_secs_f64(),
        waits.len(),
        took.as_secs_f64(),
        options.creators,
        at(0.5)?.as_secs_f64() * 1e3,
        at(0.99)?.as_secs_f64() * 1e3,
    );
    app.db.close().await;
    Ok(())
}

fn new_account(number: usize) -> NewAccount {
    NewAccount {
        api: "bench".into(),
        name: format!("Account {number}"),
        public_id: None,
        external_id: None,
        region: None,
        plan: None,
        accepted_keys: AcceptedKeys::Both,
        metadata: None,
        tags: vec![],
    }
}

fn new_key(account: keyward_core::ids::AccountId, name: String) -> NewKey {
    NewKey {
        account,
        kind: Kind::Account,
        environment: Environment::Live,
        name: Some(name),
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
