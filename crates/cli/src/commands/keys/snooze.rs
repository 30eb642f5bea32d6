//! `keyward keys snooze`.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use keyward_sdk::client::Client;

use super::show;
use crate::output::Output;

/// Not being reminded of a key's end for a while.
#[derive(Debug, Args)]
pub(crate) struct Snooze {
    /// `key_…`
    key: String,
    /// For how long, such as 14d or 12h; that it has ended is told all the same.
    #[arg(long = "for", value_name = "TIME", value_parser = crate::terms::seconds, default_value = "7d")]
    time: u32,
    /// Be reminded again instead.
    #[arg(long, conflicts_with = "time")]
    end: bool,
}

pub(super) async fn run(client: &Client, snooze: Snooze, output: Output) -> anyhow::Result<()> {
    let until = (!snooze.end).then(|| Timestamp::now() + SignedDuration::from_secs(i64::from(snooze.time)));
    let changed = client.snooze_key(&snooze.key, until.map(|until| until.to_string())).await?;
    if output.is_json() { output.json(&changed) } else { Ok(show::key(&changed.object, output)?) }
}
