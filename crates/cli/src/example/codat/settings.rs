//! What concerns the whole client: its profile, what is fetched when, integrations, allowed origins, webhooks.

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::{Value, json};

use super::{
    Answer, Fail, account_of, paged,
    store::{INTEGRATIONS, Integration},
};
use crate::example::{Caller, Fault, fault, noise};

/// The kinds of data that are fetched from a company's systems.
pub(crate) const DATA_TYPES: [&str; 6] =
    ["balanceSheet", "bankAccounts", "bills", "customers", "invoices", "suppliers"];

/// `GET /profile`: named after the account.
pub(crate) async fn profile(headers: HeaderMap) -> Json<Value> {
    let caller = Caller::of(&headers);
    Json(json!({
        "name": caller.display_name(),
        "logoUrl": "https://static.example.com/logo.png",
        "iconUrl": "https://static.example.com/icon.png",
        "redirectUrl": "https://app.example.com/linked?companyId={companyId}",
        "whiteListUrls": ["https://app.example.com"],
        "confirmCompanyName": false,
    }))
}

/// `PUT /profile`: checked and echoed, not kept.
pub(crate) async fn replace_profile(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let complete = ["name", "redirectUrl"].iter().all(|name| body[name].as_str().is_some_and(|text| !text.is_empty()));
    if complete { Ok(Json(body)) } else { Err(Fault::bad("`name` and `redirectUrl` are required.").into()) }
}

/// `GET /profile/syncSettings`.
pub(crate) async fn sync_settings(headers: HeaderMap) -> Json<Value> {
    let client = noise::uuid(&format!("client/{}", account_of(&headers)));
    Json(json!({"clientId": client, "settings": sync_list(), "overridesDefaults": false}))
}

/// `POST /profile/syncSettings`: accepted, not kept.
pub(crate) async fn keep_sync_settings(body: Body) -> Result<StatusCode, Fail> {
    fault::json(body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Each data type, daily, for two years back.
pub(crate) fn sync_list() -> Vec<Value> {
    let setting = |(order, data_type): (usize, &&str)| {
        json!({
            "dataType": data_type,
            "fetchOnFirstLink": true,
            "syncSchedule": 24,
            "syncOrder": order,
            "monthsToSync": 24,
            "isLocked": false,
        })
    };
    DATA_TYPES.iter().enumerate().map(setting).collect()
}

/// `GET /corsSettings`.
pub(crate) async fn cors() -> Json<Value> {
    Json(json!({"allowedOrigins": ["https://app.example.com"]}))
}

/// `POST /corsSettings`: checked and echoed, not kept.
pub(crate) async fn set_cors(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let texts = body["allowedOrigins"].as_array().is_some_and(|origins| origins.iter().all(Value::is_string));
    if texts { Ok(Json(body)) } else { Err(Fault::bad("`allowedOrigins` must be a list of texts.").into()) }
}

/// `GET /integrations`, paged.
pub(crate) async fn integrations(uri: Uri) -> Answer {
    paged("/integrations", &uri, INTEGRATIONS.iter().map(shown).collect())
}

/// `GET /integrations/{key}`.
pub(crate) async fn integration(Path(key): Path<String>) -> Answer {
    Ok(Json(shown(find(&key)?)))
}

/// `GET /integrations/{key}/branding`.
pub(crate) async fn branding(Path(key): Path<String>) -> Answer {
    let found = find(&key)?;
    let image = json!({"image": {"src": format!("https://static.example.com/{}.png", found.key), "alt": found.name}});
    Ok(Json(json!({"logo": {"full": image, "square": image}, "sourceId": found.id()})))
}

fn find(key: &str) -> Result<&'static Integration, Fault> {
    let found = INTEGRATIONS.iter().find(|integration| integration.key == key);
    found.ok_or_else(|| Fault::missing(format!("Integration {key} could not be found.")))
}

fn shown(integration: &Integration) -> Value {
    json!({
        "key": integration.key,
        "logoUrl": format!("https://static.example.com/{}.png", integration.key),
        "name": integration.name,
        "enabled": true,
        "sourceId": noise::uuid(&format!("source/{}", integration.key)),
        "sourceType": integration.source_type,
        "integrationId": integration.id(),
        "isOfflineConnector": false,
        "isBeta": false,
        "datatypeFeatures": [{
            "dataType": "invoices",
            "supportedFeatures": [{"featureType": "Get", "featureState": "Release"}],
        }],
    })
}

/// `GET /webhooks`: none, since none are kept.
pub(crate) async fn webhooks() -> Json<Value> {
    Json(json!({"results": []}))
}

/// `POST /webhooks`: checked and answered like a new one, not kept; nothing is ever sent.
pub(crate) async fn create_webhook(body: Body) -> Result<(StatusCode, Json<Value>), Fail> {
    let body = fault::json(body).await?;
    let Some(url) = body["url"].as_str().filter(|url| url.starts_with("https://")) else {
        return Err(Fault::bad("`url` is required and must begin with https://.").into());
    };
    let answer = json!({
        "id": noise::uuid(&format!("webhook/{url}")),
        "url": url,
        "disabled": body["disabled"] == true,
        "eventTypes": if body["eventTypes"].is_array() { body["eventTypes"].clone() } else { json!([]) },
        "companyTags": body["companyTags"],
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `DELETE /webhooks/{id}`.
pub(crate) async fn delete_webhook(Path(id): Path<String>) -> Fail {
    Fault::missing(format!("Webhook consumer {id} could not be found.")).into()
}
