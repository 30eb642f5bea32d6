//! Routes: which requests an API knows, and what each of them needs.

use serde::{Deserialize, Serialize};

use crate::body::BodyRule;
use crate::key::Environment;
use crate::scope::ScopeSet;

/// Whether a route needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// A valid key, or the request is refused.
    #[default]
    Required,
    /// No key, or a valid one: a wrong one is refused.
    Optional,
    /// Keys are not looked at.
    Public,
}

/// One route of an API.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its pattern as it was written; what logs and metrics call it.
    pub pattern: String,
    /// The methods it is for; empty means all.
    pub methods: Vec<String>,
    /// Whether it needs a key.
    pub access: Access,
    /// The scopes it needs, all of them.
    pub scopes: ScopeSet,
    /// The environments it is for; empty means all (row r59).
    pub environments: Vec<Environment>,
    /// What one request takes from each limit and quota.
    pub cost: u32,
    /// What its body must satisfy.
    pub body: Option<BodyRule>,
    /// The upstream it goes to instead of the API's, by name.
    pub upstream: Option<String>,
    /// Most bytes of a request's body, and of its answer's, that the request log keeps; 0 keeps none of them.
    pub log_bytes_max: usize,
}

/// A pattern that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(pub String);

/// The routes of an API, ready to be matched.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    routes: Vec<Route>,
    by_path: matchit::Router<Vec<usize>>,
}

/// What matching found.
#[derive(Debug, Clone, Copy)]
pub enum Matched<'a> {
    /// The API declares no routes: every path and method is its own.
    Undeclared,
    /// This one.
    Route(&'a Route),
    /// The API declares routes and this is none of them.
    Nothing,
    /// The caller named no path: route checks are skipped.
    NotAsked,
}

impl<'a> Matched<'a> {
    /// The route, where one matched.
    pub const fn route(self) -> Option<&'a Route> {
        match self {
            Self::Route(route) => Some(route),
            Self::Undeclared | Self::Nothing | Self::NotAsked => None,
        }
    }
}

impl Routes {
    /// Makes routes ready. Patterns are paths whose segments may be `{name}`, or, as the last one, `{*rest}`, which
    /// also matches nothing. A fixed segment wins over `{name}`, and `{name}` over `{*rest}`.
    pub fn new(routes: Vec<Route>) -> Result<Self, BadPattern> {
        let mut patterns: Vec<(String, Vec<usize>)> = Vec::new();
        for (place, route) in routes.iter().enumerate() {
            for pattern in spelt_out(&route.pattern)? {
                match patterns.iter_mut().find(|(known, _)| *known == pattern) {
                    Some((_, places)) => places.push(place),
                    None => patterns.push((pattern, vec![place])),
                }
            }
        }
        let mut by_path = matchit::Router::new();
        for (pattern, places) in patterns {
            by_path.insert(pattern.as_str(), places).map_err(|error| BadPattern(format!("`{pattern}`: {error}")))?;
        }
        Ok(Self { routes, by_path })
    }

    /// All of them, as declared.
    pub fn all(&self) -> &[Route] {
        &self.routes
    }

    /// The place of one of these routes among [`Routes::all`].
    pub fn place(&self, route: &Route) -> Option<usize> {
        self.routes.element_offset(route)
    }

    /// The route of a canonical path and a method.
    pub fn find(&self, method: &str, path: &str) -> Matched<'_> {
        if self.routes.is_empty() {
            return Matched::Undeclared;
        }
        let Ok(found) = self.by_path.at(path) else { return Matched::Nothing };
        let takes = |route: &&Route| route.methods.is_empty() || route.methods.iter().any(|own| own == method);
        let route = found.value.iter().filter_map(|place| self.routes.get(*place)).find(takes);
        route.map_or(Matched::Nothing, Matched::Route)
    }
}

/// `/a/{*rest}` stands for itself, `/a/` and, below the root, `/a`.
fn spelt_out(pattern: &str) -> Result<Vec<String>, BadPattern> {
    if !pattern.starts_with('/') {
        return Err(BadPattern(format!("`{pattern}`: a pattern begins with /")));
    }
    let mut all = vec![pattern.to_owned()];
    if let Some(at) = pattern.rfind("/{*") {
        all.push(pattern[..=at].to_owned());
        if at > 0 {
            all.push(pattern[..at].to_owned());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(methods: &[&str], pattern: &str) -> Route {
        Route {
            pattern: pattern.into(),
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            access: Access::Required,
            scopes: ScopeSet::default(),
            environments: vec![],
            cost: 1,
            body: None,
            upstream: None,
            log_bytes_max: 0,
        }
    }

    fn found<'a>(routes: &'a Routes, method: &str, path: &str) -> &'a str {
        routes.find(method, path).route().map_or("-", |route| &route.pattern)
    }

    #[test]
    fn the_most_special_route_wins() {
        let routes = Routes::new(vec![
            route(&["GET"], "/{*rest}"),
            route(&["GET"], "/users/{id}"),
            route(&["GET", "PUT"], "/users/me"),
            route(&["POST"], "/users/me"),
        ])
        .unwrap();
        assert_eq!(found(&routes, "GET", "/"), "/{*rest}");
        assert_eq!(found(&routes, "GET", "/a/b"), "/{*rest}");
        assert_eq!(found(&routes, "GET", "/users/7"), "/users/{id}");
        assert_eq!(found(&routes, "PUT", "/users/me"), "/users/me");
        assert_eq!(found(&routes, "DELETE", "/users/me"), "-");
        assert!(matches!(Routes::default().find("GET", "/x"), Matched::Undeclared));
    }

    #[test]
    fn wrong_patterns_are_refused() {
        assert!(Routes::new(vec![route(&[], "users")]).is_err());
        assert!(Routes::new(vec![route(&[], "/{*rest}/more")]).is_err());
        assert!(Routes::new(vec![route(&[], "/{a}/x"), route(&[], "/{b}/x")]).is_err());
    }
}
