//! One round of a worker: claim, send, mark.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use keyward_core::ids::ParcelId;
use keyward_core::time::{MINUTE_MS, UnixMs};

use super::pace::{backoff_ms, patience_ms};
use super::store::{self, Claimed, Outcome};
use super::{Channel, Parcel, Sent, State, place};
use crate::app::App;
use crate::mail;
use crate::operation::OpError;
use crate::vault;
use crate::webhooks;

/// Most parcels that one claim takes.
const BATCH_MAX: i64 = 16;
/// Most that one worker sends at once.
const AT_ONCE_MAX: usize = 8;
/// No attempt takes longer, whatever its sender waits for.
const SEND_MAX: Duration = Duration::from_secs(65);
const SEND_MAX_MS: i64 = 65_000;
/// For how long a claim holds: longer than all of a batch may take.
const CLAIM_MS: i64 = 5 * MINUTE_MS;
/// Most letters that are kept of what went wrong.
const ERROR_CHARS_MAX: usize = 500;

/// One round over all channels; how many parcels were taken up. The worker calls it again at once unless it is none.
pub async fn work_once(app: &App) -> Result<usize, OpError> {
    let mut count = 0;
    for channel in Channel::ALL {
        count += work(app, channel).await?;
    }
    Ok(count)
}

/// One round over one channel.
pub(super) async fn work(app: &App, channel: Channel) -> Result<usize, OpError> {
    let _turn = app.outbox.turn(channel).await;
    let now = app.clock.now();
    // Without a mail server the parcels of an earlier one wait for the next.
    let is_off = channel == Channel::Mail && app.config.mail.is_none();
    if is_off || app.outbox.rests(channel, now) {
        return Ok(0);
    }
    let most = if app.outbox.is_away(channel) { 1 } else { BATCH_MAX };
    let (claim, ids) = claim(app, channel, now, most).await?;
    let count = ids.len();
    let claim = claim.as_str();
    let results: Vec<_> =
        stream::iter(ids).map(|id| one(app, channel, id, claim)).buffer_unordered(AT_ONCE_MAX).collect().await;
    results.into_iter().collect::<Result<(), _>>()?;
    Ok(count)
}

/// Claims parcels that are due. Looking first costs no lock where there is nothing to do.
async fn claim(app: &App, channel: Channel, now: UnixMs, most: i64) -> sqlx::Result<(String, Vec<ParcelId>)> {
    let mut conn = app.db.conn().await?;
    if !store::is_any_due(&mut conn, channel, now).await? {
        return Ok((String::new(), vec![]));
    }
    let mut random = [0_u8; 16];
    vault::random(&mut random);
    let claim = vault::hex(&random);
    let ids = store::claim(&mut conn, channel, &claim, now, now.plus(CLAIM_MS), most).await?;
    Ok((claim, ids))
}

/// Sends one claimed parcel and marks what became of it.
async fn one(app: &App, channel: Channel, id: ParcelId, claim: &str) -> Result<(), OpError> {
    // Read now, not when it was claimed: whoever paused for too long has lost the claim, and must not send.
    let enough = app.clock.now().plus(SEND_MAX_MS);
    let found = store::claimed(&mut app.db.conn().await?, id, claim, enough).await?;
    let Some(claimed) = found else {
        tracing::info!(parcel = %id, "another worker has taken this parcel over");
        return Ok(());
    };
    let (attempt, since) = (claimed.attempts + 1, claimed.since);
    let sent = match open(app, claimed, attempt) {
        Ok(parcel) => try_to_send(app, channel, &parcel).await,
        Err(why) => Sent::Never(why.into()),
    };
    mark(app, channel, id, claim, judge(app, channel, sent, attempt, since)).await
}

fn open(app: &App, claimed: Claimed, attempt: i64) -> Result<Parcel, &'static str> {
    let link = claimed.sealed.map(|sealed| app.vault.unseal_text(&place(claimed.id), &sealed));
    let link = link.transpose().map_err(|_| "its link can't be opened: the key-encryption key is another")?;
    Ok(Parcel { id: claimed.id, target: claimed.target, notice: claimed.notice, link, attempt })
}

/// One attempt, bounded in time; a sender that panics has failed.
async fn try_to_send(app: &App, channel: Channel, parcel: &Parcel) -> Sent {
    tracing::debug!(parcel = %parcel.id, attempt = parcel.attempt, "sending");
    let sending = async {
        match channel {
            Channel::Mail => mail::send(app, parcel).await,
            Channel::Webhook => webhooks::send(app, parcel).await,
        }
    };
    match tokio::time::timeout(SEND_MAX, AssertUnwindSafe(sending).catch_unwind()).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => Sent::Again("sending it failed; this is a fault of Keyward".into()),
        Err(_) => Sent::Again("no answer in time".into()),
    }
}

/// What the store shall say of it from now on.
fn judge(app: &App, channel: Channel, sent: Sent, attempt: i64, since: UnixMs) -> Outcome {
    let now = app.clock.now();
    let is_over = now.0 - since.0 >= patience_ms(channel);
    let (state, attempts, due_at, error) = match sent {
        Sent::Done => {
            app.outbox.back(channel);
            (State::Sent, attempt, now, None)
        }
        Sent::Never(why) => {
            app.outbox.back(channel);
            (State::Dead, attempt, now, Some(why))
        }
        Sent::Again(why) => {
            app.outbox.back(channel);
            (State::Waiting, attempt, now.plus(backoff_ms(attempt, random())), Some(why))
        }
        Sent::Away(why, pause_ms) => {
            let until = now.plus(pause_ms);
            app.outbox.away_until(channel, until);
            // Nobody was there to refuse it: this was no attempt.
            (State::Waiting, attempt - 1, until, Some(why))
        }
    };
    let state = if is_over && state == State::Waiting { State::Dead } else { state };
    let error = error.map(|why| tidy(&why));
    Outcome { state, attempts, due_at, error, now }
}

async fn mark(app: &App, channel: Channel, id: ParcelId, claim: &str, outcome: Outcome) -> Result<(), OpError> {
    match outcome.state {
        State::Dead => {
            let why = outcome.error.as_deref();
            tracing::error!(parcel = %id, channel = channel.as_str(), why, "given up; see `keyward outbox list`");
        }
        State::Waiting => {
            let why = outcome.error.as_deref();
            tracing::warn!(parcel = %id, channel = channel.as_str(), why, "not sent yet; trying again later");
        }
        State::Held | State::Folded | State::Sent => {}
    }
    if !store::mark(&mut app.db.conn().await?, id, claim, &outcome).await? {
        tracing::warn!(parcel = %id, "sent, but another worker has taken it over: it may arrive twice");
    }
    Ok(())
}

fn random() -> u32 {
    let mut bytes = [0_u8; 4];
    vault::random(&mut bytes);
    u32::from_be_bytes(bytes)
}

/// What another server said, on one line and of bounded length.
fn tidy(why: &str) -> String {
    let letters = why.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.take(ERROR_CHARS_MAX).collect()
}
