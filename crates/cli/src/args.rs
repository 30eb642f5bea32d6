//! The command line: what can be said, and what it means.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::commands::accounts::Accounts;
use crate::commands::audit::Audit;
use crate::commands::config::ConfigCommand;
use crate::commands::init::Init;
use crate::commands::judge::Judge;
use crate::commands::keys::Keys;
use crate::commands::logs::Logs;
use crate::commands::management_keys::ManagementKeys;
use crate::commands::notices::Notices;
use crate::commands::operators::Operators;
use crate::commands::outbox::Outbox;
use crate::commands::people::People;
use crate::commands::roles::Roles;
use crate::commands::usage::Usage;
use crate::commands::webhooks::Webhooks;
use crate::demo::Demo;

/// API keys done right: a gateway, a decision service and a control plane in one program.
#[derive(Debug, Parser)]
#[command(name = "keyward", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Start with `keyward demo`: it needs no configuration and no network.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Print JSON, as the API answers it.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where the control listener is.
    #[arg(long, global = true, env = "KEYWARD_URL", value_name = "URL", default_value = "http://127.0.0.1:8081")]
    pub(crate) url: String,
    /// A file with the management key; it is otherwise read from the variable KEYWARD_KEY.
    #[arg(long, global = true, env = "KEYWARD_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The configuration.
    #[arg(long, global = true, env = "KEYWARD_CONFIG", value_name = "FILE", default_value = "keyward.toml")]
    pub(crate) config: PathBuf,
    /// When to use colours; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
    /// How logs are written; JSON unless standard error is a terminal. KEYWARD_LOG chooses what is logged.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    // On terminals.
    Auto,
    // Everywhere.
    Always,
    // Nowhere.
    Never,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    // For people.
    Text,
    // For programs, a line each.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a gateway with everything it needs, to look at: no configuration, no network.
    Demo(Demo),
    /// Run the gateway, the auth listener and the control listener.
    Serve,
    /// Make the store, its secrets, and the first management key.
    Init(Init),
    /// Bring the store up to date with this version.
    Migrate,
    /// Customers of an API.
    #[command(subcommand)]
    Accounts(Accounts),
    /// API keys.
    #[command(subcommand)]
    Keys(Box<Keys>),
    /// People of accounts.
    #[command(subcommand)]
    People(People),
    /// Roles: what people of an account may see and do.
    #[command(subcommand)]
    Roles(Roles),
    /// Programs of an account that are told what happens.
    #[command(subcommand)]
    Webhooks(Box<Webhooks>),
    /// Those who run the deployment, when they can't sign in: works on the store itself.
    #[command(subcommand)]
    Operators(Operators),
    /// Keys that authenticate automation, this program among it, to the management API.
    #[command(subcommand)]
    ManagementKeys(ManagementKeys),
    /// Requests, allowed and refused: look, export, follow.
    Logs(Box<Logs>),
    /// The record of every change, and what proves it whole.
    #[command(subcommand)]
    Audit(Audit),
    /// What happened: counts, success rates, response times, callers; what is better tidied up.
    Usage(Box<Usage>),
    /// What people are told: try mail out, look at its texts.
    #[command(subcommand)]
    Notices(Notices),
    /// Notices on their way to mailboxes and webhooks.
    #[command(subcommand)]
    Outbox(Outbox),
    /// Who the management key in use is.
    Whoami,
    /// Judge a request as the gateway would, and count it. Exit code 0: allowed, 3: refused.
    ///
    /// Its secret is read from KEYWARD_SECRET or else from standard input, never from the command line.
    Verify(Judge),
    /// Say which checks a request passes and fails, and count nothing. Exit code 0: allowed, 3: refused.
    ///
    /// Its secret is read from KEYWARD_SECRET or else from standard input, never from the command line.
    Explain(Judge),
    /// Check, show or explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document of the management API.
    Openapi,
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

impl Command {
    /// What is logged unless somebody chooses.
    pub(crate) const fn logs_by_default(&self) -> &'static str {
        match self {
            Self::Serve => "info",
            _ => "warn",
        }
    }

    /// Serving has its control plane on threads of its own; everything else needs one thread.
    pub(crate) fn runtime(&self) -> std::io::Result<tokio::runtime::Runtime> {
        match self {
            Self::Serve | Self::Demo(_) => tokio::runtime::Builder::new_multi_thread()
                .thread_name("control")
                .worker_threads(2)
                .enable_all()
                .build(),
            _ => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Paging {
    /// Most items of one page, 1 to 200.
    #[arg(long = "page", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) size: Option<u32>,
    /// Where the page begins: what the page before said.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// All pages, one after the other.
    #[arg(long)]
    pub(crate) all: bool,
}

/// One of a type's words on the wire.
pub(crate) fn one_of<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| serde_json::from_value(Value::String(word)))
}

/// `NAME=VALUE`
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A JSON object.
pub(crate) fn object(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_takes_a_secret_as_an_argument() {
        fn names(command: &clap::Command, found: &mut Vec<String>) {
            found.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(ToOwned::to_owned));
            command.get_subcommands().for_each(|inner| names(inner, found));
        }
        let mut found = Vec::new();
        names(&Cli::command(), &mut found);
        for secret in ["key", "secret", "password", "passcode", "token", "service-key"] {
            assert!(!found.iter().any(|name| name == secret), "--{secret} would be seen by everybody on the machine");
        }
    }
}
