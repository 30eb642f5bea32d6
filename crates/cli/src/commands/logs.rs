//! `keyward logs`: the request log, as a table, as a file, or as it grows.

use std::io::Write as _;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use keyward_sdk::client::{Client, Download};
use keyward_sdk::wire::{
    Environment, Kind, LogBodiesQuery, LogBody, LogEntry, LogExportQuery, LogFilter, LogFormat, LogMissing, LogOutcome,
    LogPage, LogQuery, LogSource, LogStatus, LogTailQuery,
};

use super::accounts::more;
use crate::args::{Global, Paging, one_of};
use crate::client::connect;
use crate::failure::Usage;
use crate::output::{Cell, Output, Tone};

/// Rows that `--all` fetches at once.
const AT_ONCE: u32 = 1_000;
/// Longest line of a stream that is a row.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Look at requests: what was asked, what came of it, why it was refused.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Logs {
    #[command(subcommand)]
    command: Option<LogsCommand>,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    paging: Paging,
    /// Show requests as they come; with --json a row as JSON on each line.
    #[arg(long, short, conflicts_with_all = ["csv", "ndjson", "parquet", "size", "cursor", "all", "since", "until"])]
    follow: bool,
    /// Write all of them as comma-separated values.
    #[arg(long, group = "file", conflicts_with_all = ["size", "cursor", "all"])]
    csv: bool,
    /// Write all of them as JSON, a row on each line.
    #[arg(long, group = "file", conflicts_with_all = ["size", "cursor", "all"])]
    ndjson: bool,
    /// Write all of them as a Parquet file.
    #[arg(long, group = "file", conflicts_with_all = ["size", "cursor", "all"])]
    parquet: bool,
}

#[derive(Debug, Subcommand)]
enum LogsCommand {
    /// What was kept of one request's bodies, on a route with `log_bodies`.
    Bodies {
        /// The request's id, as in X-Request-Id.
        request_id: String,
    },
    /// What was decided, stored and dropped, and whether the log can be written.
    Status,
}

/// Which requests.
#[derive(Debug, Args)]
struct Wanted {
    /// Not before: an RFC 3339 time, or how long ago, such as 15m, 2h or 3d.
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    since: Option<String>,
    /// Before: likewise.
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    until: Option<String>,
    /// Of this account.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Of this key: `key_…`.
    #[arg(long, value_name = "KEY")]
    key_id: Option<String>,
    /// Of this person's keys.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// For this API.
    #[arg(long)]
    api: Option<String>,
    /// On this route, by its pattern.
    #[arg(long, value_name = "PATTERN")]
    route: Option<String>,
    /// In this region.
    #[arg(long)]
    region: Option<String>,
    /// With this method.
    #[arg(long)]
    method: Option<String>,
    /// With this path; one that ends in `*` is a beginning.
    #[arg(long)]
    path: Option<String>,
    /// With this status (404), class (4xx) or range (500-504).
    #[arg(long)]
    status: Option<String>,
    /// With this code, such as `rate_limited`.
    #[arg(long)]
    code: Option<String>,
    /// With this outcome.
    #[arg(long, value_parser = one_of::<LogOutcome>(&["success", "error", "refused"]))]
    outcome: Option<LogOutcome>,
    /// Invalid for this reason, such as `unknown` or `deleted`.
    #[arg(long)]
    reason: Option<String>,
    /// With this fingerprint.
    #[arg(long)]
    fingerprint: Option<String>,
    /// Decided there.
    #[arg(long, value_parser = one_of::<LogSource>(&["gateway", "auth"]))]
    source: Option<LogSource>,
    /// With a key of this kind.
    #[arg(long, value_parser = one_of::<Kind>(&["account", "personal"]))]
    kind: Option<Kind>,
    /// Of this environment.
    #[arg(long, value_parser = one_of::<Environment>(&["live", "test"]))]
    environment: Option<Environment>,
    /// From this address or range, such as 10.0.0.0/8.
    #[arg(long)]
    address: Option<String>,
    /// With a user agent that holds this text.
    #[arg(long)]
    agent: Option<String>,
    /// With this request id.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// That took at least so many milliseconds.
    #[arg(long, value_name = "MS")]
    slower_than: Option<u32>,
}

impl Wanted {
    fn filter(self) -> LogFilter {
        LogFilter {
            since: self.since,
            until: self.until,
            account_id: self.account,
            key_id: self.key_id,
            person_id: self.person,
            api: self.api,
            route: self.route,
            region: self.region,
            method: self.method,
            path: self.path,
            status: self.status,
            code: self.code,
            outcome: self.outcome,
            reason: self.reason,
            fingerprint: self.fingerprint,
            source: self.source,
            kind: self.kind,
            environment: self.environment,
            address: self.address,
            agent: self.agent,
            request_id: self.request_id,
            slower_than_ms: self.slower_than,
        }
    }
}

/// An instant, or one so long ago, as RFC 3339.
fn instant(text: &str) -> Result<String, String> {
    if text.parse::<Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    let wrong = || format!("`{text}` is neither an RFC 3339 time nor a duration such as 15m, 2h or 3d");
    let unit_at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let count = text[..unit_at].parse::<i64>().ok().filter(|count| *count >= 0).ok_or_else(wrong)?;
    let seconds = match &text[unit_at..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let ago = count.checked_mul(seconds).ok_or_else(wrong)?;
    let at = Timestamp::now().checked_sub(SignedDuration::from_secs(ago)).map_err(|_| wrong())?;
    Ok(at.to_string())
}

pub(crate) async fn run(logs: Logs, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match logs.command {
        Some(LogsCommand::Status) => return status(client, output).await,
        Some(LogsCommand::Bodies { request_id }) => return bodies(client, request_id, output).await,
        None => {}
    }
    let format = match (logs.csv, logs.ndjson, logs.parquet) {
        (true, _, _) => Some(LogFormat::Csv),
        (_, true, _) => Some(LogFormat::Ndjson),
        (_, _, true) => Some(LogFormat::Parquet),
        (false, false, false) => None,
    };
    let filter = logs.wanted.filter();
    match format {
        Some(format) => {
            let query = LogExportQuery { format, ..LogExportQuery::of(filter) };
            write(client.export_logs(&query).await?).await
        }
        None if logs.follow => follow(client.tail_logs(&LogTailQuery::of(filter)).await?, output).await,
        None => list(client, filter, &logs.paging, output).await,
    }
}

async fn list(client: &Client, filter: LogFilter, paging: &Paging, output: Output) -> anyhow::Result<()> {
    let limit = if paging.all { Some(AT_ONCE) } else { paging.size };
    let mut page = LogPage { items: vec![], next_cursor: paging.cursor.clone(), missing: vec![] };
    loop {
        let query = LogQuery { limit, cursor: page.next_cursor.take(), ..LogQuery::of(filter.clone()) };
        let next = client.logs(&query).await?;
        page.items.extend(next.items);
        (page.next_cursor, page.missing) = (next.next_cursor, next.missing);
        // A page without rows that is not the last has only looked so far.
        let is_enough = !paging.all && !page.items.is_empty();
        if page.next_cursor.is_none() || is_enough {
            break;
        }
    }
    if output.is_json() {
        return output.json(&page);
    }
    let rows: Vec<_> = page.items.iter().map(cells).collect();
    output.table(&HEADINGS, &rows)?;
    tell_missing(&page.missing, output);
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn tell_missing(missing: &[LogMissing], output: Output) {
    for LogMissing { reason, since, until, records } in missing {
        output.remark(format_args!("{records} requests are missing ({reason}) between {since} and {until}"));
    }
}

async fn bodies(client: &Client, request_id: String, output: Output) -> anyhow::Result<()> {
    let bodies = client.log_bodies(&LogBodiesQuery { request_id }).await?;
    if output.is_json() {
        return output.json(&bodies);
    }
    if bodies.request.is_none() && bodies.answer.is_none() {
        output.remark("nothing was kept: its route has no `log_bodies`");
    }
    for (name, body) in [("request", &bodies.request), ("answer", &bodies.answer)] {
        let Some(LogBody { text, cut }) = body else { continue };
        let more = if *cut { ", and more that was not kept" } else { "" };
        output.line(format_args!("{} ({} bytes{more})", output.paint(name, Tone::Plain), text.len()))?;
        output.line(text)?;
    }
    Ok(())
}

const HEADINGS: [&str; 9] = ["AT", "STATUS", "CODE", "MS", "METHOD", "PATH", "KEY", "ACCOUNT", "FROM"];

fn cells(row: &LogEntry) -> Vec<Cell> {
    let tone = match row.outcome {
        LogOutcome::Success => Tone::Good,
        LogOutcome::Error => Tone::Bad,
        LogOutcome::Refused => Tone::Careful,
    };
    let code = row.reason.as_ref().or(row.code.as_ref());
    let ms = f64::from(row.total_us) / 1_000.0;
    vec![
        row.at.clone().into(),
        Cell::new(row.status, tone),
        code.map_or_else(|| Cell::maybe(None::<&str>), |code| Cell::new(code, tone)),
        format!("{ms:.1}").into(),
        row.method.clone().into(),
        row.path.clone().into(),
        Cell::maybe(row.key_name.as_ref().or(row.key_id.as_ref()).or(row.fingerprint.as_ref())),
        Cell::maybe(row.account_id.as_ref()),
        Cell::maybe(row.address.as_ref()),
    ]
}

async fn write(mut file: Download) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    while let Some(piece) = file.piece().await? {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}

/// Shows the events of a stream until it ends.
async fn follow(mut stream: Download, output: Output) -> anyhow::Result<()> {
    let mut text = Vec::new();
    let mut event = String::new();
    while let Some(piece) = stream.piece().await? {
        text.extend_from_slice(&piece);
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data:") {
                show(&event, data.trim(), output)?;
            }
        }
        if text.len() > LINE_BYTES_MAX {
            return Err(Usage("what comes is no stream of rows; is the address right?".into()).into());
        }
    }
    output.remark("The stream has ended: the server stops, or the management key may not read logs any more.");
    Ok(())
}

fn show(event: &str, data: &str, output: Output) -> anyhow::Result<()> {
    match event {
        "row" if output.is_json() => output.line(data)?,
        "row" => {
            let row: LogEntry = serde_json::from_str(data)?;
            let cells = cells(&row).into_iter().map(|cell| cell.painted(output)).collect::<Vec<_>>();
            output.line(cells.join("  "))?;
        }
        "missed" => output.remark(format_args!("more came than could be shown: {data}")),
        _ => {}
    }
    Ok(())
}

async fn status(client: &Client, output: Output) -> anyhow::Result<()> {
    let status = client.log_status().await?;
    if output.is_json() {
        return output.json(&status);
    }
    let LogStatus { decided, stored, under_way, failing, failing_since, records, bytes, segments, oldest, .. } =
        &status;
    let dropped = status.dropped.iter().filter(|one| one.records > 0);
    let dropped: Vec<_> = dropped.map(|one| format!("{} {}", one.records, one.reason)).collect();
    let state = match failing.as_ref().zip(failing_since.as_ref()) {
        None => Cell::new("written", Tone::Good),
        Some((why, since)) => Cell::new(format!("not written since {since}: {why}"), Tone::Bad),
    };
    output.facts(&[
        ("state", state),
        ("decided", decided.to_string().into()),
        ("stored", stored.to_string().into()),
        ("dropped", Cell::maybe((!dropped.is_empty()).then(|| dropped.join(", ")))),
        ("under way", under_way.to_string().into()),
        ("rows kept", records.to_string().into()),
        ("size", format!("{bytes} bytes, {segments} segments").into()),
        ("oldest row", Cell::maybe(oldest.as_ref())),
    ])?;
    tell_missing(&status.missing, output);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_may_be_said_by_its_distance() {
        assert_eq!(instant("2026-03-01T10:00:00Z").as_deref(), Ok("2026-03-01T10:00:00Z"));
        for ago in ["15m", "2h", "3d", "90s", "0s"] {
            assert!(instant(ago).is_ok_and(|at| at.parse::<Timestamp>().is_ok()), "{ago}");
        }
        for bad in ["", "m", "2w", "-3h", "soon", "é", "99999999999999999d"] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }
}
