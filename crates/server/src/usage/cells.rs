//! What was counted in one bucket: a cell for each environment and outcome. Cells of the same name add up, so that a
//! bucket of hours is the sum of its minutes, and a row in the store takes what is new by adding it.

use std::borrow::Cow;

use keyward_core::histogram::Histogram;
use keyward_core::key::Environment;
use keyward_core::varint::{Reader, put, put_text};

use crate::logs::{Cause, Record, Source};

/// What rows begin with, should they ever be written in another way.
const VERSION: u64 = 1;
/// More cells than there are outcomes: such a row is damaged.
const CELLS_MAX: u64 = 10_000;

/// What became of a request, in one word: `ok`, `client_error`, `server_error` or `broken_off` for what was allowed,
/// a refusal's code for what was not. `invalid_credentials` says its cause: `invalid_credentials.unknown`.
pub(crate) type Outcome = Cow<'static, str>;

/// The outcome of a request that was allowed and answered well.
pub(crate) const OK: &str = "ok";

/// What became of a request.
pub(crate) fn outcome(record: &Record) -> &'static str {
    if let Some(code) = record.code {
        return record.cause.map_or(code, invalid);
    }
    match record.status {
        _ if record.broke_off || record.status == 499 => "broken_off",
        500.. => "server_error",
        400.. => "client_error",
        _ => OK,
    }
}

const fn invalid(cause: Cause) -> &'static str {
    use keyward_core::denial::Reason;
    match cause {
        Cause::Seen(Reason::Malformed) => "invalid_credentials.malformed",
        Cause::Seen(Reason::Checksum) => "invalid_credentials.checksum",
        Cause::Seen(Reason::Unknown) => "invalid_credentials.unknown",
        Cause::Seen(Reason::WrongAccount) => "invalid_credentials.wrong_account",
        Cause::Deleted => "invalid_credentials.deleted",
        Cause::Replaced => "invalid_credentials.replaced",
    }
}

/// Whether requests of this outcome were refused.
pub(crate) fn is_refusal(outcome: &str) -> bool {
    let is_answered = matches!(outcome, OK | "client_error" | "server_error" | "broken_off");
    // Let pass, and not answered.
    let is_unanswered = matches!(outcome, "upstream_unavailable" | "upstream_timeout" | "client_gone");
    !is_answered && !is_unanswered
}

/// Whether an outcome is the one that was asked for, or one of its causes.
pub(crate) fn is_asked(outcome: &str, asked: &str) -> bool {
    outcome.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// How long a request took, where there is something to time: it was forwarded. What is refused, or decided for
/// another program, takes microseconds and would only blur how quick the API is.
pub(crate) fn took_us(record: &Record) -> Option<u64> {
    let is_forwarded = record.source == Source::Gateway && record.code.is_none();
    is_forwarded.then(|| u64::from(record.total_us))
}

/// Counts of one environment and outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) requests: u64,
    pub(crate) cost: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// Microseconds of all that were timed.
    pub(crate) took_us: u64,
    pub(crate) latency: Histogram,
}

/// All cells of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cells(Vec<(Option<Environment>, Outcome, Cell)>);

impl Cell {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.cost += other.cost;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.took_us += other.took_us;
        self.latency.merge(&other.latency);
    }
}

impl Cells {
    /// Counts a record.
    pub(crate) fn note(&mut self, record: &Record) {
        let cell = self.cell(record.environment, &Cow::Borrowed(outcome(record)));
        cell.requests += 1;
        cell.cost += u64::from(record.cost);
        cell.bytes_in += record.bytes_in;
        cell.bytes_out += record.bytes_out;
        if let Some(took_us) = took_us(record) {
            cell.took_us += took_us;
            cell.latency.record(took_us);
        }
    }

    fn cell(&mut self, environment: Option<Environment>, outcome: &Outcome) -> &mut Cell {
        let found = self.0.iter().position(|(own, word, _)| *own == environment && word == outcome);
        let at = found.unwrap_or_else(|| {
            self.0.push((environment, outcome.clone(), Cell::default()));
            self.0.len() - 1
        });
        &mut self.0[at].2
    }

    /// Adds everything that another bucket counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (environment, outcome, cell) in &other.0 {
            self.cell(*environment, outcome).merge(cell);
        }
    }

    /// Every cell.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Option<Environment>, Outcome, Cell)> {
        self.0.iter()
    }

    /// All requests.
    pub(crate) fn requests(&self) -> u64 {
        self.0.iter().map(|(.., cell)| cell.requests).sum()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        put(&mut out, VERSION);
        put(&mut out, self.0.len() as u64);
        for (environment, outcome, cell) in &self.0 {
            put(&mut out, environment.map_or(0, |environment| environment as u64 + 1));
            put_text(&mut out, outcome);
            for number in [cell.requests, cell.cost, cell.bytes_in, cell.bytes_out, cell.took_us] {
                put(&mut out, number);
            }
            cell.latency.write(&mut out);
        }
        out
    }

    /// Reads what [`Self::write`] wrote; nothing at all is no cells. `None` where it is damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        if from.is_at_end() {
            return Some(Self::default());
        }
        if from.number()? != VERSION {
            return None;
        }
        let length = from.number().filter(|length| *length <= CELLS_MAX)?;
        let mut cells = Vec::new();
        for _ in 0..length {
            let environment = match from.number()? {
                0 => None,
                1 => Some(Environment::Live),
                2 => Some(Environment::Test),
                _ => return None,
            };
            let outcome = Cow::Owned(from.text()?.to_owned());
            let mut number = || from.number();
            let [requests, cost] = [number()?, number()?];
            let [bytes_in, bytes_out, took_us] = [number()?, number()?, number()?];
            let latency = Histogram::read(&mut from)?;
            cells.push((environment, outcome, Cell { requests, cost, bytes_in, bytes_out, took_us, latency }));
        }
        from.is_at_end().then_some(Self(cells))
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::time::UnixMs;

    use super::*;

    fn record(status: u16, code: Option<&'static str>, environment: Environment) -> Record {
        let mut record = Record::new(UnixMs(0), Source::Gateway);
        (record.status, record.code, record.environment) = (status, code, Some(environment));
        (record.total_us, record.cost, record.bytes_in, record.bytes_out) = (1_500, 2, 10, 300);
        record
    }

    #[test]
    fn every_record_has_one_outcome() {
        let of = |status, code| outcome(&record(status, code, Environment::Live));
        assert_eq!(
            [of(200, None), of(304, None), of(404, None), of(502, None)],
            ["ok", "ok", "client_error", "server_error"]
        );
        assert_eq!([of(499, None), of(429, Some("rate_limited"))], ["broken_off", "rate_limited"]);
        let mut broken = record(200, None, Environment::Live);
        broken.broke_off = true;
        assert_eq!(outcome(&broken), "broken_off");
        for cause in Cause::ALL {
            let mut refused = record(401, Some("invalid_credentials"), Environment::Live);
            refused.cause = Some(cause);
            assert_eq!(outcome(&refused), format!("invalid_credentials.{}", cause.as_str()));
            assert!(is_asked(outcome(&refused), "invalid_credentials") && !is_asked(outcome(&refused), "invalid"));
        }
    }

    #[test]
    fn only_what_was_forwarded_is_timed() {
        let mut decided = record(200, None, Environment::Live);
        decided.source = Source::Auth;
        let refused = record(429, Some("rate_limited"), Environment::Live);
        assert_eq!([took_us(&decided), took_us(&refused)], [None, None]);
        assert_eq!(took_us(&record(500, None, Environment::Live)), Some(1_500));
    }

    #[test]
    fn buckets_add_up_and_come_back_from_bytes() {
        let mut one = Cells::default();
        one.note(&record(200, None, Environment::Live));
        one.note(&record(200, None, Environment::Test));
        let mut sum = one.clone();
        sum.note(&record(403, Some("ip_not_allowed"), Environment::Live));
        sum.merge(&one);
        assert_eq!((sum.requests(), sum.iter().count()), (5, 3));
        let (_, _, cell) = sum.iter().next().unwrap();
        assert_eq!((cell.requests, cell.cost, cell.bytes_in, cell.bytes_out, cell.took_us), (2, 4, 20, 600, 3_000));
        assert_eq!(cell.latency.count(), 2);
        let bytes = sum.write();
        assert_eq!(Cells::read(&bytes), Some(sum));
        assert_eq!((Cells::read(&[]), Cells::read(&bytes[1..])), (Some(Cells::default()), None));
        assert_eq!(Cells::read(&bytes[..bytes.len() - 1]), None);
    }
}
