//! `/companies` and what belongs to a company.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{
    Answer, Fail, Shared, account_of,
    filter::Filter,
    paged, settings,
    store::{COMPANIES_MAX, Company, not_found, seconds},
};
use crate::example::{Fault, fault, noise};

/// The longest name of a company.
const NAME_CHARS_MAX: usize = 250;

/// `GET /companies?page&pageSize&query&tags&orderBy`.
pub(crate) async fn list(State(store): State<Shared>, headers: HeaderMap, uri: Uri) -> Answer {
    let parameters = fault::parameters(&uri)?;
    let given = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let (query, tags) = (Filter::parse(given("query"))?, Filter::parse(given("tags"))?);
    let wanted = |company: &&Company| {
        query.holds(|field| field_of(company, field)) && tags.holds(|tag| company.tags.get(tag).cloned())
    };
    let mut found: Vec<Company> =
        store.with(&account_of(&headers), |companies| companies.iter().filter(wanted).cloned().collect());
    sort(&mut found, given("orderBy"))?;
    paged("/companies", &uri, found.into_iter().map(|company| json!(company)).collect())
}

/// Sorts by one field, with `-` in front of it from last to first. A company here is modified when it is created.
fn sort(companies: &mut [Company], order: &str) -> Result<(), Fault> {
    let (field, backwards) = order.strip_prefix('-').map_or((order, false), |field| (field, true));
    match field {
        "" | "created" | "modifiedDate" => companies.sort_by_key(|company| company.created),
        "name" => companies.sort_by(|a, b| a.name.cmp(&b.name)),
        other => return Err(Fault::bad(format!("Cannot order by `{other}`; name and created are known."))),
    }
    if backwards {
        companies.reverse();
    }
    Ok(())
}

fn field_of(company: &Company, field: &str) -> Option<String> {
    match field {
        "id" => Some(company.id.clone()),
        "name" => Some(company.name.clone()),
        "description" => company.description.clone(),
        "created" => Some(company.created.to_string()),
        _ => None,
    }
}

/// `POST /companies` with `{"name", "description"?, "tags"?}`; answers 200, as the published clients expect.
pub(crate) async fn create(State(store): State<Shared>, headers: HeaderMap, body: Body) -> Answer {
    let wish = Wish::parse(&fault::json(body).await?)?;
    let Some(name) = wish.name.clone() else {
        return Err(Fault::bad("`name` is required.").into());
    };
    let account = account_of(&headers);
    let now = Timestamp::now();
    let company = store.with(&account, |companies| {
        if companies.len() >= COMPANIES_MAX {
            return Err(Fault::bad(format!("This example keeps at most {COMPANIES_MAX} companies.")));
        }
        let seed = format!("{account}/{}/{}", companies.len(), now.as_nanosecond());
        let mut company = Company::new(&seed, name, now);
        wish.apply(&mut company);
        companies.push(company.clone());
        Ok(company)
    })?;
    Ok(Json(json!(company)))
}

/// `GET /companies/{id}`.
pub(crate) async fn get(State(store): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let company = store.with_company(&account_of(&headers), &id, |company| Ok(company.clone()))?;
    Ok(Json(json!(company)))
}

/// `PUT /companies/{id}`: what is not given is emptied.
pub(crate) async fn replace(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let wish = Wish::parse(&fault::json(body).await?)?;
    if wish.name.is_none() {
        return Err(Fault::bad("`name` is required.").into());
    }
    let company = store.with_company(&account_of(&headers), &id, |company| {
        company.description = None;
        company.tags.clear();
        wish.apply(company);
        Ok(company.clone())
    })?;
    Ok(Json(json!(company)))
}

/// `PATCH /companies/{id}`: what is not given stays.
pub(crate) async fn update(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let wish = Wish::parse(&fault::json(body).await?)?;
    let company = store.with_company(&account_of(&headers), &id, |company| {
        wish.apply(company);
        Ok(company.clone())
    })?;
    Ok(Json(json!(company)))
}

/// `DELETE /companies/{id}`.
pub(crate) async fn delete(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    let deleted = store.with(&account_of(&headers), |companies| {
        let before = companies.len();
        companies.retain(|company| company.id != id);
        companies.len() < before
    });
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(not_found(&id).into()) }
}

/// `GET /companies/{id}/accessToken`: a token that opens nothing.
pub(crate) async fn access_token(State(store): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    store.with_company(&account_of(&headers), &id, |_| Ok(()))?;
    let token = format!("example-{}", noise::uuid(&format!("token/{id}")));
    Ok(Json(json!({"expiresIn": 86_400, "accessToken": token, "tokenType": "bearer"})))
}

/// `GET /companies/{id}/syncSettings`.
pub(crate) async fn sync_settings(State(store): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    store.with_company(&account_of(&headers), &id, |_| Ok(()))?;
    Ok(Json(json!({"companyId": id, "settings": settings::sync_list(), "overridesDefaults": false})))
}

/// `POST /companies/{id}/syncSettings`: accepted, not kept.
pub(crate) async fn keep_sync_settings(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Result<StatusCode, Fail> {
    fault::json(body).await?;
    store.with_company(&account_of(&headers), &id, |_| Ok(()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /companies/{id}/dataStatus`: per data type, the last fetch.
pub(crate) async fn data_status(State(store): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let created = store.with_company(&account_of(&headers), &id, |company| Ok(company.created))?;
    let status = |data_type: &&str| {
        let fetch = noise::uuid(&format!("{id}/{data_type}"));
        let at = seconds(created.saturating_add(1.hour()).unwrap_or(created));
        let status = json!({
            "dataType": data_type,
            "lastSuccessfulSync": at,
            "currentStatus": "Complete",
            "latestSyncId": fetch,
            "latestSuccessfulSyncId": fetch,
        });
        ((*data_type).to_owned(), status)
    };
    Ok(Json(settings::DATA_TYPES.iter().map(status).collect()))
}

/// `POST /companies/{id}/data/all`: queued, so to say.
pub(crate) async fn refresh_all(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    store.with_company(&account_of(&headers), &id, |_| Ok(()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /companies/{id}/data/queue/{dataType}`.
pub(crate) async fn refresh_one(
    State(store): State<Shared>,
    headers: HeaderMap,
    Path((id, data_type)): Path<(String, String)>,
) -> Answer {
    if !settings::DATA_TYPES.contains(&data_type.as_str()) {
        return Err(Fault::missing(format!("Data type {data_type} is not known.")).into());
    }
    let connection = store.with_company(&account_of(&headers), &id, |company| {
        let first = company.data_connections.first().map(|connection| connection.id.clone());
        first.ok_or_else(|| Fault::bad("The company has no connection to fetch from."))
    })?;
    Ok(Json(json!({
        "id": noise::uuid(&format!("{id}/{data_type}/fetch")),
        "companyId": id,
        "connectionId": connection,
        "dataType": data_type,
        "status": "Queued",
        "requested": seconds(Timestamp::now()),
        "progress": 0,
        "isCompleted": false,
        "isErrored": false,
    })))
}

/// What a body asks for a company to be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    name: Option<String>,
    description: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

impl Wish {
    fn parse(body: &Value) -> Result<Self, Fault> {
        if !body.is_object() {
            return Err(Fault::bad("The body must be a JSON object such as {\"name\":\"Acme\"}."));
        }
        let text = |name: &str| match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.trim().to_owned())),
            _ => Err(Fault::bad(format!("`{name}` must be a text."))),
        };
        let name = text("name")?;
        let fits = |name: &String| (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        if name.as_ref().is_some_and(|name| !fits(name)) {
            return Err(Fault::bad(format!("`name` must have 1 to {NAME_CHARS_MAX} characters.")));
        }
        let tags = match &body["tags"] {
            Value::Null => None,
            tags => Some(
                serde_json::from_value(tags.clone())
                    .map_err(|_| Fault::bad("`tags` must be an object whose values are texts."))?,
            ),
        };
        Ok(Self { name, description: text("description")?, tags })
    }

    fn apply(self, company: &mut Company) {
        if let Some(name) = self.name {
            company.name = name;
        }
        if let Some(tags) = self.tags {
            company.tags = tags;
        }
        company.description = self.description.or_else(|| company.description.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_checked_and_changes_only_what_it_names() {
        for wrong in [json!([]), json!({"name": ""}), json!({"name": 5}), json!({"tags": {"a": 1}})] {
            assert!(Wish::parse(&wrong).is_err(), "{wrong} must be refused");
        }
        let mut company = Company::new("seed", "Acme".to_owned(), Timestamp::UNIX_EPOCH);
        company.description = Some("kept".to_owned());
        Wish::parse(&json!({"tags": {"region": "uk"}})).expect("a good wish").apply(&mut company);
        assert_eq!((company.name.as_str(), company.description.as_deref()), ("Acme", Some("kept")));
        assert_eq!(company.tags["region"], "uk");
        assert_eq!(json!(company)["created"], "1970-01-01T00:00:00Z");
    }
}
