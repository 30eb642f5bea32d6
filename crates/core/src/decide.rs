//! The decision: is this key valid for this request, now? It is answered here and nowhere else.
//!
//! The checks stand in one list, in the order in which their denials win. [`decide`] stops at the first that fails;
//! [`explain`] runs them all. Limits come after, in the server: they have state.

use std::net::IpAddr;

use crate::account::Account;
use crate::api::Api;
use crate::body::{BadBody, Demand};
use crate::denial::Denial;
use crate::key::{Key, KeyState, SecretAge};
use crate::route::{Matched, Route};
use crate::terms::Terms;
use crate::time::UnixMs;

/// Who calls: a key whose secret matched, with everything it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The API whose key it is.
    pub api: &'a Api,
    /// Its account.
    pub account: &'a Account,
    /// The key.
    pub key: &'a Key,
    /// What it may do.
    pub terms: &'a Terms,
}

/// What is asked, as far as a decision depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The region whose host was called; `None` where the API has no regions or the caller named no host.
    pub region: Option<&'a str>,
    /// The caller's address, where it is known.
    pub address: Option<IpAddr>,
    /// Whether the request came over HTTPS; `None` when the caller did not say.
    pub https: Option<bool>,
    /// The route that matched.
    pub route: Matched<'a>,
}

/// One check of [`explain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub name: &'static str,
    /// Why it failed; `None` when it passed.
    pub denial: Option<Denial>,
}

type Rule = fn(&Caller<'_>, &Request<'_>, UnixMs) -> Result<(), Denial>;

const CHECKS: [(&str, Rule); 10] = [
    ("secret", secret),
    ("https", https),
    ("account", account),
    ("state", state),
    ("expiry", expiry),
    ("region", region),
    ("kind", kind),
    ("environment", environment),
    ("address", address),
    ("route", route),
];

/// Judges a caller and a request at an instant. What the body asks for is judged by [`decide_body`] afterwards.
pub fn decide(caller: &Caller<'_>, request: &Request<'_>, now: UnixMs) -> Result<(), Denial> {
    CHECKS.iter().try_for_each(|(_, rule)| rule(caller, request, now))
}

/// Every check of [`decide`], passed or failed.
pub fn explain(caller: &Caller<'_>, request: &Request<'_>, now: UnixMs) -> Vec<Check> {
    CHECKS.iter().map(|(name, rule)| Check { name, denial: rule(caller, request, now).err() }).collect()
}

fn secret(caller: &Caller<'_>, _: &Request<'_>, now: UnixMs) -> Result<(), Denial> {
    match caller.key.secret {
        SecretAge::Old { until } if until <= now => Err(Denial::InvalidCredentials(crate::denial::Reason::Unknown)),
        SecretAge::Old { .. } | SecretAge::Current => Ok(()),
    }
}

fn https(caller: &Caller<'_>, request: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let in_clear = request.https == Some(false);
    if caller.api.require_https && in_clear { Err(Denial::HttpsRequired) } else { Ok(()) }
}

fn account(caller: &Caller<'_>, _: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    if caller.account.suspended { Err(Denial::AccountSuspended) } else { Ok(()) }
}

fn state(caller: &Caller<'_>, _: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    match caller.key.state {
        KeyState::Active => Ok(()),
        KeyState::Disabled => Err(Denial::KeyDisabled),
        KeyState::Revoked => Err(Denial::KeyRevoked),
        // It has no secret, so nobody can have sent one.
        KeyState::Pending | KeyState::AwaitingPickup => Err(Denial::InvalidCredentials(crate::denial::Reason::Unknown)),
    }
}

fn expiry(caller: &Caller<'_>, _: &Request<'_>, now: UnixMs) -> Result<(), Denial> {
    match caller.key.expires_at {
        Some(at) if at <= now => Err(Denial::KeyExpired { at }),
        Some(_) | None => Ok(()),
    }
}

fn region(caller: &Caller<'_>, request: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let (Some(asked), Some(home)) = (request.region, caller.account.region.as_deref()) else { return Ok(()) };
    if asked == home {
        return Ok(());
    }
    let host = caller.api.regions.get(home).and_then(|hosts| hosts.first()).cloned();
    Err(Denial::WrongRegion { asked: asked.into(), region: home.into(), host })
}

fn kind(caller: &Caller<'_>, _: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let accepted = caller.account.accepted;
    if accepted.accepts(caller.key.kind) {
        return Ok(());
    }
    Err(Denial::KindNotAccepted { wanted: accepted.as_str() })
}

fn environment(caller: &Caller<'_>, _: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let environment = caller.key.environment;
    if caller.api.environments.contains(&environment) {
        return Ok(());
    }
    Err(Denial::WrongEnvironment { environment: environment.as_str() })
}

fn address(caller: &Caller<'_>, request: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let ranges = &caller.terms.addresses;
    // An IPv4 caller on an IPv6 socket is the same caller.
    let seen = request.address.map(|address| address.to_canonical());
    let inside = ranges.is_empty() || seen.is_some_and(|seen| ranges.iter().any(|range| range.contains(&seen)));
    if inside { Ok(()) } else { Err(Denial::AddressNotAllowed { seen }) }
}

fn route(caller: &Caller<'_>, request: &Request<'_>, _: UnixMs) -> Result<(), Denial> {
    let route = match request.route {
        Matched::Nothing => return Err(Denial::NoRoute),
        Matched::Undeclared | Matched::NotAsked => return Ok(()),
        Matched::Route(route) => route,
    };
    let environment = caller.key.environment;
    if !route.environments.is_empty() && !route.environments.contains(&environment) {
        return Err(Denial::WrongEnvironment { environment: environment.as_str() });
    }
    if caller.terms.scopes.covers(&route.scopes) {
        return Ok(());
    }
    let needed = caller.api.catalogue.names(&route.scopes).map(str::to_owned).collect();
    Err(Denial::InsufficientScope { needed })
}

/// Judges what a body asks for, on a route with a body rule.
pub fn decide_body(caller: &Caller<'_>, route: &Route, bytes: &[u8]) -> Result<Demand, Denial> {
    let Some(rule) = &route.body else { return Ok(Demand::default()) };
    if bytes.len() > rule.bytes_max {
        return Err(Denial::PayloadTooLarge { bytes_max: rule.bytes_max });
    }
    let demand = rule.demand(bytes).map_err(|bad| match bad {
        BadBody::Syntax(_) => Denial::InvalidBody { status: 400, why: bad.to_string() },
        BadBody::Content(why) => Denial::InvalidBody { status: 422, why },
    })?;
    // A scope the catalogue does not hold is a scope that nobody has.
    let covered = caller.api.catalogue.set(&demand.scopes).is_ok_and(|needed| caller.terms.scopes.covers(&needed));
    if !covered {
        return Err(Denial::InsufficientScope { needed: demand.scopes });
    }
    match (demand.items, rule.items_max) {
        (Some(items), Some(items_max)) if items > items_max => Err(Denial::TooManyItems { items_max, items }),
        _ => Ok(demand),
    }
}

#[cfg(test)]
mod tests;
