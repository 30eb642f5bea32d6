//! Companies, connections and settings in the manner of Codat's platform API, as its published clients call it.
//!
//! `/apiKeys` is not here: the gateway serves it. Each account sees its own companies. What a visitor creates or
//! changes lives in memory, within bounds, until the program ends; settings are answered and changes to them are
//! echoed, not kept.

mod companies;
mod connections;
mod filter;
mod settings;
mod store;

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde_json::{Value, json};

use super::{Caller, Fault, fault, noise};
use store::Store;

/// Results on a page unless the caller says otherwise, and the most a page may have.
const PAGE_SIZE_DEFAULT: u64 = 100;
const PAGE_SIZE_MAX: u64 = 5_000;

pub(crate) type Answer = Result<Json<Value>, Fail>;
pub(crate) type Shared = Arc<Store>;

/// The routes, with a store of their own.
pub(crate) fn router() -> Router {
    let one_company = get(companies::get).put(companies::replace).patch(companies::update).delete(companies::delete);
    let one_connection = get(connections::get).patch(connections::unlink).delete(connections::delete);
    Router::new()
        .route("/companies", get(companies::list).post(companies::create))
        .route("/companies/{company}", one_company)
        .route("/companies/{company}/accessToken", get(companies::access_token))
        .route("/companies/{company}/connectionManagement/accessToken", get(companies::access_token))
        .route("/companies/{company}/syncSettings", get(companies::sync_settings).post(companies::keep_sync_settings))
        .route("/companies/{company}/dataStatus", get(companies::data_status))
        .route("/companies/{company}/data/all", post(companies::refresh_all))
        .route("/companies/{company}/data/queue/{data_type}", post(companies::refresh_one))
        .route("/companies/{company}/connections", get(connections::list).post(connections::create))
        .route("/companies/{company}/connections/{connection}", one_connection)
        .route("/profile", get(settings::profile).put(settings::replace_profile))
        .route("/profile/syncSettings", get(settings::sync_settings).post(settings::keep_sync_settings))
        .route("/corsSettings", get(settings::cors).post(settings::set_cors))
        .route("/connectionManagement/corsSettings", get(settings::cors).post(settings::set_cors))
        .route("/integrations", get(settings::integrations))
        .route("/integrations/{platform}", get(settings::integration))
        .route("/integrations/{platform}/branding", get(settings::branding))
        .route("/webhooks", get(settings::webhooks).post(settings::create_webhook))
        .route("/webhooks/{webhook}", delete(settings::delete_webhook))
        .fallback(async |uri: Uri| Fail::from(Fault::missing(format!("There is no endpoint {}.", uri.path()))))
        .method_not_allowed_fallback(async || {
            Fail::from(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "This endpoint does not know that method."))
        })
        .with_state(Arc::new(Store::default()))
}

/// Whose data a request is about: the account the gateway names, or nobody's for a request that came past it.
fn account_of(headers: &HeaderMap) -> String {
    Caller::of(headers).account_id
}

/// Cuts one page out of the results and wraps it as Codat does, with links.
fn paged(path: &str, uri: &Uri, results: Vec<Value>) -> Answer {
    let parameters = fault::parameters(uri)?;
    let page = fault::number(&parameters, "page", 1)?;
    let page_size = fault::number(&parameters, "pageSize", PAGE_SIZE_DEFAULT)?;
    if page == 0 || page_size == 0 || page_size > PAGE_SIZE_MAX {
        let detail = format!("`page` starts at 1 and `pageSize` must be from 1 to {PAGE_SIZE_MAX}.");
        return Err(Fault::bad(detail).into());
    }
    let total = results.len() as u64;
    let first = (page - 1).saturating_mul(page_size);
    let link = |page: u64| json!({"href": format!("{path}?page={page}&pageSize={page_size}")});
    let mut links = json!({"self": link(page), "current": link(page)});
    if first.saturating_add(page_size) < total {
        links["next"] = link(page + 1);
    }
    if page > 1 {
        links["previous"] = link(page - 1);
    }
    let clamp = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let results: Vec<Value> = results.into_iter().skip(clamp(first)).take(clamp(page_size)).collect();
    Ok(Json(json!({
        "results": results,
        "pageNumber": page,
        "pageSize": page_size,
        "totalResults": total,
        "_links": links,
    })))
}

/// A fault in Codat's error body.
pub(crate) struct Fail(Fault);

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let Fault { status, detail, pointer: _ } = self.0;
        let correlation_id = noise::uuid(&detail).replace('-', "");
        let body = json!({
            "statusCode": status.as_u16(),
            "service": "PublicApi",
            "error": detail,
            "correlationId": correlation_id,
            "validation": null,
            "canBeRetried": "Unknown",
            "detailedErrorCode": 0,
        });
        (status, Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(uri: &str, total: usize) -> Value {
        let results = (0..total).map(Value::from).collect();
        let Ok(Json(page)) = paged("/companies", &uri.parse().expect("a URI"), results) else {
            panic!("{uri} was refused");
        };
        page
    }

    #[test]
    fn pages_have_links_to_their_neighbours() {
        let middle = page_of("/companies?page=2&pageSize=10", 25);
        assert_eq!(middle["results"].as_array().map(Vec::len), Some(10));
        assert_eq!(middle["_links"]["next"]["href"], "/companies?page=3&pageSize=10");
        assert_eq!(middle["_links"]["previous"]["href"], "/companies?page=1&pageSize=10");
        let last = page_of("/companies?page=3&pageSize=10", 25);
        assert_eq!(last["results"], json!([20, 21, 22, 23, 24]));
        assert!(last["_links"]["next"].is_null());
        assert_eq!(page_of("/companies?page=99", 25)["results"], json!([]));
    }

    #[test]
    fn page_zero_and_huge_pages_are_refused() {
        for uri in ["/companies?page=0", "/companies?pageSize=0", "/companies?pageSize=5001", "/companies?page=x"] {
            assert!(paged("/companies", &uri.parse().expect("a URI"), Vec::new()).is_err(), "{uri}");
        }
    }
}
