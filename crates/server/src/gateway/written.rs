//! A request as somebody writes it down, read as the gateway reads one that was sent.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use keyward_core::path::{self, PathFault};

use super::credential;
use super::matching::host_of;
use crate::authorize::{Body, Presented};
use crate::config::ApiSetup;

/// Most headers of one.
const HEADERS_MAX: usize = 100;

/// A request that was not sent. No `Debug`: it holds a secret.
pub struct Written {
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
    /// The address it would come from.
    pub address: Option<IpAddr>,
}

/// What of it can't be read: where it stands (a JSON pointer), and what belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub pointer: String,
    /// What belongs there.
    pub wanted: String,
}

impl Written {
    /// Reads one: `url` is an address or a path alone.
    pub fn read(
        url: &str,
        method: Option<&str>,
        headers: &[(String, String)],
        body: Option<String>,
        address: Option<&str>,
    ) -> Result<Self, Unreadable> {
        let wrong = |pointer: &str, wanted: &str| Unreadable { pointer: pointer.into(), wanted: wanted.into() };
        let uri: Uri = url.trim().parse().map_err(|_| wrong("/url", "an address or a path"))?;
        if !uri.path().starts_with('/') {
            return Err(wrong("/url", "an address with `https://`, or a path that begins with `/`"));
        }
        let method =
            Method::from_bytes(method.unwrap_or("GET").as_bytes()).map_err(|_| wrong("/method", "a method"))?;
        if headers.len() > HEADERS_MAX {
            return Err(wrong("/headers", &format!("at most {HEADERS_MAX}")));
        }
        let mut read = HeaderMap::new();
        for (at, (name, value)) in headers.iter().enumerate() {
            let place = |what: &str| format!("/headers/{at}/{what}");
            let name: HeaderName = name.parse().map_err(|_| wrong(&place("name"), "a header's name"))?;
            let value = HeaderValue::from_str(value.trim()).map_err(|_| wrong(&place("value"), "a header's value"))?;
            read.append(name, value);
        }
        let address = address.map(|text| text.trim().parse::<IpAddr>()).transpose();
        let address = address.map_err(|_| wrong("/client_ip", "an address"))?;
        Ok(Self { uri, method, headers: read, body, address })
    }

    /// Its method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// Its path in the one spelling that is matched.
    pub fn path(&self) -> Result<Cow<'_, str>, PathFault> {
        path::canonical(self.uri.path())
    }

    /// The host it is sent to; empty where it names none.
    pub fn host(&self) -> Cow<'_, str> {
        let sent = self.headers.get(HOST).and_then(|host| host.to_str().ok());
        host_of(sent.or_else(|| self.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default())
    }

    /// Whether it is sent over HTTPS, where its address says so.
    pub fn https(&self) -> Option<bool> {
        self.uri.scheme_str().map(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    /// What it shows as its credential.
    pub fn presented(&self, setup: &ApiSetup) -> Presented<'_> {
        credential::find(setup, &self.headers, self.uri.query())
    }

    /// Its body.
    pub fn body(&self) -> Body<'_> {
        self.body.as_ref().map_or(Body::Withheld, |body| Body::Read(body.as_bytes()))
    }
}
