//! Writing a segment: beside its place first, then, whole and on the disk, into it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use keyward_core::time::UnixMs;
use parquet::column::writer::ColumnWriter;
use parquet::errors::Result;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::columns::{self, GROUP_ROWS, Values};
use super::{Segment, file_name};
use crate::logs::Incarnation;
use crate::logs::disk::Disk;
use crate::logs::names::Names;
use crate::logs::record::Record;
use crate::logs::tail::{Tail, sync_folder};

/// What a segment is called until it is whole.
const UNFINISHED: &str = "segment.unfinished";
const BUFFER_BYTES: usize = 1 << 20;

/// A file that takes its room from the log's disk.
struct Bounded<'a> {
    file: BufWriter<File>,
    disk: &'a Disk,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.take(bytes.len())?;
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A segment that is being written.
pub(in crate::logs) struct Making<'a> {
    folder: &'a Path,
    names: &'a Names,
    writer: SerializedFileWriter<Bounded<'a>>,
    waiting: Vec<Record>,
    span: Option<(UnixMs, UnixMs)>,
    rows: u64,
}

impl<'a> Making<'a> {
    /// Begins one.
    pub(in crate::logs) fn begin(folder: &'a Path, names: &'a Names, disk: &'a Disk) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(folder.join(UNFINISHED))?);
        let properties = Arc::new(columns::properties());
        let writer = SerializedFileWriter::new(Bounded { file, disk }, columns::schema(), properties);
        let writer = writer.map_err(super::broken)?;
        Ok(Self { folder, names, writer, waiting: Vec::new(), span: None, rows: 0 })
    }

    /// Adds records, roughly in the order of their time.
    pub(in crate::logs) fn add(&mut self, records: Vec<Record>) -> io::Result<()> {
        self.waiting.extend(records);
        while self.waiting.len() >= GROUP_ROWS {
            let rest = self.waiting.split_off(GROUP_ROWS);
            let group = std::mem::replace(&mut self.waiting, rest);
            self.group(group).map_err(super::broken)?;
        }
        Ok(())
    }

    /// Puts it in its place.
    pub(in crate::logs) fn finish(mut self, incarnation: Incarnation, number: u32) -> io::Result<Option<Segment>> {
        let rest = std::mem::take(&mut self.waiting);
        if !rest.is_empty() {
            self.group(rest).map_err(super::broken)?;
        }
        let unfinished = self.folder.join(UNFINISHED);
        let Some((since, until)) = self.span else {
            fs::remove_file(unfinished)?;
            return Ok(None);
        };
        let bounded = self.writer.into_inner().map_err(super::broken)?;
        let file = bounded.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        let path = self.folder.join(file_name(since, until, self.rows, incarnation, number));
        fs::rename(unfinished, &path)?;
        sync_folder(self.folder)?;
        Ok(Some(Segment::new(path, since, until, self.rows, bytes, incarnation, number)))
    }

    fn group(&mut self, mut records: Vec<Record>) -> Result<()> {
        records.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        let ends = records.first().zip(records.last()).map(|(first, last)| (first.at, last.at));
        if let Some((first, last)) = ends {
            let (since, until) = self.span.unwrap_or((first, last));
            self.span = Some((since.min(first), until.max(last)));
        }
        self.rows += records.len() as u64;
        let rows = columns::rows(self.names, &records);
        let mut group = self.writer.next_row_group()?;
        rows.0.iter().try_for_each(|values| write(&mut group, values))?;
        group.close().map(drop)
    }
}

fn write<W: Write + Send>(group: &mut SerializedRowGroupWriter<'_, W>, values: &Values) -> Result<()> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    match (column.untyped(), values) {
        (ColumnWriter::Int32ColumnWriter(own), Values::I32(all)) => own.write_batch(all, None, None)?,
        (ColumnWriter::Int64ColumnWriter(own), Values::I64(all)) => own.write_batch(all, None, None)?,
        (ColumnWriter::ByteArrayColumnWriter(own), Values::Text(all)) => own.write_batch(all, None, None)?,
        (ColumnWriter::FixedLenByteArrayColumnWriter(own), Values::Id(all)) => own.write_batch(all, None, None)?,
        (_, _) => return Err(parquet::errors::ParquetError::General("a column of another type".into())),
    };
    column.close()
}

/// Makes a tail into a segment; `None` if there is nothing in it.
pub(in crate::logs) fn seal(folder: &Path, tail: &Tail, names: &Names, disk: &Disk) -> io::Result<Option<Segment>> {
    let mut making = Making::begin(folder, names, disk)?;
    for frame in tail.frames() {
        making.add(tail.records(frame, names)?)?;
    }
    making.finish(tail.incarnation, tail.number)
}
