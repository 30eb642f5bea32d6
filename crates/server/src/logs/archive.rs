//! Segments made outside of a running log: for benches, which need as many rows as years would give.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Incarnation;
use super::disk::Disk;
use super::names::Names;
use super::record::Record;
use super::segment::Making;

/// A folder of segments.
#[derive(Debug)]
pub struct Archive<'a> {
    folder: PathBuf,
    names: &'a Names,
    disk: Disk,
}

/// A segment in the making.
pub struct NextSegment<'a> {
    making: Making<'a>,
    number: u32,
}

impl<'a> Archive<'a> {
    /// Opens or makes a folder.
    pub fn open(folder: &Path, names: &'a Names) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), names, disk: Disk::default() })
    }

    /// Begins a segment; one at a time.
    pub fn segment(&'a self, number: u32) -> io::Result<NextSegment<'a>> {
        Ok(NextSegment { making: Making::begin(&self.folder, self.names, &self.disk)?, number })
    }
}

impl NextSegment<'_> {
    /// Adds records, roughly in the order of their time.
    pub fn add(&mut self, records: Vec<Record>) -> io::Result<()> {
        self.making.add(records)
    }

    /// Puts it in its place; says its size in bytes.
    pub fn finish(self) -> io::Result<u64> {
        let made = self.making.finish(Incarnation(1), self.number)?;
        Ok(made.map_or(0, |segment| segment.bytes))
    }
}
