//! Segments: files of records that do not change any more, column by column and compressed (Parquet with zstd).
//!
//! A segment's name says what time it is of, so that most need not be opened. Inside, groups of rows are left out by
//! their time and by bloom filters of keys and accounts, and of what is left only the columns and pages that matter
//! are read.

pub(super) mod columns;
mod paths;
mod places;
mod read;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use keyward_core::time::UnixMs;
use parquet::file::metadata::ParquetMetaData;

use super::Incarnation;

pub(super) use read::{Clause, Opened};
pub(super) use write::{Making, seal};

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    /// The earliest of its records.
    pub(super) since: UnixMs,
    /// The latest.
    pub(super) until: UnixMs,
    /// How many.
    pub(super) rows: u64,
    /// Its size.
    pub(super) bytes: u64,
    pub(super) incarnation: Incarnation,
    pub(super) number: u32,
    /// Where everything in it is, once it was read.
    footer: Mutex<Option<Arc<ParquetMetaData>>>,
}

impl Segment {
    pub(super) fn new(
        path: PathBuf,
        since: UnixMs,
        until: UnixMs,
        rows: u64,
        bytes: u64,
        incarnation: Incarnation,
        number: u32,
    ) -> Self {
        Self { path, since, until, rows, bytes, incarnation, number, footer: Mutex::new(None) }
    }

    /// Deletes it; whoever still reads it can.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn file_name(since: UnixMs, until: UnixMs, rows: u64, incarnation: Incarnation, number: u32) -> String {
    format!("{}-{}-{rows}-{incarnation}-{number:08}.parquet", since.0, until.0)
}

fn named(path: &Path) -> Option<(UnixMs, UnixMs, u64, Incarnation, u32)> {
    let mut parts = path.file_stem()?.to_str()?.split('-');
    let mut part = || parts.next();
    let times = (UnixMs(part()?.parse().ok()?), UnixMs(part()?.parse().ok()?));
    Some((times.0, times.1, part()?.parse().ok()?, part()?.parse().ok()?, part()?.parse().ok()?))
}

/// All segments of a folder, from the oldest on.
pub(super) fn all(folder: &Path) -> io::Result<Vec<Arc<Segment>>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_none_or(|kind| kind != "parquet") {
            continue;
        }
        if let Some((since, until, rows, incarnation, number)) = named(&path) {
            let bytes = entry.metadata()?.len();
            all.push(Arc::new(Segment::new(path, since, until, rows, bytes, incarnation, number)));
        } else {
            tracing::warn!(file = %path.display(), "not a segment of the request log");
        }
    }
    all.sort_by_key(|segment| (segment.until, segment.number));
    Ok(all)
}

fn broken(error: parquet::errors::ParquetError) -> io::Error {
    match error {
        parquet::errors::ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
