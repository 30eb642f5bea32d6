//! The way of a request through the gateway, step by step.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use keyward_core::decide;
use keyward_core::denial::Denial;
use keyward_core::key::{Environment, SecretAge};
use keyward_core::route::Matched;
use keyward_core::time::{DAY_MS, UnixMs};

use super::inbound::{self, Inbound, X_REQUEST_ID};
use super::listen::Serve;
use super::matching::{Found, without_prefix};
use super::outbound::{Forward, Length};
use super::peer::Peer;
use super::recording::{Entry, Logged, Open, hashed};
use super::refusal::{Refusal, X_KEYWARD_ERROR};
use super::request_id::{RequestId, RequestIds};
use super::upstream::{AnswerBody, Failure, Payload, Pool};
use super::{Gateway, Judge, cors, credential, inspected, rates};
use crate::authorize::{Attempt, Body, Caller, Outcome, Presented, Verdict};
use crate::config::Preflight;
use crate::logs::Recorder;

/// When a key ends, told to its holder in time.
pub const X_KEYWARD_KEY_EXPIRES: HeaderName = HeaderName::from_static("x-keyward-key-expires");
/// From how long before its end a key's holder is told.
const TOLD_MS: i64 = 30 * DAY_MS;

/// One thread's part of the gateway.
pub(super) struct Worker<J> {
    pub(super) gateway: Arc<Gateway<J>>,
    pub(super) pool: Rc<Pool>,
    pub(super) ids: RequestIds,
    pub(super) number: usize,
    pub(super) recorder: Option<Rc<Recorder>>,
}

/// A request whose API is known.
pub(super) struct ApiRequest<'a> {
    pub(super) parts: &'a Parts,
    pub(super) inbound: &'a Inbound<'a>,
    pub(super) found: Found<'a>,
    pub(super) request_id: &'a RequestId,
    pub(super) now: UnixMs,
    /// Its path as the API's routes and its upstream know it.
    pub(super) path: &'a str,
    /// Its path below the API's prefix.
    pub(super) inner_path: &'a str,
    /// What was decided, once it was; answers are dressed by it.
    pub(super) verdict: OnceCell<Verdict>,
    /// What the log is told.
    pub(super) open: &'a Open,
}

impl<J: Judge> Serve for Worker<J> {
    type Body = Logged;

    async fn serve(&self, peer: &Rc<Peer>, request: Request<Incoming>) -> Response<Logged> {
        let (parts, body) = request.into_parts();
        let fault = peer.serve();
        let gateway = &self.gateway;
        let settings = &gateway.config.gateway;
        let (now, began_us) = gateway.clock.read_us();
        let mut entry = self.recorder.as_ref().map(|recorder| Entry::begin(recorder, &gateway.clock, now, began_us));
        let origin = inbound::origin(peer, &parts.headers, &settings.trusted_proxies);
        let request_id = origin.request_id.unwrap_or_else(|| self.ids.next(now));
        let checked = match fault {
            Some(why) => Err(inbound::Unfit::Denied(Denial::BadRequest(why))),
            None => inbound::check(&parts, settings.uri_bytes_max, origin),
        };
        if let Some(entry) = &mut entry {
            let path = checked.as_ref().map_or(parts.uri.path(), |inbound| &inbound.path);
            entry.head(&parts, path, &origin, &request_id);
            entry.sized(body.size_hint().exact().unwrap_or(0));
        }
        let open = Open::new(entry);
        let (api, mut response) = match checked {
            Err(unfit) => (None, self.refuse_unmatched(unfit.into(), &request_id, &open)),
            Ok(inbound) => match gateway.table.find(&inbound.host, &inbound.path) {
                None => (None, self.refuse_unmatched(Denial::NoApi.into(), &request_id, &open)),
                Some(found) => {
                    open.found(&found);
                    let response = self.serve_api(&parts, body, &inbound, found, &request_id, now, &open).await;
                    (Some(found.setup.index), response)
                }
            },
        };
        if fault.is_some() {
            // What follows on this connection may be the rest of a request that somebody else read differently.
            response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Ok(id) = HeaderValue::from_str(request_id.as_str()) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        let status = response.status().as_u16();
        gateway.stats.answered(self.number, api, status);
        let (head, body) = response.into_parts();
        let body = open.answering(status, &head.headers, body);
        Response::from_parts(head, body)
    }
}

impl<J: Judge> Worker<J> {
    fn refuse_unmatched(&self, refusal: Refusal, request_id: &RequestId, open: &Open) -> Response<AnswerBody> {
        open.refused(refusal.code);
        self.gateway.stats.denied(self.number, None, refusal.code);
        refusal.into_response(None, request_id)
    }

    #[expect(clippy::too_many_arguments, reason = "everything that is known of a request when its API is found")]
    async fn serve_api(
        &self,
        parts: &Parts,
        body: Incoming,
        inbound: &Inbound<'_>,
        found: Found<'_>,
        request_id: &RequestId,
        now: UnixMs,
        open: &Open,
    ) -> Response<AnswerBody> {
        let inner_path = without_prefix(&inbound.path, found.prefix);
        let path = if found.setup.keep_prefix { &inbound.path } else { inner_path };
        let verdict = OnceCell::new();
        let request = ApiRequest { parts, inbound, found, request_id, now, path, inner_path, verdict, open };
        let mut response = match self.decide_and_forward(&request, body).await {
            Ok(response) => response,
            Err(refusal) => self.refuse(&request, refusal),
        };
        let is_refused_401 = response.status() == 401 && response.headers().contains_key(X_KEYWARD_ERROR);
        if let Some(verdict) = request.verdict.get()
            && !is_refused_401
        {
            dress(response.headers_mut(), &request, verdict);
        }
        if let Some(origin) = cors::granted(found.setup, &parts.headers) {
            cors::grant(response.headers_mut(), origin.clone());
        }
        response
    }

    fn refuse(&self, request: &ApiRequest<'_>, refusal: Refusal) -> Response<AnswerBody> {
        let setup = request.found.setup;
        request.open.refused(refusal.code);
        self.gateway.stats.denied(self.number, Some(setup.index), refusal.code);
        let challenge = self.gateway.wires.get(usize::from(setup.index)).map(|wire| (&**setup, &wire.challenge));
        refusal.into_response(challenge, request.request_id)
    }

    async fn decide_and_forward(
        &self,
        request: &ApiRequest<'_>,
        body: Incoming,
    ) -> Result<Response<AnswerBody>, Refusal> {
        let setup = request.found.setup;
        if cors::is_preflight(request.parts) {
            match setup.preflight {
                Preflight::Answer { .. } => return Ok(cors::answer(setup, request.parts)),
                Preflight::Forward => return self.forward(request, None, payload_of(body, request), "live").await,
                Preflight::Check => {}
            }
        }
        let body = match self.serve_door(request, body).await {
            Ok(served) => return served,
            Err(body) => body,
        };
        let route = setup.api.routes.find(request.parts.method.as_str(), request.path);
        request.open.keep_bodies(route.route().map_or(0, |route| route.log_bytes_max));
        let mut verdict = self.ask(request, route, Body::Unread);
        let payload = match verdict.outcome {
            Outcome::NeedBody { bytes_max } => {
                let bytes = inspected::read(&request.parts.headers, body, bytes_max).await;
                let bytes = match bytes {
                    Ok(bytes) => bytes,
                    Err(denial) => {
                        // The caller is known: how its limits stand is told with the refusal (row r68).
                        request.decided(verdict);
                        return Err(denial.into());
                    }
                };
                request.open.keep_request(&bytes);
                verdict = self.ask(request, route, Body::Read(&bytes));
                Payload::Read(bytes)
            }
            Outcome::Allow | Outcome::Deny(_) => payload_of(body, request),
        };
        // Borrowed from here on: what many keys share should not be counted up and down by every request.
        let verdict = request.decided(verdict);
        match &verdict.outcome {
            Outcome::Allow => {}
            Outcome::Deny(denial) => return Err(denial.clone().into()),
            Outcome::NeedBody { .. } => return Err(Denial::AuthUnavailable.into()),
        }
        let caller = verdict.caller.as_ref();
        let upstream = route.route().and_then(|route| route.upstream.as_deref());
        let upstream = upstream.unwrap_or_else(|| match caller.map(|caller| caller.key.environment) {
            Some(environment) => environment.as_str(),
            None => Environment::Live.as_str(),
        });
        self.forward(request, caller, payload, upstream).await
    }

    pub(super) fn ask(&self, request: &ApiRequest<'_>, route: Matched<'_>, body: Body<'_>) -> Verdict {
        self.ask_about(request, route, body, true)
    }

    pub(super) fn ask_about(
        &self,
        request: &ApiRequest<'_>,
        route: Matched<'_>,
        body: Body<'_>,
        spend: bool,
    ) -> Verdict {
        let setup = request.found.setup;
        let presented: Presented<'_> = credential::find(setup, &request.parts.headers, request.inbound.query);
        let origin = request.inbound.origin;
        let asked = decide::Request {
            region: request.found.region,
            address: Some(origin.address),
            https: Some(origin.https),
            route,
        };
        let attempt = Attempt { setup, presented, request: asked, body, items: None, cost: None, spend };
        let verdict = self.gateway.judge.authorize(&attempt);
        request.open.judged(&attempt, &verdict, || credential::shown(setup, &request.parts.headers).map(hashed));
        verdict
    }

    async fn forward(
        &self,
        request: &ApiRequest<'_>,
        caller: Option<&Caller>,
        payload: Payload,
        upstream: &str,
    ) -> Result<Response<AnswerBody>, Refusal> {
        let setup = request.found.setup;
        let index = setup.index;
        let unavailable = || Refusal::from(Denial::UpstreamUnavailable);
        let target = self.pool.target(index, upstream).ok_or_else(unavailable)?;
        let wire = self.gateway.wires.get(usize::from(index)).ok_or_else(unavailable)?;
        let forward = Forward {
            setup,
            parts: request.parts,
            inbound: request.inbound,
            request_id: request.request_id,
            prefix: if setup.keep_prefix { "" } else { request.found.prefix },
            path: request.path,
            caller,
        };
        let length = Length::of(&payload, request.parts);
        let idle_timeout = self.gateway.config.gateway.body_idle_timeout;
        let answer = target.exchange(&request.parts.method, payload, idle_timeout, |out, address| {
            wire.outbound.write(out, &forward, target.authority(address), &target.base_path, length);
        });
        let clock = &self.gateway.clock;
        let began_us = clock.read_us().1;
        let answer = answer.await;
        request.open.forwarded(clock, began_us);
        match answer {
            Ok(answer) => {
                let mut response = Response::new(answer.body);
                *response.status_mut() = answer.head.status;
                *response.headers_mut() = answer.head.headers;
                // These are ours to say.
                response.headers_mut().remove(X_KEYWARD_ERROR);
                response.headers_mut().remove(X_KEYWARD_KEY_EXPIRES);
                if caller.is_none() {
                    rates::put(response.headers_mut(), setup.rate_headers, None, &[], None, request.now);
                }
                Ok(response)
            }
            Err(Failure::Unavailable) => Err(Denial::UpstreamUnavailable.into()),
            Err(Failure::TimedOut) => Err(Denial::UpstreamTimeout.into()),
            Err(Failure::Client) => {
                self.gateway.stats.client_gone(self.number, Some(index));
                Err(Denial::BadRequest("the body broke off").into())
            }
        }
    }
}

impl ApiRequest<'_> {
    /// Keeps the verdict; there is one for each request.
    pub(super) fn decided(&self, verdict: Verdict) -> &Verdict {
        self.verdict.get_or_init(|| verdict)
    }
}

/// Adds what every answer to a known caller carries: how its limits stand, and when its key ends.
fn dress(headers: &mut HeaderMap, request: &ApiRequest<'_>, verdict: &Verdict) {
    let Some(caller) = &verdict.caller else { return };
    let whose = request.found.setup.rate_headers;
    rates::put(headers, whose, Some(&caller.terms), &verdict.statuses, verdict.refused_by, request.now);
    if let Some(at) = told_end(caller, request.now)
        && let Ok(text) = HeaderValue::try_from(at.rfc3339_seconds())
    {
        headers.insert(X_KEYWARD_KEY_EXPIRES, text);
    }
}

/// When what the caller sent stops working, if that is soon.
fn told_end(caller: &Caller, now: UnixMs) -> Option<UnixMs> {
    let soon = caller.key.expires_at.filter(|at| at.since(now) <= TOLD_MS);
    match caller.key.secret {
        SecretAge::Old { until } => Some(soon.map_or(until, |at| at.min(until))),
        SecretAge::Current => soon,
    }
}

fn payload_of(body: Incoming, request: &ApiRequest<'_>) -> Payload {
    if body.is_end_stream() {
        return Payload::Empty;
    }
    match body.size_hint().exact() {
        Some(_) => Payload::Sized(body, request.open.tap(true, &request.parts.headers)),
        None => Payload::Chunked(body, request.open.tap(false, &request.parts.headers)),
    }
}
