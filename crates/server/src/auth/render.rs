//! A verdict as `POST /v1/verify` and `POST /v1/explain` answer it.

use keyward_core::denial::{Denial, seconds_up};
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::limit::LimitStatus;
use serde::Serialize;

use super::call::BadCall;
use crate::authorize::{Explained, Verdict};
use crate::config::ApiSetup;

#[derive(Serialize)]
struct Answer<'a> {
    allow: bool,
    code: Option<&'static str>,
    status: u16,
    request_id: &'a str,
    account: Option<AccountId>,
    person: Option<PersonId>,
    key: Option<KeyId>,
    scopes: Vec<&'a str>,
    environment: Option<&'static str>,
    region: Option<&'a str>,
    limits: Vec<LimitState<'a>>,
    retry_after_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<CheckState>>,
}

#[derive(Serialize)]
struct LimitState<'a> {
    name: &'a str,
    limit: u64,
    remaining: u64,
    reset_at: Option<String>,
}

#[derive(Serialize)]
struct CheckState {
    name: &'static str,
    outcome: &'static str,
    detail: Option<String>,
}

/// Writes the answer; with `checks`, as an explanation.
pub(super) fn answer(
    out: &mut Vec<u8>,
    setup: &ApiSetup,
    verdict: &Verdict,
    request_id: &str,
    checks: Option<&[Explained]>,
) -> Result<(), BadCall> {
    let denial = verdict.denial();
    let caller = verdict.caller.as_ref();
    let scopes = caller.map(|caller| setup.api.catalogue.names(&caller.terms.scopes).collect());
    let answer = Answer {
        allow: denial.is_none(),
        code: denial.map(Denial::code),
        status: denial.map_or(200, Denial::status),
        request_id,
        account: caller.map(|caller| caller.account.id),
        person: caller.and_then(|caller| caller.key.person),
        key: caller.map(|caller| caller.key.id),
        scopes: scopes.unwrap_or_default(),
        environment: caller.map(|caller| caller.key.environment.as_str()),
        region: caller.and_then(|caller| caller.account.region.as_deref()),
        limits: limits(verdict),
        retry_after_s: denial.and_then(Denial::retry_after_ms).map(seconds_up),
        checks: checks.map(|checks| checks.iter().map(check).collect()),
    };
    serde_json::to_writer(out, &answer).map_err(|error| BadCall(error.to_string()))
}

fn limits(verdict: &Verdict) -> Vec<LimitState<'_>> {
    let state = |(name, renews, status): (_, bool, &LimitStatus)| LimitState {
        name,
        limit: status.limit,
        remaining: status.remaining,
        reset_at: renews.then(|| status.reset_at.rfc3339()),
    };
    verdict.standings().map(state).collect()
}

fn check(explained: &Explained) -> CheckState {
    let outcome = match (&explained.denial, explained.skipped) {
        (_, true) => "skipped",
        (None, false) => "passed",
        (Some(_), false) => "failed",
    };
    CheckState { name: explained.name, outcome, detail: explained.denial.as_ref().map(Denial::message) }
}
