//! The inbox as a page, and the buttons that move the demo's clock.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::app::App;
use keyward_server::operation::OpError;
use keyward_server::{keys, outbox, signals};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Mail, Mails, all};

const PAGE: &str = include_str!("page.html");
/// Most days of one step.
const DAYS_MAX: i64 = 366;
/// Scripts of nobody; a mail's own styles.
const OWN_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups \
    allow-popups-to-escape-sandbox; frame-ancestors 'self'";

#[derive(Clone)]
struct Desk {
    app: App,
    mails: Arc<Mutex<Mails>>,
    address: SocketAddr,
}

pub(super) fn router(app: App, mails: Arc<Mutex<Mails>>, address: SocketAddr) -> Router {
    let desk = Desk { app, mails, address };
    Router::new()
        .route("/", get(newest))
        .route("/{number}", get(page))
        .route("/{number}/html", get(html))
        .route("/{number}/text", get(text))
        .route("/mails", get(list))
        .route("/clock", post(advance))
        .layer(from_fn_with_state(desk.clone(), from_here))
        .with_state(desk)
}

/// Links that work once lie here: only pages of this very address may ask, whatever name they were fetched under.
async fn from_here(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if is_from_here(request.headers(), desk.address.port()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn is_from_here(headers: &HeaderMap, port: u16) -> bool {
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_host = text(HOST).is_some_and(|host| names.iter().any(|name| name == host));
    let is_own = text(ORIGIN).is_none_or(|origin| names.iter().any(|name| origin == format!("http://{name}")));
    is_host && is_own
}

async fn newest(State(desk): State<Desk>) -> Response {
    shown(&desk, None)
}

async fn page(State(desk): State<Desk>, Path(number): Path<u64>) -> Response {
    shown(&desk, Some(number))
}

fn find(desk: &Desk, number: u64) -> Option<Mail> {
    all(&desk.mails).into_iter().find(|mail| mail.number == number)
}

async fn html(State(desk): State<Desk>, Path(number): Path<u64>) -> Response {
    let Some(mail) = find(&desk, number) else { return StatusCode::NOT_FOUND.into_response() };
    // What somebody follows in a mail opens beside the inbox.
    answer("text/html; charset=utf-8", MAIL_POLICY, mail.html.replacen("<head>", "<head><base target=\"_blank\">", 1))
}

async fn text(State(desk): State<Desk>, Path(number): Path<u64>) -> Response {
    let Some(mail) = find(&desk, number) else { return StatusCode::NOT_FOUND.into_response() };
    answer("text/plain; charset=utf-8", MAIL_POLICY, mail.text)
}

async fn list(State(desk): State<Desk>) -> Json<Value> {
    let mail = |mail: Mail| {
        json!({ "number": mail.number, "at": mail.at.rfc3339(), "to": mail.to, "subject": mail.subject,
            "text": mail.text })
    };
    let mails: Vec<Value> = all(&desk.mails).into_iter().map(mail).collect();
    Json(json!({ "now": desk.app.clock.now().rfc3339(), "mails": mails }))
}

fn answer(kind: &'static str, policy: &'static str, body: String) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, "no-store")];
    (headers, body).into_response()
}

#[derive(Deserialize)]
struct Step {
    days: i64,
}

/// Moves the clock, and does at once what is due by then: the page that follows shows it.
async fn advance(State(desk): State<Desk>, Query(step): Query<Step>, headers: HeaderMap) -> Response {
    if !(1..=DAYS_MAX).contains(&step.days) {
        return (StatusCode::UNPROCESSABLE_ENTITY, format!("1 to {DAYS_MAX} days")).into_response();
    }
    if let Err(error) = pass(&desk.app, step.days).await {
        tracing::warn!(%error, "not all that is due could be told");
    }
    if headers.get_all(ACCEPT).iter().any(|accept| accept == "application/json") {
        return list(State(desk)).await.into_response();
    }
    Redirect::to("/").into_response()
}

/// Lets days pass, one by one, with what they bring: each mark is told in its turn.
pub(in crate::demo) async fn pass(app: &App, days: i64) -> Result<(), OpError> {
    // Nothing is being sent while the clock jumps: it would seem to have taken a day.
    catch_up(app).await?;
    for _ in 0..days {
        app.clock.advance(DAY_MS);
        catch_up(app).await?;
    }
    Ok(())
}

/// Tells and sends what is due by now.
async fn catch_up(app: &App) -> Result<(), OpError> {
    signals::tell_once(app).await?;
    while keys::remind_once(app).await? > 0 {}
    outbox::fold_once(app).await?;
    while outbox::work_once(app).await? > 0 {}
    Ok(())
}

/// The page with one mail opened: the newest, unless another is chosen.
fn shown(desk: &Desk, chosen: Option<u64>) -> Response {
    let mails = all(&desk.mails);
    let open = match chosen {
        Some(number) => mails.iter().find(|mail| mail.number == number),
        None => mails.first(),
    };
    let items: String = mails.iter().map(|mail| item(mail, open)).collect();
    let items = if items.is_empty() {
        "<li class=\"none\">Nothing yet. Move the clock: keys near their end, and this is told here.</li>".to_owned()
    } else {
        items
    };
    let body = PAGE
        .replace("{now}", &spoken(desk.app.clock.now()))
        .replace("{count}", &mails.len().to_string())
        .replace("{items}", &items)
        .replace("{mail}", &open.map(opened).unwrap_or_default());
    answer("text/html; charset=utf-8", OWN_POLICY, body)
}

fn item(mail: &Mail, open: Option<&Mail>) -> String {
    let current = if open.is_some_and(|open| open.number == mail.number) { " aria-current=\"page\"" } else { "" };
    format!(
        "<li><a href=\"/{}\"{current}><strong>{}</strong><span>{}</span><time>{}</time></a></li>",
        mail.number,
        escaped(&mail.subject),
        escaped(&mail.to),
        spoken(mail.at),
    )
}

fn opened(mail: &Mail) -> String {
    let number = mail.number;
    format!(
        "<header><h2>{}</h2><p>To {} · {} · <a href=\"/{number}/text\">plain text</a></p></header>\
         <iframe src=\"/{number}/html\" title=\"The mail\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\">\
         </iframe>",
        escaped(&mail.subject),
        escaped(&mail.to),
        spoken(mail.at),
    )
}

/// `Thu 22 Oct 2026, 14:30 UTC`
fn spoken(at: UnixMs) -> String {
    Timestamp::from_millisecond(at.0).map(|at| at.strftime("%a %-d %b %Y, %H:%M UTC").to_string()).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('{', "&#123;")
}
