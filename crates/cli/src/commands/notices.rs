//! `keyward notices`: what people are told.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{KeptNoticeSettings, Notice, NoticeQuery, NoticeSettings};
use keyward_server::mail::looks;

use super::accounts::more;
use super::config;
use crate::args::{Global, Paging};
use crate::client::{connect, pages};
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// What to do about notices.
#[derive(Debug, Subcommand)]
pub(crate) enum Notices {
    /// List what was told, or could have been, newest first; also where nobody is mailed.
    List {
        /// Of this kind, such as key.expiring.
        #[arg(long)]
        kind: Option<String>,
        /// Of this account.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// About this key.
        #[arg(long, value_name = "KEY")]
        key_id: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show what an account is told.
    Settings {
        /// `acct_…`
        account: String,
    },
    /// Change what an account is told; what is left out stays.
    Set(Box<Set>),
    /// Send one mail now, and show what the mail server said.
    Test {
        /// To this address.
        address: String,
    },
    /// Write every kind of mail with made-up facts into files, to look at: no server is asked, nothing is sent.
    Preview {
        /// Into this directory.
        dir: PathBuf,
        /// In the words of this API.
        #[arg(long, value_name = "API", default_value = "")]
        api: String,
        /// In this time zone.
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        time_zone: String,
    },
}

/// What an account wants to be told.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// `acct_…`
    account: String,
    /// Mail this kind or not, such as key.created=off; may be repeated.
    #[arg(long, value_name = "KIND=on|off", value_delimiter = ',', value_parser = switch)]
    mail: Vec<(String, bool)>,
    /// How many days before its end a key is told of, such as 30,7,1.
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    expiry_days: Option<Vec<u32>>,
    /// At which parts of a limit it is told of, such as 95,100.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',')]
    limit_percents: Option<Vec<u8>>,
    /// The zone of times in mails, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// At which hour of that zone the daily digest goes out.
    #[arg(long, value_name = "HOUR")]
    digest_hour: Option<i8>,
    /// Begin from the defaults instead of what the account has set.
    #[arg(long)]
    from_defaults: bool,
}

fn switch(text: &str) -> Result<(String, bool), String> {
    match text.split_once('=') {
        Some((kind, "on")) => Ok((kind.to_owned(), true)),
        Some((kind, "off")) => Ok((kind.to_owned(), false)),
        Some(_) | None => Err("KIND=on or KIND=off, such as key.created=off".into()),
    }
}

pub(crate) async fn run(command: Notices, global: &Global, output: Output) -> anyhow::Result<()> {
    match command {
        Notices::List { kind, account, key_id, paging } => {
            let query = NoticeQuery { kind, account_id: account, key_id, ..NoticeQuery::default() };
            list(&connect(global)?, &query, &paging, output).await
        }
        Notices::Settings { account } => {
            let kept = connect(global)?.notice_settings(&account).await?;
            if output.is_json() { output.json(&kept) } else { settings(&kept, output) }
        }
        Notices::Set(new) => set(&connect(global)?, *new, output).await,
        Notices::Test { address } => test(&address, global, output).await,
        Notices::Preview { dir, api, time_zone } => preview(&dir, &api, &time_zone, global, output),
    }
}

async fn list(client: &Client, query: &NoticeQuery, paging: &Paging, output: Output) -> anyhow::Result<()> {
    let page =
        pages(
            paging,
            |limit, cursor| async move { client.notices(&NoticeQuery { limit, cursor, ..query.clone() }).await },
        );
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |notice: &Notice| {
        vec![
            Cell::from(notice.id.clone()),
            notice.kind.clone().into(),
            Cell::maybe(about(notice)),
            Cell::maybe(notice.account_id.as_ref()),
            relative(&notice.at, now).into(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["ID", "NOTICE", "ABOUT", "ACCOUNT", "WHEN"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

/// What a notice is about, in a word.
fn about(notice: &Notice) -> Option<String> {
    let text = |path: &str| notice.facts.pointer(path).and_then(|value| value.as_str()).map(str::to_owned);
    let id = || notice.key_id.clone().or_else(|| notice.person_id.clone());
    text("/key/name").or_else(|| text("/person/name")).or_else(|| text("/address")).or_else(|| text("/url")).or_else(id)
}

async fn set(client: &Client, new: Set, output: Output) -> anyhow::Result<()> {
    let Set { account, mail, expiry_days, limit_percents, time_zone, digest_hour, from_defaults } = new;
    let kept = client.notice_settings(&account).await?;
    let before = if from_defaults { NoticeSettings::default() } else { kept.own };
    let wanted = NoticeSettings {
        mail: before.mail.into_iter().chain(mail).collect(),
        expiry_days: expiry_days.or(before.expiry_days),
        limit_percents: limit_percents.or(before.limit_percents),
        time_zone: time_zone.or(before.time_zone),
        digest_hour: digest_hour.or(before.digest_hour),
    };
    // Nobody's change made meanwhile is undone.
    let changed = client.set_notice_settings(&account, &wanted, Some(kept.version)).await?;
    if output.is_json() { output.json(&changed) } else { settings(&changed.object, output) }
}

fn settings(kept: &KeptNoticeSettings, output: Output) -> anyhow::Result<()> {
    let words =
        |is: bool| kept.mail.iter().filter(|(_, on)| **on == is).map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
    let numbers = |all: Vec<String>| Cell::list(&all);
    output.facts(&[
        ("mailed", Cell::list(&words(true))),
        ("not mailed", Cell::list(&words(false))),
        ("days before an expiry", numbers(kept.expiry_days.iter().map(ToString::to_string).collect())),
        ("parts of a limit, %", numbers(kept.limit_percents.iter().map(ToString::to_string).collect())),
        ("time zone", kept.time_zone.clone().into()),
        ("daily digest", format!("{}:00", kept.digest_hour).into()),
        ("version", kept.version.to_string().into()),
    ])?;
    Ok(())
}

async fn test(address: &str, global: &Global, output: Output) -> anyhow::Result<()> {
    let tested = connect(global)?.test_mail(address).await?;
    if output.is_json() {
        output.json(&tested)?;
    } else {
        let (word, tone) = if tested.accepted { ("taken", Tone::Good) } else { ("not taken", Tone::Bad) };
        output.facts(&[
            ("mail", crate::output::Cell::new(word, tone)),
            ("the mail server", tested.answer.clone().into()),
            ("after", format!("{} ms", tested.took_ms).into()),
        ])?;
    }
    if tested.accepted { Ok(()) } else { bail!("the mail was not taken") }
}

fn preview(dir: &Path, api: &str, zone: &str, global: &Global, output: Output) -> anyhow::Result<()> {
    let config = config::load(&global.config)?;
    if !api.is_empty() && config.api(api).is_none() {
        bail!("the configuration has no API called {api}");
    }
    std::fs::create_dir_all(dir).with_context(|| format!("{} can't be made", dir.display()))?;
    for (kind, letter) in looks(&config, api, zone) {
        let text = format!("Subject: {}\n\n{}", letter.subject, letter.text);
        for (ending, text) in [("txt", &text), ("html", &letter.html)] {
            let file = dir.join(format!("{}.{ending}", kind.as_str()));
            std::fs::write(&file, text).with_context(|| format!("{} can't be written", file.display()))?;
        }
    }
    Ok(output.line(format_args!("Look at the files in {}", dir.display()))?)
}
