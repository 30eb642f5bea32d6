//! `keyward usage`: what happened, how it went, and who called.

mod show;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{CallersQuery, Environment, HygieneQuery, UsageBy, UsageQuery, UsageTopQuery};

use super::dry_run;
use super::keys::show as shown_key;
use crate::args::{Global, one_of};
use crate::client::{account, connect};
use crate::output::Output;

/// What happened: counts, success rates and response times. Without a command, step by step.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Usage {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    series: Series,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Those with the most requests.
    Top(Top),
    /// Who breaks if a key is revoked: who called it, from where, and on which routes.
    Callers {
        /// The key.
        key: String,
        /// In so many last days, 30 unless said.
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// What is better tidied up in an account: idle keys, keys that never end or work from anywhere, scopes that were
    /// never used, rotations to complete, and what still arrives with keys that are over.
    Hygiene {
        /// The account; the management key's own unless said.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Idle is what was not used for so many days, 90 unless said.
        #[arg(long, value_name = "DAYS")]
        idle_days: Option<u32>,
    },
    /// Take from a key the scopes it was never used for.
    Shrink {
        /// The key.
        key: String,
        /// Change nothing and say what it would lose.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Whose requests, and when.
#[derive(Debug, Args)]
struct Series {
    /// Of this account.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Of the key with this id.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// Of this API.
    #[arg(long, value_name = "API")]
    api: Option<String>,
    /// On this route, by its pattern.
    #[arg(long, value_name = "PATTERN")]
    route: Option<String>,
    /// Of keys of this environment.
    #[arg(long, value_parser = one_of::<Environment>(&["live", "test"]))]
    environment: Option<Environment>,
    /// With this outcome: ok, client_error, server_error, broken_off, or a refusal's code.
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    #[command(flatten)]
    when: When,
    /// The length of a step, such as 5m, 1h or 1d.
    #[arg(long, value_name = "STEP", value_parser = seconds)]
    step: Option<u32>,
}

#[derive(Debug, Args)]
struct When {
    /// The last so long, such as 2h, 7d or 90d; a day unless said.
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "from")]
    last: Option<u32>,
    /// From this instant on, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until this instant; now unless said.
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    to: Option<String>,
}

#[derive(Debug, Args)]
struct Top {
    /// What is counted.
    #[arg(long, default_value = "key",
        value_parser = one_of::<UsageBy>(&["key", "route", "account", "address", "agent"]))]
    by: UsageBy,
    /// Of this account.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Of the key with this id.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// Of this API.
    #[arg(long, value_name = "API")]
    api: Option<String>,
    #[command(flatten)]
    when: When,
    /// Most entries, 1 to 100.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: Option<u32>,
}

/// Seconds of `90s`, `5m`, `2h` or `7d`.
fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || "expected a number with s, m, h or d behind it, such as 15m".to_owned();
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

impl When {
    /// From when and until when.
    fn span(&self, now: Timestamp) -> (Option<String>, Option<String>) {
        let ago = |seconds: u32| now - jiff::SignedDuration::from_secs(i64::from(seconds));
        (self.last.map(|seconds| ago(seconds).to_string()).or_else(|| self.from.clone()), self.to.clone())
    }
}

pub(crate) async fn run(usage: Usage, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match usage.command {
        None => series(client, usage.series, output).await,
        Some(Command::Top(top)) => self::top(client, top, output).await,
        Some(Command::Callers { key, days }) => {
            let callers = client.callers(&key, &CallersQuery { days }).await?;
            if output.is_json() { output.json(&callers) } else { show::callers(&callers, output) }
        }
        Some(Command::Hygiene { account: named, idle_days }) => {
            let account = account(client, named.as_deref()).await?;
            let hygiene = client.hygiene(&account, &HygieneQuery { idle_days }).await?;
            if output.is_json() { output.json(&hygiene) } else { show::hygiene(&hygiene, output) }
        }
        Some(Command::Shrink { key, dry_run: true }) => {
            dry_run::shown(&client.rehearse_shrink_key(&key).await?, output)
        }
        Some(Command::Shrink { key, dry_run: false }) => {
            let changed = client.shrink_key(&key).await?;
            if output.is_json() { output.json(&changed) } else { Ok(shown_key::key(&changed.object, output)?) }
        }
    }
}

async fn series(client: &Client, series: Series, output: Output) -> anyhow::Result<()> {
    let (from, to) = series.when.span(Timestamp::now());
    let query = UsageQuery {
        account_id: series.account,
        key_id: series.key_id,
        api: series.api,
        route: series.route,
        environment: series.environment,
        outcome: series.outcome,
        from,
        to,
        step_s: series.step,
    };
    let usage = client.usage(&query).await?;
    if output.is_json() { output.json(&usage) } else { show::series(&usage, output) }
}

async fn top(client: &Client, top: Top, output: Output) -> anyhow::Result<()> {
    let (from, to) = top.when.span(Timestamp::now());
    let query = UsageTopQuery {
        by: top.by,
        account_id: top.account,
        key_id: top.key_id,
        api: top.api,
        from,
        to,
        limit: top.limit,
    };
    let top = client.usage_top(&query).await?;
    if output.is_json() {
        return output.json(&top);
    }
    show::top(&top, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        assert_eq!(["90s", "5m", "2h", "7d"].map(seconds), [Ok(90), Ok(300), Ok(7_200), Ok(604_800)]);
        for wrong in ["", "5", "m", "5µ", "-1h", "0m", "99999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
