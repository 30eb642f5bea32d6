//! The log of what was sent and what came back.

use keyward_core::ids::{AccountId, ParcelId, WebhookId};
use keyward_core::time::{DAY_MS, UnixMs};

use super::{row, store};
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::db::Conn;
use crate::operation::{Cursor, OpError, Page, Paged, damaged};
use crate::outbox::{self, Channel};

/// How long attempts are kept.
const KEPT_MS: i64 = 30 * DAY_MS;
/// Most attempts that are kept of one webhook.
const KEPT_MAX: i64 = 2_000;

/// One attempt, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) endpoint_id: String,
    pub(super) parcel_id: String,
    pub(super) kind: String,
    pub(super) nth: i64,
    pub(super) at: i64,
    pub(super) took_ms: i64,
    pub(super) status: Option<i64>,
    pub(super) error: Option<String>,
}

/// One attempt, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// What was sent as `webhook-id`.
    pub parcel: ParcelId,
    /// Its `type`.
    pub kind: String,
    /// Which attempt, from 1.
    pub attempt: i64,
    /// When it began.
    pub at: UnixMs,
    /// How long it took.
    pub took_ms: i64,
    /// What was answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Which attempts to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Of this parcel alone.
    pub parcel: Option<ParcelId>,
}

impl Attempt {
    pub(super) fn view(&self) -> sqlx::Result<DeliveryView> {
        Ok(DeliveryView {
            parcel: self.parcel_id.parse().map_err(|_| damaged("an attempt's parcel"))?,
            kind: self.kind.clone(),
            attempt: self.nth,
            at: UnixMs(self.at),
            took_ms: self.took_ms,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            error: self.error.clone(),
        })
    }
}

/// The attempts to tell a webhook anything, newest first.
pub async fn deliveries(
    app: &App,
    reach: Reach,
    (account, id): (AccountId, WebhookId),
    filter: DeliveryFilter,
    page: Page,
) -> Result<Paged<DeliveryView>, OpError> {
    let row = row(app, reach, account, id).await?;
    let fetch = page.fetch()?;
    let parcel = filter.parcel.map(|parcel| parcel.to_string());
    let attempts = store::attempts(&mut app.db.conn().await?, &row.id, parcel, fetch).await?;
    let cut = page.cut(attempts, |attempt| Cursor { at: attempt.at, id: attempt.id.clone() });
    let items = cut.items.iter().map(Attempt::view).collect::<sqlx::Result<_>>()?;
    Ok(Paged { items, next_cursor: cut.next_cursor })
}

/// Sends a parcel again, whether it arrived or was given up.
pub async fn resend(
    app: &App,
    reach: Reach,
    actor: Actor,
    (account, id): (AccountId, WebhookId),
    parcel: ParcelId,
) -> Result<(), OpError> {
    let row = row(app, reach, account, id).await?;
    let own = Reach::Account(account);
    let seen = outbox::get(app, own, parcel).await?;
    if seen.channel != Channel::Webhook || seen.target != row.id {
        return Err(OpError::NotFound);
    }
    outbox::resend(app, own, actor, parcel).await.map(drop)
}

pub(super) async fn keep(conn: &mut Conn, attempt: &Attempt) -> sqlx::Result<()> {
    store::insert_attempt(conn, attempt, KEPT_MAX).await
}

/// Writes down what became of an attempt that was written down before.
pub(super) async fn finish(conn: &mut Conn, attempt: &Attempt) -> sqlx::Result<()> {
    store::finish_attempt(conn, attempt).await
}

/// Drops what has been kept for long enough.
pub(crate) async fn sweep(conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    store::sweep(conn, now.plus(-KEPT_MS)).await
}
