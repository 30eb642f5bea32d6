//! `keyward roles`: what people of an account may see and do.

use clap::Subcommand;
use keyward_sdk::wire::{Role, RoleSpec};

use super::people::Account;
use crate::args::Global;
use crate::client::connect;
use crate::output::{Cell, Output};

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Roles {
    /// List the roles that people of an account can have.
    List {
        #[command(flatten)]
        account: Account,
    },
    /// Make or change a role of the account's own.
    Set {
        /// Its name: a-z, 0-9, - and _.
        name: String,
        /// What people call it.
        #[arg(long, value_name = "TITLE")]
        title: Option<String>,
        /// What it permits: keys, people, usage, logs, settings or audit, each with .read or .write; may be repeated.
        #[arg(long = "permission", value_name = "AREA.DEED", required = true)]
        permissions: Vec<String>,
        #[command(flatten)]
        account: Account,
    },
    /// Remove a role of the account's own that nobody has.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        account: Account,
    },
}

pub(crate) async fn run(command: Roles, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        Roles::List { account } => {
            let page = client.roles(&account.id(client).await?).await?;
            if output.is_json() {
                return output.json(&page);
            }
            let row = |role: &Role| {
                vec![
                    Cell::from(role.name.clone()),
                    role.title.clone().into(),
                    role.permissions.join(" ").into(),
                    if role.own { "the account's own" } else { "" }.into(),
                ]
            };
            let rows: Vec<_> = page.items.iter().map(row).collect();
            Ok(output.table(&["NAME", "TITLE", "PERMITS", ""], &rows)?)
        }
        Roles::Set { name, title, permissions, account } => {
            let spec = RoleSpec { title, permissions };
            let role = client.put_role(&account.id(client).await?, &name, &spec).await?;
            if output.is_json() {
                return output.json(&role);
            }
            let Role { name, permissions, .. } = role.object;
            Ok(output.line(format_args!("{name} permits {}", permissions.join(" ")))?)
        }
        Roles::Remove { name, account } => {
            let done = client.delete_role(&account.id(client).await?, &name).await?;
            if output.is_json() { output.json(&done) } else { Ok(output.line(format_args!("{name} is removed"))?) }
        }
    }
}
