//! `/v1/leaks`.

use axum::extract::State;
use http::StatusCode;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use sha2::{Digest as _, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::github::Unbelieved;
use super::{Found, Outcome};
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::http::{Caller, Json, Problem, Raw, Visitor, words};
use crate::vault::hex;

/// Most reports of one request.
const REPORTS_MAX: usize = 100;
/// Most matches of one request of GitHub's.
const MATCHES_MAX: usize = 1_000;
const KEY_HEADER: &str = "github-public-key-identifier";
const SIGNATURE_HEADER: &str = "github-public-key-signature";

/// The routes of leaks.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(github))
}

fn label(outcome: Outcome) -> wire::LeakLabel {
    if outcome.key.is_some() { wire::LeakLabel::TruePositive } else { wire::LeakLabel::FalsePositive }
}

/// Reports texts that look like secrets and where they were found. What is done to the keys is what their accounts'
/// policies say.
#[utoipa::path(post, path = "/v1/leaks", tag = "leaks", operation_id = "report_leaks",
    extensions(("x-permission" = json!("keys.write"))), request_body = wire::LeakReports,
    responses((status = 200, description = "What became of each, in their order.", body = wire::LeakResults)))]
async fn report(
    State(app): State<App>,
    caller: Caller,
    Json(all): Json<wire::LeakReports>,
) -> Result<axum::Json<wire::LeakResults>, Problem> {
    if all.reports.len() > REPORTS_MAX {
        return Err(Problem::field("/reports", format!("at most {REPORTS_MAX}")));
    }
    let mut results = Vec::with_capacity(all.reports.len());
    for one in all.reports {
        let secret = Secret::new(one.secret.expose().to_owned());
        let found = Found { secret, url: one.url, source: one.source };
        let outcome = super::report(&app, caller.reach, caller.actor.clone(), found).await?;
        results.push(wire::LeakResult {
            label: label(outcome),
            key_id: outcome.key.map(|key| key.to_string()),
            done: outcome.done.map(words::exposed),
        });
    }
    Ok(axum::Json(wire::LeakResults { results }))
}

/// Takes reports of GitHub's secret scanning, signed by GitHub: where `leaks.github` is on.
#[utoipa::path(post, path = "/v1/leaks/github", tag = "leaks", operation_id = "report_leaks_by_github",
    extensions(("x-permission" = json!("public"))), request_body = Vec<wire::GithubMatch>,
    params(("Github-Public-Key-Identifier" = String, Header, description = "Which key signed the body."),
        ("Github-Public-Key-Signature" = String, Header, description = "ECDSA over the body, ASN.1 in base64.")),
    responses((status = 200, description = "Which of them are ours.", body = Vec<wire::GithubFeedback>)))]
async fn github(
    State(app): State<App>,
    visitor: Visitor,
    raw: Raw,
) -> Result<axum::Json<Vec<wire::GithubFeedback>>, Problem> {
    if !app.config.leaks.github {
        return Err(Problem::not_found());
    }
    let (key, signature) = raw.header(KEY_HEADER).zip(raw.header(SIGNATURE_HEADER)).ok_or_else(unbelieved)?;
    let verified = app.github_keys.verify(&app, key, signature, &raw.1).await;
    verified.map_err(|why| match why {
        Unbelieved::Signature => unbelieved(),
        Unbelieved::NoKeys => {
            let detail = "The public keys can't be fetched just now; try again in a minute.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable", detail)
        }
    })?;
    let matches: Vec<wire::GithubMatch> = raw.json()?;
    if matches.len() > MATCHES_MAX {
        return Err(Problem::field("", format!("at most {MATCHES_MAX}")));
    }
    let actor = Actor { who: "leak_report:github".into(), origin: visitor.origin, may: Permissions::ALL, person: None };
    let mut feedback = Vec::with_capacity(matches.len());
    for one in matches {
        let token_hash = hex(&Sha256::digest(one.token.expose()));
        let secret = Secret::new(one.token.expose().to_owned());
        let url = one.url.filter(|url| !url.is_empty());
        let found = Found { secret, url, source: one.source };
        let outcome = super::report(&app, Reach::All, actor.clone(), found).await?;
        feedback.push(wire::GithubFeedback { token_hash, token_type: one.kind, label: label(outcome) });
    }
    Ok(axum::Json(feedback))
}

fn unbelieved() -> Problem {
    let detail = "The body is not signed by a key of GitHub's.";
    Problem::new(StatusCode::UNAUTHORIZED, "bad_signature", detail)
}
