//! `keyward audit`: what was changed by whom, and whether the record of it is whole.

use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use keyward_sdk::wire::{AuditEvent, AuditExportQuery, AuditFormat, AuditQuery};
use keyward_server::audit::{self, Heads, Report};
use serde_json::json;

use super::accounts::more;
use super::config;
use crate::args::{Global, Paging};
use crate::client::{connect, pages};
use crate::local;
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List events, newest first.
    List {
        /// Of this account.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// About this object.
        #[arg(long, value_name = "ID")]
        subject: Option<String>,
        /// By this actor, such as management_key:mk_…
        #[arg(long, value_name = "ACTOR")]
        actor: Option<String>,
        /// Of this kind, such as key.revoked
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Write all events to standard output, oldest first.
    Export {
        /// How.
        #[arg(long, value_enum, default_value_t = Format::Ndjson)]
        format: Format,
        /// Not made before this instant, such as 2026-03-01T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Made before this instant.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Of this account.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Look at every event in the store for one that was changed, removed or reordered. Exit code 0: none, 1: some.
    ///
    /// It reads store and audit key itself and needs no server. Signed heads kept elsewhere show even a past that was
    /// rewritten by somebody who has the audit key.
    Verify {
        /// Signed heads to compare with, a line each.
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
    /// Sign where the audit ends now and print it, to be kept elsewhere.
    Head,
    /// Print the public key that signed heads are checked with.
    Key,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // An event as JSON on each line.
    Ndjson,
    // Comma-separated values.
    Csv,
}

pub(crate) async fn run(command: Audit, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
    match command {
        Audit::List { account: account_id, subject, actor, action, paging } => {
            let query = AuditQuery { account_id, subject, actor, action, ..AuditQuery::default() };
            list(query, &paging, global, output).await?;
        }
        Audit::Export { format, since, until, account: account_id } => {
            let format = match format {
                Format::Ndjson => AuditFormat::Ndjson,
                Format::Csv => AuditFormat::Csv,
            };
            export(&AuditExportQuery { format, since, until, account_id }, global).await?;
        }
        Audit::Verify { heads } => return verify(heads, global, output).await,
        Audit::Head => {
            let app = local::open(config::load(&global.config)?.into()).await?;
            let head = audit::signed_head(&app).await.map_err(local::refused)?;
            output.line(serde_json::to_string(&head)?)?;
        }
        Audit::Key => {
            let (_, vault) = local::store(&config::load(&global.config)?).await?;
            let (id, key) = (vault.audit().id(), vault.audit().public_pem());
            if output.is_json() {
                output.json(&json!({ "id": id, "public_key": key }))?;
            } else {
                output.line(key.trim_end())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(query: AuditQuery, paging: &Paging, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    let page = pages(paging, |limit, cursor| {
        let query = AuditQuery { limit, cursor, ..query.clone() };
        async move { client.audit(&query).await }
    });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |event: &AuditEvent| {
        vec![
            Cell::from(event.seq.to_string()),
            relative(&event.at, now).into(),
            event.actor.clone().into(),
            Cell::maybe(event.origin.as_ref()),
            event.action.clone().into(),
            event.subject.clone().into(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["EVENT", "WHEN", "WHO", "FROM", "WHAT", "TO WHAT"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

async fn export(query: &AuditExportQuery, global: &Global) -> anyhow::Result<()> {
    let mut file = connect(global)?.export_audit(query).await?;
    let mut out = std::io::stdout().lock();
    while let Some(piece) = file.piece().await? {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}

async fn verify(heads: Option<PathBuf>, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
    let heads = match heads {
        None => Heads::default(),
        Some(path) => {
            let can_not = || format!("the heads can't be read from {}", path.display());
            let file = File::open(&path).with_context(can_not)?;
            Heads::read(BufReader::new(file)).with_context(can_not)?
        }
    };
    let (db, vault) = local::store(&config::load(&global.config)?).await?;
    let report = audit::verify(&db, &vault, heads).await.context("the audit can't be read")?;
    if output.is_json() {
        output.json(&json!({
            "whole": report.is_whole(),
            "begins": report.cut_at.map(keyward_core::time::UnixMs::rfc3339),
            "report": report,
            "told": report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
    } else {
        tell(&report, output)?;
    }
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(report: &Report, output: Output) -> std::io::Result<()> {
    for finding in &report.findings {
        output.line(format_args!("{} {finding}", output.paint("wrong:", Tone::Bad)))?;
    }
    if report.findings_more > 0 {
        output.line(format_args!("… and {} more", report.findings_more))?;
    }
    let cut = report
        .cut_at
        .map_or_else(String::new, |at| format!("; events up to {} ({}) were cut off", report.cut_until, at.rfc3339()));
    let heads = match (report.heads, report.heads_too_old) {
        (0, 0) => "no signed heads".into(),
        (heads, 0) => format!("{heads} signed heads"),
        (heads, old) => format!("{heads} signed heads, {old} more are too old"),
    };
    let seen = format!("{} events, the last is {}{cut}; compared with {heads}", report.events, report.last);
    let (word, tone) = if report.is_whole() { ("whole:", Tone::Good) } else { ("not whole:", Tone::Bad) };
    output.line(format_args!("{} {seen}", output.paint(word, tone)))
}
