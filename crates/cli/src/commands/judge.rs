//! `keyward verify` and `keyward explain`: asks the auth listener, as a proxy would.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use keyward_sdk::wire::{Check, CheckOutcome, Explanation, LimitState, Problem, Verification, Verify};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Usage;
use crate::input;
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// The request would be refused.
const CODE_REFUSED: u8 = 3;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A request to be judged. Its credential is never an argument.
#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// The API it is for.
    api: String,
    /// Where the auth listener is.
    #[arg(long, env = "KEYWARD_AUTH_URL", value_name = "URL", default_value = "http://127.0.0.1:8082")]
    auth_url: String,
    /// A file with the auth listener's service key, where it has one; it may be in KEYWARD_AUTH_KEY instead.
    #[arg(long, env = "KEYWARD_AUTH_KEY_FILE", value_name = "FILE")]
    auth_key_file: Option<PathBuf>,
    /// The account's public id, where the API wants one beside the secret.
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// What is read from standard input is a whole Authorization header, such as `Bearer …`; it may be in
    /// KEYWARD_AUTHORIZATION instead.
    #[arg(long)]
    authorization: bool,
    /// The request has no credential.
    #[arg(long, conflicts_with = "authorization")]
    anonymous: bool,
    /// Its method; GET when left out.
    #[arg(long)]
    method: Option<String>,
    /// Its path; left out, routes and their scopes are not checked.
    #[arg(long)]
    path: Option<String>,
    /// The host it was sent to: tells the region.
    #[arg(long)]
    host: Option<String>,
    /// The address it came from.
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<String>,
    /// It came over HTTPS.
    #[arg(long)]
    https: bool,
    /// A file with its body, for routes that look into it.
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// How many items it has, instead of counting them in its body.
    #[arg(long, value_name = "COUNT")]
    items: Option<u64>,
    /// What it costs of each limit, instead of the route's cost.
    #[arg(long, value_name = "COUNT")]
    cost: Option<u32>,
}

/// Judges and counts.
pub(crate) async fn verify(judge: &Judge, output: Output) -> anyhow::Result<ExitCode> {
    let decision: Verification = judge.ask("verify").await?;
    told(&decision, &decision, &[], output)
}

/// Judges with reasons and counts nothing.
pub(crate) async fn explain(judge: &Judge, output: Output) -> anyhow::Result<ExitCode> {
    let explained: Explanation = judge.ask("explain").await?;
    told(&explained, &explained.decision, &explained.checks, output)
}

impl Judge {
    fn request(&self) -> anyhow::Result<Verify> {
        let (secret, authorization) = self.credential()?;
        let body = self.body_file.as_ref().map(|file| {
            std::fs::read_to_string(file).with_context(|| format!("the body can't be read from {}", file.display()))
        });
        Ok(Verify {
            api: self.api.clone(),
            authorization,
            account_id: self.account_id.clone(),
            secret,
            method: self.method.clone(),
            path: self.path.clone(),
            host: self.host.clone(),
            client_ip: self.client_ip.clone(),
            https: self.https.then_some(true),
            body: body.transpose()?,
            items: self.items,
            cost: self.cost,
        })
    }

    /// The secret, or the Authorization header.
    fn credential(&self) -> anyhow::Result<(Option<String>, Option<String>)> {
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if self.anonymous {
            return Ok((None, None));
        }
        if let Some(header) = said("KEYWARD_AUTHORIZATION") {
            return Ok((None, Some(header)));
        }
        if self.authorization {
            return Ok((None, Some(input::secret("Authorization header")?)));
        }
        let secret = said("KEYWARD_SECRET").map_or_else(|| input::secret("Secret"), Ok)?;
        Ok(((!secret.is_empty()).then_some(secret), None))
    }

    fn service_key(&self) -> anyhow::Result<Option<String>> {
        let key = match &self.auth_key_file {
            None => std::env::var("KEYWARD_AUTH_KEY").ok(),
            Some(file) => {
                let text = std::fs::read_to_string(file);
                Some(text.with_context(|| format!("the service key can't be read from {}", file.display()))?)
            }
        };
        Ok(key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()))
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str) -> anyhow::Result<T> {
        let url = format!("{}/v1/{what}", self.auth_url.trim_end_matches('/'));
        // A redirect could carry the credential to another place.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(CALL_TIMEOUT);
        let mut call = http.build()?.post(url).json(&self.request()?);
        if let Some(key) = self.service_key()? {
            call = call.bearer_auth(key);
        }
        let answer = call.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status.is_success() {
            return serde_json::from_slice(&body).context("the answer is not one of Keyward's auth listener");
        }
        let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
            anyhow::bail!("the answer ({status}) is not one of Keyward's auth listener; is {} right?", self.auth_url);
        };
        if status == reqwest::StatusCode::UNAUTHORIZED {
            let help = "set KEYWARD_AUTH_KEY to what auth.service_key holds in its configuration";
            return Err(Usage(format!("{} {help}", problem.detail)).into());
        }
        anyhow::bail!("{} ({} {})", problem.detail, problem.status, problem.code)
    }
}

fn told(
    answer: &impl Serialize,
    decision: &Verification,
    checks: &[Check],
    output: Output,
) -> anyhow::Result<ExitCode> {
    let code = if decision.allow { ExitCode::SUCCESS } else { ExitCode::from(CODE_REFUSED) };
    if output.is_json() {
        output.json(answer)?;
        return Ok(code);
    }
    let verdict = match &decision.code {
        None => output.paint("allowed", Tone::Good),
        Some(code) => format!("{} {code} (status {})", output.paint("refused", Tone::Bad), decision.status),
    };
    output.line(verdict)?;
    output.facts(&facts(decision, Timestamp::now()))?;
    for check in checks {
        let (mark, tone) = match check.outcome {
            CheckOutcome::Passed => ("✓", Tone::Good),
            CheckOutcome::Failed => ("✗", Tone::Bad),
            CheckOutcome::Skipped => ("–", Tone::Quiet),
        };
        let detail = check.detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
        output.line(format_args!(
            "  {} {}{detail}",
            output.paint(mark, tone),
            output.paint(&check.name, Tone::Plain)
        ))?;
    }
    Ok(code)
}

fn facts(decision: &Verification, now: Timestamp) -> Vec<(&'static str, Cell)> {
    let one = |name, value: &Option<String>| value.clone().map(|value| (name, Cell::from(value)));
    let mut facts: Vec<_> = [
        one("account", &decision.account),
        one("key", &decision.key),
        one("person", &decision.person),
        one("region", &decision.region),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !decision.scopes.is_empty() {
        facts.push(("scopes", Cell::list(&decision.scopes)));
    }
    facts.extend(decision.limits.iter().map(|limit| ("limit", limit_left(limit, now))));
    if let Some(seconds) = decision.retry_after_s {
        facts.push(("retry after", format!("{seconds} s").into()));
    }
    facts
}

fn limit_left(limit: &LimitState, now: Timestamp) -> Cell {
    let whole = limit.reset_at.as_ref().map_or_else(String::new, |at| format!(", whole again {}", relative(at, now)));
    let tone = if limit.remaining == 0 { Tone::Bad } else { Tone::Plain };
    Cell::new(format!("{}: {} of {} left{whole}", limit.name, limit.remaining, limit.limit), tone)
}
