//! How the program says that something failed: what, why, and what would help.

use std::fmt;
use std::io;
use std::process::ExitCode;

use keyward_sdk::client::ClientError;
use keyward_server::config::ConfigError;

use crate::output::{Output, Tone};

/// The program was called wrongly.
const CODE_USAGE: u8 = 2;

/// Something that the command line lacks or has too much of.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A configuration with faults: all of them.
#[derive(Debug)]
pub(crate) struct BadConfig(pub(crate) Vec<ConfigError>);

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a fault")?,
            faults => write!(f, "the configuration has {faults} faults")?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for BadConfig {}

/// Writes an error to standard error; the exit code that goes with it.
pub(crate) fn report(error: &anyhow::Error, output: Output) -> ExitCode {
    if is_broken_pipe(error) {
        // Whoever read our output has seen enough.
        return ExitCode::SUCCESS;
    }
    output.remark(format_args!("{} {}", output.paint_stderr("error:", Tone::Bad), told(error)));
    if let Some(hint) = hint(error) {
        output.remark(format_args!("{} {hint}", output.paint_stderr("hint:", Tone::Careful)));
    }
    if error.is::<Usage>() { ExitCode::from(CODE_USAGE) } else { ExitCode::FAILURE }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error and its causes, each once: some repeat their cause in their own words.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(|cause| address_of(cause).unwrap_or_else(|| cause.to_string())) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
    }
    text
}

/// An HTTP error with the place that did not answer, in plain words.
fn address_of(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let transport = match cause.downcast_ref::<ClientError>() {
        Some(ClientError::Transport(error)) => Some(error),
        Some(ClientError::Address(_) | ClientError::Problem { .. } | ClientError::Strange { .. }) => None,
        None => cause.downcast_ref::<reqwest::Error>(),
    };
    let error = transport?;
    let place = error.url().map_or_else(String::new, |url| format!(" at {}", url.origin().ascii_serialization()));
    Some(match (error.is_connect(), error.is_timeout()) {
        (true, _) => format!("nothing answers{place}"),
        (false, true) => format!("no answer in time{place}"),
        (false, false) => format!("no whole answer{place}"),
    })
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if error.is::<BadConfig>() {
        return Some("`keyward config reference` explains every key".into());
    }
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return error.is_connect().then(|| not_running("KEYWARD_AUTH_URL"));
    }
    match error.downcast_ref::<ClientError>()? {
        ClientError::Address(_) | ClientError::Strange { .. } => {
            Some("KEYWARD_URL is the address of the control listener, such as http://127.0.0.1:8081".into())
        }
        ClientError::Transport(error) => error.is_connect().then(|| not_running("KEYWARD_URL")),
        ClientError::Problem { status: 401, .. } => Some(
            "KEYWARD_KEY must hold a management key in force: `keyward demo` prints one, `keyward init` makes the first"
                .into(),
        ),
        ClientError::Problem { .. } => None,
    }
}

fn not_running(variable: &str) -> String {
    format!("is `keyward serve` or `keyward demo` running there? {variable} says where to look")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_configuration_is_told() {
        let fault = |line, why: &str| ConfigError {
            file: "keyward.toml".into(),
            line: Some(line),
            path: "listen".into(),
            why: why.into(),
        };
        let text = told(&anyhow::Error::new(BadConfig(vec![fault(1, "one"), fault(7, "two")])));
        assert_eq!(
            text,
            "the configuration has 2 faults\n  keyward.toml:1: listen: one\n  keyward.toml:7: listen: two"
        );
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_repeated() {
        let error = anyhow::anyhow!("disk full").context("can't write: disk full").context("no store");
        assert_eq!(told(&error), "no store\n  because: can't write: disk full");
    }
}
