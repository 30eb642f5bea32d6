//! The two doors of the gateway itself: a key's holder looks at it or ends it, and keys manage their account's keys.
//!
//! A request is judged on the data plane like any other; what it asks for is then done on the control runtime. Only
//! so many may wait there, and what has begun runs to its end even when the client hangs up.

mod holder;
mod keys;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use keyward_core::denial::Denial;
use keyward_core::route::Matched;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::Judge;
use super::handle::{ApiRequest, Worker};
use super::refusal::Refusal;
use super::upstream::AnswerBody;
use crate::app::App;
use crate::authorize::{Body, Caller, Outcome};
use crate::changes::Actor;
use crate::config::ApiSetup;
use crate::operation::OpError;

/// Most requests that wait for the control runtime at once, over all threads.
const WAITING_MAX: usize = 256;

/// The way to the control runtime.
#[derive(Debug, Clone)]
pub struct Doors {
    app: App,
    runtime: Handle,
    places: Arc<Semaphore>,
}

/// Which door a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door<'a> {
    /// The holder looks at the own key.
    Look,
    /// The holder ends the own key.
    Revoke,
    /// All keys of the account.
    Keys,
    /// One of them.
    Key(&'a str),
}

impl<'a> Door<'a> {
    fn of(setup: &ApiSetup, path: &'a str) -> Option<Self> {
        let below = |door: &Option<String>| path.strip_prefix(door.as_deref()?);
        match below(&setup.holder_door) {
            Some("") => return Some(Self::Look),
            Some("/revoke") => return Some(Self::Revoke),
            Some(_) | None => {}
        }
        match below(&setup.keys_door)? {
            "" => Some(Self::Keys),
            rest => rest.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/')).map(Self::Key),
        }
    }

    fn methods(self) -> &'static str {
        match self {
            Self::Look => "GET",
            Self::Revoke => "POST",
            Self::Keys => "GET, POST",
            Self::Key(_) => "DELETE",
        }
    }
}

impl Doors {
    /// A way to the runtime that this is called on.
    pub fn new(app: App) -> Self {
        Self { app, runtime: Handle::current(), places: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    /// Does something on the control runtime.
    async fn run<T, F>(&self, work: impl FnOnce(App) -> F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OpError>> + Send + 'static,
    {
        let busy = |_| Refusal::from(Denial::AuthUnavailable);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let work = work(self.app.clone());
        let done = self.runtime.spawn(async move {
            let done = work.await;
            drop(place);
            done
        });
        match done.await {
            Ok(done) => done.map_err(refusal_of),
            Err(error) => {
                tracing::error!(%error, "a door's work broke off");
                Err(Denial::AuthUnavailable.into())
            }
        }
    }
}

fn refusal_of(error: OpError) -> Refusal {
    match error {
        OpError::NotFound => Refusal::plain(404, "not_found", "There is no such key.".into()),
        OpError::Conflict { code, message } => Refusal::plain(409, code, message),
        OpError::Forbidden { code, message } => Refusal::plain(403, code, message),
        OpError::Invalid(fields) => {
            let all = fields.iter().map(|field| format!("{}: {}", field.pointer, field.message));
            Refusal::plain(400, "invalid", all.collect::<Vec<_>>().join("; "))
        }
        OpError::Elsewhere { code, message } => Refusal::plain(502, code, message),
        OpError::TooMany { code, message, .. } => Refusal::plain(429, code, message),
        OpError::PreconditionFailed => Refusal::plain(409, "changed", "The key was changed since.".into()),
        OpError::Unproved { code, message } => Refusal::plain(401, code, message),
        OpError::Gone { code, message } => Refusal::plain(410, code, message),
        OpError::Store(_) | OpError::Change(_) => {
            tracing::warn!(%error, "a door could not do what was asked");
            Denial::AuthUnavailable.into()
        }
    }
}

impl<J: Judge> Worker<J> {
    /// Serves a request that is for a door; `None` gives the body back for all others.
    pub(super) async fn serve_door(
        &self,
        request: &ApiRequest<'_>,
        body: Incoming,
    ) -> Result<Result<Response<AnswerBody>, Refusal>, Incoming> {
        let setup = request.found.setup;
        if setup.holder_door.is_none() && setup.keys_door.is_none() {
            return Err(body);
        }
        let (Some(doors), Some(door)) = (&self.gateway.doors, Door::of(setup, request.inner_path)) else {
            return Err(body);
        };
        Ok(self.open(doors, door, request, body).await)
    }

    async fn open(
        &self,
        doors: &Doors,
        door: Door<'_>,
        request: &ApiRequest<'_>,
        body: Incoming,
    ) -> Result<Response<AnswerBody>, Refusal> {
        // Looking at the own key spends nothing; managing keys is a call like any other.
        let fits = door.methods().split(", ").any(|own| own == request.parts.method.as_str());
        let spends = fits && matches!(door, Door::Keys | Door::Key(_));
        let caller = self.caller(request, spends)?;
        let actor = Actor::key(caller.key.id, Some(request.inbound.origin.address.to_string()));
        match (door, &request.parts.method) {
            (Door::Look, &Method::GET) => holder::look(doors, request, caller).await,
            (Door::Revoke, &Method::POST) => holder::revoke(doors, caller, actor).await,
            (Door::Keys, &Method::GET) => keys::list(doors, request, caller, actor).await,
            (Door::Keys, &Method::POST) => keys::create(doors, request, caller, actor, body).await,
            (Door::Key(id), &Method::DELETE) => keys::delete(doors, caller, actor, id).await,
            (door, _) => Err(Refusal::method(door.methods())),
        }
    }

    /// Who knocks; nobody is a refusal.
    fn caller<'a>(&self, request: &'a ApiRequest<'_>, spends: bool) -> Result<&'a Caller, Refusal> {
        let verdict = request.decided(self.ask_about(request, Matched::NotAsked, Body::Withheld, spends));
        match (&verdict.outcome, &verdict.caller) {
            (Outcome::Allow, Some(caller)) => Ok(caller),
            (Outcome::Deny(denial), _) => Err(denial.clone().into()),
            (Outcome::Allow, None) => Err(Denial::MissingCredentials.into()),
            (Outcome::NeedBody { .. }, _) => Err(Denial::AuthUnavailable.into()),
        }
    }
}

/// An answer that may hold a secret.
fn answer(status: StatusCode, content_type: &str, body: String) -> Response<AnswerBody> {
    let mut response = empty(status);
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    *response.body_mut() = AnswerBody::Whole(Bytes::from(body));
    response
}

fn empty(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::fixtures::setup;

    #[test]
    fn doors_are_found_by_whole_segments() {
        let both = ApiSetup {
            holder_door: Some("/own/key".into()),
            keys_door: Some("/apiKeys".into()),
            ..setup("api").build()
        };
        for (path, door) in [
            ("/own/key", Some(Door::Look)),
            ("/own/key/revoke", Some(Door::Revoke)),
            ("/own/key/", None),
            ("/own/keys", None),
            ("/apiKeys", Some(Door::Keys)),
            ("/apiKeys/7", Some(Door::Key("7"))),
            ("/apiKeys/", None),
            ("/apiKeys/7/8", None),
            ("/apiKeysX", None),
            ("/", None),
        ] {
            assert_eq!(Door::of(&both, path), door, "{path}");
        }
        assert_eq!(Door::of(&setup("api").build(), "/own/key"), None);
    }
}
