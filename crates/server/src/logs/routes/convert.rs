//! Records and filters on the wire.

use keyward_core::ids::BadId;
use keyward_core::time::UnixMs;
use keyward_sdk::wire;

use crate::http::{Problem, words};
use crate::logs::{Bodies, Cause, Filter, Kept, KeyNames, Missing, Names, Outcome, Record, Source};

/// A record as a row.
pub(super) fn entry(names: &Names, keys: &KeyNames, record: &Record) -> wire::LogEntry {
    let name = |name| Some(names.text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
    wire::LogEntry {
        at: words::at(record.at),
        source: source(record.source),
        request_id: record.request_id(),
        account_id: record.account.map(|id| id.to_string()),
        key_id: record.key.map(|id| id.to_string()),
        key_name: keys.of(record).map(str::to_owned),
        person_id: record.person.map(|id| id.to_string()),
        kind: record.kind.map(words::kind),
        environment: record.environment.map(words::environment),
        old_secret: record.old_secret,
        api: name(record.api),
        route: name(record.route),
        region: name(record.region),
        method: record.method.as_str().to_owned(),
        path: record.path().to_owned(),
        status: record.status,
        code: record.code.map(str::to_owned),
        outcome: outcome(record.outcome()),
        reason: record.cause.map(|cause| cause.as_str().to_owned()),
        fingerprint: record.fingerprint.map(|print| format!("{print:08x}")),
        total_us: record.total_us,
        upstream_us: record.upstream_us,
        bytes_in: record.bytes_in,
        bytes_out: record.bytes_out,
        broke_off: record.broke_off,
        address: record.address.map(|address| address.to_string()),
        agent: Some(record.agent()).filter(|agent| !agent.is_empty()).map(str::to_owned),
        cost: record.cost,
        items: record.items,
        remaining: record.remaining,
    }
}

/// Bodies as they are told.
pub(super) fn bodies(bodies: &Bodies) -> wire::LogBodies {
    let body = |kept: &Kept| Some(wire::LogBody { text: kept.text().to_owned(), cut: kept.cut });
    wire::LogBodies { request: body(&bodies.request), answer: body(&bodies.answer) }
}

const fn source(source: Source) -> wire::LogSource {
    match source {
        Source::Gateway => wire::LogSource::Gateway,
        Source::Auth => wire::LogSource::Auth,
    }
}

const fn outcome(outcome: Outcome) -> wire::LogOutcome {
    match outcome {
        Outcome::Success => wire::LogOutcome::Success,
        Outcome::Error => wire::LogOutcome::Error,
        Outcome::Refused => wire::LogOutcome::Refused,
    }
}

pub(super) fn missing(missing: Missing) -> wire::LogMissing {
    let Missing { reason, since, until, records } = missing;
    wire::LogMissing { reason, since: words::at(since), until: words::at(until), records }
}

/// A filter from the wire; what can't be read is named.
pub(super) fn filter(asked: wire::LogFilter) -> Result<Filter, Problem> {
    Ok(Filter {
        since: instant("since", asked.since)?,
        until: instant("until", asked.until)?,
        account: id("account_id", asked.account_id)?,
        key: id("key_id", asked.key_id)?,
        person: id("person_id", asked.person_id)?,
        api: asked.api,
        route: asked.route,
        region: asked.region,
        method: asked.method,
        path: asked.path,
        status: read("status", asked.status, "a status, a class such as 4xx, or a range such as 500-504", status)?,
        code: asked.code,
        outcome: asked.outcome.map(|outcome| match outcome {
            wire::LogOutcome::Success => Outcome::Success,
            wire::LogOutcome::Error => Outcome::Error,
            wire::LogOutcome::Refused => Outcome::Refused,
        }),
        cause: read(
            "reason",
            asked.reason,
            "malformed, checksum, unknown, wrong_account, deleted or replaced",
            |text| Cause::ALL.into_iter().find(|cause| cause.as_str() == text),
        )?,
        fingerprint: read("fingerprint", asked.fingerprint, "8 hexadecimal digits", |text| {
            u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8)
        })?,
        source: asked.source.map(|source| match source {
            wire::LogSource::Gateway => Source::Gateway,
            wire::LogSource::Auth => Source::Auth,
        }),
        kind: asked.kind.map(words::read_kind),
        environment: asked.environment.map(words::read_environment),
        address: read("address", asked.address, "an address or a range such as 10.0.0.0/8", |text| {
            text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
        })?,
        agent: asked.agent,
        request_id: asked.request_id,
        total_us_min: asked.slower_than_ms.map(|ms| ms.saturating_mul(1_000)),
    })
}

fn read<T>(
    name: &str,
    text: Option<String>,
    wanted: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(&text).ok_or_else(|| Problem::parameter(name, wanted))).transpose()
}

fn instant(name: &str, text: Option<String>) -> Result<Option<UnixMs>, Problem> {
    read(name, text, "an RFC 3339 time with an offset", UnixMs::parse_rfc3339)
}

fn id<T: std::str::FromStr<Err = BadId>>(name: &str, text: Option<String>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|why: BadId| Problem::parameter(name, why.to_string()))).transpose()
}

/// `404`, `4xx` or `500-504`.
fn status(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class = class.parse::<u16>().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let one = |text: &str| text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    match text.split_once('-') {
        Some((least, most)) => Some((one(least)?, one(most)?)).filter(|(least, most)| least <= most),
        None => one(text).map(|status| (status, status)),
    }
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn a_status_is_one_or_a_class_or_a_range() {
        assert_eq!(status("404"), Some((404, 404)));
        assert_eq!(status("4xx"), Some((400, 499)));
        assert_eq!(status("500-504"), Some((500, 504)));
        for bad in ["", "x", "6xx", "0xx", "99", "504-500", "200-", "-1", "4XX"] {
            assert_eq!(status(bad), None, "{bad}");
        }
    }
}
