//! A browser: it keeps cookies and follows no redirects.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, redirect};
use serde_json::Value;

/// A browser with cookies for one host.
pub struct Browser {
    base: String,
    http: Client,
    cookies: Mutex<BTreeMap<String, String>>,
    account: Mutex<Option<String>>,
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
    /// Fails unless this is the status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Where it leads.
    pub fn location(&self) -> String {
        self.headers[LOCATION].to_str().unwrap().to_owned()
    }

    /// Cookies as they were set.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Where the first error points.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"].as_str().unwrap_or_default()
    }
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let http = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { base: base.into(), http, cookies: Mutex::default(), account: Mutex::default() }
    }

    /// A request as a page of ours makes it.
    pub async fn send(&self, method: Method, url: &str, body: Option<Value>) -> Answer {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let mut request = self.http.request(method, url).header("keyward-csrf", "1").header("user-agent", "a browser");
        let sent = self.cookie_header();
        if !sent.is_empty() {
            request = request.header(COOKIE, sent);
        }
        if let Some(account) = self.account.lock().unwrap().as_deref() {
            request = request.header("keyward-account", account);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let answer = Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text };
        answer.cookies().into_iter().for_each(|cookie| self.keep(cookie));
        answer
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.send(Method::GET, url, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Requests are about this account from now on.
    pub fn choose(&self, account: &str) {
        *self.account.lock().unwrap() = Some(account.into());
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Puts a cookie into the browser, as a thief would.
    pub fn put(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.into(), value.into());
    }

    /// The session's cookie.
    pub fn session(&self) -> String {
        self.cookie("__Host-keyward").unwrap_or_default()
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, set: &str) {
        let (pair, attributes) = set.split_once(';').unwrap_or((set, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        if value.is_empty() || attributes.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.into(), value.into());
        }
    }
}
