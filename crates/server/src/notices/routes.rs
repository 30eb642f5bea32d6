//! `/v1/notices`, what accounts want to be told, and what people choose.

use axum::Json as Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_core::ids::{AccountId, NoticeId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Choice, Delivery, KeptSettings, Kind, NoticeFilter, Raised, Settings};
use crate::app::App;
use crate::http::{Caller, IfMatch, Json, ObjectId, Problem, Query};
use crate::http::{id_parameter, list_problem, page_of, versioned, wire_page, words};

/// The routes of notices.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(settings, set))
        .routes(routes!(choice, choose))
        .routes(routes!(operators_choice, choose_as_operator))
}

impl From<Raised> for wire::Notice {
    fn from(notice: Raised) -> Self {
        Self {
            id: notice.id.to_string(),
            kind: notice.kind.as_str().into(),
            account_id: notice.account.map(|id| id.to_string()),
            key_id: notice.key.map(|id| id.to_string()),
            person_id: notice.person.map(|id| id.to_string()),
            facts: notice.facts,
            at: words::at(notice.at),
        }
    }
}

impl From<wire::NoticeSettings> for Settings {
    fn from(settings: wire::NoticeSettings) -> Self {
        let wire::NoticeSettings { mail, expiry_days, limit_percents, time_zone, digest_hour } = settings;
        Self { mail, expiry_days, limit_percents, time_zone, digest_hour }
    }
}

impl From<KeptSettings> for wire::KeptNoticeSettings {
    fn from(KeptSettings { settings, version }: KeptSettings) -> Self {
        let chosen = Kind::ALL.iter().filter(|kind| kind.is_chosen());
        Self {
            mail: chosen.map(|kind| (kind.as_str().to_owned(), settings.mails(*kind))).collect(),
            expiry_days: settings.expiry_days(),
            limit_percents: settings.limit_percents(),
            time_zone: settings.time_zone.clone().unwrap_or_else(|| "UTC".into()),
            digest_hour: settings.digest_hour(),
            own: {
                let Settings { mail, expiry_days, limit_percents, time_zone, digest_hour } = settings;
                wire::NoticeSettings { mail, expiry_days, limit_percents, time_zone, digest_hour }
            },
            version,
        }
    }
}

const fn delivery(delivery: Delivery) -> wire::NoticeDelivery {
    match delivery {
        Delivery::Now => wire::NoticeDelivery::Now,
        Delivery::Daily => wire::NoticeDelivery::Daily,
        Delivery::Off => wire::NoticeDelivery::Off,
    }
}

const fn read_delivery(delivery: wire::NoticeDelivery) -> Delivery {
    match delivery {
        wire::NoticeDelivery::Now => Delivery::Now,
        wire::NoticeDelivery::Daily => Delivery::Daily,
        wire::NoticeDelivery::Off => Delivery::Off,
    }
}

impl From<Choice> for wire::NoticeChoice {
    fn from(choice: Choice) -> Self {
        let kinds = choice.kinds.into_iter().map(|(kind, chosen)| (kind, delivery(chosen))).collect();
        Self { delivery: delivery(choice.delivery), kinds }
    }
}

impl From<wire::NoticeChoice> for Choice {
    fn from(choice: wire::NoticeChoice) -> Self {
        let kinds = choice.kinds.into_iter().map(|(kind, chosen)| (kind, read_delivery(chosen))).collect();
        Self { delivery: read_delivery(choice.delivery), kinds }
    }
}

/// Lists notices, newest first, whether anybody was mailed or not; those that the caller may see. They are kept for 90
/// days.
#[utoipa::path(get, path = "/v1/notices", tag = "notices", operation_id = "list_notices",
    extensions(("x-permission" = json!("keys.read people.read settings.read"))), params(wire::NoticeQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Notice>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::NoticeQuery>,
) -> Result<Body<wire::Page<wire::Notice>>, Problem> {
    let kinds = match query.kind.as_deref() {
        None => vec![],
        Some(word) => vec![Kind::parse(word).ok_or_else(|| Problem::parameter("kind", "no such kind of notice"))?],
    };
    let filter = NoticeFilter {
        account: id_parameter("account_id", query.account_id)?,
        key: id_parameter("key_id", query.key_id)?,
        kinds,
    };
    let page = page_of(query.limit, query.cursor);
    let found = super::list(&app, caller.reach, caller.actor.may, filter, page).await;
    Ok(wire_page(found.map_err(list_problem)?))
}

/// A notice.
#[utoipa::path(get, path = "/v1/notices/{notice_id}", tag = "notices", operation_id = "get_notice",
    extensions(("x-permission" = json!("keys.read people.read settings.read"))),
    params(("notice_id" = String, Path)),
    responses((status = 200, description = "It.", body = wire::Notice)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<NoticeId>,
) -> Result<Body<wire::Notice>, Problem> {
    Ok(Body(super::get(&app, caller.reach, caller.actor.may, id).await?.into()))
}

/// What an account is told.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/notice-settings", tag = "notices",
    operation_id = "get_notice_settings", extensions(("x-permission" = json!("settings.read"))),
    params(("account_id" = String, Path)),
    responses((status = 200, description = "It, with its version as `ETag`.", body = wire::KeptNoticeSettings)))]
async fn settings(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<Response, Problem> {
    let kept = super::settings(&app, caller.reach, account).await?;
    Ok(versioned(StatusCode::OK, kept.version, &wire::KeptNoticeSettings::from(kept)))
}

/// Sets what an account is told, as a whole: what is left out is as the defaults have it.
#[utoipa::path(put, path = "/v1/accounts/{account_id}/notice-settings", tag = "notices",
    operation_id = "set_notice_settings", extensions(("x-permission" = json!("settings.write"))),
    request_body = wire::NoticeSettings,
    params(("account_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::KeptNoticeSettings>)))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    IfMatch(version): IfMatch,
    Json(settings): Json<wire::NoticeSettings>,
) -> Result<Response, Problem> {
    let kept = super::set(&app, caller.reach, caller.actor, account, settings.into(), version).await?;
    let version = kept.version;
    let body = wire::Changed { object: wire::KeptNoticeSettings::from(kept), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

/// When you are mailed of what happens in one of your accounts.
#[utoipa::path(get, path = "/v1/me/accounts/{account_id}/notices", tag = "me", operation_id = "my_notice_choice",
    extensions(("x-permission" = json!("person"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "What you have chosen.", body = wire::NoticeChoice)))]
async fn choice(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<Body<wire::NoticeChoice>, Problem> {
    Ok(Body(super::choice(&app, caller.person()?.id, Some(account)).await?.into()))
}

/// Chooses when you are mailed of what happens in one of your accounts, as a whole.
#[utoipa::path(put, path = "/v1/me/accounts/{account_id}/notices", tag = "me", operation_id = "choose_my_notices",
    extensions(("x-permission" = json!("person"))), request_body = wire::NoticeChoice,
    params(("account_id" = String, Path)),
    responses((status = 200, description = "What you have chosen.", body = wire::NoticeChoice)))]
async fn choose(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    Json(choice): Json<wire::NoticeChoice>,
) -> Result<Body<wire::NoticeChoice>, Problem> {
    Ok(Body(super::choose(&app, caller.actor, Some(account), choice.into()).await?.into()))
}

/// When you, who run the deployment, are mailed of what concerns no account.
#[utoipa::path(get, path = "/v1/me/notices", tag = "me", operation_id = "my_operator_notice_choice",
    extensions(("x-permission" = json!("person"))),
    responses((status = 200, description = "What you have chosen.", body = wire::NoticeChoice)))]
async fn operators_choice(State(app): State<App>, caller: Caller) -> Result<Body<wire::NoticeChoice>, Problem> {
    Ok(Body(super::choice(&app, caller.person()?.id, None).await?.into()))
}

/// Chooses when you, who run the deployment, are mailed of what concerns no account; as a whole.
#[utoipa::path(put, path = "/v1/me/notices", tag = "me", operation_id = "choose_my_operator_notices",
    extensions(("x-permission" = json!("person"))), request_body = wire::NoticeChoice,
    responses((status = 200, description = "What you have chosen.", body = wire::NoticeChoice)))]
async fn choose_as_operator(
    State(app): State<App>,
    caller: Caller,
    Json(choice): Json<wire::NoticeChoice>,
) -> Result<Body<wire::NoticeChoice>, Problem> {
    Ok(Body(super::choose(&app, caller.actor, None, choice.into()).await?.into()))
}
