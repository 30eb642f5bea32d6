//! What the control listener serves beside the management API: pages for people, probes for machines.
//!
//! Pages are self-contained: no script, no inline style, nothing from elsewhere.

mod reference;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use utoipa::openapi::OpenApi;

use super::problem::Problem;
use crate::app::App;

const INDEX: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");

/// What pages are sent with.
pub(super) const PAGE: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-cache"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

/// Renders the metrics in Prometheus' text format.
pub type Metrics = std::sync::Arc<dyn Fn(&App) -> String + Send + Sync>;

/// Pages and probes. None of them needs a key, and none tells anything of an account.
pub(super) fn routes(document: &OpenApi, metrics: Metrics) -> Router<App> {
    let json = serde_json::to_string_pretty(document).expect("the document has text keys");
    let reference = reference::render(document);
    Router::new()
        .route("/style.css", get(style))
        .route("/docs", get(move || std::future::ready((PAGE, reference.clone()))))
        .route("/openapi.json", get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], json.clone()))))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route(
            "/metrics",
            get(async move |State(app): State<App>| {
                ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics(&app))
            }),
        )
}

/// What stands at `/` in a program that was built without the dashboard.
pub(super) fn not_built() -> Response {
    (PAGE, INDEX).into_response()
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")], STYLE).into_response()
}

/// Whether this node can decide: 503 until it has read the store, and again when it lost it.
async fn ready(State(app): State<App>) -> Response {
    if app.is_ready() {
        return "ready\n".into_response();
    }
    let detail = "This node has no safe view of the keys yet, or lost it.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail).into_response()
}
