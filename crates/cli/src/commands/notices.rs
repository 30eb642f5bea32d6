//! `keyward notices`: what people are told.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use keyward_server::mail::looks;

use super::config;
use crate::args::Global;
use crate::client::connect;
use crate::output::{Output, Tone};

/// What to do about notices.
#[derive(Debug, Subcommand)]
pub(crate) enum Notices {
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

pub(crate) async fn run(command: Notices, global: &Global, output: Output) -> anyhow::Result<()> {
    match command {
        Notices::Test { address } => test(&address, global, output).await,
        Notices::Preview { dir, api, time_zone } => preview(&dir, &api, &time_zone, global, output),
    }
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
