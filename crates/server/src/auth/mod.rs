//! The auth listener: decisions for other programs, by the same `authorize` as the gateway's.
//!
//! `POST /v1/verify` judges one request or up to a hundred, `POST /v1/explain` says which checks passed and spends
//! nothing. A decision is always HTTP 200; 400 is for a call that can't be read, 401 for one without the service key.

mod call;
mod render;

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use keyward_core::secret::Secret;

use crate::authorize::Ward;
use crate::config::Config;
use crate::gateway::Peer;
use crate::gateway::listen::Serve;
use crate::gateway::request_id::RequestIds;
use crate::logs::Recorder;

/// Largest call: a hundred requests with inspected bodies fit.
const CALL_BYTES_MAX: usize = 4 << 20;

/// One thread's auth service.
#[derive(Debug)]
pub struct Auth {
    ward: Ward,
    config: Arc<Config>,
    desk: Desk,
}

/// What one thread names and records its decisions with.
#[derive(Debug)]
struct Desk {
    ids: RequestIds,
    recorder: Option<Recorder>,
}

impl Auth {
    /// A service that judges with `ward`, and records what it decides.
    pub fn new(ward: Ward, config: Arc<Config>, recorder: Option<Recorder>) -> Self {
        Self { ward, config, desk: Desk { ids: RequestIds::new(), recorder } }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let explain = match request.uri().path() {
            "/v1/verify" => false,
            "/v1/explain" => true,
            _ => return problem(StatusCode::NOT_FOUND, "not_found", "There is no such endpoint."),
        };
        if request.method() != Method::POST {
            let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Use POST.");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return answer;
        }
        if !self.may_call(&request) {
            let detail = "This listener needs its service key.";
            let mut answer = problem(StatusCode::UNAUTHORIZED, "service_key_required", detail);
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"keyward\""));
            return answer;
        }
        let bytes = match Limited::new(request.into_body(), CALL_BYTES_MAX).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return problem(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The call is larger than 4 MiB.");
            }
            Err(_) => return problem(StatusCode::BAD_REQUEST, "bad_request", "The call's body broke off."),
        };
        match call::answer(&self.ward, &self.config, &self.desk, &bytes, explain) {
            Ok(json) => reply(StatusCode::OK, "application/json", json),
            Err(call::BadCall(why)) => problem(StatusCode::BAD_REQUEST, "bad_request", &why),
        }
    }

    fn may_call(&self, request: &Request<Incoming>) -> bool {
        let Some(key) = &self.config.auth.service_key else { return true };
        let mut sent = request.headers().get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (sent.next(), sent.next()) else { return false };
        value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).is_some_and(|text| same(key, text))
    }
}

impl Serve for Auth {
    type Body = Full<Bytes>;

    async fn serve(&self, peer: &Rc<Peer>, request: Request<Incoming>) -> Response<Self::Body> {
        // The same strict reading as the gateway's (threat T11).
        if let Some(why) = peer.serve() {
            let detail = format!("The request can't be read: {why}.");
            let mut answer = problem(StatusCode::BAD_REQUEST, "bad_request", &detail);
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            return answer;
        }
        self.answer(request).await
    }
}

/// Compares digests, not texts, so that its time does not tell how much is right.
fn same(key: &Secret, sent: &str) -> bool {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(key.expose().as_bytes()) == Sha256::digest(sent.as_bytes())
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    reply(status, "application/problem+json", body.to_string().into_bytes())
}

fn reply(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
