//! `/v1/outbox`.

use axum::Json as Body;
use axum::extract::State as Of;
use keyward_core::ids::ParcelId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Channel, ParcelFilter, ParcelView, State};
use crate::app::App;
use crate::http::{Caller, ObjectId, Problem, Query};
use crate::http::{id_parameter, list_problem, page_of, wire_page, words};

/// The routes of the outbox.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(resend))
}

const fn channel(channel: Channel) -> wire::Channel {
    match channel {
        Channel::Mail => wire::Channel::Mail,
        Channel::Webhook => wire::Channel::Webhook,
    }
}

const fn read_channel(channel: wire::Channel) -> Channel {
    match channel {
        wire::Channel::Mail => Channel::Mail,
        wire::Channel::Webhook => Channel::Webhook,
    }
}

const fn state(state: State) -> wire::ParcelState {
    match state {
        State::Waiting => wire::ParcelState::Waiting,
        State::Held => wire::ParcelState::Held,
        State::Folded => wire::ParcelState::Folded,
        State::Sent => wire::ParcelState::Sent,
        State::Dead => wire::ParcelState::Dead,
    }
}

const fn read_state(state: wire::ParcelState) -> State {
    match state {
        wire::ParcelState::Waiting => State::Waiting,
        wire::ParcelState::Held => State::Held,
        wire::ParcelState::Folded => State::Folded,
        wire::ParcelState::Sent => State::Sent,
        wire::ParcelState::Dead => State::Dead,
    }
}

impl From<ParcelView> for wire::Parcel {
    fn from(view: ParcelView) -> Self {
        let waits = matches!(view.state, State::Waiting | State::Held);
        Self {
            id: view.id.to_string(),
            notice_id: view.notice.to_string(),
            kind: view.kind.as_str().into(),
            account_id: view.account.map(|id| id.to_string()),
            channel: channel(view.channel),
            to: view.target,
            state: state(view.state),
            attempts: view.attempts,
            due_at: waits.then(|| words::at(view.due_at)),
            last_error: view.last_error,
            created_at: words::at(view.created_at),
            ended_at: view.ended_at.map(words::at),
        }
    }
}

/// Lists what is on its way, arrived or was given up, newest first. What went out is forgotten after 90 days.
#[utoipa::path(get, path = "/v1/outbox", tag = "notices", operation_id = "list_outbox",
    extensions(("x-permission" = json!("settings.read"))), params(wire::OutboxQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Parcel>)))]
async fn list(
    Of(app): Of<App>,
    caller: Caller,
    Query(query): Query<wire::OutboxQuery>,
) -> Result<Body<wire::Page<wire::Parcel>>, Problem> {
    let account = id_parameter("account_id", query.account_id)?;
    let page = page_of(query.limit, query.cursor);
    let filter = ParcelFilter { account, state: query.state.map(read_state), channel: query.channel.map(read_channel) };
    Ok(wire_page(super::list(&app, caller.reach, filter, page).await.map_err(list_problem)?))
}

/// Sends something once more that arrived or was given up. What carries a link that works once is not kept: make a
/// new invitation instead.
#[utoipa::path(post, path = "/v1/outbox/{parcel_id}/resend", tag = "notices", operation_id = "resend_parcel",
    extensions(("x-permission" = json!("settings.write"))), params(("parcel_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Parcel>)))]
async fn resend(
    Of(app): Of<App>,
    caller: Caller,
    ObjectId(id): ObjectId<ParcelId>,
) -> Result<Body<wire::Changed<wire::Parcel>>, Problem> {
    let view = super::resend(&app, caller.reach, caller.actor, id).await?;
    Ok(Body(wire::Changed { object: view.into(), effective: wire::Effective::All }))
}
