//! `/v1/usage` and `/v1/keys/{key_id}/callers`.

use axum::Json;
use axum::extract::State;
use keyward_core::ids::KeyId;
use keyward_core::role::{Area, Permission};
use keyward_core::time::UnixMs;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lives::{KeyUse, Life, Met};
use super::series::{Asked, Series, Whole};
use super::span::AskedSpan;
use super::sum::{Only, Sum};
use super::top::{By, Counted, Top};
use crate::app::App;
use crate::changes::Reach;
use crate::http::{Caller, ObjectId, Problem, Query, list_problem, words};
use crate::operation::OpError;
use crate::{accounts, keys};

/// How many days of callers are told of unless said.
const CALLERS_DAYS: u32 = 30;
/// How many entries a list has unless said.
const TOP_ENTRIES: u32 = 10;

/// The routes of usage.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(series)).routes(routes!(top)).routes(routes!(of_keys)).routes(routes!(callers))
}

fn id<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, text: Option<String>) -> Result<Option<T>, Problem> {
    let read = |text: String| text.parse().map_err(|why: T::Err| Problem::parameter(name, why.to_string()));
    text.map(read).transpose()
}

fn instant(name: &str, text: Option<String>) -> Result<Option<UnixMs>, Problem> {
    let wrong = || Problem::parameter(name, "an instant such as 2026-03-01T10:00:00Z");
    text.map(|text| UnixMs::parse_rfc3339(&text).ok_or_else(wrong)).transpose()
}

fn span(from: Option<String>, to: Option<String>, step_s: Option<u32>) -> Result<AskedSpan, Problem> {
    Ok(AskedSpan { from: instant("from", from)?, to: instant("to", to)?, step_s })
}

/// Counts, success rates and response times, step by step.
#[utoipa::path(get, path = "/v1/usage", tag = "usage", operation_id = "get_usage",
    extensions(("x-permission" = json!("usage.read"))), params(wire::UsageQuery),
    responses((status = 200, description = "Steps in which nothing happened are left out.", body = wire::Usage)))]
async fn series(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::UsageQuery>,
) -> Result<Json<wire::Usage>, Problem> {
    let asked = Asked {
        account: id("account_id", query.account_id)?,
        key: id("key_id", query.key_id)?,
        api: query.api,
        route: query.route,
        only: Only { environment: query.environment.map(words::read_environment), outcome: query.outcome },
        span: span(query.from, query.to, query.step_s)?,
    };
    let series = super::series(&app, caller.reach, asked).await.map_err(list_problem)?;
    Ok(Json(series.into()))
}

/// Those with the most requests on some days: keys, routes, accounts, addresses or programs.
#[utoipa::path(get, path = "/v1/usage/top", tag = "usage", operation_id = "get_usage_top",
    extensions(("x-permission" = json!("usage.read"))), params(wire::UsageTopQuery),
    responses((status = 200, description = "Most requests first.", body = wire::UsageTop)))]
async fn top(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::UsageTopQuery>,
) -> Result<Json<wire::UsageTop>, Problem> {
    let by = match query.by {
        wire::UsageBy::Key => By::Key,
        wire::UsageBy::Route => By::Route,
        wire::UsageBy::Account => By::Account,
        wire::UsageBy::Address => By::Address,
        wire::UsageBy::Agent => By::Agent,
    };
    let of_clients = Permission::read(Area::Logs);
    if matches!(by, By::Address | By::Agent) && !caller.actor.may.allow(of_clients) {
        return Err(Problem::denied(&of_clients.to_string()));
    }
    let asked = Asked {
        account: id("account_id", query.account_id)?,
        key: id("key_id", query.key_id)?,
        api: query.api,
        span: span(query.from, query.to, None)?,
        ..Asked::default()
    };
    let limit = query.limit.unwrap_or(TOP_ENTRIES);
    let top = super::top(&app, caller.reach, asked, by, limit).await.map_err(list_problem)?;
    let mut items = Vec::with_capacity(top.items.len());
    for item in &top.items {
        let title = title(&app, caller.reach, by, &item.name).await?;
        items.push(wire::UsageCount { title, ..item.into() });
    }
    Ok(Json(wire_top(&top, items)))
}

fn wire_top(top: &Top, items: Vec<wire::UsageCount>) -> wire::UsageTop {
    wire::UsageTop {
        from: words::at(top.days.0),
        to: words::at(top.days.1),
        whole: (&top.whole).into(),
        items,
        other: top.other,
        truncated: top.truncated,
    }
}

/// What a key or account is called now; a deleted one has no name any more (row r91).
async fn title(app: &App, reach: Reach, by: By, name: &str) -> Result<Option<String>, Problem> {
    let title = match (by, name.parse(), name.parse()) {
        (By::Key, Ok(id), _) => keys::get(app, reach, id).await.map(|key| key.name),
        (By::Account, _, Ok(id)) => accounts::get(app, reach, id).await.map(|account| Some(account.name)),
        (By::Key | By::Account | By::Route | By::Address | By::Agent, ..) => Ok(None),
    };
    match title {
        Err(OpError::NotFound) => Ok(None),
        other => Ok(other?),
    }
}

/// How each of many keys was used, in hours or longer steps.
#[utoipa::path(get, path = "/v1/usage/keys", tag = "usage", operation_id = "get_usage_of_keys",
    extensions(("x-permission" = json!("usage.read"))), params(wire::KeysUsageQuery),
    responses((status = 200, description = "Each of the caller's keys that was named.", body = wire::KeysUsage)))]
async fn of_keys(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::KeysUsageQuery>,
) -> Result<Json<wire::KeysUsage>, Problem> {
    let wrong = |why: keyward_core::ids::BadId| Problem::parameter("key_ids", why.to_string());
    let ids = query.key_ids.split(',').map(|id| id.trim().parse::<KeyId>().map_err(wrong));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let span = span(query.from, query.to, query.step_s)?;
    let (span, items, whole) = super::of_keys(&app, caller.reach, ids, span).await.map_err(list_problem)?;
    Ok(Json(wire::KeysUsage {
        from: words::at(span.from),
        to: words::at(span.to),
        step_s: (span.step_ms / 1_000) as u64,
        whole: (&whole).into(),
        items: items.into_iter().map(Into::into).collect(),
    }))
}

/// Who breaks if this key is revoked: who called it in the last days, from where, with which programs, on which routes.
#[utoipa::path(get, path = "/v1/keys/{key_id}/callers", tag = "usage", operation_id = "get_callers",
    extensions(("x-permission" = json!("logs.read"))), params(("key_id" = String, Path), wire::CallersQuery),
    responses((status = 200, description = "Its callers, most requests first.", body = wire::Callers)))]
async fn callers(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(query): Query<wire::CallersQuery>,
) -> Result<Json<wire::Callers>, Problem> {
    let days = query.days.unwrap_or(CALLERS_DAYS.min(app.config.usage.keys_days));
    let (life, whole) = super::callers(&app, caller.reach, id, days).await.map_err(list_problem)?;
    Ok(Json(wire_callers(&life, &whole)))
}

fn wire_callers(life: &Life, whole: &Whole) -> wire::Callers {
    wire::Callers {
        key_id: life.key.to_string(),
        whole: whole.into(),
        requests: life.requests,
        refused: life.refused,
        first_used_at: life.first_used_at.map(words::at),
        last_used_at: life.last_used_at.map(words::at),
        outcomes: life.outcomes.iter().map(Into::into).collect(),
        addresses: (&life.addresses).into(),
        agents: (&life.agents).into(),
        routes: (&life.routes).into(),
    }
}

impl From<&Whole> for wire::UsageWhole {
    fn from(whole: &Whole) -> Self {
        let loss = |(reason, records): &(String, u64)| wire::UsageLoss { reason: reason.clone(), records: *records };
        Self {
            as_of: words::at(whole.as_of),
            complete: whole.lost.is_empty(),
            lost: whole.lost.iter().map(loss).collect(),
        }
    }
}

impl From<&Counted> for wire::UsageCount {
    fn from(one: &Counted) -> Self {
        Self {
            name: one.name.clone(),
            title: None,
            requests: one.requests,
            refused: one.refused,
            last_at: one.last_at.map(words::at),
        }
    }
}

impl From<&Met> for wire::Met {
    fn from(met: &Met) -> Self {
        Self { items: met.items.iter().map(Into::into).collect(), other: met.other }
    }
}

impl From<&Sum> for wire::UsageSum {
    fn from(sum: &Sum) -> Self {
        Self {
            requests: sum.requests,
            ok: sum.ok(),
            success_rate: sum.success_rate(),
            outcomes: sum.outcomes.clone(),
            cost: sum.carried.map(|carried| carried.cost),
            bytes_in: sum.carried.map(|carried| carried.bytes_in),
            bytes_out: sum.carried.map(|carried| carried.bytes_out),
            mean_ms: sum.times.mean_ms(),
            p50_ms: sum.times.quantile_ms(0.5),
            p95_ms: sum.times.quantile_ms(0.95),
            p99_ms: sum.times.quantile_ms(0.99),
        }
    }
}

impl From<Series> for wire::Usage {
    fn from(series: Series) -> Self {
        let Series { span, total, steps, other, whole } = series;
        let whole = wire::UsageWhole::from(&whole);
        let happened = steps.iter().enumerate().filter(|(_, sum)| sum.requests > 0);
        Self {
            from: words::at(span.from),
            to: words::at(span.to),
            step_s: (span.step_ms / 1_000) as u64,
            whole: wire::UsageWhole { complete: whole.complete && other == 0, ..whole },
            other: Some(other).filter(|other| *other > 0),
            total: (&total).into(),
            points: happened
                .map(|(step, sum)| wire::UsagePoint { at: words::at(span.at(step)), sum: sum.into() })
                .collect(),
        }
    }
}

impl From<KeyUse> for wire::KeyUsage {
    fn from(key: KeyUse) -> Self {
        Self {
            key_id: key.key.to_string(),
            total: key.requests.iter().sum(),
            requests: key.requests,
            refused: key.refused,
            first_used_at: key.first_used_at.map(words::at),
            last_used_at: key.last_used_at.map(words::at),
        }
    }
}
