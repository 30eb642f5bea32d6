//! A query, and the URL-safe cursor that carries it from page to page, so that nothing is kept between requests.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use serde_json::Value;

use super::data;
use crate::example::{Fault, noise};

/// Which records a query is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `/1/events.json`.
    Events,
    /// `/1/profiles.json`.
    Profiles,
}

/// A checked query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// Events, or the profiles that have such events.
    pub(crate) kind: Kind,
    /// The event's name; empty means every event.
    pub(crate) event_name: String,
    /// First day, inclusive.
    pub(crate) from: Date,
    /// Last day, inclusive.
    pub(crate) to: Date,
}

impl Query {
    /// Reads `{"event_name":…,"from":yyyymmdd,"to":yyyymmdd}`. Events need a name; dates default to the whole year.
    pub(crate) fn parse(kind: Kind, query: &Value) -> Result<Self, Fault> {
        if !query.is_object() {
            return Err(Fault::bad("The query must be a JSON object such as {\"event_name\":\"App Launched\"}."));
        }
        let event_name = match &query["event_name"] {
            Value::String(name) => name.clone(),
            Value::Null if kind == Kind::Profiles => String::new(),
            _ => return Err(Fault::bad("`event_name` is required and must be a text.")),
        };
        let from = day(query, "from", *data::DAYS.start())?;
        let to = day(query, "to", *data::DAYS.end())?;
        if from > to {
            return Err(Fault::bad("`from` must not be later than `to`."));
        }
        Ok(Self { kind, event_name, from, to })
    }

    /// The query behind the source document's own sample.
    pub(crate) fn sample(kind: Kind) -> Self {
        let (from, to) = (*data::DAYS.start(), *data::DAYS.end());
        Self { kind, event_name: "App Launched".to_owned(), from, to }
    }

    /// The numbers of the matching events or profiles, in order.
    pub(crate) fn matches(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match self.kind {
            Kind::Events => Box::new(data::events(&self.event_name, self.days())),
            Kind::Profiles if self.event_name.is_empty() => Box::new(0..data::PROFILES),
            Kind::Profiles => Box::new(data::profiles_with(&self.event_name, self.days()).into_iter()),
        }
    }

    fn days(&self) -> RangeInclusive<Date> {
        self.from..=self.to
    }
}

/// A day written as the number or text yyyymmdd.
fn day(query: &Value, name: &str, default: Date) -> Result<Date, Fault> {
    let text = match &query[name] {
        Value::Null => return Ok(default),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    compact_day(&text).ok_or_else(|| Fault::bad(format!("`{name}` must be a day written as yyyymmdd.")))
}

fn compact_day(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?).ok()
}

/// A query and how far its reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// What is being read.
    pub(crate) query: Query,
    /// Records per page.
    pub(crate) batch_size: u64,
    /// Records read so far.
    pub(crate) offset: u64,
}

impl Cursor {
    /// The records of this page, and one more where another page follows.
    pub(crate) fn records(&self) -> Vec<Value> {
        let skipped = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let taken = usize::try_from(self.batch_size).unwrap_or(usize::MAX).saturating_add(1);
        let record = match self.query.kind {
            Kind::Events => data::event_record,
            Kind::Profiles => data::profile_record,
        };
        self.query.matches().skip(skipped).take(taken).map(record).collect()
    }

    /// The cursor of the page after this one.
    pub(crate) fn next(&self) -> Self {
        Self { offset: self.offset.saturating_add(self.batch_size), ..self.clone() }
    }

    /// The cursor as hexadecimal text with a check sum: it needs no escaping and a typing error is noticed.
    pub(crate) fn encode(&self) -> String {
        let kind = match self.query.kind {
            Kind::Events => 'e',
            Kind::Profiles => 'p',
        };
        let Query { from, to, event_name, .. } = &self.query;
        let text = format!("{kind}|{from}|{to}|{}|{}|{event_name}", self.batch_size, self.offset);
        let sum = check(&text).to_be_bytes();
        text.bytes().chain(sum).flat_map(hex_digits).collect()
    }

    /// Undoes [`Cursor::encode`].
    pub(crate) fn decode(encoded: &str) -> Option<Self> {
        let bytes = encoded
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Option<Vec<u8>>>()?;
        let (text, sum) = bytes.split_last_chunk::<4>()?;
        let text = std::str::from_utf8(text).ok()?;
        if u32::from_be_bytes(*sum) != check(text) {
            return None;
        }
        let mut parts = text.splitn(6, '|');
        let kind = match parts.next()? {
            "e" => Kind::Events,
            "p" => Kind::Profiles,
            _ => return None,
        };
        let (from, to) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (batch_size, offset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let event_name = parts.next()?.to_owned();
        Some(Self { query: Query { kind, event_name, from, to }, batch_size, offset })
    }
}

/// The two hexadecimal digits of a byte.
fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 0xf].map(|half| char::from_digit(u32::from(half), 16).unwrap_or('0'))
}

/// The lower half of the text's number.
fn check(text: &str) -> u32 {
    (noise::of_text(text) & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cursor_survives_the_round_trip_and_notices_tampering() {
        let query = Query { event_name: "Käufe | mehr".to_owned(), ..Query::sample(Kind::Events) };
        let cursor = Cursor { query, batch_size: 250, offset: 750 };
        let text = cursor.encode();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(Cursor::decode(&text), Some(cursor));
        assert_eq!(Cursor::decode(&text.replacen('6', "7", 1)), None);
        assert_eq!(Cursor::decode("é"), None);
        assert_eq!(Cursor::decode(""), None);
    }

    #[test]
    fn dates_come_as_number_or_text_and_must_exist() {
        let query = json!({"event_name": "Charged", "from": 20_260_228, "to": "20260301"});
        let query = Query::parse(Kind::Events, &query).expect("a good query");
        assert_eq!((query.from.to_string(), query.to.to_string()), ("2026-02-28".into(), "2026-03-01".into()));
        for from in [json!(20_260_230), json!("yesterday"), json!(20_270_101), json!({})] {
            let query = json!({"event_name": "Charged", "from": from, "to": 20_261_231});
            assert!(Query::parse(Kind::Events, &query).is_err(), "{from} must be refused");
        }
    }

    #[test]
    fn events_need_a_name_and_profiles_do_not() {
        assert!(Query::parse(Kind::Events, &json!({})).is_err());
        assert!(Query::parse(Kind::Events, &json!([])).is_err());
        let everybody = Query::parse(Kind::Profiles, &json!({})).expect("a good query");
        assert_eq!(everybody.matches().count(), data::PROFILES as usize);
    }
}
