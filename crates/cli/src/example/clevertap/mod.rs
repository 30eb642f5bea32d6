//! Profiles, events, uploads and campaigns in the manner of CleverTap (rows 1–46).
//!
//! A query is answered with a cursor, and the records are fetched with it, page by page, until no `next_cursor`
//! comes back. Data covers the year 2026. Of a query, `event_name`, `from` and `to` count; conditions on properties
//! are accepted and not evaluated. Uploads and changes are checked and acknowledged, and change nothing.

mod actions;
mod cursor;
mod data;

use axum::{
    Json, Router,
    body::Body,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{Fault, fault};
use cursor::{Cursor, Kind, Query};

/// Records a page holds unless the query says otherwise, and the most it may ask for.
const BATCH_SIZE_DEFAULT: u64 = 10;
const BATCH_SIZE_MAX: u64 = 5_000;

/// What the source document itself writes in its samples where a cursor belongs; it works as one, so that a sample
/// with only its credentials replaced gets an answer.
const SAMPLE_CURSOR: &str = "CURSOR_VALUE";

pub(crate) type Answer = Result<Json<Value>, Fail>;

/// The routes under `/1/`.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/1/events.json", get(events_page).post(events_query))
        .route("/1/profiles.json", get(profiles_page).post(profiles_query))
        .route("/1/profile.json", get(profile))
        .route("/1/upload", post(actions::upload))
        .route("/1/counts/events.json", post(events_count))
        .route("/1/counts/profiles.json", post(profiles_count))
        .route("/1/counts/top.json", post(actions::top))
        .route("/1/counts/trends.json", post(actions::trends))
        .route("/1/now.json", post(actions::now))
        .route("/1/message/report.json", post(actions::message_report))
        .route("/1/targets/{action}", post(actions::targets))
        .route("/1/subscribe", post(actions::acknowledge))
        .route("/1/disassociate", post(actions::acknowledge))
        .route("/1/delete/profiles.json", post(actions::acknowledge))
        .route("/1/demerge/profiles.json", post(actions::acknowledge))
        .fallback(async |uri: Uri| Fail::from(Fault::missing(format!("There is no endpoint {}.", uri.path()))))
        .method_not_allowed_fallback(async || {
            Fail::from(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "This endpoint does not know that method."))
        })
}

async fn events_query(uri: Uri, body: Body) -> Answer {
    start(Kind::Events, &uri, &fault::json(body).await?)
}

async fn profiles_query(uri: Uri, body: Body) -> Answer {
    start(Kind::Profiles, &uri, &fault::json(body).await?)
}

async fn events_page(uri: Uri) -> Answer {
    page(Kind::Events, &uri)
}

async fn profiles_page(uri: Uri) -> Answer {
    page(Kind::Profiles, &uri)
}

async fn events_count(body: Body) -> Answer {
    count(Kind::Events, &fault::json(body).await?)
}

async fn profiles_count(body: Body) -> Answer {
    count(Kind::Profiles, &fault::json(body).await?)
}

fn count(kind: Kind, query: &Value) -> Answer {
    let query = Query::parse(kind, query)?;
    Ok(Json(json!({"status": "success", "count": query.matches().count()})))
}

/// Answers a query with the cursor of its first page.
fn start(kind: Kind, uri: &Uri, query: &Value) -> Answer {
    let asked = fault::number(&fault::parameters(uri)?, "batch_size", BATCH_SIZE_DEFAULT)?;
    if asked == 0 {
        return Err(Fault::bad("`batch_size` must be at least 1.").into());
    }
    let batch_size = asked.min(BATCH_SIZE_MAX);
    let cursor = Cursor { query: Query::parse(kind, query)?, batch_size, offset: 0 };
    Ok(Json(json!({"status": "success", "cursor": cursor.encode()})))
}

/// `GET`: a page where a cursor is given, else a query in the URL as the published JavaScript client sends it.
fn page(kind: Kind, uri: &Uri) -> Answer {
    let parameters = fault::parameters(uri)?;
    let Some(text) = parameters.get("cursor") else {
        let Some(query) = parameters.get("query") else {
            return Err(Fault::bad("Give a `cursor`, or a `query` to get one.").into());
        };
        let query = serde_json::from_str(query).map_err(|_| Fault::bad("`query` must be valid JSON."))?;
        return start(kind, uri, &query);
    };
    let cursor = match text.as_str() {
        SAMPLE_CURSOR => Cursor { query: Query::sample(kind), batch_size: BATCH_SIZE_DEFAULT, offset: 0 },
        text => Cursor::decode(text).filter(|cursor| cursor.query.kind == kind).ok_or_else(|| {
            Fault::bad("Invalid cursor. Use the `cursor` or `next_cursor` of the answer before, unchanged.")
        })?,
    };
    let mut records = cursor.records();
    let more = records.len() as u64 > cursor.batch_size;
    records.truncate(usize::try_from(cursor.batch_size).unwrap_or(usize::MAX));
    let mut answer = json!({"status": "success"});
    if more {
        answer["next_cursor"] = cursor.next().encode().into();
    }
    answer["records"] = records.into();
    Ok(Json(answer))
}

/// One profile, by the first of the three names that is given.
async fn profile(uri: Uri) -> Answer {
    let parameters = fault::parameters(&uri)?;
    let given = ["email", "identity", "objectId"].into_iter().find_map(|name| Some((name, parameters.get(name)?)));
    let Some((name, value)) = given else {
        return Err(Fault::bad("Give one of `email`, `identity` and `objectId`.").into());
    };
    // The published client does not encode the `+` of an address.
    let value = value.replace(' ', "+");
    let found = data::find_profile(name, &value);
    let number = found.ok_or_else(|| Fault::missing(format!("There is no profile with {name} {value}.")))?;
    Ok(Json(json!({"status": "success", "record": data::profile_record(number)})))
}

/// A fault in CleverTap's envelope: `{"status":"fail","error":…,"code":…}`.
pub(crate) struct Fail(Fault);

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let Fault { status, detail, pointer: _ } = self.0;
        (status, Json(json!({"status": "fail", "error": detail, "code": status.as_u16()}))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(query: &str) -> Vec<usize> {
        let first = format!("/1/events.json?batch_size=100&query={query}").parse().expect("a URI");
        let Ok(Json(answer)) = page(Kind::Events, &first) else { panic!("the query was refused") };
        let mut next = answer["cursor"].as_str().map(str::to_owned);
        let mut sizes = Vec::new();
        while let Some(cursor) = next {
            let uri = format!("/1/events.json?cursor={cursor}").parse().expect("a cursor is URL-safe");
            let Ok(Json(answer)) = page(Kind::Events, &uri) else { panic!("the cursor was refused") };
            sizes.push(answer["records"].as_array().map_or(0, Vec::len));
            next = answer["next_cursor"].as_str().map(str::to_owned);
        }
        sizes
    }

    #[test]
    fn the_cursor_leads_through_all_records_once() {
        let query = "%7B%22event_name%22:%22App%20Launched%22,%22from%22:20260101,%22to%22:20260120%7D";
        assert_eq!(walk(query), [100, 100, 40]);
        let full_pages_only = "%7B%22event_name%22:%22App%20Launched%22,%22from%22:20260101,%22to%22:20260125%7D";
        assert_eq!(walk(full_pages_only), [100, 100, 100]);
        let nothing = "%7B%22event_name%22:%22App%20Launched%22,%22from%22:20250101,%22to%22:20250120%7D";
        assert_eq!(walk(nothing), [0]);
    }

    #[test]
    fn a_cursor_of_the_other_endpoint_is_refused() {
        let cursor = Cursor { query: Query::sample(Kind::Profiles), batch_size: 10, offset: 0 }.encode();
        let uri = format!("/1/events.json?cursor={cursor}").parse().expect("a URI");
        assert!(page(Kind::Events, &uri).is_err());
    }
}
