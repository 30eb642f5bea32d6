//! Rows of the log as a table of plain columns, for spreadsheets and for Parquet.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use keyward_sdk::wire::LogEntry;
use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// Columns of a row.
const COLUMNS: usize = 29;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Option<&'a str>),
    Number(Option<u64>),
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// What the columns are called.
    pub(super) const HEADINGS: [&'static str; COLUMNS] = [
        "at",
        "source",
        "request_id",
        "account_id",
        "key_id",
        "key_name",
        "person_id",
        "kind",
        "environment",
        "api",
        "route",
        "region",
        "method",
        "path",
        "status",
        "code",
        "outcome",
        "reason",
        "fingerprint",
        "total_us",
        "upstream_us",
        "bytes_in",
        "bytes_out",
        "broke_off",
        "address",
        "agent",
        "cost",
        "items",
        "remaining",
    ];

    /// The values of a row, in the order of the headings.
    pub(super) fn of(row: &'a LogEntry) -> [Self; COLUMNS] {
        let text = |text: &'a Option<String>| Self::Text(text.as_deref());
        let number = |number: u64| Self::Number(Some(number));
        [
            Self::Text(Some(&row.at)),
            Self::Text(Some(source(row))),
            Self::Text(Some(&row.request_id)),
            text(&row.account_id),
            text(&row.key_id),
            text(&row.key_name),
            text(&row.person_id),
            Self::Text(kind(row)),
            Self::Text(environment(row)),
            text(&row.api),
            text(&row.route),
            text(&row.region),
            Self::Text(Some(&row.method)),
            Self::Text(Some(&row.path)),
            number(u64::from(row.status)),
            text(&row.code),
            Self::Text(Some(outcome(row))),
            text(&row.reason),
            text(&row.fingerprint),
            number(u64::from(row.total_us)),
            number(u64::from(row.upstream_us)),
            number(row.bytes_in),
            number(row.bytes_out),
            Self::Flag(row.broke_off),
            text(&row.address),
            text(&row.agent),
            number(u64::from(row.cost)),
            Self::Number(row.items.map(u64::from)),
            Self::Number(row.remaining),
        ]
    }
}

fn source(row: &LogEntry) -> &'static str {
    match row.source {
        keyward_sdk::wire::LogSource::Gateway => "gateway",
        keyward_sdk::wire::LogSource::Auth => "auth",
    }
}

fn outcome(row: &LogEntry) -> &'static str {
    match row.outcome {
        keyward_sdk::wire::LogOutcome::Success => "success",
        keyward_sdk::wire::LogOutcome::Error => "error",
        keyward_sdk::wire::LogOutcome::Refused => "refused",
    }
}

fn kind(row: &LogEntry) -> Option<&'static str> {
    row.kind.map(|kind| match kind {
        keyward_sdk::wire::Kind::Account => "account",
        keyward_sdk::wire::Kind::Personal => "personal",
    })
}

fn environment(row: &LogEntry) -> Option<&'static str> {
    row.environment.map(|environment| match environment {
        keyward_sdk::wire::Environment::Live => "live",
        keyward_sdk::wire::Environment::Test => "test",
    })
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text.unwrap_or_default()),
            Self::Number(Some(number)) => write!(f, "{number}"),
            Self::Number(None) => Ok(()),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// What was written and not fetched yet.
#[derive(Debug, Clone, Default)]
struct Piece(Arc<Mutex<Vec<u8>>>);

impl Write for Piece {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Piece {
    fn take(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A Parquet file in the making, given out as it grows.
pub(super) struct Parquet {
    writer: SerializedFileWriter<Piece>,
    piece: Piece,
}

impl Parquet {
    /// Begins one.
    pub(super) fn begin() -> Result<Self> {
        let piece = Piece::default();
        let properties = WriterProperties::builder()
            .set_created_by("keyward".into())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let writer = SerializedFileWriter::new(piece.clone(), schema()?, Arc::new(properties))?;
        Ok(Self { writer, piece })
    }

    /// Adds rows, as a group of their own.
    pub(super) fn add(&mut self, rows: &[LogEntry], out: &mut Vec<u8>) -> Result<()> {
        if !rows.is_empty() {
            let rows = rows.iter().map(Cell::of).collect::<Vec<_>>();
            let mut group = self.writer.next_row_group()?;
            let mut column = 0;
            while let Some(mut writer) = group.next_column()? {
                let values = || rows.iter().map(|row| &row[column]);
                match writer.untyped() {
                    ColumnWriter::ByteArrayColumnWriter(own) => {
                        let text = |cell: &Cell<'_>| {
                            if let Cell::Text(text) = cell { text.map(ByteArray::from) } else { None }
                        };
                        let texts = values().map(text).collect::<Vec<_>>();
                        let there = texts.iter().map(|text| i16::from(text.is_some())).collect::<Vec<_>>();
                        own.write_batch(&texts.into_iter().flatten().collect::<Vec<_>>(), Some(&there), None)?;
                    }
                    ColumnWriter::Int64ColumnWriter(own) => {
                        let number = |cell: &Cell<'_>| if let Cell::Number(number) = cell { *number } else { None };
                        let numbers = values().map(number).collect::<Vec<_>>();
                        let there = numbers.iter().map(|number| i16::from(number.is_some())).collect::<Vec<_>>();
                        let numbers = numbers.into_iter().flatten().map(|number| number as i64).collect::<Vec<_>>();
                        own.write_batch(&numbers, Some(&there), None)?;
                    }
                    ColumnWriter::BoolColumnWriter(own) => {
                        let flags = values().map(|cell| *cell == Cell::Flag(true)).collect::<Vec<_>>();
                        own.write_batch(&flags, None, None)?;
                    }
                    _ => return Err(ParquetError::General("a column of a type that this table lacks".into())),
                }
                writer.close()?;
                column += 1;
            }
            group.close()?;
        }
        self.piece.take(out);
        Ok(())
    }

    /// Ends it.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<()> {
        self.writer.finish()?;
        self.piece.take(out);
        Ok(())
    }
}

/// A column for each heading: texts and numbers may be missing.
fn schema() -> Result<Arc<Type>> {
    let field = |heading: &'static str| {
        let (physical, converted, repetition) = match heading {
            "status" | "total_us" | "upstream_us" | "bytes_in" | "bytes_out" | "cost" | "items" | "remaining" => {
                (Physical::INT64, ConvertedType::NONE, Repetition::OPTIONAL)
            }
            "broke_off" => (Physical::BOOLEAN, ConvertedType::NONE, Repetition::REQUIRED),
            _ => (Physical::BYTE_ARRAY, ConvertedType::UTF8, Repetition::OPTIONAL),
        };
        let field = Type::primitive_type_builder(heading, physical);
        field.with_converted_type(converted).with_repetition(repetition).build().map(Arc::new)
    };
    let fields = Cell::HEADINGS.into_iter().map(field).collect::<Result<_>>()?;
    Ok(Arc::new(Type::group_type_builder("request").with_fields(fields).build()?))
}
