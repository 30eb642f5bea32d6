//! `/companies/{id}/connections`.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Answer, Fail, Shared, account_of, paged,
    store::{CONNECTIONS_MAX, Company, Connection, INTEGRATIONS},
};
use crate::example::{Fault, fault};

/// `GET /companies/{id}/connections`, paged.
pub(crate) async fn list(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(company): Path<String>,
    uri: Uri,
) -> Answer {
    let connections = store.with_company(&account_of(&headers), &company, |company| {
        Ok(company.data_connections.iter().map(|connection| json!(connection)).collect::<Vec<_>>())
    })?;
    paged(&format!("/companies/{company}/connections"), &uri, connections)
}

/// `POST /companies/{id}/connections` with `{"platformKey"}`; the published clients may send the key as a bare text.
pub(crate) async fn create(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(company): Path<String>,
    body: Body,
) -> Answer {
    let body = fault::json(body).await?;
    let key = body["platformKey"].as_str().or_else(|| body.as_str());
    let kind = INTEGRATIONS.iter().find(|kind| Some(kind.key) == key);
    let Some(kind) = kind else {
        return Err(Fault::bad("`platformKey` must be a key that GET /integrations lists.").into());
    };
    let now = Timestamp::now();
    let connection = store.with_company(&account_of(&headers), &company, |company| {
        if company.data_connections.len() >= CONNECTIONS_MAX {
            return Err(Fault::bad(format!("This example keeps at most {CONNECTIONS_MAX} connections.")));
        }
        let seed = format!("{}/{}/{}", company.id, company.data_connections.len(), now.as_nanosecond());
        let connection = Connection::new(&seed, kind, "PendingAuth", now);
        company.data_connections.push(connection.clone());
        Ok(connection)
    })?;
    Ok(Json(json!(connection)))
}

/// `GET /companies/{id}/connections/{connection}`.
pub(crate) async fn get(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path((company, id)): Path<(String, String)>,
) -> Answer {
    let connection =
        store.with_company(&account_of(&headers), &company, |company| find(company, &id).map(|found| json!(found)))?;
    Ok(Json(connection))
}

/// `PATCH /companies/{id}/connections/{connection}` with `{"status":"Unlinked"}`.
pub(crate) async fn unlink(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path((company, id)): Path<(String, String)>,
    body: Body,
) -> Answer {
    let body = fault::json(body).await?;
    if body["status"] != "Unlinked" {
        return Err(Fault::bad("The only change this endpoint makes is {\"status\":\"Unlinked\"}.").into());
    }
    let connection = store.with_company(&account_of(&headers), &company, |company| {
        let connection = find(company, &id)?;
        connection.status = "Unlinked";
        Ok(json!(connection))
    })?;
    Ok(Json(connection))
}

/// `DELETE /companies/{id}/connections/{connection}`; answers 200 without a body, as the published clients expect.
pub(crate) async fn delete(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path((company, id)): Path<(String, String)>,
) -> Result<StatusCode, Fail> {
    store.with_company(&account_of(&headers), &company, |company| {
        find(company, &id)?;
        company.data_connections.retain(|connection| connection.id != id);
        Ok(())
    })?;
    Ok(StatusCode::OK)
}

fn find<'a>(company: &'a mut Company, id: &str) -> Result<&'a mut Connection, Fault> {
    let found = company.data_connections.iter_mut().find(|connection| connection.id == id);
    found.ok_or_else(|| Fault::missing(format!("Connection {id} could not be found.")))
}
