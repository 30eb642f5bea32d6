//! `keyward config`: looks at the configuration without starting anything.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use keyward_server::config::{self, Config};
use serde_json::json;

use crate::args::Global;
use crate::failure::BadConfig;
use crate::output::{Output, Tone};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report every fault with its line. Exit code 0: there is none, 1: there are some.
    Check {
        /// The configuration; otherwise that of --config.
        file: Option<PathBuf>,
    },
    /// Print the configuration as it takes effect: presets and defaults filled in, secrets left out.
    Show {
        /// The configuration; otherwise that of --config.
        file: Option<PathBuf>,
    },
    /// Print every key with its meaning, as a configuration that loads.
    Reference,
}

/// Reads the configuration; every fault is reported.
pub(crate) fn load(file: &Path) -> anyhow::Result<Config> {
    Ok(config::load(file).map_err(BadConfig)?)
}

pub(crate) fn run(command: &ConfigCommand, global: &Global, output: Output) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check { file } => check(file.as_ref().unwrap_or(&global.config), output),
        ConfigCommand::Show { file } => {
            let config = load(file.as_ref().unwrap_or(&global.config))?;
            Ok(output.line(config::show(&config).trim_end())?)
        }
        ConfigCommand::Reference => Ok(output.line(config::reference().trim_end())?),
    }
}

fn check(file: &Path, output: Output) -> anyhow::Result<()> {
    match config::load(file) {
        Ok(config) if output.is_json() => {
            let apis: Vec<&str> = config.apis.iter().map(|setup| setup.api.name.as_str()).collect();
            output.json(&json!({ "faults": [], "apis": apis, "digest": config.digest }))
        }
        Ok(config) => {
            let apis = config.apis.iter().map(|setup| setup.api.name.as_str()).collect::<Vec<_>>().join(", ");
            let apis = if apis.is_empty() { "no API yet".to_owned() } else { format!("APIs: {apis}") };
            Ok(output.line(format_args!("{} {} ({apis})", output.paint("no faults in", Tone::Good), file.display()))?)
        }
        Err(faults) => {
            if output.is_json() {
                let faults = faults.iter().map(
                    |fault| json!({ "file": fault.file, "line": fault.line, "path": fault.path, "why": fault.why }),
                );
                output.json(&json!({ "faults": faults.collect::<Vec<_>>() }))?;
            }
            Err(BadConfig(faults).into())
        }
    }
}
