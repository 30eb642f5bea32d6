//! The endpoints that upload, change, count and send. They check what they are given and answer plausibly; the
//! numbers come from the example data, and nothing is stored or sent.

use axum::{Json, body::Body, extract::Path};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{
    Answer,
    cursor::{Kind, Query},
    data,
};
use crate::example::{Fault, fault, noise};

/// The most records one upload may carry.
const UPLOAD_RECORDS_MAX: usize = 1_000;

/// `POST /1/upload {"d":[…]}`: says how many records are good, and what is wrong with the others.
pub(crate) async fn upload(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let Some(records) = body["d"].as_array().filter(|records| !records.is_empty()) else {
        return Err(Fault::bad("`d` must be a list of at least one record.").into());
    };
    if records.len() > UPLOAD_RECORDS_MAX {
        return Err(Fault::bad(format!("`d` may hold at most {UPLOAD_RECORDS_MAX} records.")).into());
    }
    let unprocessed: Vec<Value> = records
        .iter()
        .filter_map(|record| {
            let (code, error) = complaint(record)?;
            Some(json!({"status": "fail", "code": code, "error": error, "record": record}))
        })
        .collect();
    let processed = records.len() - unprocessed.len();
    let status = match (processed, unprocessed.len()) {
        (_, 0) => "success",
        (0, _) => "fail",
        _ => "partial",
    };
    Ok(Json(json!({"status": status, "processed": processed, "unprocessed": unprocessed})))
}

/// What is wrong with an uploaded record: CleverTap's own code and a sentence.
fn complaint(record: &Value) -> Option<(u16, &'static str)> {
    let named = ["identity", "FBID", "GPID", "objectId"].iter().any(|name| record[name].is_string());
    if !record.is_object() {
        return Some((509, "A record must be a JSON object."));
    }
    if !named {
        return Some((516, "One of identity, FBID, GPID and objectId is required."));
    }
    match record["type"].as_str() {
        Some("event") if !record["evtName"].is_string() => Some((513, "evtName is required.")),
        Some("event") if !record["evtData"].is_object() => Some((514, "evtData must be an object.")),
        Some("profile") if !record["profileData"].is_object() => Some((525, "profileData must be an object.")),
        Some("token") if !record["tokenData"].is_object() => Some((526, "tokenData must be an object.")),
        Some("event" | "profile" | "token") => None,
        _ => Some((512, "type must be event, profile or token.")),
    }
}

/// Deleting, demerging, disassociating and subscribing: acknowledged for a JSON object.
pub(crate) async fn acknowledge(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let Some(fields) = body.as_object().filter(|fields| !fields.is_empty()) else {
        return Err(Fault::bad("The body must be a JSON object that says whom this is about.").into());
    };
    let processed = fields.values().find_map(Value::as_array).map_or(1, Vec::len);
    Ok(Json(json!({"status": "success", "processed": processed, "unprocessed": []})))
}

/// `POST /1/now.json`: people active in the last five minutes.
pub(crate) async fn now(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let mut answer = json!({"status": "success", "count": 42});
    if body["user_type"] == true {
        answer["user_type"] = json!({"new": 9, "returning": 33});
    }
    Ok(Json(answer))
}

/// `POST /1/counts/top.json`: the most frequent values of a property, per requested group.
pub(crate) async fn top(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let events = Query::parse(Kind::Events, &body)?.matches().count() as u64;
    let groups = groups_of(&body)?.iter().map(|(name, group)| {
        let wanted = group["top_n"].as_u64().unwrap_or(4).clamp(1, 10);
        let property = group["name"].as_str().unwrap_or("value");
        let values: Map<String, Value> =
            (1..=wanted).map(|rank| (format!("{property} {rank}"), (events / (rank + 1)).into())).collect();
        (name.clone(), json!({"STR": values}))
    });
    Ok(Json(with_status(groups.collect())))
}

/// `POST /1/counts/trends.json`: occurrences per day, week or month, per requested group.
pub(crate) async fn trends(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let query = Query::parse(Kind::Events, &body)?;
    let mut groups = Map::new();
    for (name, group) in groups_of(&body)? {
        let key: fn(Date) -> String = match group["trend_type"].as_str() {
            Some("daily") => |day| day.strftime("%Y%m%d").to_string(),
            Some("weekly") => |day| day.strftime("%G-W%V").to_string(),
            Some("monthly") => |day| day.strftime("%Y%m").to_string(),
            _ => return Err(Fault::bad("`trend_type` must be daily, weekly or monthly.").into()),
        };
        let counts = data::daily_counts(&query.event_name, query.from..=query.to, key);
        groups.insert(name.clone(), counts.into_iter().map(|(day, n)| (day, Value::from(n))).collect());
    }
    Ok(Json(with_status(groups)))
}

fn groups_of(body: &Value) -> Result<&Map<String, Value>, Fault> {
    body["groups"].as_object().ok_or_else(|| Fault::bad("`groups` is required and must be an object."))
}

fn with_status(groups: Map<String, Value>) -> Value {
    let mut answer = Map::from_iter([("status".to_owned(), Value::from("success"))]);
    answer.extend(groups);
    answer.into()
}

/// `POST /1/message/report.json`: the messages of the period.
pub(crate) async fn message_report(body: Body) -> Answer {
    let body = fault::json(body).await?;
    let half_open = body["from"].is_null() || body["to"].is_null();
    if half_open {
        return Err(Fault::bad("`from` and `to` are required.").into());
    }
    let messages: Vec<Value> = (0..3).map(campaign).collect();
    Ok(Json(json!({"status": "success", "total_results": messages.len(), "messages": messages})))
}

/// `POST /1/targets/{create|list|result|stop}.json`: push campaigns; an estimate is a create that sends nothing.
pub(crate) async fn targets(Path(action): Path<String>, body: Body) -> Answer {
    let body = fault::json(body).await?;
    let id = || body["id"].as_u64().ok_or_else(|| Fault::bad("`id` is required and must be a whole number."));
    let answer = match action.as_str() {
        "create.json" => created(&body)?,
        "list.json" => json!({"status": "success", "targets": (0..3).map(campaign).collect::<Vec<_>>()}),
        "result.json" => json!({"status": "success", "result": numbers(id()?)}),
        "stop.json" => json!({"status": "success", "id": id()?}),
        _ => return Err(Fault::missing("The action must be create, list, result or stop.").into()),
    };
    Ok(Json(answer))
}

fn created(body: &Value) -> Result<Value, Fault> {
    let Some(name) = body["name"].as_str().filter(|name| !name.is_empty()) else {
        return Err(Fault::bad("`name` is required."));
    };
    let query = match &body["where"] {
        Value::Null => json!({}),
        given => given.clone(),
    };
    let reach = Query::parse(Kind::Profiles, &query)?.matches().count();
    let estimates = json!({"android": reach / 3, "ios": reach / 3, "web": reach - 2 * (reach / 3)});
    if body["estimate_only"] == true {
        return Ok(json!({"status": "success", "estimates": estimates}));
    }
    let id = 1_000_000_000 + noise::of_text(name) % 1_000_000_000;
    Ok(json!({"status": "success", "id": id, "estimates": estimates}))
}

fn campaign(n: u64) -> Value {
    let id = 1_767_225_600 + n * 2_592_000;
    let names = ["New year greeting", "Spring offer", "We miss you"];
    let name = names[n as usize % names.len()];
    json!({"id": id, "name": name, "scheduled_on": 202_601_010_900_u64 + n * 1_000_000, "status": "completed"})
}

/// A campaign's results: made up from its id, but with fewer clicks than views and fewer views than messages.
fn numbers(id: u64) -> Value {
    let sent = 100 + noise::scatter(id) % 400;
    json!({"sent": sent, "viewed": sent / 2, "clicked": sent / 9})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_record_is_named_with_its_reason() {
        assert_eq!(complaint(&json!({"type": "event", "identity": "1", "evtName": "x", "evtData": {}})), None);
        assert_eq!(complaint(&json!({"type": "profile", "FBID": "1", "profileData": {}})), None);
        let code = |record: Value| complaint(&record).map(|(code, _)| code);
        assert_eq!(code(json!({"type": "event", "evtName": "x", "evtData": {}})), Some(516));
        assert_eq!(code(json!({"type": "event", "identity": "1", "evtData": {}})), Some(513));
        assert_eq!(code(json!({"type": "other", "identity": "1"})), Some(512));
        assert_eq!(code(json!("text")), Some(509));
    }

    #[test]
    fn an_estimate_makes_no_campaign() {
        let body = json!({"name": "hello", "where": {"event_name": "Charged"}, "estimate_only": true});
        let answer = created(&body).expect("a good campaign");
        assert!(answer["id"].is_null());
        assert!(answer["estimates"]["android"].as_u64() > Some(0));
    }
}
