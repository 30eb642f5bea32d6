//! `keyward management-keys`: what authenticates automation to the management API.

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{ManagementKey, NewManagementKey, PageQuery};

use super::accounts::more;
use crate::args::{Global, Paging};
use crate::client::{connect, pages};
use crate::output::{Cell, Output, Tone};
use crate::terms::Lifetime;
use crate::when::relative;

/// What to do with management keys.
#[derive(Debug, Subcommand)]
pub(crate) enum ManagementKeys {
    /// List them, newest first.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Make one; its secret is shown this once.
    Create {
        /// What it is called.
        name: String,
        /// The one account it manages; all of them when left out.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// What it may do, such as keys.write; may be repeated. Everything you may, when left out.
        #[arg(long = "permission", value_name = "AREA.DEED")]
        permissions: Vec<String>,
        #[command(flatten)]
        lifetime: Lifetime,
    },
    /// End one for good.
    Revoke {
        /// `mk_…`
        management_key: String,
    },
}

pub(crate) async fn run(command: ManagementKeys, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        ManagementKeys::List { paging } => list(client, &paging, output).await,
        ManagementKeys::Create { name, account, permissions, lifetime } => {
            let permissions = (!permissions.is_empty()).then_some(permissions);
            let new = NewManagementKey { name, account_id: account, permissions, expires: lifetime.expires() };
            let made = client.create_management_key(&new, None).await?;
            if output.is_json() {
                return output.json(&made);
            }
            let secret = made.secret.as_ref().context("the answer has no secret")?;
            output.facts(&[
                ("id", made.key.id.into()),
                ("name", made.key.name.into()),
                ("secret", Cell::new(secret.expose(), Tone::Heading)),
            ])?;
            output.remark(output.paint_stderr("This secret is shown once: keep it now.", Tone::Careful));
            Ok(())
        }
        ManagementKeys::Revoke { management_key } => {
            let revoked = client.revoke_management_key(&management_key).await?;
            let told = || output.line(format_args!("{management_key} is revoked"));
            if output.is_json() { output.json(&revoked) } else { Ok(told()?) }
        }
    }
}

async fn list(client: &Client, paging: &Paging, output: Output) -> anyhow::Result<()> {
    let page = pages(paging, |limit, cursor| async move { client.management_keys(&PageQuery { limit, cursor }).await });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |key: &ManagementKey| {
        vec![
            Cell::from(key.id.clone()),
            key.name.clone().into(),
            key.account_id.clone().unwrap_or_else(|| "every account".into()).into(),
            status(key, now),
            Cell::maybe(key.expires_at.as_ref().map(|at| relative(at, now))),
            relative(&key.created_at, now).into(),
            Cell::new(&key.hint, Tone::Quiet),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["ID", "NAME", "MANAGES", "STATUS", "EXPIRES", "CREATED", "HINT"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn status(key: &ManagementKey, now: Timestamp) -> Cell {
    let is_over = key.expires_at.as_ref().and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|end| end <= now);
    match (key.revoked_at.is_some(), is_over) {
        (true, _) => Cell::new("revoked", Tone::Bad),
        (false, true) => Cell::new("expired", Tone::Bad),
        (false, false) => Cell::new("active", Tone::Good),
    }
}
