//! Reminders: keys that near their end are told of at the marks that their account has set, and once more when they
//! have ended (rows r27, r28).
//!
//! A key that ends has one reminder, which knows when to look at it next: nobody walks over all keys. Each mark is told
//! once for each instant at which the key ends. Of several that have passed meanwhile (the program was not running, the
//! end was moved), the latest alone is told: the others would say what is no longer so.

mod store;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::KeyState;
use keyward_core::time::{DAY_MS, UnixMs};
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
const BATCH_MAX: i64 = 500;

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

/// Tells of keys that are due; how many were looked at. The worker calls it again at once unless it is none.
pub async fn remind_once(app: &App) -> Result<usize, OpError> {
    let due = store::due(&mut app.db.conn().await?, app.clock.now(), BATCH_MAX).await?;
    let count = due.len();
    // One change for each account: they can share a commit.
    let changes = due.chunk_by(|a, b| a.account_id == b.account_id).map(|group| {
        let inner = app.clone();
        let account = group[0].account_id.parse().map_err(|_| damaged("a reminder's account"));
        let keys: Vec<String> = group.iter().map(|row| row.key_id.clone()).collect();
        async move {
            let account: AccountId = account?;
            let told = app
                .changes
                .run(Actor::system(), move |tx| Box::pin(async move { remind(&inner, tx, account, &keys).await }));
            match told.await {
                // Deleted since.
                Err(OpError::NotFound) => Ok(()),
                other => other,
            }
        }
    });
    futures_util::future::try_join_all(changes).await?;
    Ok(count)
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
        if let Some(mark) = found.tell {
            tell(app, tx, account, &row, mark).await?;
        }
        match found.next {
            Some(next) => store::settle(tx.conn(), key, found.since, next).await?,
            None => store::delete(tx.conn(), key).await?,
        }
    }
    Ok(())
}

async fn tell(app: &App, tx: &mut Tx, account: AccountId, row: &ReminderRow, mark: Mark) -> Result<(), OpError> {
    let id: KeyId = row.key_id.parse().map_err(|_| damaged("a reminder's key"))?;
    let key = keys_store::get(tx.conn(), Some(account), id).await?.ok_or_else(|| damaged("a reminder's key"))?;
    // One that is switched off, or has no secret yet, can surprise nobody.
    if key.state()? != KeyState::Active {
        return Ok(());
    }
    let end = UnixMs(row.expires_at).rfc3339();
    let notice = match mark {
        Mark::Before(days) => Notice::of_key(Kind::KeyExpiring, account, id, format_args!("{end} {days}"))
            .with(json!({ "expires_at": end, "days": days })),
        Mark::Ended => Notice::of_key(Kind::KeyExpired, account, id, &end).with(json!({ "expires_at": end })),
    };
    notices::raise(app, tx, notice).await
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
