//! Reading the log, from the newest record on: tails and segments are one.
//!
//! Each source says what time it is of. Sources are looked at from the latest on, and no further than until nothing in
//! the rest can come before what was found. A page looks at a bounded number of rows; where that ends, the next begins.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_core::time::{DAY_MS, UnixMs};
use uuid::Uuid;

use super::filter::{self, Filter};
use super::names::Names;
use super::record::Record;
use super::segment::{Clause, Segment, columns};
use super::shelf::Shelf;
use super::tail::{Frame, Tail};

/// Most rows that one page looks at closely; what bloom filters and times rule out does not count.
const LOOKED_AT_MAX: u64 = 20_000_000;

/// A place in the log: everything older comes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    at: UnixMs,
    id: u128,
    given: String,
    /// How many records of this very place were told already.
    told: u32,
}

/// Some records, newest first.
#[derive(Debug)]
pub struct Found {
    /// The records.
    pub records: Vec<Record>,
    /// Where the next ones begin; `None` at the log's end.
    pub next: Option<Place>,
}

impl Place {
    /// As a text for a cursor.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{:x}.{}.{}", self.at.0, self.id, self.told, self.given))
    }

    /// From a cursor.
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(4, '.');
        Some(Self {
            at: UnixMs(parts.next()?.parse().ok()?),
            id: u128::from_str_radix(parts.next()?, 16).ok()?,
            told: parts.next()?.parse().ok()?,
            given: parts.next()?.to_owned(),
        })
    }

    /// Right after everything later than `at`.
    fn from_instant(at: UnixMs) -> Self {
        Self { at: at.plus(1), id: 0, given: String::new(), told: 0 }
    }

    fn order(&self) -> (UnixMs, u128, &str) {
        (self.at, self.id, &self.given)
    }
}

enum Source<'a> {
    Frame(&'a Tail, &'a Frame),
    Segment(&'a Arc<Segment>),
}

impl Source<'_> {
    fn span(&self) -> (UnixMs, UnixMs) {
        match self {
            Self::Frame(_, frame) => (frame.head.since, frame.head.until),
            Self::Segment(segment) => (segment.since, segment.until),
        }
    }
}

/// What was found so far.
struct Search<'a> {
    filter: &'a Filter,
    clauses: Vec<Clause>,
    names: &'a Names,
    from: Option<&'a Place>,
    /// Newest first, never more than `most`.
    records: Vec<Record>,
    most: usize,
    looked_at: u64,
}

/// The newest records that a filter asks for, from a place on.
pub(super) fn newest(
    shelf: &Shelf,
    names: &Names,
    filter: &Filter,
    from: Option<&Place>,
    limit: usize,
) -> io::Result<Found> {
    let filter = &narrowed(filter, from);
    let held = shelf.held();
    let frames = held.tails.iter().flat_map(|tail| tail.frames().map(|frame| Source::Frame(tail, frame)));
    let frames = frames.filter(|source| matches!(source, Source::Frame(_, frame) if filter.may_be_in(frame)));
    let segments = held.segments.iter().filter(|segment| filter.may_be_within(segment.since, segment.until));
    let mut sources = frames.chain(segments.map(Source::Segment)).collect::<Vec<_>>();
    sources.sort_by_key(|source| std::cmp::Reverse(source.span().1));
    let told = from.map_or(0, |from| from.told as usize);
    let clauses = filter.clauses();
    let most = limit + 1 + told;
    let mut search = Search { filter, clauses, names, from, records: Vec::new(), most, looked_at: 0 };
    let mut stopped_at = None;
    for source in &sources {
        let until = source.span().1;
        if search.is_full_before(until) {
            break;
        }
        if search.looked_at >= LOOKED_AT_MAX {
            stopped_at = Some(until);
            break;
        }
        match source {
            Source::Frame(tail, frame) => search.frame(tail, frame)?,
            Source::Segment(segment) => search.segment(shelf, segment)?,
        }
    }
    Ok(search.end(limit, stopped_at))
}

/// An id that was made here tells its time, and a place leaves out what is later.
fn narrowed(filter: &Filter, from: Option<&Place>) -> Filter {
    let mut filter = filter.clone();
    let made = filter.request_id.as_deref().and_then(|id| Uuid::try_parse_ascii(id.as_bytes()).ok());
    if let Some(made) = made.filter(|made| made.get_version_num() == 7) {
        // A day to either side: an id that a proxy made may be older or newer than its record.
        let at = filter::id_time(made);
        let (since, until) = (at.plus(-DAY_MS), at.plus(DAY_MS));
        filter.since = Some(filter.since.map_or(since, |own| own.max(since)));
        filter.until = Some(filter.until.map_or(until, |own| own.min(until)));
    }
    if let Some(from) = from {
        let until = from.at.plus(1);
        filter.until = Some(filter.until.map_or(until, |own| own.min(until)));
    }
    filter
}

impl Search<'_> {
    /// Whether nothing of a source that ends at `until` can still count.
    fn is_full_before(&self, until: UnixMs) -> bool {
        self.records.len() >= self.most && self.records.last().is_some_and(|last| last.at > until)
    }

    fn frame(&mut self, tail: &Tail, frame: &Frame) -> io::Result<()> {
        let found = tail.records(frame, self.names)?;
        self.looked_at += found.len() as u64;
        let (filter, names) = (self.filter, self.names);
        self.add(found.into_iter().filter(|record| filter.matches(record, names)));
        Ok(())
    }

    fn segment(&mut self, shelf: &Shelf, segment: &Arc<Segment>) -> io::Result<()> {
        let Some(opened) = segment.open()? else { return Ok(()) };
        shelf.remember(segment, &opened);
        for group in opened.groups() {
            if self.is_full_before(group.until) {
                break;
            }
            if !self.filter.may_be_within(group.since, group.until) || !opened.may_hold(group, &self.clauses)? {
                continue;
            }
            self.looked_at += group.rows as u64;
            let mut rows = opened.find(group, &self.clauses)?;
            // Rows lie in order: only the newest can count, but for those of the place's own instant.
            let same = match self.from {
                Some(from) if !rows.is_empty() => {
                    let at = opened.read(group, columns::AT, &rows)?;
                    (0..rows.len()).rev().take_while(|row| at.i64(*row) >= from.at.0).count()
                }
                Some(_) | None => 0,
            };
            let older = rows.len().saturating_sub(self.most + same);
            rows.drain(..older);
            if !rows.is_empty() {
                let columns = opened.rows(group, &rows)?;
                let names = self.names;
                self.add((0..rows.len()).map(|row| columns.record(names, row)));
            }
        }
        Ok(())
    }

    fn add(&mut self, found: impl Iterator<Item = Record>) {
        let from = self.from;
        self.records.extend(found.filter(|record| from.is_none_or(|from| record.order() <= from.order())));
        self.records.sort_by(|a, b| b.order().cmp(&a.order()));
        self.records.truncate(self.most);
    }

    fn end(mut self, limit: usize, stopped_at: Option<UnixMs>) -> Found {
        if let Some(from) = self.from {
            let same = self.records.iter().take_while(|record| record.order() == from.order()).count();
            self.records.drain(..same.min(from.told as usize));
        }
        if let Some(stopped_at) = stopped_at {
            // What was not looked at may lie between these.
            self.records.retain(|record| record.at > stopped_at);
            if self.records.len() <= limit {
                return Found { records: self.records, next: Some(Place::from_instant(stopped_at)) };
            }
        }
        let more = self.records.len() > limit;
        self.records.truncate(limit);
        let next = self.records.last().filter(|_| more).map(|last| {
            let (at, id, given) = last.order();
            let told = self.records.iter().rev().take_while(|record| record.order() == last.order()).count();
            let before = self.from.filter(|from| from.order() == last.order()).map_or(0, |from| from.told);
            Place { at, id, given: given.to_owned(), told: told as u32 + before }
        });
        Found { records: self.records, next }
    }
}
