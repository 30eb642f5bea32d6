//! What a segment's columns are: the one place that knows how a record lies in them.
//!
//! No column has nulls: an id of noughts, an empty text and -1 stand for "none". A request's id that was made here is
//! its time, a number of the thread's and a count, of which the last two are kept; any other id is kept as text. Of a
//! path is kept what its route's pattern does not say.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, Type};
use uuid::Uuid;

use super::paths;
use crate::logs::names::{Name, Names};
use crate::logs::record::{Bodies, Cause, Kept, Method, Record, Source, Texts};

const SCHEMA: &str = "message request {
    required int64 at (TIMESTAMP_MILLIS);
    required fixed_len_byte_array(16) account;
    required fixed_len_byte_array(16) key;
    required fixed_len_byte_array(16) person;
    required binary api (UTF8);
    required binary route (UTF8);
    required binary region (UTF8);
    required binary method (UTF8);
    required binary path (UTF8);
    required int32 status;
    required binary code (UTF8);
    required int32 flags;
    required int64 fingerprint;
    required int32 upstream_us;
    required int32 own_us;
    required int64 bytes_in;
    required int64 bytes_out;
    required binary address;
    required binary agent (UTF8);
    required int32 cost;
    required int32 items;
    required int64 remaining;
    required int64 id_thread;
    required int32 id_count;
    required binary id_given (UTF8);
    required binary request_body (UTF8);
    required binary answer_body (UTF8);
}";

pub(in crate::logs) const AT: usize = 0;
pub(in crate::logs) const ACCOUNT: usize = 1;
pub(in crate::logs) const KEY: usize = 2;
pub(in crate::logs) const PERSON: usize = 3;
pub(in crate::logs) const API: usize = 4;
pub(in crate::logs) const ROUTE: usize = 5;
pub(in crate::logs) const REGION: usize = 6;
pub(in crate::logs) const METHOD: usize = 7;
pub(in crate::logs) const PATH: usize = 8;
pub(in crate::logs) const STATUS: usize = 9;
pub(in crate::logs) const CODE: usize = 10;
pub(in crate::logs) const FLAGS: usize = 11;
pub(in crate::logs) const FINGERPRINT: usize = 12;
pub(in crate::logs) const UPSTREAM_US: usize = 13;
pub(in crate::logs) const OWN_US: usize = 14;
pub(in crate::logs) const BYTES_IN: usize = 15;
pub(in crate::logs) const BYTES_OUT: usize = 16;
pub(in crate::logs) const ADDRESS: usize = 17;
pub(in crate::logs) const AGENT: usize = 18;
pub(in crate::logs) const COST: usize = 19;
pub(in crate::logs) const ITEMS: usize = 20;
pub(in crate::logs) const REMAINING: usize = 21;
pub(in crate::logs) const ID_THREAD: usize = 22;
pub(in crate::logs) const ID_COUNT: usize = 23;
pub(in crate::logs) const ID_GIVEN: usize = 24;
pub(in crate::logs) const REQUEST_BODY: usize = 25;
pub(in crate::logs) const ANSWER_BODY: usize = 26;
pub(in crate::logs) const COLUMNS: usize = 27;

/// Rows of a row group, and of a page in it.
pub(in crate::logs) const GROUP_ROWS: usize = 131_072;
const PAGE_ROWS: usize = 4_096;
const ZSTD_LEVEL: i32 = 3;
/// How often a bloom filter may wrongly say yes.
const FALSE_YES: f64 = 0.01;

const AUTH: i32 = 1;
const OLD_SECRET: i32 = 1 << 1;
const BROKE_OFF: i32 = 1 << 2;
const KIND_AT: u32 = 3;
const ENVIRONMENT_AT: u32 = 5;
const CAUSE_AT: u32 = 7;
const BODIES: i32 = 1 << 10;
const REQUEST_CUT: i32 = 1 << 11;
const ANSWER_CUT: i32 = 1 << 12;

/// The values of one column.
#[derive(Debug, Clone)]
pub(in crate::logs) enum Values {
    I32(Vec<i32>),
    I64(Vec<i64>),
    Text(Vec<ByteArray>),
    Id(Vec<FixedLenByteArray>),
}

/// Rows as columns.
#[derive(Debug)]
pub(in crate::logs) struct Rows(pub(in crate::logs) Vec<Values>);

/// What the flags of a row say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::logs) struct Flags {
    pub(in crate::logs) source: Source,
    pub(in crate::logs) old_secret: bool,
    pub(in crate::logs) broke_off: bool,
    pub(in crate::logs) kind: Option<Kind>,
    pub(in crate::logs) environment: Option<Environment>,
    pub(in crate::logs) cause: Option<Cause>,
    /// Whether bodies were kept, and of which of them there was more.
    bodies: Option<(bool, bool)>,
}

impl Flags {
    fn of(record: &Record) -> Self {
        let Record { source, old_secret, broke_off, kind, environment, cause, .. } = *record;
        let bodies = record.bodies.as_ref().map(|bodies| (bodies.request.cut, bodies.answer.cut));
        Self { source, old_secret, broke_off, kind, environment, cause, bodies }
    }

    fn pack(self) -> i32 {
        let when = |so: bool, flag: i32| if so { flag } else { 0 };
        let kind = match self.kind {
            None => 0,
            Some(Kind::Account) => 1,
            Some(Kind::Personal) => 2,
        };
        let environment = match self.environment {
            None => 0,
            Some(Environment::Live) => 1,
            Some(Environment::Test) => 2,
        };
        let cause = self.cause.map_or(0, |cause| i32::from(cause.number()) + 1);
        when(self.source == Source::Auth, AUTH)
            | when(self.old_secret, OLD_SECRET)
            | when(self.broke_off, BROKE_OFF)
            | kind << KIND_AT
            | environment << ENVIRONMENT_AT
            | cause << CAUSE_AT
            | when(self.bodies.is_some(), BODIES)
            | when(self.bodies.is_some_and(|(request, _)| request), REQUEST_CUT)
            | when(self.bodies.is_some_and(|(_, answer)| answer), ANSWER_CUT)
    }

    pub(in crate::logs) fn unpack(flags: i32) -> Self {
        Self {
            source: if flags & AUTH != 0 { Source::Auth } else { Source::Gateway },
            old_secret: flags & OLD_SECRET != 0,
            broke_off: flags & BROKE_OFF != 0,
            kind: match flags >> KIND_AT & 3 {
                1 => Some(Kind::Account),
                2 => Some(Kind::Personal),
                _ => None,
            },
            environment: match flags >> ENVIRONMENT_AT & 3 {
                1 => Some(Environment::Live),
                2 => Some(Environment::Test),
                _ => None,
            },
            cause: ((flags >> CAUSE_AT & 7) as u8).checked_sub(1).and_then(Cause::numbered),
            bodies: (flags & BODIES != 0).then_some((flags & REQUEST_CUT != 0, flags & ANSWER_CUT != 0)),
        }
    }
}

/// The schema of every segment.
pub(super) fn schema() -> Arc<Type> {
    Arc::new(parse_message_type(SCHEMA).expect("the schema is written right"))
}

/// How every column is written.
pub(super) fn properties() -> WriterProperties {
    let path = |column: usize| {
        let schema = schema();
        ColumnPath::from(schema.get_fields()[column].name())
    };
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut made = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by("keyward".into())
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_dictionary_page_size_limit(2 << 20)
        .set_bloom_filter_for_dictionary_encoded_chunks(true);
    made = made.set_column_statistics_enabled(path(AT), EnabledStatistics::Chunk);
    for column in [ACCOUNT, KEY, ID_GIVEN] {
        made = made.set_column_bloom_filter_enabled(path(column), true);
        made = made.set_column_bloom_filter_fpp(path(column), FALSE_YES);
        made = made.set_column_bloom_filter_max_ndv(path(column), GROUP_ROWS as u64);
    }
    for column in [AT, ID_COUNT] {
        made = made.set_column_dictionary_enabled(path(column), false);
        made = made.set_column_encoding(path(column), Encoding::DELTA_BINARY_PACKED);
    }
    for column in [REQUEST_BODY, ANSWER_BODY] {
        made = made.set_column_dictionary_enabled(path(column), false);
    }
    for column in [UPSTREAM_US, OWN_US, REMAINING] {
        made = made.set_column_dictionary_enabled(path(column), false);
        made = made.set_column_encoding(path(column), Encoding::BYTE_STREAM_SPLIT);
    }
    made.build()
}

/// Records as columns, in their order.
pub(super) fn rows(names: &Names, records: &[Record]) -> Rows {
    let numbers = |of: &dyn Fn(&Record) -> i32| Values::I32(records.iter().map(of).collect());
    let longs = |of: &dyn Fn(&Record) -> i64| Values::I64(records.iter().map(of).collect());
    let bytes = |put: &dyn Fn(&Record, &mut Vec<u8>)| Values::Text(in_one_piece(records, put));
    let texts = |of: &dyn for<'a> Fn(&'a Record) -> &'a str| {
        Values::Text(in_one_piece(records, &|record, out: &mut Vec<u8>| out.extend_from_slice(of(record).as_bytes())))
    };
    let named = |of: &dyn Fn(&Record) -> Name| {
        let put = |record: &Record, out: &mut Vec<u8>| out.extend_from_slice(names.text(of(record)).as_bytes());
        Values::Text(in_one_piece(records, &put))
    };
    let ids = |of: &dyn Fn(&Record) -> Option<Uuid>| {
        let put = |record: &Record, out: &mut Vec<u8>| out.extend_from_slice(of(record).unwrap_or_default().as_bytes());
        Values::Id(in_one_piece(records, &put).into_iter().map(FixedLenByteArray::from).collect())
    };
    Rows(vec![
        longs(&|record| record.at.0),
        ids(&|record| record.account.map(AccountId::uuid)),
        ids(&|record| record.key.map(KeyId::uuid)),
        ids(&|record| record.person.map(PersonId::uuid)),
        named(&|record| record.api),
        named(&|record| record.route),
        named(&|record| record.region),
        texts(&|record| record.method.as_str()),
        bytes(&|record, out| paths::put(names.text(record.route), record.texts.path(), out)),
        numbers(&|record| i32::from(record.status)),
        texts(&|record| record.code.unwrap_or_default()),
        numbers(&|record| Flags::of(record).pack()),
        longs(&|record| record.fingerprint.map_or(-1, i64::from)),
        numbers(&|record| record.upstream_us as i32),
        numbers(&|record| record.total_us.wrapping_sub(record.upstream_us) as i32),
        longs(&|record| record.bytes_in as i64),
        longs(&|record| record.bytes_out as i64),
        bytes(&|record, out| put_address(record.address, out)),
        texts(&|record| record.texts.agent()),
        numbers(&|record| record.cost as i32),
        numbers(&|record| record.items.map_or(-1, |items| items.min(i32::MAX as u32) as i32)),
        longs(&|record| record.remaining.map_or(-1, |left| left.min(i64::MAX as u64) as i64)),
        longs(&|record| own_id(record).map_or(-1, |(thread, _)| thread)),
        numbers(&|record| own_id(record).map_or(0, |(_, count)| count)),
        bytes(&|record, out| put_given_id(record, out)),
        texts(&|record| record.bodies.as_ref().map_or("", |bodies| bodies.request.text())),
        texts(&|record| record.bodies.as_ref().map_or("", |bodies| bodies.answer.text())),
    ])
}

/// One value of each record, all in one piece of memory.
fn in_one_piece(records: &[Record], put: &dyn Fn(&Record, &mut Vec<u8>)) -> Vec<ByteArray> {
    let mut all = Vec::new();
    let end = |record| {
        put(record, &mut all);
        all.len()
    };
    let ends: Vec<usize> = records.iter().map(end).collect();
    let all = Bytes::from(all);
    let mut from = 0;
    let value = |end| ByteArray::from(all.slice(std::mem::replace(&mut from, end)..end));
    ends.into_iter().map(value).collect()
}

fn put_address(address: Option<IpAddr>, out: &mut Vec<u8>) {
    match address {
        Some(IpAddr::V4(own)) => out.extend_from_slice(&own.octets()),
        Some(IpAddr::V6(own)) => out.extend_from_slice(&own.octets()),
        None => {}
    }
}

pub(in crate::logs) fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Thread and count of an id that begins with its record's time.
fn own_id(record: &Record) -> Option<(i64, i32)> {
    split_id(record.made_id?, record.at)
}

/// Thread and count of an id whose time this is.
pub(in crate::logs) fn split_id(id: Uuid, at: UnixMs) -> Option<(i64, i32)> {
    let id = id.as_u128();
    let begins = (id >> 80) as i64 == at.0;
    begins.then_some(((id >> 32) as i64 & 0xFFFF_FFFF_FFFF, id as u32 as i32))
}

fn join_id(at: UnixMs, thread: i64, count: i32) -> Uuid {
    let time = u128::from(at.0 as u64) << 80;
    Uuid::from_u128(time | u128::from(thread as u64) << 32 | u128::from(count as u32))
}

fn put_given_id(record: &Record, out: &mut Vec<u8>) {
    match record.made_id {
        Some(_) if own_id(record).is_some() => {}
        Some(id) => out.extend_from_slice(id.simple().to_string().as_bytes()),
        None => out.extend_from_slice(record.texts.id().as_bytes()),
    }
}

impl Values {
    pub(in crate::logs) fn i32(&self, at: usize) -> i32 {
        if let Self::I32(all) = self { all.get(at).copied().unwrap_or_default() } else { 0 }
    }

    pub(in crate::logs) fn i64(&self, at: usize) -> i64 {
        if let Self::I64(all) = self { all.get(at).copied().unwrap_or_default() } else { 0 }
    }

    pub(in crate::logs) fn bytes(&self, at: usize) -> &[u8] {
        match self {
            Self::Text(all) => all.get(at).map_or(&[], ByteArray::data),
            Self::Id(all) => all.get(at).map_or(&[], |id| id.data()),
            Self::I32(_) | Self::I64(_) => &[],
        }
    }

    fn text(&self, at: usize) -> &str {
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }

    fn id(&self, at: usize) -> Option<Uuid> {
        Uuid::from_slice(self.bytes(at)).ok().filter(|id| !id.is_nil())
    }
}

/// A row's path, by its route.
pub(super) fn path<'a>(routes: &Values, paths: &'a Values, at: usize) -> Cow<'a, str> {
    paths::get(routes.text(at), paths.text(at))
}

impl Rows {
    /// One row as a record.
    pub(in crate::logs) fn record(&self, names: &Names, at: usize) -> Record {
        let column = |column: usize| &self.0[column];
        let flags = Flags::unpack(column(FLAGS).i32(at));
        let mut record = Record::new(UnixMs(column(AT).i64(at)), flags.source);
        record.account = column(ACCOUNT).id(at).map(AccountId::new);
        record.key = column(KEY).id(at).map(KeyId::new);
        record.person = column(PERSON).id(at).map(PersonId::new);
        (record.kind, record.environment, record.cause) = (flags.kind, flags.environment, flags.cause);
        (record.old_secret, record.broke_off) = (flags.old_secret, flags.broke_off);
        record.api = names.name(column(API).text(at));
        record.route = names.name(column(ROUTE).text(at));
        record.region = names.name(column(REGION).text(at));
        record.method = Method::new(column(METHOD).text(at));
        record.status = column(STATUS).i32(at) as u16;
        let code = column(CODE).text(at);
        record.code = (!code.is_empty()).then(|| names.code(code));
        record.fingerprint = u32::try_from(column(FINGERPRINT).i64(at)).ok();
        record.upstream_us = column(UPSTREAM_US).i32(at) as u32;
        record.total_us = record.upstream_us.wrapping_add(column(OWN_US).i32(at) as u32);
        record.bytes_in = column(BYTES_IN).i64(at) as u64;
        record.bytes_out = column(BYTES_OUT).i64(at) as u64;
        record.address = address(column(ADDRESS).bytes(at));
        record.cost = column(COST).i32(at) as u32;
        record.items = u32::try_from(column(ITEMS).i32(at)).ok();
        record.remaining = u64::try_from(column(REMAINING).i64(at)).ok();
        let (thread, given) = (column(ID_THREAD).i64(at), column(ID_GIVEN).text(at));
        let parsed = || Uuid::try_parse_ascii(given.as_bytes()).ok().filter(|_| given.len() == 32);
        let made = if thread >= 0 { Some(join_id(record.at, thread, column(ID_COUNT).i32(at))) } else { parsed() };
        let path = path(column(ROUTE), column(PATH), at);
        record.texts = Texts::new(&path, column(AGENT).text(at), if made.is_some() { "" } else { given });
        record.made_id = made;
        record.bodies = flags.bodies.map(|(request_cut, answer_cut)| {
            let kept = |own: usize, cut| Kept { bytes: column(own).bytes(at).to_vec(), cut };
            Box::new(Bodies { request: kept(REQUEST_BODY, request_cut), answer: kept(ANSWER_BODY, answer_cut) })
        });
        record
    }
}
