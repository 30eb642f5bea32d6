//! `keyward webhooks`: programs of an account that are told what happens.

use clap::Subcommand;
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{Delivery, DeliveryQuery, NewWebhook, SecretText, Webhook, WebhookEdit, WebhookWithSecret};

use super::accounts::more;
use super::people::Account;
use crate::args::{Global, Paging};
use crate::client::{connect, pages};
use crate::input;
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// List the webhooks of an account.
    List {
        #[command(flatten)]
        account: Account,
    },
    /// Add a webhook; its signing secret is shown this once.
    Add {
        /// Where to post to, https.
        #[arg(value_name = "URL")]
        to: String,
        /// What it is told of, such as key.revoked or person.*; everything when left out. May be repeated.
        #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
        kinds: Vec<String>,
        #[command(flatten)]
        account: Account,
    },
    /// Change a webhook. For a new URL the signing secret is read from standard input.
    Edit {
        /// `whk_…`
        webhook: String,
        /// Where to post to from now on.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
        /// What it is told of; may be repeated.
        #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
        kinds: Vec<String>,
        /// Switch it on, forgetting what failed before.
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Switch it off.
        #[arg(long)]
        disable: bool,
        #[command(flatten)]
        account: Account,
    },
    /// Make a new signing secret; for 24 hours both sign.
    RotateSecret {
        /// `whk_…`
        webhook: String,
        #[command(flatten)]
        account: Account,
    },
    /// Remove a webhook.
    Remove {
        /// `whk_…`
        webhook: String,
        #[command(flatten)]
        account: Account,
    },
    /// List the attempts to tell a webhook anything, newest first.
    Deliveries {
        /// `whk_…`
        webhook: String,
        /// Only those of this parcel.
        #[arg(long, value_name = "PARCEL")]
        parcel: Option<String>,
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        paging: Paging,
    },
    /// Send a parcel again, whether it arrived or was given up.
    Resend {
        /// `whk_…`
        webhook: String,
        /// `pcl_…`
        parcel: String,
        #[command(flatten)]
        account: Account,
    },
    /// Send a test at once and say what became of it.
    Test {
        /// `whk_…`
        webhook: String,
        #[command(flatten)]
        account: Account,
    },
}

pub(crate) async fn run(command: Webhooks, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        Webhooks::List { account } => list(client, &account.id(client).await?, output).await,
        Webhooks::Add { to, kinds, account } => {
            let new = NewWebhook { url: to, kinds: (!kinds.is_empty()).then_some(kinds), enabled: None };
            let made = client.create_webhook(&account.id(client).await?, &new, None).await?;
            with_secret(&made, output)
        }
        Webhooks::Edit { webhook, to, kinds, enable, disable, account } => {
            let secret = to.as_ref().map(|_| input::secret("signing secret")).transpose()?.map(SecretText::new);
            let enabled = (enable || disable).then_some(enable);
            let edit = WebhookEdit { url: to, secret, kinds: (!kinds.is_empty()).then_some(kinds), enabled };
            let changed = client.edit_webhook(&account.id(client).await?, &webhook, &edit, None).await?;
            if output.is_json() { output.json(&changed) } else { shown(&changed.object, output) }
        }
        Webhooks::RotateSecret { webhook, account } => {
            let made = client.rotate_webhook_secret(&account.id(client).await?, &webhook).await?;
            with_secret(&made, output)
        }
        Webhooks::Remove { webhook, account } => {
            let done = client.delete_webhook(&account.id(client).await?, &webhook).await?;
            if output.is_json() { output.json(&done) } else { Ok(output.line(format_args!("{webhook} is removed"))?) }
        }
        Webhooks::Deliveries { webhook, parcel, account, paging } => {
            deliveries(client, &account.id(client).await?, &webhook, parcel, &paging, output).await
        }
        Webhooks::Resend { webhook, parcel, account } => {
            let done = client.resend_delivery(&account.id(client).await?, &webhook, &parcel).await?;
            if output.is_json() { output.json(&done) } else { Ok(output.line(format_args!("{parcel} is on its way"))?) }
        }
        Webhooks::Test { webhook, account } => {
            let attempt = client.test_webhook(&account.id(client).await?, &webhook).await?;
            if output.is_json() {
                return output.json(&attempt);
            }
            output.facts(&[
                ("answered", Cell::maybe(attempt.status)),
                ("took", format!("{} ms", attempt.took_ms).into()),
                ("error", Cell::maybe(attempt.error.as_ref())),
            ])?;
            Ok(())
        }
    }
}

async fn list(client: &Client, account: &str, output: Output) -> anyhow::Result<()> {
    let page = client.webhooks(account).await?;
    if output.is_json() {
        return output.json(&page);
    }
    let row = |webhook: &Webhook| {
        vec![Cell::from(webhook.id.clone()), webhook.url.clone().into(), webhook.kinds.join(" ").into(), state(webhook)]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    Ok(output.table(&["ID", "URL", "KINDS", "STATE"], &rows)?)
}

async fn deliveries(
    client: &Client,
    account: &str,
    webhook: &str,
    parcel: Option<String>,
    paging: &Paging,
    output: Output,
) -> anyhow::Result<()> {
    let page = pages(paging, |limit, cursor| {
        let query = DeliveryQuery { limit, cursor, parcel_id: parcel.clone() };
        async move { client.deliveries(account, webhook, &query).await }
    });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |attempt: &Delivery| {
        vec![
            Cell::from(relative(&attempt.at, now)),
            attempt.kind.clone().into(),
            attempt.parcel_id.clone().into(),
            attempt.attempt.to_string().into(),
            Cell::maybe(attempt.status),
            Cell::maybe(attempt.error.as_ref()),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["WHEN", "KIND", "PARCEL", "ATTEMPT", "STATUS", "ERROR"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn state(webhook: &Webhook) -> Cell {
    match (webhook.enabled, &webhook.failing_since) {
        (false, _) => Cell::new("off", Tone::Careful),
        (true, Some(_)) => Cell::new("failing", Tone::Careful),
        (true, None) => Cell::new("on", Tone::Plain),
    }
}

fn shown(webhook: &Webhook, output: Output) -> anyhow::Result<()> {
    output.facts(&[
        ("id", webhook.id.clone().into()),
        ("url", webhook.url.clone().into()),
        ("kinds", webhook.kinds.join(" ").into()),
        ("state", state(webhook)),
        ("failing since", Cell::maybe(webhook.failing_since.as_ref())),
        ("switched off", Cell::maybe(webhook.disabled_why.as_ref())),
        ("old secret until", Cell::maybe(webhook.old_secret_until.as_ref())),
        ("account", webhook.account_id.clone().into()),
    ])?;
    Ok(())
}

fn with_secret(made: &WebhookWithSecret, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(made);
    }
    shown(&made.webhook, output)?;
    let Some(secret) = &made.secret else { return Ok(()) };
    output.facts(&[("signing secret", Cell::new(secret.expose(), Tone::Heading))])?;
    output.remark(output.paint_stderr("The signing secret is shown this once.", Tone::Careful));
    Ok(())
}
