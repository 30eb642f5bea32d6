//! Rate headers: how much is left (rows r68–r70), in the old family and in the IETF's.

use std::fmt::Write as _;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use keyward_core::denial::seconds_up;
use keyward_core::limit::LimitStatus;
use keyward_core::terms::Terms;
use keyward_core::time::{SECOND_MS, UnixMs};

use crate::authorize::tightest;
use crate::config::RateHeaders;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATUS: HeaderName = HeaderName::from_static("ratelimit");

/// Makes an answer's rate headers ours, the upstream's or nobody's. `statuses` are those of the limits and then the
/// quotas of `terms`; without any there are no headers.
pub(super) fn put(
    headers: &mut HeaderMap,
    whose: RateHeaders,
    terms: Option<&Terms>,
    statuses: &[LimitStatus],
    refused_by: Option<usize>,
    now: UnixMs,
) {
    match (whose, terms) {
        (RateHeaders::Upstream, _) => {}
        (RateHeaders::Ours, Some(terms)) if !statuses.is_empty() => {
            let [limit, remaining, reset, policy, status] = values(terms, statuses, refused_by, now);
            headers.insert(LIMIT, limit);
            headers.insert(REMAINING, remaining);
            headers.insert(RESET, reset);
            headers.insert(POLICY, policy);
            headers.insert(STATUS, status);
        }
        (RateHeaders::Ours | RateHeaders::Off, _) => {
            for name in [LIMIT, REMAINING, RESET, POLICY, STATUS] {
                headers.remove(name);
            }
        }
    }
}

/// All five values, written into one piece of memory.
fn values(terms: &Terms, statuses: &[LimitStatus], refused_by: Option<usize>, now: UnixMs) -> [HeaderValue; 5] {
    // What the old family shows: the one that refused, or the one with the least left.
    let tightest = tightest(statuses, refused_by);
    let mut text = BytesMut::with_capacity(160);
    let mut ends = [0; 5];
    // Writing to memory cannot fail.
    let mut write = |place: usize, text: &mut BytesMut, arguments: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(arguments);
        ends[place] = text.len();
    };
    if let Some(shown) = tightest {
        write(0, &mut text, format_args!("{}", shown.limit));
        write(1, &mut text, format_args!("{}", shown.remaining));
        write(2, &mut text, format_args!("{}", shown.reset_at.seconds_up()));
    }
    let windows = terms.limits.iter().map(|limit| (limit.name.as_str(), Some(limit.window_ms)));
    let named = windows.chain(terms.quotas.iter().map(|quota| (quota.name.as_str(), None))).zip(statuses);
    for (place, ((name, window_ms), status)) in named.clone().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        match window_ms {
            Some(ms) => {
                write(3, &mut text, format_args!("{comma}{};q={};w={}", Quoted(name), status.limit, ms / SECOND_MS));
            }
            None => write(3, &mut text, format_args!("{comma}{};q={}", Quoted(name), status.limit)),
        }
    }
    for (place, ((name, _), status)) in named.enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        let wait_s = if status.reset_at <= now { 0 } else { seconds_up(status.reset_at.since(now)) };
        write(4, &mut text, format_args!("{comma}{};r={};t={wait_s}", Quoted(name), status.remaining));
    }
    let text = text.freeze();
    let mut begin = 0;
    ends.map(|end| {
        let value = HeaderValue::from_maybe_shared(text.slice(begin..end.max(begin)));
        begin = end.max(begin);
        value.unwrap_or_else(|_| HeaderValue::from_static(""))
    })
}

/// A structured field's string (RFC 9651 §3.3.3); what cannot stand in one becomes `_`.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                ' '..='~' => f.write_char(c)?,
                _ => f.write_char('_')?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::limit::{Algorithm, Limit, Per};
    use keyward_core::quota::{Quota, Refill};

    use super::*;

    fn terms() -> Terms {
        let limit = |name: &str, limit, window_ms| Limit {
            name: name.into(),
            limit,
            window_ms,
            algorithm: Algorithm::Fixed,
            per: Per::Key,
        };
        let quota = Quota { name: "mon\"th".into(), budget: 50_000, refill: Refill::Never, per: Per::Key };
        let limits = vec![limit("default", 1_000, 3_600_000), limit("burst", 10, 1_000)];
        Terms { limits, quotas: vec![quota], ..Terms::default() }
    }

    fn status(limit: u64, remaining: u64, reset_ms: i64) -> LimitStatus {
        LimitStatus { limit, remaining, reset_at: UnixMs(reset_ms) }
    }

    fn shown(whose: RateHeaders, statuses: &[LimitStatus], refused_by: Option<usize>) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert(LIMIT, HeaderValue::from_static("upstream"));
        put(&mut headers, whose, Some(&terms()), statuses, refused_by, UnixMs(1_000_500));
        [LIMIT, REMAINING, RESET, POLICY, STATUS]
            .iter()
            .filter_map(|name| headers.get(name))
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn r68_r69_both_families_are_sent_and_the_tightest_is_shown() {
        let statuses = [status(1_000, 999, 1_120_000), status(10, 4, 1_001_000), status(50_000, 49_999, 1_000_000)];
        let shown = shown(RateHeaders::Ours, &statuses, None);
        assert_eq!(
            shown,
            [
                "10",
                "4",
                "1001",
                "\"default\";q=1000;w=3600, \"burst\";q=10;w=1, \"mon\\\"th\";q=50000",
                "\"default\";r=999;t=120, \"burst\";r=4;t=1, \"mon\\\"th\";r=49999;t=0",
            ]
        );
    }

    #[test]
    fn r70_a_refusal_shows_the_limit_that_refused() {
        let statuses = [status(1_000, 0, 1_120_000), status(10, 0, 1_001_000)];
        assert_eq!(shown(RateHeaders::Ours, &statuses, Some(1))[..3], ["10", "0", "1001"]);
    }

    #[test]
    fn rate_headers_are_ours_the_upstreams_or_nobodys() {
        assert_eq!(shown(RateHeaders::Ours, &[], None), [""; 0]);
        assert_eq!(shown(RateHeaders::Off, &[status(1, 1, 1)], None), [""; 0]);
        assert_eq!(shown(RateHeaders::Upstream, &[status(1, 1, 1)], None), ["upstream"]);
    }
}
