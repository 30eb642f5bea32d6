//! Reads a call, judges it, writes the answer.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use keyward_core::decide::Request;
use keyward_core::denial::Denial;
use keyward_core::route::Matched;
use keyward_core::time::UnixMs;
use serde::Deserialize;

use super::{Desk, render};
use crate::authorize::{Attempt, Body, Presented, Verdict, Ward};
use crate::clock::Clock;
use crate::config::{ApiSetup, Config, Scheme};
use crate::gateway::credential;
use crate::gateway::recording::{hashed, note_verdict};
use crate::gateway::request_id::RequestId;
use crate::logs::{Method, Record, Recorder, Source};

/// Most requests of one call.
const BATCH_MAX: usize = 100;

/// Why a call can't be read.
pub(super) struct BadCall(pub(super) String);

/// A count of items, or a batch of calls.
#[derive(Deserialize)]
#[serde(untagged)]
enum Items<'a> {
    Count(u64),
    #[serde(borrow)]
    Batch(Vec<Call<'a>>),
}

/// The fields of `POST /v1/verify`, borrowed from the body where they have no escapes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call<'a> {
    #[serde(borrow)]
    api: Option<Cow<'a, str>>,
    #[serde(borrow)]
    authorization: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    secret: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    host: Option<Cow<'a, str>>,
    client_ip: Option<IpAddr>,
    https: Option<bool>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(borrow)]
    items: Option<Items<'a>>,
    cost: Option<u32>,
}

impl Call<'_> {
    const fn has_only_items(&self) -> bool {
        self.api.is_none()
            && self.authorization.is_none()
            && self.account_id.is_none()
            && self.secret.is_none()
            && self.method.is_none()
            && self.path.is_none()
            && self.host.is_none()
            && self.client_ip.is_none()
            && self.https.is_none()
            && self.body.is_none()
            && self.cost.is_none()
    }
}

/// The JSON answer to a call.
pub(super) fn answer(
    ward: &Ward,
    config: &Config,
    desk: &Desk,
    bytes: &[u8],
    explain: bool,
) -> Result<Vec<u8>, BadCall> {
    let call: Call<'_> =
        serde_json::from_slice(bytes).map_err(|error| BadCall(format!("The call can't be read: {error}.")))?;
    let mut out = Vec::with_capacity(512);
    match &call.items {
        Some(Items::Batch(batch)) => {
            if !call.has_only_items() {
                return Err(BadCall("A batch has `items` and nothing else.".into()));
            }
            if batch.len() > BATCH_MAX {
                return Err(BadCall(format!("A batch has at most {BATCH_MAX} items; this one has {}.", batch.len())));
            }
            // All items are read before the first is judged: a call that is refused has spent nothing.
            let items = batch
                .iter()
                .enumerate()
                .map(|(place, item)| prepare(config, item).map_err(|bad| BadCall(format!("Item {place}: {}", bad.0))));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            out.extend_from_slice(b"{\"results\":[");
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                judge(ward, desk, item, explain, &mut out)?;
            }
            out.extend_from_slice(b"]}");
        }
        Some(Items::Count(_)) | None => judge(ward, desk, &prepare(config, &call)?, explain, &mut out)?,
    }
    Ok(out)
}

/// A call that could be read.
struct Prepared<'a> {
    call: &'a Call<'a>,
    setup: &'a Arc<ApiSetup>,
    items: Option<u64>,
    path: Result<Option<Cow<'a, str>>, Denial>,
    presented: Presented<'a>,
}

fn prepare<'a>(config: &'a Config, call: &'a Call<'a>) -> Result<Prepared<'a>, BadCall> {
    let name = call.api.as_deref().ok_or_else(|| BadCall("`api` is needed: the name of an API.".into()))?;
    let setup = config.api(name).ok_or_else(|| BadCall(format!("There is no API named {name:?}.")))?;
    let items = match call.items {
        None => None,
        Some(Items::Count(count)) => Some(count),
        Some(Items::Batch(_)) => return Err(BadCall("A batch can't hold another.".into())),
    };
    let target = call.path.as_deref();
    let target =
        target.map(|target| target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query))));
    let path = target.map(|(path, _)| keyward_core::path::canonical(path)).transpose().map_err(Denial::AmbiguousPath);
    let presented = presented(setup, call, target.and_then(|(_, query)| query))?;
    Ok(Prepared { call, setup, items, path, presented })
}

fn judge(ward: &Ward, desk: &Desk, prepared: &Prepared<'_>, explain: bool, out: &mut Vec<u8>) -> Result<(), BadCall> {
    let Prepared { call, setup, items, path, presented } = prepared;
    let (now, began_us) = ward.clock.read_us();
    let id = desk.ids.next(now);
    let recorder = desk.recorder.as_ref().filter(|_| !explain);
    if let Some(recorder) = recorder {
        recorder.decide();
    }
    let (route, fault) = match path {
        Ok(None) => (Matched::NotAsked, None),
        Ok(Some(path)) => (setup.api.routes.find(call.method.as_deref().unwrap_or("GET"), path), None),
        Err(denial) => (Matched::NotAsked, Some(denial)),
    };
    let attempt = Attempt {
        setup,
        presented: presented.clone(),
        request: Request {
            region: call.host.as_deref().and_then(|host| region(setup, host)),
            address: call.client_ip,
            https: call.https,
            route,
        },
        body: call.body.as_ref().map_or(Body::Withheld, |body| Body::Read(body.as_bytes())),
        items: *items,
        cost: call.cost,
        spend: !explain,
    };
    let (verdict, checks) = match fault {
        Some(denial) => (Verdict::deny(denial.clone()), explain.then(Vec::new)),
        None if explain => {
            let (verdict, checks) = ward.explain(&attempt);
            (verdict, Some(checks))
        }
        None => (ward.authorize(&attempt), None),
    };
    if let Some(recorder) = recorder {
        record(recorder, &attempt, &verdict, call, &id, (now, began_us), &ward.clock);
    }
    render::answer(out, setup, &verdict, id.as_str(), checks.as_deref())
}

fn record(
    recorder: &Recorder,
    attempt: &Attempt<'_>,
    verdict: &Verdict,
    call: &Call<'_>,
    id: &RequestId,
    (at, began_us): (UnixMs, u64),
    clock: &Clock,
) {
    let mut record = Box::new(Record::new(at, Source::Auth));
    let denial = verdict.denial();
    record.status = denial.map_or(200, Denial::status);
    record.code = denial.map(Denial::code);
    record.api = recorder.book().api(attempt.setup);
    record.region = recorder.book().region(attempt.setup, attempt.request.region);
    record.method = Method::new(call.method.as_deref().unwrap_or_default());
    record.address = call.client_ip;
    record.bytes_in = call.body.as_ref().map_or(0, |body| body.len() as u64);
    let path = call.path.as_deref().unwrap_or_default();
    record.set_texts(path.split_once('?').map_or(path, |(path, _)| path), "", id.as_str());
    let sent = || call.authorization.as_ref().or(call.secret.as_ref()).map(|sent| hashed(sent.as_bytes()));
    note_verdict(&mut record, recorder.book(), attempt, verdict, sent);
    record.total_us = clock.since_us(began_us);
    recorder.hand_over(record);
}

fn region<'a>(setup: &'a ApiSetup, host: &str) -> Option<&'a str> {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
    setup.region_of_host(&host.to_ascii_lowercase())
}

fn presented<'a>(setup: &ApiSetup, call: &'a Call<'_>, query: Option<&str>) -> Result<Presented<'a>, BadCall> {
    if query.is_some_and(|query| credential::in_query(setup, query)) {
        return Ok(Presented::Refused(Denial::CredentialInUrl));
    }
    match (&call.authorization, &call.secret) {
        (Some(_), Some(_)) => Err(BadCall("Send `authorization` or `secret`, not both.".into())),
        (Some(_), None) if call.account_id.is_some() => {
            Err(BadCall("Send `account_id` with `secret`, not with `authorization`.".into()))
        }
        (Some(value), None) => Ok(credential::authorization(setup, value).unwrap_or(Presented::Nothing)),
        (None, Some(_)) if call.account_id.is_none() && needs_account(setup) => {
            Ok(Presented::Refused(Denial::MissingCredentials))
        }
        (None, Some(secret)) => Ok(Presented::Credential {
            account: call.account_id.as_deref().map(Cow::Borrowed),
            secret: Cow::Borrowed(secret),
        }),
        (None, None) if call.account_id.is_some() => Ok(Presented::Refused(Denial::MissingCredentials)),
        (None, None) => Ok(Presented::Nothing),
    }
}

/// Whether every credential of this API names its account.
fn needs_account(setup: &ApiSetup) -> bool {
    setup.schemes.iter().all(|scheme| matches!(scheme, Scheme::Pair { .. }))
}
