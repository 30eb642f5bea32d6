//! The store opened by this program itself, beside a server that may be running on it: for what only somebody at
//! the machine's own command line may do.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use keyward_server::app::App;
use keyward_server::config::Config;
use keyward_server::db::Db;
use keyward_server::operation::OpError;
use keyward_server::vault::Vault;

/// Opens the store. Nothing is served, and the counters of a running server are not touched.
pub(crate) async fn open(config: Arc<Config>) -> anyhow::Result<App> {
    make_dir(&config.data_dir)?;
    App::open_beside(config).await.context("the store can't be opened")
}

/// Opens the store and its keys only to read them.
pub(crate) async fn store(config: &Config) -> anyhow::Result<(Db, Vault)> {
    let db = Db::open(&config.store_url, &config.data_dir).await.context("the store can't be opened")?;
    let vault = Vault::open(&config.data_dir, &db, config.audit.key.as_ref()).await;
    Ok((db, vault.context("the store's keys can't be read; is it a store that `keyward init` made?")?))
}

/// Makes the data directory, for its owner only.
pub(crate) fn make_dir(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("the data directory {} can't be made", dir.display()))
}

/// An operation's refusal with everything it found, as the API words it.
pub(crate) fn refused(error: OpError) -> anyhow::Error {
    match error {
        OpError::Invalid(fields) => {
            let lines = fields.iter().map(|field| format!("\n  {}: {}", field.pointer, field.message));
            anyhow::anyhow!("some values are refused{}", lines.collect::<String>())
        }
        other => other.into(),
    }
}
