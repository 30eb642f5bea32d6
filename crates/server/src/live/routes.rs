//! `/v1/live`.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::watcher::{Event, Filter, KeyTick, Tick, Watcher};
use crate::app::App;
use crate::changes::Reach;
use crate::http::{Caller, Problem, Query, Standing, words};
use crate::{accounts, keys};

/// When to try again where no place is free, in seconds.
const TRY_AGAIN_S: u64 = 5;

/// The routes of live views.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live))
}

/// What happens now, as server-sent events: `tick` at least every second, with counts since the last one and what is
/// left of the limits of every key that came; `over` when the caller may no longer watch.
#[utoipa::path(get, path = "/v1/live", tag = "usage", operation_id = "watch",
    extensions(("x-permission" = json!("usage.read"))), params(wire::LiveQuery),
    responses((status = 200, description = "Events, until either side ends it.", body = wire::LiveTick,
        content_type = "text/event-stream")))]
async fn live(
    State(app): State<App>,
    caller: Caller,
    standing: Standing,
    Query(query): Query<wire::LiveQuery>,
) -> Result<Response, Problem> {
    let filter = filter(&app, caller.reach, query).await?;
    let Some(place) = app.live.take() else {
        let detail = "Too many are watching already.";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail).retry_after(TRY_AGAIN_S));
    };
    let watcher = Watcher::new(app.clone(), filter, standing, place);
    let events = stream::unfold(Some(watcher), async |watcher| {
        let mut watcher = watcher?;
        match watcher.next().await? {
            Event::Tick(tick) => {
                let text = event("tick", &wire::LiveTick::from(tick));
                Some((text, Some(watcher)))
            }
            Event::Over => Some((event("over", &serde_json::json!({})), None)),
        }
    });
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response())
}

fn event(name: &str, data: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    // JSON has no line breaks of its own.
    Ok(format!("event: {name}\ndata: {}\n\n", serde_json::to_string(data)?))
}

async fn filter(app: &App, reach: Reach, query: wire::LiveQuery) -> Result<Filter, Problem> {
    let wrong = |name: &'static str| move |why: keyward_core::ids::BadId| Problem::parameter(name, why.to_string());
    let mut filter = Filter::default();
    if let Reach::Account(own) = reach {
        filter.account = Some(own);
    }
    if let Some(id) = query.account_id {
        filter.account = Some(accounts::get(app, reach, id.parse().map_err(wrong("account_id"))?).await?.id);
    }
    if let Some(id) = query.key_id {
        filter.key = Some(keys::get(app, reach, id.parse().map_err(wrong("key_id"))?).await?.id);
    }
    if let Some(api) = query.api {
        let name = app.logs.names().find(&api).filter(|name| !name.is_none());
        filter.api = Some(name.ok_or_else(|| Problem::parameter("api", "there is no such API"))?);
    }
    Ok(filter)
}

impl From<Tick> for wire::LiveTick {
    fn from(tick: Tick) -> Self {
        let key = |key: KeyTick| wire::LiveKey {
            key_id: key.key.to_string(),
            name: key.name,
            requests: key.requests,
            refused: key.refused,
            limits: key
                .limits
                .into_iter()
                .map(|(name, status)| wire::LiveLimit {
                    name,
                    limit: status.limit,
                    remaining: status.remaining,
                    reset_at: words::at(status.reset_at),
                })
                .collect(),
        };
        Self {
            over_ms: tick.over_ms,
            requests: tick.requests,
            per_second: tick.per_second,
            outcomes: tick.outcomes.into_iter().map(|(outcome, requests)| (outcome.to_owned(), requests)).collect(),
            missed: tick.missed,
            keys: tick.keys.into_iter().map(key).collect(),
            more_keys: tick.more_keys as u64,
        }
    }
}
