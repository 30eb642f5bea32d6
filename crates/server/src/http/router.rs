//! All routes of the control listener. This file alone knows every domain.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::assets::{self, Assets};
use super::pages::Metrics;
use super::permits::Permits;
use super::{caller, openapi, pages, shell};
use crate::app::App;
use crate::{
    accounts, apis, audit, explain, hygiene, keys, leaks, live, logs, mail, management, notices, outbox, people,
    policies, roles, sessions, usage, webhooks,
};

fn v1() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(accounts::routes())
        .merge(people::routes())
        .merge(roles::routes())
        .merge(sessions::routes())
        .merge(keys::routes())
        .merge(policies::routes())
        .merge(management::routes())
        .merge(webhooks::routes())
        .merge(leaks::routes())
        .merge(logs::routes())
        .merge(audit::routes())
        .merge(notices::routes())
        .merge(outbox::routes())
        .merge(mail::routes())
        .merge(apis::routes())
        .merge(usage::routes())
        .merge(hygiene::routes())
        .merge(live::routes())
        .merge(explain::routes())
}

/// The OpenAPI document of the management API.
pub fn document() -> OpenApi {
    let mut document = v1().into_openapi();
    openapi::finish(&mut document);
    document
}

/// Everything the control listener answers.
pub fn router(app: App, metrics: Metrics) -> Router {
    let document = document();
    let permits = Arc::new(Permits::of(&document));
    let v1 = Router::from(v1()).route_layer(from_fn_with_state((app.clone(), permits), caller::authenticate));
    Router::new()
        .merge(v1)
        .merge(pages::routes(&document, metrics))
        .fallback_service(any(assets::answer).with_state(Assets::built()))
        .method_not_allowed_fallback(shell::method_not_allowed)
        .layer(from_fn(shell::surround))
        .with_state(app)
}
