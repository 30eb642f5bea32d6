//! One attempt: signed, sent, written down.

use keyward_core::ids::{AccountId, ParcelId, WebhookId};
use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::{Value, json};

use super::attempts::{self, Attempt, DeliveryView};
use super::store::EndpointRow;
use super::{facts, hold, note, signing, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::http::outward::Outgoing;
use crate::notices::{self, Kind, Notice, Raised};
use crate::operation::{OpError, new_id};
use crate::outbox::{Parcel, Sent};

/// Without one success for so long, a webhook is switched off.
const FAILING_MS_MAX: i64 = 5 * DAY_MS;
/// A webhook that says so is gone for good.
const GONE: u16 = 410;
/// What a test is called.
const TEST: &str = "webhook.test";
/// How long between two tests of one webhook.
const TEST_EVERY_MS: i64 = 5_000;

/// What is told.
struct Event<'a> {
    parcel: ParcelId,
    nth: i64,
    kind: &'a str,
    body: Vec<u8>,
}

/// Delivers one parcel; called by the outbox's worker. Any 2xx is success; redirects are not followed.
pub(crate) async fn send(app: &App, parcel: &Parcel) -> Sent {
    match deliver(app, parcel).await {
        Ok(sent) => sent,
        Err(why) => {
            tracing::warn!(%why, parcel = %parcel.id, "a webhook could not be told");
            Sent::Again("the store failed".into())
        }
    }
}

async fn deliver(app: &App, parcel: &Parcel) -> Result<Sent, OpError> {
    let Some(row) = store::by_id(&mut app.db.conn().await?, &parcel.target).await? else {
        return Ok(Sent::Never("the webhook was deleted".into()));
    };
    if !row.enabled {
        return Ok(Sent::Never("the webhook is switched off".into()));
    }
    let kind = parcel.notice.kind.as_str();
    let event = Event { parcel: parcel.id, nth: parcel.attempt, kind, body: body(&parcel.notice) };
    let attempt = attempt(app, &row, event).await?;
    attempts::keep(&mut app.db.conn().await?, &attempt).await?;
    let Some(why) = attempt.error else {
        store::succeeded(&mut app.db.conn().await?, &row.id).await?;
        return Ok(Sent::Done);
    };
    if attempt.status == Some(i64::from(GONE)) {
        disable(app, &row, "it answered 410 Gone").await?;
        return Ok(Sent::Never(why));
    }
    let now = app.clock.now();
    store::failed(&mut app.db.conn().await?, &row.id, now).await?;
    let since = UnixMs(row.failing_since.unwrap_or(now.0));
    if now.since(since) >= FAILING_MS_MAX {
        disable(app, &row, "every attempt failed for five days").await?;
        return Ok(Sent::Never(why));
    }
    Ok(Sent::Again(why))
}

/// What is told of a notice: the same bytes in every attempt.
fn body(notice: &Raised) -> Vec<u8> {
    let data = json!({
        "id": notice.id.to_string(),
        "account_id": notice.account.map(|id| id.to_string()),
        "key_id": notice.key.map(|id| id.to_string()),
        "person_id": notice.person.map(|id| id.to_string()),
        "facts": notice.facts,
    });
    event_body(notice.kind.as_str(), notice.at, data)
}

fn event_body(kind: &str, at: UnixMs, data: Value) -> Vec<u8> {
    json!({ "type": kind, "timestamp": at.rfc3339(), "data": data }).to_string().into_bytes()
}

/// Sends once.
async fn attempt(app: &App, row: &EndpointRow, event: Event<'_>) -> Result<Attempt, OpError> {
    let began = app.clock.now();
    let id = event.parcel.to_string();
    let at_s = began.0.div_euclid(1_000);
    let secrets = signing::signers(app, row, began)?;
    let signature = signing::signatures(&secrets, &id, at_s, &event.body);
    let signature = signature.ok_or_else(|| crate::operation::damaged("a webhook's secret"))?;
    let headers =
        vec![("webhook-id", id.clone()), ("webhook-timestamp", at_s.to_string()), ("webhook-signature", signature)];
    let outgoing = Outgoing { url: row.url.clone(), body: Some(event.body), headers, read_max: 0 };
    let (status, error) = match app.outward.send(outgoing).await {
        Ok(answered) if (200..300).contains(&answered.status) => (Some(answered.status), None),
        Ok(answered) => (Some(answered.status), Some(format!("it answered {}", answered.status))),
        Err(why) => (None, Some(why.to_string())),
    };
    Ok(Attempt {
        id: new_id(began).simple().to_string(),
        endpoint_id: row.id.clone(),
        parcel_id: id,
        kind: event.kind.into(),
        nth: event.nth,
        at: began.0,
        took_ms: app.clock.now().since(began),
        status: status.map(i64::from),
        error,
    })
}

/// Switches a webhook off that will not do, and tells the account.
async fn disable(app: &App, seen: &EndpointRow, why: &'static str) -> Result<(), OpError> {
    let (inner, account, id) = (app.clone(), seen.account()?, seen.id()?);
    let seen = seen.clone();
    app.changes
        .run(Actor::system(), move |tx| Box::pin(async move { disable_in(&inner, tx, account, id, &seen, why).await }))
        .await
}

async fn disable_in(
    app: &App,
    tx: &mut Tx,
    account: AccountId,
    id: WebhookId,
    seen: &EndpointRow,
    why: &'static str,
) -> Result<(), OpError> {
    accounts::lock(tx, Reach::All, account).await?;
    // Somebody changed, switched off or deleted it meanwhile: it is no longer the one that failed.
    let Some(before) = store::get(tx.conn(), account, id).await?.filter(|row| row.version == seen.version) else {
        return Ok(());
    };
    let version = before.version + 1;
    let after = EndpointRow { enabled: false, disabled_why: Some(why.into()), version, ..before.clone() };
    store::save(tx.conn(), &after).await?;
    note(tx, "webhook.disabled", &after, Some(facts(&before)), Some(facts(&after)))?;
    let notice = Notice {
        kind: Kind::WebhookDisabled,
        account: Some(account),
        key: None,
        person: None,
        mark: format!("{} {id} {version}", Kind::WebhookDisabled.as_str()),
        facts: json!({
            "webhook_id": id.to_string(),
            "url": facts(&before)["url"],
            "since": before.failing_since.map(|at| UnixMs(at).rfc3339()),
            "why": why,
        }),
        only_to: None,
        link: None,
    };
    notices::raise(app, tx, notice).await
}

/// Tells a webhook that this is a test, at once, and says what became of it. One that is switched off can be tested;
/// its standing stays as it is.
pub async fn test(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    id: WebhookId,
) -> Result<DeliveryView, OpError> {
    let data = json!({ "account_id": account.to_string(), "webhook_id": id.to_string(), "by": actor.who });
    let begun = app.changes.run(actor, move |tx| Box::pin(async move { begin_test(tx, reach, account, id).await }));
    let (row, begun) = begun.await?;
    let parcel = begun.view()?.parcel;
    let event = Event { parcel, nth: 1, kind: TEST, body: event_body(TEST, UnixMs(begun.at), data) };
    let attempt = Attempt { id: begun.id, at: begun.at, ..attempt(app, &row, event).await? };
    attempts::finish(&mut app.db.conn().await?, &attempt).await?;
    Ok(attempt.view()?)
}

/// Writes a test down before it is sent: of two at once, one comes too early.
async fn begin_test(
    tx: &mut Tx,
    reach: Reach,
    account: AccountId,
    id: WebhookId,
) -> Result<(EndpointRow, Attempt), OpError> {
    let (row, now) = (hold(tx, reach, account, id).await?, tx.now());
    let last = store::latest(tx.conn(), &row.id, TEST).await?;
    if last.is_some_and(|last| now.since(UnixMs(last)) < TEST_EVERY_MS) {
        let message = "one test every five seconds".into();
        return Err(OpError::TooMany { code: "too_many_tests", message, retry_after_s: 5 });
    }
    let attempt = Attempt {
        id: new_id(now).simple().to_string(),
        endpoint_id: row.id.clone(),
        parcel_id: ParcelId::new(new_id(now)).to_string(),
        kind: TEST.into(),
        nth: 1,
        at: now.0,
        took_ms: 0,
        status: None,
        error: Some("no answer yet".into()),
    };
    attempts::keep(tx.conn(), &attempt).await?;
    note(tx, "webhook.tested", &row, None, Some(json!({ "parcel_id": attempt.parcel_id })))?;
    Ok((row, attempt))
}
