//! The holder's own door: what a key is and has left, and how to end one that has leaked.

use http::{Response, StatusCode};
use keyward_core::limit::LimitStatus;
use serde::Serialize;

use super::{Doors, answer, empty};
use crate::authorize::Caller;
use crate::changes::{Actor, Reach};
use crate::gateway::handle::ApiRequest;
use crate::gateway::refusal::Refusal;
use crate::gateway::upstream::AnswerBody;
use crate::keys;

/// A key as its holder sees it. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize)]
struct OwnKey<'a> {
    id: String,
    name: Option<&'a str>,
    hint: Option<&'a str>,
    kind: &'a str,
    environment: &'a str,
    scopes: &'a [String],
    expires_at: Option<String>,
    /// The old secret of a rotation, while it still works.
    overlap: Option<Overlap<'a>>,
    limits: Vec<OwnLimit<'a>>,
}

#[derive(Debug, Serialize)]
struct Overlap<'a> {
    hint: &'a str,
    until: String,
}

#[derive(Debug, Serialize)]
struct OwnLimit<'a> {
    name: &'a str,
    limit: u64,
    remaining: u64,
    reset_at: String,
}

pub(super) async fn look(
    doors: &Doors,
    request: &ApiRequest<'_>,
    caller: &Caller,
) -> Result<Response<AnswerBody>, Refusal> {
    let (account, id) = (caller.account.id, caller.key.id);
    let statuses = request.verdict.get().map(|verdict| verdict.statuses.as_slice()).unwrap_or_default();
    let view = doors.run(|app| async move { keys::get(&app, Reach::Account(account), id).await }).await?;
    let names = caller.terms.limits.iter().map(|limit| limit.name.as_str());
    let names = names.chain(caller.terms.quotas.iter().map(|quota| quota.name.as_str()));
    let limit = |(name, status): (_, &LimitStatus)| OwnLimit {
        name,
        limit: status.limit,
        remaining: status.remaining,
        reset_at: status.reset_at.rfc3339_seconds(),
    };
    let old = view.secrets.iter().find_map(|secret| Some((secret, secret.until?)));
    let own = OwnKey {
        id: view.id.to_string(),
        name: view.name.as_deref(),
        hint: view.secrets.first().map(|secret| secret.hint.as_str()),
        kind: view.kind.as_str(),
        environment: view.environment.as_str(),
        scopes: &view.scopes,
        expires_at: view.expires_at.map(keyward_core::time::UnixMs::rfc3339_seconds),
        overlap: old.map(|(secret, until)| Overlap { hint: &secret.hint, until: until.rfc3339_seconds() }),
        limits: names.zip(statuses).map(limit).collect(),
    };
    let body = serde_json::to_string(&own).expect("texts and numbers are always JSON");
    Ok(answer(StatusCode::OK, "application/json", body))
}

pub(super) async fn revoke(doors: &Doors, caller: &Caller, actor: Actor) -> Result<Response<AnswerBody>, Refusal> {
    let (account, id) = (caller.account.id, caller.key.id);
    doors.run(|app| async move { keys::revoke(&app, Reach::Account(account), actor, id).await }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
