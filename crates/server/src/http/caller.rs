//! Who calls the management API, and whether they may: judged once, in front of every route under `/v1`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use keyward_core::ids::{AccountId, ManagementKeyId, SessionId};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;

use super::body;
use super::permits::{Need, Permits};
use super::problem::Problem;
use super::query;
use super::serve::Peer;
use crate::app::App;
use crate::changes::{Actor, Reach, SignedIn};
use crate::{management, people, sessions};

/// What every secret of a management key begins with.
const PREFIX: &str = "kwm_";
/// Names the account that a signed-in person acts in.
const ACCOUNT: HeaderName = HeaderName::from_static("keyward-account");
/// What a page of another origin can't send without asking first (threat T6).
const NOT_SIMPLE: HeaderName = HeaderName::from_static("keyward-csrf");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// How they proved who they are.
    pub by: By,
    /// What they can see.
    pub reach: Reach,
    /// Who they are to the audit, and what they may do.
    pub actor: Actor,
}

/// How a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// With a management key.
    ManagementKey(ManagementKeyId),
    /// With the cookie of a sign-in.
    Session(SessionId),
}

impl Caller {
    /// The management key that was sent.
    pub fn management_key(&self) -> Option<ManagementKeyId> {
        match self.by {
            By::ManagementKey(id) => Some(id),
            By::Session(_) => None,
        }
    }

    /// The sign-in, of a person.
    pub fn session(&self) -> Option<SessionId> {
        match self.by {
            By::ManagementKey(_) => None,
            By::Session(id) => Some(id),
        }
    }

    /// The person, on routes for people.
    pub fn person(&self) -> Result<SignedIn, Problem> {
        self.actor.person.ok_or_else(|| Problem::denied(&Need::Person.words()))
    }
}

/// What is answered for as long as the caller may hear it.
const STREAMS: [&str; 2] = ["/v1/logs/tail", "/v1/live"];

/// A stream's right to go on: the caller is judged anew, by what they sent, as often as it is asked.
#[derive(Clone)]
pub struct Standing {
    app: App,
    permits: Arc<Permits>,
    asked: Arc<Parts>,
    caller: Caller,
}

impl Standing {
    /// Whether the caller still may, and reaches what they reached.
    pub async fn holds(&self) -> bool {
        match judge(&self.app, &self.permits, &self.asked).await {
            Ok(Some(now)) => now.reach == self.caller.reach && now.actor.may == self.caller.actor.may,
            Ok(None) | Err(_) => false,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Standing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::unauthenticated("missing_credentials"))
    }
}

/// The layer in front of `/v1`: no route can forget it.
pub(super) async fn authenticate(
    State((app, permits)): State<(App, Arc<Permits>)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let (judged, body) = judge_with_body(&app, &permits, &parts, body).await;
    match judged {
        Ok(caller) => {
            let template = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
            let asked = STREAMS.contains(&template).then(|| parts.clone());
            // From here on nobody can read or log the secret; a public route of signing in reads its cookie itself.
            parts.headers.remove(AUTHORIZATION);
            if let Some(caller) = caller {
                if let Some(asked) = asked {
                    let standing = Standing { app, permits, asked: Arc::new(asked), caller: caller.clone() };
                    parts.extensions.insert(standing);
                }
                parts.extensions.insert(caller);
                parts.headers.remove(COOKIE);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// The caller, as they stand once the whole request is here: nobody keeps a right by sending slowly. Whoever may not
/// is told before their body is read.
async fn judge_with_body(
    app: &App,
    permits: &Permits,
    parts: &Parts,
    body: Body,
) -> (Result<Option<Caller>, Problem>, Body) {
    let judged = judge(app, permits, parts).await;
    if matches!(parts.method, Method::GET | Method::HEAD) || !matches!(judged, Ok(Some(_))) {
        return (judged, body);
    }
    match body::collect(body).await {
        Ok(bytes) if bytes.is_empty() => (judged, Body::empty()),
        Ok(bytes) => (judge(app, permits, parts).await, Body::from(bytes)),
        Err(problem) => (Err(problem), Body::empty()),
    }
}

/// The caller; `None` on public routes.
async fn judge(app: &App, permits: &Permits, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let template = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let need = match permits.need(&parts.method, template) {
        Some(need) => need,
        // Another method of a known path: answered as such, to a caller.
        None if permits.knows(template) => &Need::Anyone,
        None => return Err(Problem::not_found()),
    };
    refuse_secrets_in_url(parts)?;
    if !permits.reads_query(&parts.method, template)
        && let Some((name, _)) = query::pairs(parts)?.into_iter().next()
    {
        return Err(Problem::parameter(name, "this route takes no parameters in the query"));
    }
    if *need == Need::Public {
        refuse_other_sites(parts)?;
        return Ok(None);
    }
    let caller = caller(app, parts, need).await?;
    let is_operator = caller.reach == Reach::All;
    let denied = match need {
        Need::Person => caller.actor.person.is_none(),
        Need::Operator => !is_operator || caller.actor.may != Permissions::ALL,
        Need::Public | Need::Anyone | Need::OneOf(_) => !need.is_met_by(caller.actor.may),
    };
    if denied && *need == Need::Operator {
        let detail = "Only the operator may do this, with every permission.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "operator_only", detail));
    }
    if denied {
        return Err(Problem::denied(&need.words()));
    }
    Ok(Some(caller))
}

fn refuse_secrets_in_url(parts: &Parts) -> Result<(), Problem> {
    if query::pairs(parts)?.iter().any(|(_, value)| value.starts_with(PREFIX)) {
        let detail = "A management key was sent in the URL. Send it in a header, and replace it: URLs end up in logs.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "credential_in_url", detail));
    }
    Ok(())
}

async fn caller(app: &App, parts: &Parts, need: &Need) -> Result<Caller, Problem> {
    let origin = parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_string());
    let cookie = sessions::cookie::read(&parts.headers).map_err(|_| ambiguous())?;
    match (bearer(&parts.headers)?, cookie) {
        (Some(_), Some(_)) => Err(ambiguous()),
        (None, None) => Err(Problem::unauthenticated("missing_credentials")),
        (Some(secret), None) => {
            let known = management::authenticate(app, &Secret::new(secret.to_owned())).await?;
            let key = known.ok_or_else(|| Problem::unauthenticated("invalid_credentials"))?;
            let reach = key.account.map_or(Reach::All, Reach::Account);
            let by = By::ManagementKey(key.id);
            Ok(Caller { by, reach, actor: Actor::management_key(key.id, origin, key.may) })
        }
        (None, Some(token)) => {
            refuse_forged(parts)?;
            let known = sessions::authenticate(app, &token).await?;
            let signed = known.ok_or_else(|| Problem::unauthenticated("session_ended"))?;
            signed_in(app, parts, need, signed, origin).await
        }
    }
}

/// A person acts for one account at a time: the one they name, else the only one they have; the operator's people act
/// for the whole deployment unless they name one of theirs.
async fn signed_in(
    app: &App,
    parts: &Parts,
    need: &Need,
    signed: sessions::Signed,
    origin: Option<String>,
) -> Result<Caller, Problem> {
    let person = SignedIn { id: signed.person, proved_at: signed.proved_at };
    let by = By::Session(signed.session);
    let chosen = chosen_account(&parts.headers)?;
    if chosen.is_none() && signed.operator {
        return Ok(Caller { by, reach: Reach::All, actor: Actor::person(person, origin, Permissions::ALL) });
    }
    let standing = people::standing(app, signed.person, chosen).await?;
    let (reach, may) = match standing {
        people::InAccounts::One { account, may, totp_required } => {
            let is_own_affair = matches!(need, Need::Person);
            if totp_required && !signed.has_second_factor && !is_own_affair {
                let detail = "This account's people need an authenticator. Set yours up under your own settings.";
                return Err(Problem::new(StatusCode::FORBIDDEN, "totp_needed", detail));
            }
            (Reach::Account(account), may)
        }
        people::InAccounts::NotThere => return Err(Problem::not_found()),
        // Their own affairs need no account.
        people::InAccounts::None | people::InAccounts::Several if matches!(need, Need::Person) => {
            (Reach::NOTHING, Permissions::NONE)
        }
        people::InAccounts::None => {
            let detail = "You belong to no account; somebody must invite you.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "no_account", detail));
        }
        people::InAccounts::Several => {
            let detail = "You belong to several accounts: name one in the header Keyward-Account.";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "choose_account", detail));
        }
    };
    Ok(Caller { by, reach, actor: Actor::person(person, origin, may) })
}

fn chosen_account(headers: &HeaderMap) -> Result<Option<AccountId>, Problem> {
    let mut values = headers.get_all(ACCOUNT).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Problem::parameter("Keyward-Account", "sent twice"));
    }
    // A malformed id is nobody's account.
    let read = |value: &http::HeaderValue| value.to_str().ok()?.parse().ok();
    first.map(|value| read(value).ok_or_else(Problem::not_found)).transpose()
}

fn ambiguous() -> Problem {
    let detail = "The request carries more than one credential; send exactly one.";
    Problem::new(StatusCode::BAD_REQUEST, "ambiguous_credentials", detail)
}

/// A cookie is sent by the browser, whoever made the page: a change needs a header that pages elsewhere can't add, and
/// must not come from elsewhere (threat T6).
fn refuse_forged(parts: &Parts) -> Result<(), Problem> {
    let is_safe = matches!(parts.method, Method::GET | Method::HEAD);
    if is_safe {
        return Ok(());
    }
    if !parts.headers.contains_key(NOT_SIMPLE) {
        let detail = "A change by a signed-in browser carries the header Keyward-CSRF, with any value.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forged_request", detail));
    }
    refuse_other_sites(parts)
}

/// A browser says where a request comes from: nobody else's page changes anything here.
fn refuse_other_sites(parts: &Parts) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let is_same_site = text(&FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text(&http::header::HOST).unwrap_or_default();
    let is_same_origin =
        text(&ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, own)| own == host));
    if is_same_site && is_same_origin {
        return Ok(());
    }
    let detail = "The request comes from a page of another origin.";
    Err(Problem::new(StatusCode::FORBIDDEN, "forged_request", detail))
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(ambiguous());
    }
    let Some(value) = first else { return Ok(None) };
    let invalid = || Problem::unauthenticated("invalid_credentials");
    let (scheme, secret) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    let secret = Some(secret.trim()).filter(|secret| scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty());
    secret.map(Some).ok_or_else(invalid)
}

/// Somebody on a public route: where they come from and with what.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Their address.
    pub origin: Option<String>,
    /// What their program calls itself.
    pub agent: Option<String>,
}

/// Longest name of a program that is kept.
const AGENT_LETTERS_MAX: usize = 200;

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let origin = parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_canonical().to_string());
        let agent = parts.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { origin, agent: agent.map(|agent| agent.chars().take(AGENT_LETTERS_MAX).collect()) })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::unauthenticated("missing_credentials"))
    }
}
