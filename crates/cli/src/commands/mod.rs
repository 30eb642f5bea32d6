//! One file for each command.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod config;
mod dry_run;
pub(crate) mod init;
pub(crate) mod judge;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod management_keys;
pub(crate) mod notices;
pub(crate) mod operators;
pub(crate) mod outbox;
pub(crate) mod people;
mod policy;
pub(crate) mod roles;
mod serve;
pub(crate) mod usage;
pub(crate) mod webhooks;

pub(crate) use serve::finish;

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Cli, Command, Global};
use crate::output::{Cell, Output};
use crate::{client, demo};

/// Does what was asked.
pub(crate) async fn run(cli: Cli, output: Output) -> anyhow::Result<ExitCode> {
    let Cli { global, command } = cli;
    let global = &global;
    match command {
        Command::Demo(demo) => Box::pin(demo::run(&demo, output)).await?,
        Command::Serve => serve::run(global, output).await?,
        Command::Init(init) => init::run(&init, global, output).await?,
        Command::Migrate => init::migrate(global, output).await?,
        Command::Accounts(accounts) => accounts::run(accounts, global, output).await?,
        Command::Keys(keys) => keys::run(*keys, global, output).await?,
        Command::People(people) => people::run(people, global, output).await?,
        Command::Roles(roles) => roles::run(roles, global, output).await?,
        Command::Webhooks(webhooks) => webhooks::run(*webhooks, global, output).await?,
        Command::Operators(command) => operators::run(command, global, output).await?,
        Command::ManagementKeys(keys) => management_keys::run(keys, global, output).await?,
        Command::Logs(logs) => logs::run(*logs, global, output).await?,
        Command::Audit(command) => return audit::run(command, global, output).await,
        Command::Usage(usage) => usage::run(*usage, global, output).await?,
        Command::Notices(notices) => notices::run(notices, global, output).await?,
        Command::Outbox(outbox) => outbox::run(outbox, global, output).await?,
        Command::Whoami => whoami(global, output).await?,
        Command::Verify(judge) => return judge::verify(&judge, output).await,
        Command::Explain(judge) => return judge::explain(&judge, output).await,
        Command::Config(command) => config::run(&command, global, output)?,
        Command::Openapi => output.line(serde_json::to_string_pretty(&keyward_server::http::document())?)?,
        Command::Completions { shell } => completions(shell, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn whoami(global: &Global, output: Output) -> anyhow::Result<()> {
    let who = client::connect(global)?.whoami().await?;
    if output.is_json() {
        return output.json(&who);
    }
    output.facts(&[
        ("management key", Cell::maybe(who.management_key_id.as_ref())),
        ("manages", who.account_id.map_or_else(|| Cell::from("every account"), Cell::from)),
        ("may", who.permissions.join(" ").into()),
        ("in the audit", who.actor.into()),
        ("server", format!("Keyward {} at {}", who.server_version, global.url).into()),
    ])?;
    Ok(())
}

fn completions(shell: clap_complete::Shell, output: Output) -> anyhow::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keyward", &mut text);
    output.line(String::from_utf8(text)?.trim_end())?;
    Ok(())
}
