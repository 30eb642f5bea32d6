//! Reading a segment from its newest rows on.

use std::fs::File;
use std::io;
use std::sync::{Arc, PoisonError};

use keyward_core::time::UnixMs;
use parquet::bloom_filter::Sbbf;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::Result;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use super::columns::{self, ROUTE, Rows, STATUS, UPSTREAM_US, Values};
use super::columns::{AT, CODE, COLUMNS, FLAGS, Flags, ID_COUNT, ID_GIVEN, ID_THREAD, OWN_US, PATH, PERSON};
use super::{Segment, broken, places};
use crate::logs::record::Outcome;

/// A row is read on its own where fewer than one in so many are wanted.
const SPARSE: usize = 16;

/// What a value must meet.
type Meets<T> = Box<dyn Fn(T) -> bool + Send + Sync>;
/// Likewise of bytes.
type BytesMeet = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What one column's value must be.
pub(in crate::logs) enum Clause {
    /// This id; bloom filters know it.
    Id(usize, [u8; 16]),
    /// A number.
    I32(usize, Meets<i32>),
    /// A long number.
    I64(usize, Meets<i64>),
    /// A text or bytes.
    Bytes(usize, BytesMeet),
    /// A path.
    Path(Box<dyn Fn(&str) -> bool + Send + Sync>),
    /// A request's id that was not made here; bloom filters know it.
    Given(String),
    /// A request's id that may have been made here: its time, its parts, and as a text where it was not.
    Made { at: UnixMs, parts: Option<(i64, i32)>, text: String },
    /// What came of it.
    Outcome(Outcome),
    /// It took at least so long.
    TotalUs(u32),
}

/// One group of rows.
#[derive(Debug, Clone, Copy)]
pub(in crate::logs) struct Group {
    index: usize,
    pub(in crate::logs) since: UnixMs,
    pub(in crate::logs) until: UnixMs,
    pub(in crate::logs) rows: usize,
}

/// A segment that is being read.
pub(in crate::logs) struct Opened {
    file: Arc<File>,
    footer: Arc<ParquetMetaData>,
}

impl Segment {
    /// Opens it; `None` if it was deleted meanwhile.
    pub(in crate::logs) fn open(&self) -> io::Result<Option<Opened>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let known = self.footer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let footer = if let Some(footer) = known {
            footer
        } else {
            let reader = ParquetMetaDataReader::new().with_offset_index_policy(PageIndexPolicy::Optional);
            Arc::new(reader.parse_and_finish(&file).map_err(broken)?)
        };
        Ok(Some(Opened { file: Arc::new(file), footer }))
    }

    /// Keeps in memory where everything is in it, or lets go of that; says whether that is new.
    pub(in crate::logs) fn remember(&self, opened: Option<&Opened>) -> bool {
        let mut footer = self.footer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = footer.is_none();
        *footer = opened.map(|opened| Arc::clone(&opened.footer));
        is_new
    }
}

impl Opened {
    /// Its groups, from the newest on.
    pub(in crate::logs) fn groups(&self) -> Vec<Group> {
        let group = |(index, group): (usize, &RowGroupMetaData)| {
            let (since, until) = match group.column(AT).statistics() {
                Some(Statistics::Int64(own)) => (own.min_opt().copied(), own.max_opt().copied()),
                _ => (None, None),
            };
            let (since, until) = (UnixMs(since.unwrap_or(i64::MIN)), UnixMs(until.unwrap_or(i64::MAX)));
            Group { index, since, until, rows: group.num_rows() as usize }
        };
        let mut groups = self.footer.row_groups().iter().enumerate().map(group).collect::<Vec<_>>();
        groups.sort_by_key(|group| std::cmp::Reverse(group.until));
        groups
    }

    /// Whether a group may have rows that meet all clauses, as far as bloom filters tell.
    pub(in crate::logs) fn may_hold(&self, group: Group, clauses: &[Clause]) -> io::Result<bool> {
        for clause in clauses {
            let (column, wanted) = match clause {
                Clause::Id(PERSON, _) => continue,
                Clause::Id(column, id) => (*column, &id[..]),
                Clause::Given(id) => (ID_GIVEN, id.as_bytes()),
                _ => continue,
            };
            let chunk = self.footer.row_group(group.index).column(column);
            let filter = Sbbf::read_from_column_chunk(chunk, &*self.file).map_err(broken)?;
            if filter.is_some_and(|filter| !filter.check(wanted)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rows of a group that meet all clauses, in order.
    pub(in crate::logs) fn find(&self, group: Group, clauses: &[Clause]) -> io::Result<Vec<u32>> {
        let mut clauses = clauses.iter().peekable();
        let mut rows = None;
        if let Some(Clause::Id(column, id)) = clauses.peek() {
            rows = places::of_id(&mut self.pages(group, *column).map_err(broken)?, id).map_err(broken)?;
            clauses.next_if(|_| rows.is_some());
        }
        let mut rows = rows.unwrap_or_else(|| (0..group.rows as u32).collect());
        for clause in clauses {
            if rows.is_empty() {
                break;
            }
            let read = |column: &usize| self.read(group, *column, &rows);
            let columns = clause.columns().iter().map(read).collect::<io::Result<Vec<_>>>()?;
            let mut place = 0;
            rows.retain(|_| {
                place += 1;
                clause.is_met(&columns, place - 1)
            });
        }
        Ok(rows)
    }

    /// All columns of some rows.
    pub(in crate::logs) fn rows(&self, group: Group, rows: &[u32]) -> io::Result<Rows> {
        (0..COLUMNS).map(|column| self.read(group, column, rows)).collect::<io::Result<_>>().map(Rows)
    }

    /// One column of some rows.
    pub(in crate::logs) fn read(&self, group: Group, column: usize, rows: &[u32]) -> io::Result<Values> {
        self.read_column(group, column, rows).map_err(broken)
    }

    fn pages(&self, group: Group, column: usize) -> Result<SerializedPageReader<File>> {
        let chunk = self.footer.row_group(group.index).column(column);
        let index = self.footer.page_index_for_row_group(group.index);
        let pages = index.offset_index(column).map(|index| index.page_locations().clone());
        SerializedPageReader::new(Arc::clone(&self.file), chunk, group.rows, pages)
    }

    fn read_column(&self, group: Group, column: usize, rows: &[u32]) -> Result<Values> {
        let chunk = self.footer.row_group(group.index).column(column);
        let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(self.pages(group, column)?));
        // Every reader gives values of its own type, and reads and skips alike.
        macro_rules! read {
            ($reader:expr, $make:path) => {{
                let (mut reader, mut values) = ($reader, Vec::new());
                if rows.len() * SPARSE >= group.rows {
                    reader.read_records(group.rows, None, None, &mut values)?;
                    if rows.len() < group.rows {
                        values = rows.iter().filter_map(|row| values.get(*row as usize).cloned()).collect();
                    }
                } else {
                    let mut next = 0;
                    for run in runs(rows) {
                        reader.skip_records(run.start - next)?;
                        reader.read_records(run.len(), None, None, &mut values)?;
                        next = run.end;
                    }
                }
                Ok($make(values))
            }};
        }
        match reader {
            ColumnReader::Int32ColumnReader(reader) => read!(reader, Values::I32),
            ColumnReader::Int64ColumnReader(reader) => read!(reader, Values::I64),
            ColumnReader::ByteArrayColumnReader(reader) => read!(reader, Values::Text),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => read!(reader, Values::Id),
            ColumnReader::BoolColumnReader(_)
            | ColumnReader::Int96ColumnReader(_)
            | ColumnReader::FloatColumnReader(_)
            | ColumnReader::DoubleColumnReader(_) => {
                Err(parquet::errors::ParquetError::General("a column of a type that no segment has".into()))
            }
        }
    }
}

/// Runs of rows that follow one another.
fn runs(rows: &[u32]) -> impl Iterator<Item = std::ops::Range<usize>> {
    rows.chunk_by(|a, b| a + 1 == *b).map(|run| {
        let first = run[0] as usize;
        first..first + run.len()
    })
}

impl Clause {
    fn columns(&self) -> &[usize] {
        match self {
            Self::Id(column, _) | Self::I32(column, _) | Self::I64(column, _) | Self::Bytes(column, _) => {
                std::slice::from_ref(column)
            }
            Self::Path(_) => &[ROUTE, PATH],
            Self::Given(_) => &[ID_GIVEN],
            Self::Made { .. } => &[AT, ID_THREAD, ID_COUNT, ID_GIVEN],
            Self::Outcome(_) => &[CODE, STATUS, FLAGS],
            Self::TotalUs(_) => &[UPSTREAM_US, OWN_US],
        }
    }

    fn is_met(&self, values: &[Values], at: usize) -> bool {
        match self {
            Self::Id(_, id) => values[0].bytes(at) == id,
            Self::I32(_, meets) => meets(values[0].i32(at)),
            Self::I64(_, meets) => meets(values[0].i64(at)),
            Self::Bytes(_, meets) => meets(values[0].bytes(at)),
            Self::Path(meets) => meets(&columns::path(&values[0], &values[1], at)),
            Self::Given(id) => values[0].bytes(at) == id.as_bytes(),
            Self::Made { at: time, parts, text } => {
                let own = UnixMs(values[0].i64(at)) == *time
                    && values[1].i64(at) >= 0
                    && *parts == Some((values[1].i64(at), values[2].i32(at)));
                own || values[3].bytes(at) == text.as_bytes()
            }
            Self::Outcome(outcome) => {
                let code = std::str::from_utf8(values[0].bytes(at)).ok().filter(|code| !code.is_empty());
                let broke_off = Flags::unpack(values[2].i32(at)).broke_off;
                *outcome == Outcome::of(code, values[1].i32(at) as u16, broke_off)
            }
            Self::TotalUs(least) => (values[0].i32(at) as u32).wrapping_add(values[1].i32(at) as u32) >= *least,
        }
    }
}
