//! `keyward init` and `keyward migrate`: the store, before anything is served.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use keyward_core::expiry::Lifetime;
use keyward_sdk::wire::{Effective, ManagementKeyCreated, SecretText};
use keyward_server::changes::{Actor, Reach};
use keyward_server::db::Db;
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::Page;
use serde_json::json;

use super::config;
use crate::args::Global;
use crate::local;
use crate::output::{Output, Tone};

/// Most management keys that are looked through for one in force.
const PAGE_MAX: u32 = 200;

/// The first management key.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Make one more management key, though there is one already.
    #[arg(long)]
    another: bool,
    /// What it is called.
    #[arg(long, value_name = "NAME", default_value = "Operator")]
    name: String,
    /// Ends this many times 24 hours from now; never unless said.
    #[arg(long, value_name = "COUNT")]
    days: Option<u32>,
}

/// Makes what is missing and the first management key, which is printed this once.
pub(crate) async fn run(init: &Init, global: &Global, output: Output) -> anyhow::Result<()> {
    let config = Arc::new(config::load(&global.config)?);
    let data_dir = config.data_dir.clone();
    let app = local::open(config).await?;
    if !init.another && has_operator_key(&app).await? {
        bail!(
            "this store has a management key already: it was shown when it was made; \
             `keyward init --another` makes one more"
        );
    }
    let new = NewManagementKey {
        name: init.name.clone(),
        account: None,
        permissions: None,
        lifetime: init.days.map_or(Lifetime::Infinite, Lifetime::Days),
    };
    let made = management::create(&app, Reach::All, Actor::cli(), new, None).await.map_err(local::refused)?;
    let secret = made.secret.context("the management key's secret was not given")?;
    if output.is_json() {
        return output.json(&ManagementKeyCreated {
            key: made.key.into(),
            secret: Some(SecretText::new(secret.expose())),
            effective: Effective::All,
        });
    }
    output.remark(format_args!("The store and its secrets are in {} (only you can read them).", data_dir.display()));
    output.remark(
        "Keep `pepper` and `key-encryption-key` apart from backups of the store: it is useless without them.\n",
    );
    output.line(format_args!("export KEYWARD_KEY={}", secret.expose()))?;
    output.remark(format_args!(
        "\n{} Keep it in a file that only you can read: chmod 600 FILE, then KEYWARD_KEY_FILE=FILE.",
        output.paint_stderr("This management key is shown once.", Tone::Careful)
    ));
    Ok(())
}

/// Whether some management key in force reaches every account.
async fn has_operator_key(app: &keyward_server::app::App) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let mut cursor = None;
    loop {
        let page = Page { limit: PAGE_MAX, cursor };
        let page = management::list(app, Reach::All, page).await.map_err(local::refused)?;
        let in_force = page.items.iter().any(|key| {
            let is_over = key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now);
            key.account.is_none() && !is_over
        });
        if in_force {
            return Ok(true);
        }
        match page.next_cursor {
            None => return Ok(false),
            next => cursor = next,
        }
    }
}

/// Brings the store's tables up to date.
pub(crate) async fn migrate(global: &Global, output: Output) -> anyhow::Result<()> {
    let config = config::load(&global.config)?;
    local::make_dir(&config.data_dir)?;
    let db = Db::open(&config.store_url, &config.data_dir).await?;
    db.migrate().await.context("the store could not be migrated")?;
    if output.is_json() {
        return output.json(&json!({ "migrated": true }));
    }
    Ok(output.line("The store is up to date.")?)
}
