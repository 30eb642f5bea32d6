//! `/v1/session/sso`: to a provider of identities, and back.

use axum::extract::rejection::QueryRejection;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Visitor, cookie};
use crate::app::App;
use crate::http::{Problem, Query};
use crate::sessions::sso::{self, Returned};

/// What the browser keeps while it is at the provider.
const MEMO: &str = "__Host-keyward-sso";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(begin)).routes(routes!(finish))
}

/// Who may vouch for people here.
#[utoipa::path(get, path = "/v1/session/sso", tag = "signing in", operation_id = "list_sso_providers",
    extensions(("x-permission" = json!("public"))),
    responses((status = 200, description = "All of them.", body = wire::SsoProviders)))]
async fn list(State(app): State<App>) -> axum::Json<wire::SsoProviders> {
    let shown = |provider: &crate::config::Provider| wire::SsoProvider {
        name: provider.name.clone(),
        title: provider.title.clone(),
        url: format!("/v1/session/sso/{}", provider.name),
    };
    axum::Json(wire::SsoProviders { items: app.config.sign_in.sso.iter().map(shown).collect() })
}

/// Leads the browser to a provider.
#[utoipa::path(get, path = "/v1/session/sso/{provider}", tag = "signing in", operation_id = "begin_sso",
    extensions(("x-permission" = json!("public"))),
    params(("provider" = String, Path), wire::BeginSso),
    responses((status = 303, description = "To the provider."),
        (status = 502, description = "`sso_unavailable`: it could not be asked.", body = wire::Problem)))]
async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    path: RawPathParams,
    Query(query): Query<wire::BeginSso>,
) -> Response {
    match sso::begin(&app, name(&path), query.fresh.unwrap_or_default()).await {
        Ok(begun) => {
            let memo = cookie::named_set(MEMO, begun.cookie.expose(), Some(sso::ATTEMPT_S));
            ([memo], to(&begun.url)).into_response()
        }
        Err(why) => shown(&headers, why.into()),
    }
}

/// Where a provider leads the browser back to; signs it in and leads it home.
#[utoipa::path(get, path = "/v1/session/sso/{provider}/callback", tag = "signing in", operation_id = "finish_sso",
    extensions(("x-permission" = json!("public"))),
    params(("provider" = String, Path), wire::SsoAnswer),
    responses((status = 303, description = "Signed in."),
        (status = 401, description = "`sso_state`, `sso_refused`.", body = wire::Problem),
        (status = 403, description = "`sso_unknown`, `sso_domain`.", body = wire::Problem),
        (status = 502, description = "`sso_unavailable`.", body = wire::Problem)))]
async fn finish(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    path: RawPathParams,
    query: Result<axum::extract::Query<wire::SsoAnswer>, QueryRejection>,
) -> Response {
    // Providers add what they like; what can't be read is no answer.
    let query = query.map(|query| query.0).unwrap_or_default();
    let returned = Returned {
        code: Secret::new(query.code.unwrap_or_default()),
        state: Secret::new(query.state.unwrap_or_default()),
        issuer: query.iss,
        cookie: cookie::named(&headers, MEMO).ok().flatten(),
        before: visitor.before,
        origin: visitor.origin,
        agent: visitor.agent,
    };
    let mut response = match sso::finish(&app, name(&path), returned).await {
        Ok(token) => ([cookie::set(&token)], to("/")).into_response(),
        Err(why) => shown(&headers, why.into()),
    };
    // Whatever came of it, the attempt is over.
    let (header, gone) = cookie::named_set(MEMO, "", Some(0));
    response.headers_mut().append(header, gone);
    response
}

fn name(path: &RawPathParams) -> &str {
    path.iter().next().map(|(_, name)| name).unwrap_or_default()
}

fn to(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        Err(_) => Problem::not_found().into_response(),
    }
}

/// For a browser that came here by itself, as a page; for programs as a problem.
fn shown(headers: &HeaderMap, problem: Problem) -> Response {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/html") { problem.into_page("/") } else { problem.into_response() }
}
