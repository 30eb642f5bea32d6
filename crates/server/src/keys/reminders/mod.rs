//! Reminders: keys that near their end are told of at the marks that their account has set, and once more when they
//! have ended (rows r27, r28).
//!
//! A key that ends has one reminder, which knows when to look at it next: nobody walks over all keys. Each mark is told
//! once for each instant at which the key ends. Of several that have passed meanwhile (the program was not running, the
//! end was moved), the latest alone is told: the others would say what is no longer so.

mod store;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::KeyState;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use serde_json::json;

use super::row::KeyRow;
use super::store as keys_store;
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::notices::{self, Kind, Notice};
use crate::operation::{OpError, damaged};
use store::ReminderRow;

/// Most reminders that one round looks at.
const BATCH_MAX: i64 = 100;

/// What is to be told of a key at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// So many days before its end.
    Before(u32),
    /// It has ended.
    Ended,
}

/// What a look at a reminder finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    /// What is to be told now.
    tell: Option<Mark>,
    /// When to look again; `None`: never.
    next: Option<UnixMs>,
    /// Whatever was to be told until then is settled.
    since: UnixMs,
}

/// What there is to do at `now` about a key that ends at `end`, where all up to `since` is settled and nobody wants to be
/// reminded until `snoozed`.
fn look(end: UnixMs, days: &[u32], since: UnixMs, snoozed: Option<UnixMs>, now: UnixMs) -> Look {
    if now >= end {
        let tell = (since < end).then_some(Mark::Ended);
        return Look { tell, next: None, since: now };
    }
    let at = |days: u32| UnixMs(end.0 - i64::from(days) * DAY_MS);
    if let Some(until) = snoozed.filter(|until| *until > now) {
        // What falls into that time is told after it, if it is still to come.
        return Look { tell: None, next: Some(until.min(end)), since };
    }
    let passed = days.iter().copied().filter(|days| at(*days) > since && at(*days) <= now);
    let next = days.iter().map(|days| at(*days)).filter(|at| *at > now).min().unwrap_or(end);
    Look { tell: passed.min().map(Mark::Before), next: Some(next), since: now }
}

/// Keeps the reminder of a key that was made or whose end was moved: only later marks are told (row r27).
pub(super) async fn keep(tx: &mut Tx, row: &KeyRow) -> Result<(), OpError> {
    let (Some(end), true) = (row.expires_at.map(UnixMs), row.state()? != KeyState::Revoked) else {
        return Ok(store::delete(tx.conn(), &row.id).await?);
    };
    let settings = notices::settings_in(tx.conn(), row.account()?).await?;
    let now = tx.now();
    let found = look(end, &settings.expiry_days(), now, None, now);
    store::put(tx.conn(), row, end, now, found.next.unwrap_or(end)).await?;
    Ok(())
}

/// Forgets the reminder of a key that is being deleted.
pub(super) async fn forget(tx: &mut Tx, key: &str) -> Result<(), OpError> {
    Ok(store::delete(tx.conn(), key).await?)
}

/// Forgets all of an account that is being deleted.
pub(super) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    Ok(store::delete_all(tx.conn(), account).await?)
}

/// Keeps until when nobody wants to be reminded of a key.
pub(super) async fn snooze(tx: &mut Tx, key: &str, until: Option<UnixMs>) -> Result<(), OpError> {
    let (now, by) = (tx.now(), tx.actor().who.clone());
    Ok(store::snooze(tx.conn(), key, until, &by, now).await?)
}

/// Looks at all of an account's reminders again, soon: it wants other marks.
pub(crate) async fn remind_anew(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    let now = tx.now();
    Ok(store::all_due(tx.conn(), account, now).await?)
}

/// Looks at a key again at once: what it may be told of has changed.
pub(super) async fn look_again(tx: &mut Tx, key: &str) -> Result<(), OpError> {
    let now = tx.now();
    Ok(store::due_at(tx.conn(), key, now).await?)
}

/// Tells of keys that are due; how many were looked at. The worker calls it again at once unless it is none.
pub async fn remind_once(app: &App) -> Result<usize, OpError> {
    let mut due = store::due(&mut app.db.conn().await?, app.clock.now(), BATCH_MAX).await?;
    due.sort_by(|a, b| (&a.account_id, &a.key_id).cmp(&(&b.account_id, &b.key_id)));
    // One account after the other: nobody else's change waits for all of them.
    for group in due.chunk_by(|a, b| a.account_id == b.account_id) {
        let account = group[0].account_id.parse().map_err(|_| damaged("a reminder's account"))?;
        let keys: Vec<String> = group.iter().map(|row| row.key_id.clone()).collect();
        remind_all(app, account, keys).await?;
    }
    Ok(due.len())
}

/// All of these, or, where one of them can't be told of, each of the others.
async fn remind_all(app: &App, account: AccountId, keys: Vec<String>) -> Result<(), OpError> {
    match remind_in_one(app, account, keys.clone()).await {
        Err(error) if error.is_of_the_store() => return Err(error),
        Err(error) if keys.len() == 1 => return postpone(app, &keys[0], &error).await,
        Err(_) => {}
        Ok(()) => return Ok(()),
    }
    for key in keys {
        match remind_in_one(app, account, vec![key.clone()]).await {
            Err(error) if error.is_of_the_store() => return Err(error),
            Err(error) => postpone(app, &key, &error).await?,
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn remind_in_one(app: &App, account: AccountId, keys: Vec<String>) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes.run(Actor::system(), move |tx| Box::pin(async move { remind(&inner, tx, account, &keys).await })).await
}

/// One that can't be told of is tried again later, and is in nobody's way meanwhile.
async fn postpone(app: &App, key: &str, error: &OpError) -> Result<(), OpError> {
    tracing::error!(%error, key, "a key that nears its end can't be told of; trying again in an hour");
    let later = app.clock.now().plus(HOUR_MS);
    Ok(store::due_at(&mut app.db.conn().await?, key, later).await?)
}

/// Looks at reminders of one account, now that nobody else does.
async fn remind(app: &App, tx: &mut Tx, account: AccountId, keys: &[String]) -> Result<(), OpError> {
    accounts::lock(tx, Reach::All, account).await?;
    let days = notices::settings_in(tx.conn(), account).await?.expiry_days();
    let now = tx.now();
    for key in keys {
        // Another node, or a change to the key, may have been quicker.
        let Some(row) = store::get(tx.conn(), key).await?.filter(|row| row.due_at <= now.0) else { continue };
        let found = look(UnixMs(row.expires_at), &days, UnixMs(row.since), row.snoozed_until.map(UnixMs), now);
        let is_settled = match found.tell {
            Some(mark) => tell(app, tx, account, &row, mark).await?,
            None => true,
        };
        let since = if is_settled { found.since } else { UnixMs(row.since) };
        match found.next {
            Some(next) => store::settle(tx.conn(), key, since, next).await?,
            None => store::delete(tx.conn(), key).await?,
        }
    }
    Ok(())
}

/// False where nobody is told: then it is still to be told, should the key be switched on again in time.
async fn tell(app: &App, tx: &mut Tx, account: AccountId, row: &ReminderRow, mark: Mark) -> Result<bool, OpError> {
    let id: KeyId = row.key_id.parse().map_err(|_| damaged("a reminder's key"))?;
    let key = keys_store::get(tx.conn(), Some(account), id).await?.ok_or_else(|| damaged("a reminder's key"))?;
    // One that is switched off, or has no secret yet, can surprise nobody.
    if key.state()? != KeyState::Active {
        return Ok(false);
    }
    let (ends_at, now) = (UnixMs(row.expires_at), tx.now());
    let end = ends_at.rfc3339();
    let notice = match mark {
        Mark::Before(days) => {
            // As many as there are left, should it be told late.
            let left = (ends_at.since(now) + DAY_MS - 1).div_euclid(DAY_MS);
            Notice::of_key(Kind::KeyExpiring, account, id, format_args!("{end} {days}"))
                .with(json!({ "expires_at": end, "days": left }))
        }
        Mark::Ended => Notice::of_key(Kind::KeyExpired, account, id, &end).with(json!({ "expires_at": end })),
    };
    notices::raise(app, tx, notice).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MADE: UnixMs = UnixMs(1_772_360_100_000);
    const DAYS: [u32; 3] = [30, 7, 1];

    fn after(days: i64) -> UnixMs {
        MADE.plus(days * DAY_MS)
    }

    #[test]
    fn r27_a_key_made_inside_a_window_is_told_of_at_later_marks_only() {
        let end = after(10);
        let made = look(end, &DAYS, MADE, None, MADE);
        assert_eq!((made.tell, made.next), (None, Some(after(3))), "30 days before it was not there yet");
        let seven = look(end, &DAYS, made.since, None, after(3));
        assert_eq!((seven.tell, seven.next), (Some(Mark::Before(7)), Some(after(9))));
        let one = look(end, &DAYS, seven.since, None, after(9));
        assert_eq!((one.tell, one.next), (Some(Mark::Before(1)), Some(end)));
        let ended = look(end, &DAYS, one.since, None, end);
        assert_eq!((ended.tell, ended.next), (Some(Mark::Ended), None));
    }

    #[test]
    fn of_marks_that_passed_unseen_the_latest_alone_is_told() {
        let end = after(100);
        assert_eq!(look(end, &DAYS, MADE, None, after(95)).tell, Some(Mark::Before(7)));
        assert_eq!(look(end, &DAYS, MADE, None, after(200)).tell, Some(Mark::Ended));
    }

    #[test]
    fn what_falls_into_a_snooze_is_told_after_it() {
        let end = after(40);
        let asleep = look(end, &DAYS, MADE, Some(after(20)), after(10));
        assert_eq!((asleep.tell, asleep.next, asleep.since), (None, Some(after(20)), MADE));
        let awake = look(end, &DAYS, asleep.since, Some(after(20)), after(20));
        assert_eq!((awake.tell, awake.next), (Some(Mark::Before(30)), Some(after(33))));
        // Its end is told however long somebody sleeps.
        let long = look(end, &DAYS, MADE, Some(after(400)), after(10));
        assert_eq!(long.next, Some(end));
        assert_eq!(look(end, &DAYS, MADE, Some(after(400)), end).tell, Some(Mark::Ended));
    }

    proptest! {
        /// However often and whenever one looks: each mark at most once, in order, the end exactly once.
        #[test]
        fn each_mark_is_told_at_most_once_and_the_end_exactly_once(
            life_h in 1_i64..20_000,
            steps in proptest::collection::vec(0_i64..400, 1..80),
        ) {
            let end = MADE.plus(life_h * 3_600_000);
            let (mut now, mut since, mut told) = (MADE, MADE, Vec::new());
            let mut is_over = false;
            for step in steps.into_iter().chain([30_000]) {
                now = now.plus(step * 3_600_000);
                if is_over {
                    break;
                }
                let found = look(end, &DAYS, since, None, now);
                prop_assert!(found.next.is_none_or(|next| next > now), "it would look for ever");
                told.extend(found.tell);
                since = found.since;
                is_over = found.next.is_none();
            }
            prop_assert!(is_over);
            prop_assert_eq!(told.last(), Some(&Mark::Ended));
            let before: Vec<u32> = told.iter().filter_map(|mark| match mark {
                Mark::Before(days) => Some(*days),
                Mark::Ended => None,
            }).collect();
            prop_assert_eq!(told.len(), before.len() + 1);
            prop_assert!(before.windows(2).all(|two| two[0] > two[1]));
        }
    }
}
