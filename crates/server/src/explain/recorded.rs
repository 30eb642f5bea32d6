//! At which check a recorded request was refused.

use super::{Check, Outcome, failed, passed};
use crate::logs::{Cause, Record};

/// Every code, the check it belongs to, and what it says, in the order of the checks.
const CODES: [(&str, &str, &str); 34] = [
    ("other", "request", "It was refused."),
    ("method_not_allowed", "request", "The gateway does not forward this method."),
    ("uri_too_long", "request", "Its address was too long."),
    ("expectation_failed", "request", "It expected something that the gateway does not do."),
    ("bad_request", "request", "It could not be read, or two programs could have read it differently."),
    ("ambiguous_path", "path", "Its path could have meant two things."),
    ("no_api", "api", "No API answers to its host and path."),
    ("ambiguous_credentials", "credential", "It carried more than one credential."),
    ("credential_in_url", "credential", "It carried a key in its URL; replace that key."),
    ("missing_credentials", "credential", "It carried no complete credential."),
    ("unsupported_scheme", "credential", "Its Authorization scheme is not one of this API's."),
    ("auth_unavailable", "key", "No safe decision could be made at that moment."),
    ("invalid_credentials", "key", "No key has this secret."),
    ("https_required", "https", "The key came over plain HTTP; replace it."),
    ("account_suspended", "account", "The account was suspended."),
    ("key_revoked", "state", "The key was revoked."),
    ("key_disabled", "state", "The key was disabled."),
    ("key_expired", "expiry", "The key had expired."),
    ("wrong_region", "region", "The account lives in another region than the host that was called."),
    ("kind_not_accepted", "kind", "The account did not accept this kind of key."),
    ("wrong_environment", "environment", "A key of this environment could not be used there."),
    ("ip_not_allowed", "address", "The key was not to be used from the caller's address."),
    ("no_route", "route", "The API has no such route."),
    ("insufficient_scope", "route", "The key lacked a scope."),
    ("body_required", "body", "The decision needed the body, and none was handed over."),
    ("unsupported_media", "body", "Its body was compressed, or not JSON."),
    ("payload_too_large", "body", "Its body was larger than the route allows."),
    ("invalid_body", "body", "Its body was not what the route takes."),
    ("too_many_items", "body", "It held more items than the route allows."),
    ("rate_limited", "limit", "A limit was used up."),
    ("quota_exceeded", "quota", "A quota was used up."),
    ("upstream_unavailable", "upstream", "The API behind the gateway could not be reached, or broke off."),
    ("upstream_timeout", "upstream", "The API behind the gateway did not answer in time."),
    ("client_gone", "client", "The client was gone before there was an answer."),
];

/// The checks of a request in their order: those before the one that failed hold, those after it were not reached.
pub(super) fn checks(record: &Record) -> Vec<Check> {
    let failing = record.code.and_then(|code| CODES.iter().find(|(known, ..)| *known == code));
    let mut names: Vec<&'static str> = CODES.map(|(_, name, _)| name).to_vec();
    names.dedup();
    let place = |name| names.iter().position(|own| *own == name);
    let failing_at = failing.and_then(|(_, name, _)| place(*name)).unwrap_or(names.len());
    let checks = names.iter().enumerate().map(|(at, name)| match failing {
        Some((_, _, text)) if at == failing_at => failed(name, detail(record, text)),
        _ if at < failing_at && applies(name, record) => passed(name),
        _ => Check { name, outcome: Outcome::Skipped, detail: None },
    });
    checks.collect()
}

/// Whether a check is one of this request's at all.
fn applies(name: &str, record: &Record) -> bool {
    match name {
        "upstream" => record.upstream_us > 0,
        "quota" | "body" | "client" => false,
        "request" | "path" | "api" | "credential" | "route" => true,
        // What follows is looked at once a secret matched.
        _ => record.key.is_some(),
    }
}

fn detail(record: &Record, text: &str) -> String {
    let more = match record.cause {
        Some(Cause::Deleted) => Some("the key it belonged to had been deleted".to_owned()),
        Some(Cause::Replaced) => Some("the secret had been replaced".to_owned()),
        Some(Cause::Seen(reason)) => Some(reason.as_str().replace('_', " ")),
        None => None,
    };
    let more = more.or_else(|| {
        let address = record.address.filter(|_| record.code == Some("ip_not_allowed"))?;
        Some(format!("it came from {address}"))
    });
    match more {
        None => text.to_owned(),
        Some(more) => format!("{} ({more}).", text.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::time::UnixMs;

    use super::*;
    use crate::gateway::stats;
    use crate::logs::Source;

    fn told(code: Option<&'static str>) -> Vec<(&'static str, Outcome)> {
        let mut record = Record::new(UnixMs(0), Source::Gateway);
        record.code = code;
        checks(&record).iter().map(|check| (check.name, check.outcome)).collect()
    }

    #[test]
    fn every_code_has_its_check_and_each_check_stands_once() {
        for code in stats::CODES {
            let failed = told(Some(code)).iter().filter(|(_, outcome)| *outcome == Outcome::Failed).count();
            assert_eq!(failed, 1, "{code}");
        }
        let mut names: Vec<_> = told(None).into_iter().map(|(name, _)| name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn what_comes_after_a_failure_was_not_reached() {
        let checks = told(Some("missing_credentials"));
        let at = checks.iter().position(|(name, _)| *name == "credential").expect("there is one");
        assert_eq!(checks[at].1, Outcome::Failed);
        assert!(checks[..at].iter().all(|(_, outcome)| *outcome == Outcome::Passed));
        assert!(checks[at + 1..].iter().all(|(_, outcome)| *outcome == Outcome::Skipped));
    }
}
