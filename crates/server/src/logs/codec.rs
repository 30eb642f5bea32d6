//! Records as bytes of the tail: in frames that stand for themselves, each with its sum and its own list of names.
//!
//! What is read may have been torn or damaged: every length is checked, and what does not fit is no frame.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use uuid::Uuid;

use super::counts::Dropped;
use super::names::{Name, Names};
use super::record::{Bodies, Cause, Kept, Method, Record, Source, Texts};

/// Bytes before a frame's records.
pub(super) const HEAD_BYTES: usize = 64;
/// Largest frame; what is said to be larger is no frame.
pub(super) const FRAME_BYTES_MAX: usize = 64 << 20;
const MAGIC: u32 = u32::from_le_bytes(*b"KWF1");

const AUTH: u32 = 1;
const ACCOUNT: u32 = 1 << 1;
const KEY: u32 = 1 << 2;
const PERSON: u32 = 1 << 3;
const KIND: u32 = 1 << 4;
const PERSONAL: u32 = 1 << 5;
const ENVIRONMENT: u32 = 1 << 6;
const TEST: u32 = 1 << 7;
const OLD_SECRET: u32 = 1 << 8;
const MADE_ID: u32 = 1 << 9;
const V4: u32 = 1 << 10;
const V6: u32 = 1 << 11;
const BROKE_OFF: u32 = 1 << 12;
const ITEMS: u32 = 1 << 13;
const REMAINING: u32 = 1 << 14;
const CAUSE: u32 = 1 << 15;
const FINGERPRINT: u32 = 1 << 16;
const CODE: u32 = 1 << 17;
const BODIES: u32 = 1 << 18;
const REQUEST_CUT: u32 = 1 << 19;
const ANSWER_CUT: u32 = 1 << 20;

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Its batch's number.
    pub(super) seq: u64,
    /// Records in it.
    pub(super) count: u32,
    /// Records of its incarnation in all frames before it.
    pub(super) stored_before: u64,
    /// What its incarnation had dropped by then.
    pub(super) dropped: Dropped,
    /// The earliest of its records.
    pub(super) since: UnixMs,
    /// The latest.
    pub(super) until: UnixMs,
    pub(super) payload_bytes: u32,
    sum: u32,
}

/// Writes frames; keeps what it needs for that from one to the next.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// By a name's number: its place in the frame's list, from 1.
    places: Vec<u32>,
    listed: Vec<Name>,
    body: Vec<u8>,
}

impl Head {
    /// A frame's head, if these bytes are one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes.get(..HEAD_BYTES)?);
        if bytes.u32()? != MAGIC {
            return None;
        }
        let (sum, payload_bytes, count) = (bytes.u32()?, bytes.u32()?, bytes.u32()?);
        let head = Self {
            sum,
            payload_bytes,
            count,
            seq: bytes.u64()?,
            stored_before: bytes.u64()?,
            dropped: [bytes.u64()?, bytes.u64()?],
            since: UnixMs(bytes.u64()? as i64),
            until: UnixMs(bytes.u64()? as i64),
        };
        (head.payload_bytes as usize <= FRAME_BYTES_MAX).then_some(head)
    }

    /// Whether a whole frame is undamaged.
    pub(super) fn fits(&self, frame: &[u8]) -> bool {
        frame.len() == HEAD_BYTES + self.payload_bytes as usize && crc32fast::hash(&frame[8..]) == self.sum
    }
}

impl Encoder {
    /// A batch as a frame.
    pub(super) fn frame(
        &mut self,
        names: &Names,
        seq: u64,
        stored_before: u64,
        dropped: Dropped,
        records: &[Record],
        out: &mut Vec<u8>,
    ) {
        self.listed.clear();
        self.body.clear();
        for record in records {
            self.record(names, record);
        }
        let begin = out.len();
        out.resize(begin + HEAD_BYTES, 0);
        put_number(out, self.listed.len() as u64);
        for name in self.listed.drain(..) {
            put_text(out, names.text(name));
            if let Some(place) = self.places.get_mut(name.number()) {
                *place = 0;
            }
        }
        out.extend_from_slice(&self.body);
        let payload_bytes = (out.len() - begin - HEAD_BYTES) as u32;
        let since = records.iter().map(|record| record.at.0).min().unwrap_or(0);
        let until = records.iter().map(|record| record.at.0).max().unwrap_or(0);
        let numbers =
            [seq, stored_before, dropped[0], dropped[1], since as u64, until as u64].map(u64::to_le_bytes).concat();
        let frame = &mut out[begin..];
        frame[..4].copy_from_slice(&MAGIC.to_le_bytes());
        frame[8..12].copy_from_slice(&payload_bytes.to_le_bytes());
        frame[12..16].copy_from_slice(&(records.len() as u32).to_le_bytes());
        frame[16..HEAD_BYTES].copy_from_slice(&numbers);
        let sum = crc32fast::hash(&frame[8..]);
        frame[4..8].copy_from_slice(&sum.to_le_bytes());
    }

    fn name(&mut self, name: Name) {
        let number = name.number();
        if self.places.len() <= number {
            self.places.resize(number + 1, 0);
        }
        if self.places[number] == 0 {
            self.listed.push(name);
            self.places[number] = self.listed.len() as u32;
        }
        put_number(&mut self.body, u64::from(self.places[number]));
    }

    fn record(&mut self, names: &Names, record: &Record) {
        self.body.extend_from_slice(&flags(record).to_le_bytes());
        self.body.extend_from_slice(&record.at.0.to_le_bytes());
        let ids = [
            record.account.map(AccountId::uuid),
            record.key.map(KeyId::uuid),
            record.person.map(PersonId::uuid),
            record.made_id,
        ];
        for id in ids.into_iter().flatten() {
            self.body.extend_from_slice(id.as_bytes());
        }
        self.name(record.api);
        self.name(record.route);
        self.name(record.region);
        if let Some(code) = record.code {
            self.name(names.name(code));
        }
        let body = &mut self.body;
        match record.address {
            Some(IpAddr::V4(own)) => body.extend_from_slice(&own.octets()),
            Some(IpAddr::V6(own)) => body.extend_from_slice(&own.octets()),
            None => {}
        }
        if let Some(cause) = record.cause {
            body.push(cause.number());
        }
        if let Some(fingerprint) = record.fingerprint {
            body.extend_from_slice(&fingerprint.to_le_bytes());
        }
        let numbers = [
            Some(u64::from(record.status)),
            Some(u64::from(record.total_us)),
            Some(u64::from(record.upstream_us)),
            Some(record.bytes_in),
            Some(record.bytes_out),
            Some(u64::from(record.cost)),
            record.items.map(u64::from),
            record.remaining,
        ];
        for number in numbers.into_iter().flatten() {
            put_number(body, number);
        }
        put_text(body, record.method.as_str());
        put_text(body, record.texts.path());
        put_text(body, record.texts.agent());
        put_text(body, record.texts.id());
        if let Some(bodies) = &record.bodies {
            put_text(body, bodies.request.text());
            put_text(body, bodies.answer.text());
        }
    }
}

/// The records of a frame's payload; `None` if it is damaged in a way that its sum does not show.
pub(super) fn records(names: &Names, count: u32, payload: &[u8]) -> Option<Vec<Record>> {
    let mut bytes = Bytes(payload);
    let listed = bytes.number()?;
    let listed = (0..listed).map(|_| bytes.text().map(|text| (names.name(text), text)));
    let listed = listed.collect::<Option<Vec<_>>>()?;
    let records = (0..count).map(|_| record(names, &listed, &mut bytes)).collect::<Option<Vec<_>>>()?;
    bytes.0.is_empty().then_some(records)
}

fn record(names: &Names, listed: &[(Name, &str)], bytes: &mut Bytes<'_>) -> Option<Record> {
    let flags = bytes.u32()?;
    let has = |flag: u32| flags & flag != 0;
    let at = UnixMs(bytes.u64()? as i64);
    let mut record = Record::new(at, if has(AUTH) { Source::Auth } else { Source::Gateway });
    let mut id = |flag: u32| if has(flag) { bytes.uuid().map(Some) } else { Some(None) };
    record.account = id(ACCOUNT)?.map(AccountId::new);
    record.key = id(KEY)?.map(KeyId::new);
    record.person = id(PERSON)?.map(PersonId::new);
    record.made_id = id(MADE_ID)?;
    let kind = if has(PERSONAL) { Kind::Personal } else { Kind::Account };
    record.kind = has(KIND).then_some(kind);
    let environment = if has(TEST) { Environment::Test } else { Environment::Live };
    record.environment = has(ENVIRONMENT).then_some(environment);
    record.old_secret = has(OLD_SECRET);
    record.broke_off = has(BROKE_OFF);
    let mut name = || listed.get((bytes.number()? as usize).checked_sub(1)?).copied();
    record.api = name()?.0;
    record.route = name()?.0;
    record.region = name()?.0;
    record.code = if has(CODE) { Some(names.code(name()?.1)) } else { None };
    record.address = match (has(V4), has(V6)) {
        (true, _) => Some(IpAddr::V4(Ipv4Addr::from(bytes.array::<4>()?))),
        (false, true) => Some(IpAddr::V6(Ipv6Addr::from(bytes.array::<16>()?))),
        (false, false) => None,
    };
    record.cause = if has(CAUSE) { Some(Cause::numbered(bytes.array::<1>()?[0])?) } else { None };
    record.fingerprint = if has(FINGERPRINT) { Some(bytes.u32()?) } else { None };
    record.status = bytes.number()? as u16;
    record.total_us = bytes.number()? as u32;
    record.upstream_us = bytes.number()? as u32;
    record.bytes_in = bytes.number()?;
    record.bytes_out = bytes.number()?;
    record.cost = bytes.number()? as u32;
    record.items = if has(ITEMS) { Some(bytes.number()? as u32) } else { None };
    record.remaining = if has(REMAINING) { Some(bytes.number()?) } else { None };
    record.method = Method::new(bytes.text()?);
    record.texts = Texts::new(bytes.text()?, bytes.text()?, bytes.text()?);
    if has(BODIES) {
        let mut kept = |cut| bytes.text().map(|text| Kept { bytes: text.as_bytes().to_vec(), cut });
        let (request, answer) = (kept(has(REQUEST_CUT))?, kept(has(ANSWER_CUT))?);
        record.bodies = Some(Box::new(Bodies { request, answer }));
    }
    Some(record)
}

fn flags(record: &Record) -> u32 {
    let when = |so: bool, flag: u32| if so { flag } else { 0 };
    when(record.source == Source::Auth, AUTH)
        | when(record.account.is_some(), ACCOUNT)
        | when(record.key.is_some(), KEY)
        | when(record.person.is_some(), PERSON)
        | when(record.kind.is_some(), KIND)
        | when(record.kind == Some(Kind::Personal), PERSONAL)
        | when(record.environment.is_some(), ENVIRONMENT)
        | when(record.environment == Some(Environment::Test), TEST)
        | when(record.old_secret, OLD_SECRET)
        | when(record.made_id.is_some(), MADE_ID)
        | when(matches!(record.address, Some(IpAddr::V4(_))), V4)
        | when(matches!(record.address, Some(IpAddr::V6(_))), V6)
        | when(record.broke_off, BROKE_OFF)
        | when(record.items.is_some(), ITEMS)
        | when(record.remaining.is_some(), REMAINING)
        | when(record.cause.is_some(), CAUSE)
        | when(record.fingerprint.is_some(), FINGERPRINT)
        | when(record.code.is_some(), CODE)
        | when(record.bodies.is_some(), BODIES)
        | when(record.bodies.as_ref().is_some_and(|own| own.request.cut), REQUEST_CUT)
        | when(record.bodies.as_ref().is_some_and(|own| own.answer.cut), ANSWER_CUT)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, the lowest first.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.array::<1>()?[0];
            number |= u64::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let bytes = self.number()?;
        std::str::from_utf8(self.take(usize::try_from(bytes).ok()?)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::fixtures::{any_record, names};

    fn framed(names: &Names, records: &[Record]) -> Vec<u8> {
        let mut out = Vec::new();
        Encoder::default().frame(names, 7, 40, [1, 2], records, &mut out);
        out
    }

    proptest! {
        #[test]
        fn a_frame_gives_back_what_was_put_in(records in prop::collection::vec(any_record(), 0..20)) {
            let names = names();
            let frame = framed(&names, &records);
            let head = Head::read(&frame).unwrap();
            prop_assert!(head.fits(&frame));
            prop_assert_eq!((head.seq, head.stored_before, head.dropped, head.count as usize), (7, 40, [1, 2], records.len()));
            let back = super::records(&names, head.count, &frame[HEAD_BYTES..]).unwrap();
            prop_assert_eq!(back, records);
        }

        #[test]
        fn a_damaged_frame_is_none(records in prop::collection::vec(any_record(), 1..4), at: prop::sample::Index, bit in 0_u8..8) {
            let names = names();
            let mut frame = framed(&names, &records);
            let at = at.index(frame.len());
            frame[at] ^= 1 << bit;
            prop_assert!(!Head::read(&frame).is_some_and(|head| head.fits(&frame)));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), count in 0_u32..5) {
            let _ = super::records(&names(), count, &bytes);
        }
    }
}
