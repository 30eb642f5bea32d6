//! Logs: always to standard error, as JSON where nobody watches.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Starts writing logs. `KEYWARD_LOG` chooses what is written, such as `info` or `keyward_server=debug`.
pub(crate) fn start(format: Option<LogFormat>, by_default: &str, colours: bool) {
    let filter = std::env::var("KEYWARD_LOG").unwrap_or_else(|_| by_default.to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new(by_default));
    let format = format.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(colours).with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
