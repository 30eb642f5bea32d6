//! What is wrong with a configuration: every fault with its file, its line and its reason, all at once.

use std::fmt;

use super::tree::Spot;

/// Most faults that are reported; one more line says that there are others.
pub(super) const FAULTS_MAX: usize = 200;

/// One fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file it stands in; empty for a configuration that was given as text.
    pub file: String,
    /// Its line, counted from 1, where it has one.
    pub line: Option<usize>,
    /// Which key, such as `apis.shop.limits.default.window`; empty for the file as a whole.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", Some(line)) => write!(f, "line {line}: ")?,
            ("", None) => {}
            (file, Some(line)) => write!(f, "{file}:{line}: ")?,
            (file, None) => write!(f, "{file}: ")?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for ConfigError {}

/// Where faults are gathered.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<(Spot, String, String)>,
}

impl Faults {
    /// Adds one.
    pub(super) fn add(&mut self, spot: Spot, path: impl Into<String>, why: impl Into<String>) {
        if self.found.len() <= FAULTS_MAX {
            self.found.push((spot, path.into(), why.into()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them in the order of files and lines, each once. `files` holds the files' names by number.
    pub(super) fn sorted(mut self, files: &[String]) -> Vec<ConfigError> {
        self.found.sort_by_key(|(spot, ..)| (spot.file, spot.line));
        self.found.dedup();
        let more = self.found.len() > FAULTS_MAX;
        self.found.truncate(FAULTS_MAX);
        let name = |file: u16| files.get(usize::from(file)).cloned().unwrap_or_default();
        let mut all: Vec<_> = self
            .found
            .into_iter()
            .map(|(spot, path, why)| ConfigError { file: name(spot.file), line: spot.line(), path, why })
            .collect();
        if more {
            let why = format!("more than {FAULTS_MAX} faults; the rest is not shown");
            all.push(ConfigError { file: name(0), line: None, path: String::new(), why });
        }
        all
    }
}
