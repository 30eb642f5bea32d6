//! What each route demands of its caller. Every route says it itself, in its own description
//! (`x-permission`), so that the document shows what is enforced; one that says nothing is closed to all.

use std::collections::{HashMap, HashSet};

use http::Method;
use keyward_core::role::{Permission, Permissions};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

/// The member of an operation's description.
const MEMBER: &str = "x-permission";

/// What a route demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: no credentials are read.
    Public,
    /// Any caller.
    Anyone,
    /// A person who is signed in.
    Person,
    /// The operator's people and management keys.
    Operator,
    /// One of these permissions, in the account that is reached.
    OneOf(Vec<Permission>),
}

impl Need {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "public" => Some(Self::Public),
            "anyone" => Some(Self::Anyone),
            "person" => Some(Self::Person),
            "operator" => Some(Self::Operator),
            words => words.split(' ').map(Permission::parse).collect::<Option<Vec<_>>>().map(Self::OneOf),
        }
    }

    /// Whether these permissions are enough, where permissions are what counts.
    pub(super) fn is_met_by(&self, may: Permissions) -> bool {
        match self {
            Self::Public | Self::Anyone | Self::Person | Self::Operator => true,
            Self::OneOf(any) => any.iter().any(|one| may.allow(*one)),
        }
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Public | Self::Anyone => String::new(),
            Self::Person => "a person who is signed in".into(),
            Self::Operator => "the operator".into(),
            Self::OneOf(any) => any.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// The demands of all routes.
#[derive(Debug, Default)]
pub(super) struct Permits {
    needs: HashMap<(Method, String), Need>,
    /// Routes whose description names a parameter in the query.
    queried: HashSet<(Method, String)>,
}

impl Permits {
    /// Reads the document; routes that say nothing, or nothing known, are left out.
    pub(super) fn of(document: &OpenApi) -> Self {
        let mut permits = Self::default();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                let said = operation.as_ref().and_then(|operation| operation.extensions.as_ref()?.get(MEMBER));
                let parameters = operation.as_ref().and_then(|operation| operation.parameters.as_ref());
                let is_queried = |parameter: &RefOr<Parameter>| match parameter {
                    RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
                    RefOr::Ref(_) => true,
                };
                if parameters.is_some_and(|all| all.iter().any(is_queried)) {
                    permits.queried.insert((method.clone(), path.clone()));
                }
                if let Some(need) = said.and_then(|said| Need::parse(said.as_str()?)) {
                    permits.needs.insert((method, path.clone()), need);
                }
            }
        }
        permits
    }

    /// Whether the route reads anything of the query. Where it does not, a query is refused: whoever sends
    /// `dry_run=true` to a change that has no dry run must not find it made.
    pub(super) fn reads_query(&self, method: &Method, template: &str) -> bool {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.queried.contains(&(method, template.to_owned()))
    }

    /// What the route of this template demands; `None`: it is closed.
    pub(super) fn need(&self, method: &Method, template: &str) -> Option<&Need> {
        // What answers HEAD is the route of GET.
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.needs.get(&(method, template.to_owned()))
    }

    /// Whether the template is known under another method.
    pub(super) fn knows(&self, template: &str) -> bool {
        self.needs.keys().any(|(_, known)| known == template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_says_what_it_demands() {
        let document = crate::http::document();
        let permits = Permits::of(&document);
        let json = serde_json::to_value(&document).unwrap();
        for (path, item) in json["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                assert!(permits.need(&method, path).is_some(), "{method} {path} says no x-permission");
            }
        }
    }

    #[test]
    fn a_demand_is_read_or_refused() {
        assert_eq!(Need::parse("public"), Some(Need::Public));
        let either = Need::parse("keys.write people.write").unwrap();
        assert!(either.is_met_by(Permissions::parse(["people.write"]).unwrap()));
        assert!(!either.is_met_by(Permissions::parse(["keys.read", "audit.write"]).unwrap()));
        assert_eq!(Need::parse("keys.wirte"), None);
        assert_eq!(Need::parse(""), None);
    }
}
