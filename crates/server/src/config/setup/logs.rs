//! How the request log is kept.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the request log.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Where it lives.
    pub folder: PathBuf,
    /// How long a record waits to be made durable, at most.
    pub flush_every: Duration,
    /// For how many days records are kept; `None`: for ever, as far as `bytes_max` allows.
    pub keep_days: Option<u32>,
    /// Largest size of everything kept; what is oldest goes first.
    pub bytes_max: u64,
}
