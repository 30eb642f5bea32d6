//! The example upstream: a small "somebody's API" for each preset, which `keyward demo` puts behind the gateway.
//!
//! It checks no credentials. The gateway did that, removed them together with its own path prefix, and says in the
//! `X-Keyward-*` headers who is calling. Data is computed, not stored, so that every demo shows the same; what a
//! visitor creates (Codat companies) lives in memory and is bounded.
//!
//! Each router is meant for a loopback port of its own, since only the gateway may be believed about who is calling.

mod clevertap;
mod clickyid;
mod codat;
mod fault;
mod identity;
mod neutral;
mod noise;

pub(crate) use fault::Fault;
pub(crate) use identity::Caller;

use axum::Router;

/// Which example upstream to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// An echo API that shows what an API behind the gateway sees.
    Neutral,
    /// Profiles, events, uploads and campaigns in the manner of CleverTap.
    CleverTap,
    /// E-mail validation in the manner of ClickyID: the live upstream.
    ClickyIdLive,
    /// The same for test keys; its answers say `"environment":"test"`.
    ClickyIdTest,
    /// Companies, connections and settings in the manner of Codat's platform API.
    Codat,
}

impl Which {
    /// Every example upstream, in the order in which a demo starts them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Neutral, Self::CleverTap, Self::ClickyIdLive, Self::ClickyIdTest, Self::Codat];
}

/// The router of one example upstream. Paths are those of the source documents, without the gateway's prefix.
pub(crate) fn router(which: Which) -> Router {
    match which {
        Which::Neutral => neutral(),
        Which::CleverTap => clevertap(),
        Which::ClickyIdLive => clickyid(clickyid::Environment::Live),
        Which::ClickyIdTest => clickyid(clickyid::Environment::Test),
        Which::Codat => codat(),
    }
}

/// The echo API: any method and path, plus `/hello`, `/slow`, `/status/{code}`, `/stream` and `/upload`.
pub(crate) fn neutral() -> Router {
    neutral::router()
}

/// The CleverTap-like API under `/1/`.
pub(crate) fn clevertap() -> Router {
    clevertap::router()
}

/// The ClickyID-like API; the environment is shown in every answer.
pub(crate) fn clickyid(environment: clickyid::Environment) -> Router {
    clickyid::router(environment)
}

/// The Codat-like API. `/apiKeys` is not here: the gateway serves it.
pub(crate) fn codat() -> Router {
    codat::router()
}
