//! `/v1/apis` and `/v1/regions`.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use http::HeaderName;
use keyward_core::api::Api;
use keyward_core::key::{Environment, KindRules};
use keyward_core::limit::Limit;
use keyward_core::quota::Quota;
use keyward_core::route::{Access, Route};
use keyward_core::terms::Plan;
use keyward_core::time::SECOND_MS;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::config::{ApiSetup, Scheme};
use crate::http::{Caller, Problem, words};

/// The routes of APIs.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(regions))
}

/// Lists APIs: their scopes, environments, plans and the rules of each kind of key.
#[utoipa::path(get, path = "/v1/apis", tag = "apis", operation_id = "list_apis",
    extensions(("x-permission" = json!("anyone"))),
    responses((status = 200, description = "All of them.", body = wire::Page<wire::Api>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<wire::Page<wire::Api>>, Problem> {
    let gateway = app.config.listen.gateway;
    let items = super::list(&app, caller.reach).await?.iter().map(|setup| api(setup, gateway)).collect();
    Ok(Json(wire::Page { items, next_cursor: None }))
}

/// Lists each API's regions and their hosts.
#[utoipa::path(get, path = "/v1/regions", tag = "apis", operation_id = "list_regions",
    extensions(("x-permission" = json!("anyone"))),
    responses((status = 200, description = "All of them.", body = wire::Page<wire::ApiRegions>)))]
async fn regions(State(app): State<App>, caller: Caller) -> Result<Json<wire::Page<wire::ApiRegions>>, Problem> {
    let of = |setup: &ApiSetup| wire::ApiRegions {
        api: setup.api.name.clone(),
        default_region: setup.default_region.clone(),
        regions: setup.api.regions.iter().map(region).collect(),
    };
    let items = super::list(&app, caller.reach).await?.iter().map(|setup| of(setup)).collect();
    Ok(Json(wire::Page { items, next_cursor: None }))
}

fn region((name, hosts): (&String, &Vec<String>)) -> wire::Region {
    wire::Region { name: name.clone(), hosts: hosts.clone() }
}

fn api(setup: &ApiSetup, gateway: SocketAddr) -> wire::Api {
    let api = &setup.api;
    let scope = |scope: &keyward_core::scope::Scope| wire::Scope {
        name: scope.name.clone(),
        description: scope.description.clone(),
    };
    wire::Api {
        name: api.name.clone(),
        preset: setup.preset.clone(),
        environments: api.environments.iter().copied().map(words::environment).collect(),
        scopes: api.catalogue.scopes().iter().map(scope).collect(),
        kinds: api.kinds.iter().map(kind).collect(),
        plans: api.plans.values().map(|one| plan(api, one)).collect(),
        limits_live: api.limits_live.iter().map(limit).collect(),
        limits_test: api.limits_test.iter().map(limit).collect(),
        quotas: api.quotas.iter().map(quota).collect(),
        require_https: api.require_https,
        url: super::url(setup, gateway),
        url_configured: setup.url.is_some(),
        example: setup.example.clone(),
        schemes: setup.schemes.iter().map(scheme).collect(),
        words: setup.words.clone(),
        routes: api.routes.all().iter().map(|one| route(api, one)).collect(),
    }
}

fn scheme(scheme: &Scheme) -> wire::Scheme {
    let name = |header: &HeaderName| header.as_str().to_owned();
    match scheme {
        Scheme::Bearer => wire::Scheme::Bearer,
        Scheme::Basic => wire::Scheme::Basic,
        Scheme::Header(header) => wire::Scheme::Header { name: name(header) },
        Scheme::Pair { account, secret } => wire::Scheme::Pair { account: name(account), secret: name(secret) },
    }
}

fn route(api: &Api, route: &Route) -> wire::Route {
    wire::Route {
        methods: route.methods.clone(),
        path: route.pattern.clone(),
        access: match route.access {
            Access::Required => "required",
            Access::Optional => "optional",
            Access::Public => "public",
        }
        .to_owned(),
        scopes: api.catalogue.names(&route.scopes).map(str::to_owned).collect(),
        environments: route.environments.iter().copied().map(words::environment).collect(),
    }
}

fn kind(rules: &KindRules) -> wire::KindRules {
    wire::KindRules {
        kind: words::kind(rules.kind),
        visibility: words::visibility(rules.visibility),
        naming: words::naming(rules.naming),
        names_environment: rules.format.prefix(Environment::Live) != rules.format.prefix(Environment::Test),
        name_chars_max: rules.name_chars_max,
        unique_names: rules.unique_names,
        count_max: rules.count_max,
        count_min: rules.count_min,
        provisioned: rules.provisioned,
        expiry: wire::ExpiryRules {
            days_min: rules.expiry.days_min,
            days_max: rules.expiry.days_max,
            required: rules.expiry.required,
            never_means_days: rules.expiry.infinite_days,
        },
        scopes_required: rules.scopes_required,
        overlap_days_max: rules.overlap_days_max,
    }
}

fn plan(api: &Api, plan: &Plan) -> wire::Plan {
    let names = |set| api.catalogue.names(set).map(str::to_owned).collect();
    wire::Plan {
        name: plan.name.clone(),
        limits: plan.limits.iter().map(limit).collect(),
        quotas: plan.quotas.iter().map(quota).collect(),
        scopes: plan.scopes.as_ref().map(names),
    }
}

fn limit(limit: &Limit) -> wire::Limit {
    wire::Limit {
        name: limit.name.clone(),
        limit: limit.limit,
        window_s: u32::try_from(limit.window_ms / SECOND_MS).ok(),
        algorithm: Some(words::algorithm(limit.algorithm)),
        per: Some(words::per(limit.per)),
    }
}

fn quota(quota: &Quota) -> wire::Quota {
    wire::Quota {
        name: quota.name.clone(),
        budget: quota.budget,
        refill: words::refill(quota.refill),
        per: Some(words::per(quota.per)),
    }
}
