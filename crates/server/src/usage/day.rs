//! What one key did on one day, in a few hundred bytes: counts per hour and outcome, response times, and the routes,
//! addresses and programs it was used for and from. A row of all its life has everything but the hours.

use std::borrow::Cow;

use keyward_core::histogram::Histogram;
use keyward_core::varint::{Reader, put, put_text};

use super::cells::Outcome;
use super::list::List;

const VERSION: u64 = 1;
/// More counts than a day's hours and outcomes: such a row is damaged.
const COUNTS_MAX: u64 = 24 * 1_000;

/// One key's day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyDay {
    /// Requests by hour of the day (UTC) and outcome.
    pub(crate) hours: Vec<(u8, Outcome, u64)>,
    /// Microseconds of all that were timed.
    pub(crate) took_us: u64,
    pub(crate) latency: Histogram,
    pub(crate) outcomes: List<String>,
    pub(crate) routes: List<String>,
    pub(crate) addresses: List<String>,
    pub(crate) agents: List<String>,
}

impl KeyDay {
    pub(crate) fn count(&mut self, hour: u8, outcome: &Outcome, requests: u64) {
        match self.hours.iter_mut().find(|(own, word, _)| *own == hour && word == outcome) {
            Some((_, _, count)) => *count += requests,
            None => self.hours.push((hour, outcome.clone(), requests)),
        }
    }

    /// Adds everything that another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (hour, outcome, requests) in &other.hours {
            self.count(*hour, outcome, *requests);
        }
        self.took_us += other.took_us;
        self.latency.merge(&other.latency);
        self.outcomes.merge(&other.outcomes);
        self.routes.merge(&other.routes);
        self.addresses.merge(&other.addresses);
        self.agents.merge(&other.agents);
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        put(&mut out, VERSION);
        put(&mut out, self.hours.len() as u64);
        for (hour, outcome, requests) in &self.hours {
            put(&mut out, u64::from(*hour));
            put_text(&mut out, outcome);
            put(&mut out, *requests);
        }
        put(&mut out, self.took_us);
        self.latency.write(&mut out);
        for list in [&self.outcomes, &self.routes, &self.addresses, &self.agents] {
            list.write(&mut out);
        }
        out
    }

    /// Reads what [`Self::write`] wrote; nothing at all is an empty day. `None` where it is damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        if from.is_at_end() {
            return Some(Self::default());
        }
        if from.number()? != VERSION {
            return None;
        }
        let length = from.number().filter(|length| *length <= COUNTS_MAX)?;
        let mut hours = Vec::new();
        for _ in 0..length {
            let hour = from.number().filter(|hour| *hour < 24)? as u8;
            hours.push((hour, Cow::Owned(from.text()?.to_owned()), from.number()?));
        }
        let day = Self {
            hours,
            took_us: from.number()?,
            latency: Histogram::read(&mut from)?,
            outcomes: List::read(&mut from)?,
            routes: List::read(&mut from)?,
            addresses: List::read(&mut from)?,
            agents: List::read(&mut from)?,
        };
        from.is_at_end().then_some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Hits;
    use super::*;

    #[test]
    fn a_day_is_the_sum_of_its_parts_and_comes_back_from_bytes() {
        let mut part = KeyDay::default();
        part.count(7, &Cow::Borrowed("ok"), 3);
        part.latency.record(1_000);
        part.took_us = 1_000;
        part.routes.note("/a", Hits::once(5, false));
        part.agents.note("curl", Hits::once(5, false));
        let mut day = part.clone();
        day.count(8, &Cow::Borrowed("key_revoked"), 1);
        day.merge(&part);
        assert_eq!(day.hours, [(7, "ok".into(), 6), (8, "key_revoked".into(), 1)]);
        assert_eq!((day.latency.count(), day.took_us), (2, 2_000));
        let bytes = day.write();
        assert_eq!(KeyDay::read(&bytes), Some(day));
        assert_eq!((KeyDay::read(&[]), KeyDay::read(&bytes[1..])), (Some(KeyDay::default()), None));
    }
}
