//! One call: its URL, its headers, and what its answer means.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, Client, ClientError};
use crate::wire::{Problem, SecretText};

/// How long a whole call may take; changes wait for every node.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) fn client(base_url: &str, key: SecretText) -> Answer<Client> {
    let bad = || ClientError::Address(base_url.to_owned());
    let base: Url = base_url.parse().map_err(|_| bad())?;
    if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
        return Err(bad());
    }
    // A redirect could carry the management key to another place.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(CALL_TIMEOUT);
    // A proxy must not see a management key that never leaves the machine.
    let http = if is_loopback(&base) { http.no_proxy() } else { http };
    Ok(Client { http: http.build()?, base, key })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long a file may take to come.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_hours(24);

/// A file that is on its way.
#[derive(Debug)]
pub struct Download(Response);

impl Download {
    /// The next piece of it; `None` at its end. A file that broke off is an error, not an end.
    pub async fn piece(&mut self) -> Answer<Option<Vec<u8>>> {
        Ok(self.0.chunk().await?.map(|bytes| bytes.to_vec()))
    }
}

/// A call in the making.
pub(super) struct Call(RequestBuilder);

impl Call {
    pub(super) fn body(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    pub(super) fn if_version(self, version: Option<i64>) -> Self {
        match version {
            Some(version) => Self(self.0.header(IF_MATCH, format!("\"{version}\""))),
            None => self,
        }
    }

    pub(super) fn idempotency_key(self, key: Option<&str>) -> Self {
        match key {
            Some(key) => Self(self.0.header("idempotency-key", key)),
            None => self,
        }
    }

    /// Asks for a dry run.
    pub(super) fn rehearsed(self) -> Self {
        Self(self.0.query(&[("dry_run", "true")]))
    }

    pub(super) async fn send<T: DeserializeOwned>(self) -> Answer<T> {
        read(self.0.send().await?).await
    }
}

impl Client {
    pub(super) fn call(&self, method: Method, path: &[&str]) -> Call {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // An id is one segment, whatever somebody typed.
            segments.pop_if_empty().extend(path.iter().map(|id| if matches!(*id, "." | "..") { "%" } else { id }));
        }
        Call(self.http.request(method, url).bearer_auth(self.key.expose()))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &impl Serialize) -> Answer<T> {
        Call(self.call(Method::GET, path).0.query(query)).send().await
    }

    pub(super) async fn download(&self, path: &[&str], query: &impl Serialize) -> Answer<Download> {
        let response = self.call(Method::GET, path).0.query(query).timeout(DOWNLOAD_TIMEOUT).send().await?;
        if response.status().is_success() {
            return Ok(Download(response));
        }
        Err(refusal(response).await?)
    }

    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
        metadata: Option<&(String, String)>,
    ) -> Answer<T> {
        let call = self.call(Method::GET, path).0.query(query);
        match metadata {
            Some((name, value)) => Call(call.query(&[(format!("metadata.{name}"), value)])).send().await,
            None => Call(call).send().await,
        }
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Answer<T> {
    let status = response.status();
    if status.is_success() && is(&response, "application/json") {
        let text = response.bytes().await?;
        return serde_json::from_slice(&text).map_err(|_| ClientError::Strange { status: status.as_u16() });
    }
    Err(refusal(response).await?)
}

fn is(response: &Response, kind: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    value.is_some_and(|value| value.starts_with(kind.as_bytes()))
}

/// What an answer that is none of ours, or no success, means.
async fn refusal(response: Response) -> Answer<ClientError> {
    let strange = ClientError::Strange { status: response.status().as_u16() };
    if !is(&response, "application/problem+json") {
        return Ok(strange);
    }
    let text = response.bytes().await?;
    Ok(match serde_json::from_slice(&text) {
        Ok(Problem { status, code, detail, errors, .. }) => ClientError::Problem { status, code, detail, errors },
        Err(_) => strange,
    })
}
