//! Fills a new embedded store with keys, for a bench: `keyward-fill --config FILE --api NAME --keys N --out FILE`.
//!
//! It writes rows directly and must not run while a server has the store open.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use keyward_bench::{account_id, key_id};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use keyward_server::app::{App, ClockChoice};
use keyward_server::config;
use keyward_server::db::Conn;
use keyward_server::vault::random;
use sqlx::Connection as _;

const BATCH: usize = 10_000;
const ACCOUNT: &str = "insert into account (id, api, public_id, name, accepted_keys, suspended, totp_required, tags, version, turn, \
    created_at, updated_at) values ($1, $2, $3, $4, 'both', false, false, '[]', 1, 1, $5, $5)";
const KEY: &str = "insert into api_key (id, account_id, kind, environment, name, name_folded, name_unique, scopes, addresses, limits, quotas, \
    tags, state, created_by, created_at, updated_at, version) \
    values ($1, $2, 'account', 'live', $3, $3, $3, $4, '', '[]', '[]', '[]', 'active', 'system', $5, $5, 1)";
const SECRET: &str =
    "insert into secret (id, key_id, digest, pepper_id, hint, created_at) values ($1, $2, $3, $4, $5, $6)";

/// Fills a new embedded store with keys.
#[derive(Parser)]
struct Options {
    /// The configuration whose store is filled.
    #[arg(long)]
    config: PathBuf,
    /// The API that the keys are for.
    #[arg(long)]
    api: String,
    /// How many keys.
    #[arg(long)]
    keys: usize,
    /// Where the secrets are written, one a line.
    #[arg(long)]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    fill(&Options::parse()).await
}

async fn fill(options: &Options) -> Result<()> {
    let config = config::load(&options.config)
        .map_err(|errors| anyhow!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let app = App::start(config.into(), ClockChoice::System).await?;
    let setup = app.config.api(&options.api).context("no such API")?.clone();
    let format = &setup.api.kind(Kind::Account).context("the API issues no account keys")?.format;
    let scopes = setup.api.catalogue.scopes().iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>().join(" ");
    let Conn::Sqlite(mut conn) = app.db.conn().await? else { bail!("only an embedded store can be filled") };
    let mut out = BufWriter::new(std::fs::File::create(&options.out)?);
    let UnixMs(now) = app.clock.now();

    let mut number = 0;
    while number < options.keys {
        let mut tx = conn.begin().await?;
        for number in number..options.keys.min(number + BATCH) {
            let account = account_id(number / 100);
            if number % 100 == 0 {
                let public = format!("A{}", number / 100);
                sqlx::query(ACCOUNT)
                    .bind(&account)
                    .bind(&options.api)
                    .bind(&public)
                    .bind(&public)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
            }
            let secret = format.generate(Environment::Live, &mut random);
            let (key, name) = (key_id(number), format!("key {number}"));
            sqlx::query(KEY).bind(&key).bind(&account).bind(&name).bind(&scopes).bind(now).execute(&mut *tx).await?;
            sqlx::query(SECRET)
                .bind(key.replace("key_", "sec_"))
                .bind(&key)
                .bind(app.vault.pepper().digest(secret.expose()).to_vec())
                .bind(app.vault.pepper_id())
                .bind(format.hint(&secret, Environment::Live))
                .bind(now)
                .execute(&mut *tx)
                .await?;
            writeln!(out, "{}", secret.expose())?;
        }
        tx.commit().await?;
        number += BATCH;
    }
    out.flush()?;
    println!("{} keys in {}", options.keys, app.config.data_dir.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Options, fill};

    #[tokio::test]
    async fn the_store_as_it_is_can_be_filled() {
        let dir = tempfile::tempdir().unwrap();
        let (config, out) = (dir.path().join("keyward.toml"), dir.path().join("keys"));
        let text = "[apis.bench]\nupstream = 'http://127.0.0.1:9'\n[apis.bench.scopes]\nread = ''\n";
        std::fs::write(&config, format!("data_dir = {:?}\n{text}", dir.path().join("data"))).unwrap();
        fill(&Options { config, api: "bench".into(), keys: 3, out: out.clone() }).await.unwrap();
        assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 3);
    }
}
