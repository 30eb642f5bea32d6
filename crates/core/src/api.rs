//! An API as the decision sees it: everything its configuration says that a verdict depends on.

use std::collections::BTreeMap;

use crate::key::{Environment, Kind, KindRules};
use crate::limit::Limit;
use crate::quota::Quota;
use crate::route::Routes;
use crate::scope::Catalogue;
use crate::terms::{Own, Plan, Terms};

/// What an API's configuration says that a verdict depends on.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// The rules of each kind of key it issues.
    pub kinds: Vec<KindRules>,
    /// The scopes it knows.
    pub catalogue: Catalogue,
    /// The environments it serves (row r58).
    pub environments: Vec<Environment>,
    /// The routes it declares.
    pub routes: Routes,
    /// Limits of every live key.
    pub limits_live: Vec<Limit>,
    /// Limits of every test key (row r59).
    pub limits_test: Vec<Limit>,
    /// Quotas of every key.
    pub quotas: Vec<Quota>,
    /// Plans by name.
    pub plans: BTreeMap<String, Plan>,
    /// Regions by name, each with its hosts, the first of which is the one to name (rows r11, r13).
    pub regions: BTreeMap<String, Vec<String>>,
    /// Whether keys sent over plain HTTP are refused (row r72).
    pub require_https: bool,
}

impl Api {
    /// The rules of one kind of key, where this API issues it.
    pub fn kind(&self, kind: Kind) -> Option<&KindRules> {
        self.kinds.iter().find(|rules| rules.kind == kind)
    }

    /// The limits of keys of an environment.
    pub fn limits(&self, environment: Environment) -> &[Limit] {
        match environment {
            Environment::Live => &self.limits_live,
            Environment::Test => &self.limits_test,
        }
    }

    /// The terms of a key: the key's plan counts before its account's.
    pub fn terms(
        &self,
        environment: Environment,
        key_plan: Option<&str>,
        account_plan: Option<&str>,
        own: Own,
    ) -> Terms {
        let plan = key_plan.or(account_plan).and_then(|name| self.plans.get(name));
        Terms::new(self.limits(environment), &self.quotas, plan, own)
    }
}
