//! What the configuration says of each API, for whoever makes keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Environment, Kind, Limit, Quota};

/// An API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// The preset it began from.
    pub preset: Option<String>,
    /// The environments it serves.
    pub environments: Vec<Environment>,
    /// The scopes it knows.
    pub scopes: Vec<Scope>,
    /// The kinds of key it issues.
    pub kinds: Vec<KindRules>,
    /// Its plans.
    pub plans: Vec<Plan>,
    /// Limits of every live key.
    pub limits_live: Vec<Limit>,
    /// Limits of every test key.
    pub limits_test: Vec<Limit>,
    /// Quotas of every key.
    pub quotas: Vec<Quota>,
    /// Whether keys sent over plain HTTP are refused.
    pub require_https: bool,
    /// Where its customers reach it, without a slash at the end. An API with regions is reached at its regions' hosts
    /// instead, unless this was configured.
    pub url: String,
    /// Whether `url` was configured and not made from hosts and prefixes.
    pub url_configured: bool,
    /// The path of a GET request that shows whether a key works.
    pub example: String,
    /// Where a credential may stand, the usual place first.
    pub schemes: Vec<Scheme>,
    /// What the dashboard calls things, by the names of the configuration's `words`.
    pub words: BTreeMap<String, String>,
    /// The requests it knows; empty where it knows all.
    pub routes: Vec<Route>,
}

/// Where a credential may stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Scheme {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Basic …`, the secret encoded as Base64.
    Basic,
    /// The secret alone in a header.
    Header {
        /// Its name.
        name: String,
    },
    /// The account's public id in one header, the secret in another.
    Pair {
        /// The name of the one with the id.
        account: String,
        /// The name of the one with the secret.
        secret: String,
    },
}

/// Requests that an API knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// Its methods; empty for any.
    pub methods: Vec<String>,
    /// Its path.
    pub path: String,
    /// `required`, `optional` or `public`.
    pub access: String,
    /// The scopes it needs.
    pub scopes: Vec<String>,
    /// The environments it serves.
    pub environments: Vec<Environment>,
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scope {
    /// The word itself.
    pub name: String,
    /// What it permits.
    pub description: String,
}

/// A plan: limits, quotas and a ceiling of scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its limits.
    pub limits: Vec<Limit>,
    /// Its quotas.
    pub quotas: Vec<Quota>,
    /// The most scopes a key can hold; `null` is no ceiling.
    pub scopes: Option<Vec<String>>,
}

/// The rules for one kind of key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindRules {
    /// Which kind.
    pub kind: Kind,
    /// Who may see a secret after it was made.
    pub visibility: Visibility,
    /// Whether a key has a name.
    pub naming: Naming,
    /// Whether a secret's prefix tells its environment.
    pub names_environment: bool,
    /// Most characters of a name.
    pub name_chars_max: usize,
    /// Whether names are unique within an account, whatever their case.
    pub unique_names: bool,
    /// Most keys of this kind in an account, revoked ones aside; of personal keys, for each person.
    pub count_max: u32,
    /// Fewest keys an account keeps.
    pub count_min: u32,
    /// Whether a new account gets one at once.
    pub provisioned: bool,
    /// How long a key may live.
    pub expiry: ExpiryRules,
    /// Whether at least one scope must be chosen.
    pub scopes_required: bool,
    /// Most days an old secret lives on after a rotation.
    pub overlap_days_max: u32,
}

/// Who may see a secret after it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody.
    Once,
    /// The person who holds it.
    Owner,
    /// Whoever may see the account's keys.
    Always,
}

/// Whether keys have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// Every key has one.
    Required,
    /// A key may have one.
    Optional,
}

/// How long a key may live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpiryRules {
    /// Fewest days.
    pub days_min: u32,
    /// Most days.
    pub days_max: u32,
    /// Whether it must be said.
    pub required: bool,
    /// How many days `never` means; `null`: it does mean never.
    pub never_means_days: Option<u32>,
}

/// An API's regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiRegions {
    /// The API.
    pub api: String,
    /// The region of new accounts that name none.
    pub default_region: Option<String>,
    /// Every region, by name.
    pub regions: Vec<Region>,
}

/// A region and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Its hosts, the one to use first.
    pub hosts: Vec<String>,
}
