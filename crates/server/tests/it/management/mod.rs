//! The management API over real sockets, laid out like its URLs.

mod accounts;
mod audit;
mod authentication;
mod client;
mod explain;
mod handing;
mod keys;
mod leaks;
mod lists;
mod mail;
mod matrix;
mod pages;
mod people;
mod reach;
mod usage;
mod webhooks;

use std::sync::Arc;

use keyward_core::expiry::Lifetime;
use keyward_core::ids::AccountId;
use keyward_server::changes::{Actor, Reach};
use keyward_server::http::{router, serve};
use keyward_server::management::{self, NewManagementKey};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::store::put_mail;
use crate::support::{Started, start};

/// One API of each preset.
const APIS: &str = "
[apis.clevertap]
preset = 'clevertap'
upstream = 'http://127.0.0.1:9'
[apis.clickyid]
preset = 'clickyid'
upstream = 'http://127.0.0.1:9'
test_upstream = 'same'
prefixes = ['/clickyid']
[apis.clickyid.plans.small]
scopes = ['validate:offers']
[apis.codat]
preset = 'codat'
upstream = 'http://127.0.0.1:9'
prefixes = ['/codat']
";

/// A program with its control listener, and the operator's management key.
pub struct Control {
    pub started: Started,
    pub base: String,
    pub operator: String,
    http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where the first error points.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"].as_str().unwrap_or_default()
    }

    /// Which parameter the first error names.
    pub fn parameter(&self) -> &str {
        self.body["errors"][0]["parameter"].as_str().unwrap_or_default()
    }

    /// A member that is a text.
    pub fn text_of(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.text)).to_owned()
    }

    /// Fails unless this is the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A body without what differs from run to run: these members (JSON pointers) become `…`.
pub fn masked(body: &Value, pointers: &[&str]) -> Value {
    let mut body = body.clone();
    for pointer in pointers {
        let place = body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        assert!(place.as_str().is_some_and(|text| !text.is_empty()), "{pointer} is {place}");
        *place = "…".into();
    }
    body
}

impl Control {
    pub async fn start() -> Self {
        Self::start_with("[webhooks]\nloopback = true\n").await
    }

    /// With more lines of configuration.
    pub async fn start_with(more: &str) -> Self {
        let started = start(&format!("{APIS}{more}")).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = router(started.app.clone(), Arc::new(|_| "keyward_up 1\n".into()));
        tokio::spawn(serve(listener, router, std::future::pending()));
        let mut control = Self { started, base, operator: String::new(), http: reqwest::Client::new() };
        control.operator = control.management_key(None).await;
        control
    }

    /// A new management key's secret.
    pub async fn management_key(&self, account: Option<AccountId>) -> String {
        self.key_that_may(account, None).await
    }

    /// A new management key's secret that may do only this.
    pub async fn key_that_may(&self, account: Option<AccountId>, permissions: Option<&[&str]>) -> String {
        let permissions = permissions.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        let new = NewManagementKey { name: "tests".into(), account, permissions, lifetime: Lifetime::Infinite };
        let made = management::create(&self.started.app, Reach::All, Actor::cli(), new, None).await.unwrap();
        made.secret.unwrap().expose().to_owned()
    }

    /// A management key's secret for an account by the text of its id.
    pub async fn key_of(&self, account: &str) -> String {
        self.management_key(Some(account.parse().unwrap())).await
    }

    /// A request as it stands.
    pub async fn send(
        &self,
        request: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
        method: Method,
        path: &str,
    ) -> Answer {
        let response = request(self.http.request(method, format!("{}{path}", self.base))).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream has no end to wait for.
        let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        let is_stream = kind.starts_with("text/event-stream");
        let text = if is_stream { String::new() } else { response.text().await.unwrap() };
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, headers, text, body }
    }

    /// A request with this management key.
    pub async fn by(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let build = |request: reqwest::RequestBuilder| match &body {
            Some(body) => request.bearer_auth(key).json(body),
            None => request.bearer_auth(key),
        };
        self.send(build, method, path).await
    }

    /// An answer that is read piece by piece.
    pub async fn open(&self, key: &str, path: &str) -> reqwest::Response {
        let response = self.http.get(format!("{}{path}", self.base)).bearer_auth(key).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response
    }

    /// The operator reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.by(&self.operator, Method::GET, path, None).await
    }

    /// The operator posts.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.by(&self.operator, Method::POST, path, Some(body)).await
    }

    /// The operator edits.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.by(&self.operator, Method::PATCH, path, Some(body)).await
    }

    /// The operator deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.by(&self.operator, Method::DELETE, path, None).await
    }

    /// The id of a new account.
    pub async fn account(&self, api: &str, name: &str) -> String {
        self.post("/v1/accounts", json!({ "api": api, "name": name })).await.is(201).text_of("id")
    }

    /// Something on its way to somebody of the account.
    pub async fn parcel(&self, account: &str) -> String {
        let app = &self.started.app;
        put_mail(&app.db, "key.created", Some(account), &json!({}), "jo@example.com", app.clock.now().0).await
    }

    /// A new key of ClickyID, with its secret.
    pub async fn key(&self, account: &str, name: &str) -> Answer {
        let new = json!({ "account_id": account, "name": name, "scopes": ["validate:offers"] });
        self.post("/v1/keys", new).await.is(201)
    }
}
