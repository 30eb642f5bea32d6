//! What the benches share: a ward with many keys and no store, and random draws that cost next to nothing.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use keyward_core::account::AcceptedKeys;
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use keyward_server::authorize::Ward;
use keyward_server::clock::Clock;
use keyward_server::config::{self, Config};
use keyward_server::keyring::{AccountRow, Keyring, SecretRow};
use keyward_server::limits::Limits;
use keyward_server::signals::Signals;
use keyward_server::vault::{Vault, random};

/// The configuration that in-process benches judge by: scopes, a limit, one route.
pub const CONFIG: &str = r#"
data_dir = "."
[apis.bench]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
environments = ["live"]
[apis.bench.scopes]
read = ""
[apis.bench.limits.default]
limit = 1000000000
window = "1h"
[[apis.bench.routes]]
methods = ["GET"]
path = "/{*rest}"
scopes = ["read"]
"#;

/// A ward with keys.
pub struct World {
    /// It.
    pub ward: Ward,
    /// Its configuration.
    pub config: Arc<Config>,
    /// Every secret, all of one length, end to end.
    pub secrets: Secrets,
}

/// Many secrets of one length in one piece of memory, so that drawing one costs little.
pub struct Secrets {
    text: String,
    width: usize,
}

impl Secrets {
    /// The secret of this number.
    pub fn get(&self, number: usize) -> &str {
        &self.text[number * self.width..(number + 1) * self.width]
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.text.len() / self.width
    }
}

/// Parses a configuration, or says all that is wrong with it.
pub fn parse(text: &str) -> Result<Config> {
    config::parse(text, Path::new(".")).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow!("{}", lines.join("\n"))
    })
}

/// A ward with `count` keys of one account per hundred keys, without a store.
pub async fn world(count: usize) -> Result<World> {
    let config = Arc::new(parse(CONFIG)?);
    let dir = tempfile::tempdir()?;
    let db = keyward_server::db::Db::open("sqlite:vault.db", dir.path()).await?;
    db.migrate().await?;
    let vault = Arc::new(Vault::open(dir.path(), &db, None).await?);
    let keyring = Arc::new(Keyring::default());
    let setup = &config.apis[0];
    let format = &setup.api.kind(Kind::Account).ok_or_else(|| anyhow!("the API issues account keys"))?.format;
    let (mut text, mut width) = (String::new(), 0);
    for number in 0..count {
        let account = number / 100;
        if number % 100 == 0 {
            keyring.put_account(&config, &account_row(account))?;
        }
        let secret = format.generate(Environment::Live, &mut random);
        width = secret.expose().len();
        text.push_str(secret.expose());
        keyring.put_secret(&config, &secret_row(number, account, vault.pepper().digest(secret.expose()).to_vec()))?;
    }
    keyring.hold_valid();
    let (clock, limits) = (Clock::system(UnixMs(0)), Arc::new(Limits::in_memory()?));
    let ward = Ward { clock, vault, keyring, limits, signals: Signals::default() };
    Ok(World { ward, config, secrets: Secrets { text, width } })
}

/// The id of an example account.
pub fn account_id(number: usize) -> String {
    format!("acct_{number:032x}")
}

/// The id of an example key: spread like real ones.
pub fn key_id(number: usize) -> String {
    format!("key_{:016x}{:016x}", mix(number as u64), number)
}

fn account_row(number: usize) -> AccountRow {
    AccountRow {
        id: account_id(number),
        api: "bench".into(),
        public_id: format!("A{number}"),
        name: format!("Account {number}"),
        external_id: None,
        region: None,
        plan: None,
        accepted_keys: AcceptedKeys::Both.as_str().into(),
        suspended: false,
        metadata: None,
    }
}

fn secret_row(number: usize, account: usize, digest: Vec<u8>) -> SecretRow {
    SecretRow {
        digest,
        until: None,
        last_used_at: None,
        key_id: key_id(number),
        account_id: account_id(account),
        kind: "account".into(),
        environment: "live".into(),
        person_id: None,
        scopes: "read".into(),
        addresses: String::new(),
        limits: "[]".into(),
        quotas: "[]".into(),
        plan: None,
        state: "active".into(),
        expires_at: None,
    }
}

/// A step of splitmix64: random enough to defeat every cache, cheap enough not to be measured.
pub const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
