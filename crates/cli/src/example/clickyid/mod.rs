//! E-mail validation in the manner of ClickyID (rows 47–80): is this address in a target group, may it use an offer?
//!
//! The paths and the request bodies are those of the source document; the answers' JSON is our own design, since the
//! original is unpublished. Every answer names its environment, so that a visitor sees which upstream a live or a
//! test key reached. Whether an address qualifies is computed from the address alone.

mod catalogue;

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{StatusCode, Uri},
    routing::{get, post},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Fault,
    fault::{self, Problem},
};
use catalogue::{Email, OFFERS, Offer, TARGET_GROUPS, TargetGroup};

/// The most addresses one bulk request may carry (row 66).
pub(crate) const BULK_EMAILS_MAX: usize = 100;

/// Which of the two upstreams this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Environment {
    /// Real data, for `ck_live_` keys.
    Live,
    /// Made-up data, for `ck_test_` keys.
    Test,
}

type Answer = Result<Json<Value>, Problem>;

/// The five routes of the source document.
pub(crate) fn router(environment: Environment) -> Router {
    Router::new()
        .route("/validate/target-group", post(validate_target_group))
        .route("/validate/offer", post(validate_offer))
        .route("/validate/bulk", post(validate_bulk))
        .route("/target-groups", get(target_groups))
        .route("/offers", get(offers))
        .fallback(async |uri: Uri| Problem::from(Fault::missing(format!("there is no endpoint {}", uri.path()))))
        .method_not_allowed_fallback(async || {
            Problem::from(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this endpoint does not know that method"))
        })
        .with_state(environment)
}

async fn validate_target_group(State(environment): State<Environment>, body: Body) -> Answer {
    let body = object(fault::json(body).await?)?;
    let email = email_of(&body)?;
    let group = TargetGroup::find(text_of(&body, "targetGroupId", "/targetGroupId")?)?;
    Ok(verdict(environment, &email, group.verdict(&email)))
}

async fn validate_offer(State(environment): State<Environment>, body: Body) -> Answer {
    let body = object(fault::json(body).await?)?;
    let email = email_of(&body)?;
    let offer = Offer::find(text_of(&body, "offerId", "/offerId")?)?;
    Ok(verdict(environment, &email, offer.verdict(&email)))
}

async fn validate_bulk(State(environment): State<Environment>, body: Body) -> Answer {
    let body = object(fault::json(body).await?)?;
    let emails = texts_of(&body, "emails", "/emails")?;
    if emails.is_empty() || emails.len() > BULK_EMAILS_MAX {
        let detail = format!("`emails` must hold 1 to {BULK_EMAILS_MAX} addresses, not {}", emails.len());
        return Err(Fault::field("/emails", detail).into());
    }
    let mode = Mode::of(&body)?;
    let groups = texts_of(&body, "targetGroupIds", "/targetGroupIds")?;
    let offers = texts_of(&body, "offerIds", "/offerIds")?;
    if groups.is_empty() && offers.is_empty() {
        return Err(Fault::field("/targetGroupIds", "name at least one of `targetGroupIds` and `offerIds`").into());
    }
    let groups = groups.into_iter().map(TargetGroup::find).collect::<Result<Vec<_>, _>>()?;
    let offers = offers.into_iter().map(Offer::find).collect::<Result<Vec<_>, _>>()?;
    let results: Vec<Value> = emails.into_iter().map(|text| bulk_result(text, mode, &groups, &offers)).collect();
    let valid = results.iter().filter(|result| result["valid"] == true).count();
    let summary = json!({"total": results.len(), "valid": valid, "invalid": results.len() - valid});
    Ok(Json(json!({"environment": environment, "mode": mode, "summary": summary, "results": results})))
}

/// How the checks of one address combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Any,
    All,
}

impl Mode {
    fn of(body: &Value) -> Result<Self, Fault> {
        match &body["mode"] {
            Value::Null => Ok(Self::Any),
            Value::String(word) if word == "any" => Ok(Self::Any),
            Value::String(word) if word == "all" => Ok(Self::All),
            _ => Err(Fault::field("/mode", "`mode` must be \"any\" or \"all\"")),
        }
    }
}

/// One address of a bulk request. A malformed address is an answer here, not an error: the others still count.
fn bulk_result(text: &str, mode: Mode, groups: &[&TargetGroup], offers: &[&Offer]) -> Value {
    let Some(email) = Email::parse(text) else {
        return json!({"email": text, "valid": false, "reason": "malformed_email", "targetGroups": [], "offers": []});
    };
    let groups: Vec<Value> = groups.iter().map(|group| group.verdict(&email)).collect();
    let offers: Vec<Value> = offers.iter().map(|offer| offer.verdict(&email)).collect();
    let mut checks = groups.iter().chain(&offers).map(|verdict| verdict["valid"] == true);
    let valid = match mode {
        Mode::Any => checks.any(|valid| valid),
        Mode::All => checks.all(|valid| valid),
    };
    json!({"email": email.as_str(), "valid": valid, "targetGroups": groups, "offers": offers})
}

async fn target_groups(State(environment): State<Environment>) -> Json<Value> {
    let list: Vec<Value> = TARGET_GROUPS.iter().map(|group| json!({"id": group.id, "name": group.name})).collect();
    Json(json!({"environment": environment, "total": list.len(), "targetGroups": list}))
}

async fn offers(State(environment): State<Environment>) -> Json<Value> {
    let list: Vec<Value> = OFFERS
        .iter()
        .map(|offer| {
            json!({
                "id": offer.id,
                "name": offer.name,
                "targetGroupId": offer.target_group.id,
                "discountPercent": offer.discount_percent,
                "active": offer.active,
            })
        })
        .collect();
    Json(json!({"environment": environment, "total": list.len(), "offers": list}))
}

/// A single check's answer: who was asked about, then the verdict.
fn verdict(environment: Environment, email: &Email, verdict: Value) -> Json<Value> {
    let mut answer = json!({"environment": environment, "email": email.as_str()});
    if let (Value::Object(answer), Value::Object(verdict)) = (&mut answer, verdict) {
        answer.extend(verdict);
    }
    Json(answer)
}

fn object(body: Value) -> Result<Value, Fault> {
    if body.is_object() { Ok(body) } else { Err(Fault::field("", "the body must be a JSON object")) }
}

fn text_of<'a>(body: &'a Value, name: &str, pointer: &'static str) -> Result<&'a str, Fault> {
    body[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Fault::field(pointer, format!("`{name}` is required and must be a text")))
}

fn email_of(body: &Value) -> Result<Email, Fault> {
    Email::parse(text_of(body, "email", "/email")?)
        .ok_or_else(|| Fault::field("/email", "`email` must be an e-mail address such as ann@example.com"))
}

/// A list of texts; absent or `null` counts as empty.
fn texts_of<'a>(body: &'a Value, name: &str, pointer: &'static str) -> Result<Vec<&'a str>, Fault> {
    let wrong = || Fault::field(pointer, format!("`{name}` must be a list of texts"));
    match &body[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        catalogue::{OFFERS, TARGET_GROUPS},
        *,
    };

    #[test]
    fn any_and_all_combine_groups_and_offers() {
        let student = "li@uni.ac.uk";
        let groups = [&TARGET_GROUPS[0]];
        let ended = [&OFFERS[3]];
        assert_eq!(bulk_result(student, Mode::Any, &groups, &ended)["valid"], true);
        assert_eq!(bulk_result(student, Mode::All, &groups, &ended)["valid"], false);
        assert_eq!(bulk_result("nonsense", Mode::Any, &groups, &ended)["reason"], "malformed_email");
    }
}
