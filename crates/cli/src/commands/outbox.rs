//! `keyward outbox`: notices on their way to mailboxes and webhooks.

use clap::Subcommand;
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{Channel, OutboxQuery, Parcel, ParcelState};

use super::accounts::more;
use crate::args::{Global, Paging, one_of};
use crate::client::{connect, pages};
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// What to do with the outbox.
#[derive(Debug, Subcommand)]
pub(crate) enum Outbox {
    /// List what is on its way, arrived or was given up, newest first.
    List {
        /// That stand so.
        #[arg(long, value_parser = one_of::<ParcelState>(&["waiting", "held", "folded", "sent", "dead"]))]
        state: Option<ParcelState>,
        /// That travel so.
        #[arg(long, value_parser = one_of::<Channel>(&["mail", "webhook"]))]
        channel: Option<Channel>,
        /// Of this account.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Send something once more that arrived or was given up.
    Resend {
        /// `pcl_…`
        parcel: String,
    },
}

pub(crate) async fn run(command: Outbox, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        Outbox::List { state, channel, account, paging } => {
            let query = OutboxQuery { state, channel, account_id: account, ..OutboxQuery::default() };
            list(client, &query, &paging, output).await
        }
        Outbox::Resend { parcel } => {
            let resent = client.resend(&parcel).await?;
            let told = || output.line(format_args!("{parcel} is on its way again"));
            if output.is_json() { output.json(&resent) } else { Ok(told()?) }
        }
    }
}

async fn list(client: &Client, query: &OutboxQuery, paging: &Paging, output: Output) -> anyhow::Result<()> {
    let page =
        pages(
            paging,
            |limit, cursor| async move { client.outbox(&OutboxQuery { limit, cursor, ..query.clone() }).await },
        );
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |parcel: &Parcel| {
        vec![
            Cell::from(parcel.id.clone()),
            state(parcel.state),
            parcel.kind.clone().into(),
            parcel.to.clone().into(),
            parcel.attempts.to_string().into(),
            Cell::maybe(parcel.due_at.as_ref().map(|at| relative(at, now))),
            relative(&parcel.created_at, now).into(),
            Cell::maybe(parcel.last_error.as_ref()),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["ID", "STATE", "NOTICE", "TO", "TRIED", "NEXT", "CREATED", "WHAT WENT WRONG"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn state(state: ParcelState) -> Cell {
    match state {
        ParcelState::Waiting => Cell::new("waiting", Tone::Careful),
        ParcelState::Held => Cell::new("held", Tone::Quiet),
        ParcelState::Folded => Cell::new("folded", Tone::Quiet),
        ParcelState::Sent => Cell::new("sent", Tone::Good),
        ParcelState::Dead => Cell::new("dead", Tone::Bad),
    }
}
