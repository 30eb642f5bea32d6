//! Why a request is refused, or was: every check with its outcome. Nothing is decided here and nothing is spent: the
//! verdict is the gateway's own, on a request that somebody wrote down.

mod recorded;
mod routes;

use std::sync::Arc;

use keyward_core::decide::Request;
use keyward_core::denial::{Denial, Reason};
use keyward_core::secret::Secret;

pub use routes::routes;

use crate::apis;
use crate::app::App;
use crate::authorize::{Attempt, Explained, Presented, Verdict};
use crate::changes::Reach;
use crate::config::ApiSetup;
use crate::gateway::Written;
use crate::gateway::matching::{Table, without_prefix};
use crate::keys::{self, Whose};
use crate::operation::OpError;

/// What would become of it.
struct Told {
    api: Option<Arc<ApiSetup>>,
    route: Option<String>,
    verdict: Verdict,
    checks: Vec<Check>,
}

/// A check in words.
struct Check {
    name: &'static str,
    outcome: Outcome,
    detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl From<Explained> for Check {
    fn from(explained: Explained) -> Self {
        let outcome = match (&explained.denial, explained.skipped) {
            (_, true) => Outcome::Skipped,
            (None, false) => Outcome::Passed,
            (Some(_), false) => Outcome::Failed,
        };
        Self { name: explained.name, outcome, detail: explained.denial.as_ref().map(Denial::message) }
    }
}

const fn passed(name: &'static str) -> Check {
    Check { name, outcome: Outcome::Passed, detail: None }
}

fn failed(name: &'static str, detail: String) -> Check {
    Check { name, outcome: Outcome::Failed, detail: Some(detail) }
}

/// Judges a request as the gateway would, and tells no account of another's keys. Where host and path lead to no API,
/// the path is one of the API that is named.
async fn explain(app: &App, reach: Reach, written: &Written, api: Option<&str>) -> Result<Told, OpError> {
    let refused = |name, denial: Denial| Told {
        api: None,
        route: None,
        checks: vec![failed(name, denial.message())],
        verdict: Verdict::deny(denial),
    };
    let path = match written.path() {
        Ok(path) => path,
        Err(fault) => return Ok(refused("path", Denial::AmbiguousPath(fault))),
    };
    let host = written.host();
    let table = Table::new(&app.config);
    let visible = apis::list(app, reach).await?;
    let named = visible.iter().find(|own| Some(own.api.name.as_str()) == api);
    let (setup, region, path) = match (table.find(&host, &path), named) {
        (Some(found), _) => {
            let inner = if found.setup.keep_prefix { &*path } else { without_prefix(&path, found.prefix) };
            (found.setup, found.region, inner)
        }
        (None, Some(api)) => (api, api.region_of_host(&host), &*path),
        (None, None) => return Ok(refused("api", Denial::NoApi)),
    };
    if !visible.iter().any(|own| Arc::ptr_eq(own, setup)) {
        return Ok(refused("api", Denial::NoApi));
    }
    let route = setup.api.routes.find(written.method(), path);
    let attempt = Attempt {
        setup,
        presented: written.presented(setup),
        request: Request { region, address: written.address, https: written.https(), route },
        body: written.body(),
        items: None,
        cost: None,
        spend: false,
    };
    let (mut verdict, explained) = app.ward().explain(&attempt);
    let mut checks = vec![passed("api")];
    let is_own = |account| reach.within().is_none_or(|own| own == account);
    if verdict.caller.as_ref().is_some_and(|caller| !is_own(caller.account.id)) {
        verdict = Verdict::deny(Denial::InvalidCredentials(Reason::Unknown));
    }
    match (verdict.denial(), &attempt.presented) {
        (Some(Denial::InvalidCredentials(reason)), Presented::Credential { secret, .. }) => {
            let secret = Secret::new(secret.clone().into_owned());
            let why = stranger(*reason, keys::find(app, reach, &secret).await?);
            checks.extend([passed("credential"), failed("key", why)]);
        }
        (Some(Denial::InvalidCredentials(reason)), _) => {
            checks.push(failed("credential", stranger(*reason, Whose::Unknown)));
        }
        _ => checks.extend(explained.into_iter().map(Check::from)),
    }
    let route = route.route().map(|route| route.pattern.clone());
    Ok(Told { api: Some(Arc::clone(setup)), route, verdict, checks })
}

/// What is told of a secret that opens nothing here. Its sender manages keys and is told more than a client.
fn stranger(reason: Reason, whose: Whose) -> String {
    match (whose, reason) {
        (Whose::Gone { name, reason, .. }, _) => {
            let of = name.map_or_else(|| "a key without a name".to_owned(), |name| format!("the key \"{name}\""));
            format!("The secret was one of {of}, and was {reason}.")
        }
        (Whose::Key(..), _) => "The secret is a key's, but not of this API and account, or no longer.".into(),
        (Whose::Unknown, Reason::Malformed) => "This is not the shape of this API's keys.".into(),
        (Whose::Unknown, Reason::Checksum) => {
            "Its shape is right and its checksum is not: a typing error, or something cut off.".into()
        }
        (Whose::Unknown, Reason::Unknown | Reason::WrongAccount) => "No key that you may see has this secret.".into(),
    }
}
