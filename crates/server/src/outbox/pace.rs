//! When the next attempt is, and when there is none.

use std::sync::atomic::{AtomicI64, Ordering};

use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};

use super::Channel;

const BACKOFF_FIRST_MS: i64 = 30_000;
const BACKOFF_MAX_MS: i64 = 6 * HOUR_MS;

/// Until when nothing of a channel can be sent: its server does not answer. Each process knows it for itself.
#[derive(Debug, Default)]
pub struct Pace {
    mail: AtomicI64,
    webhook: AtomicI64,
    /// Held by whoever works on a channel: in one process one at a time, so that whoever asks for a round finds all
    /// done that was due.
    turns: [tokio::sync::Mutex<()>; 2],
}

impl Pace {
    /// Waits for whoever else of this process works on the channel.
    pub(super) async fn turn(&self, channel: Channel) -> tokio::sync::MutexGuard<'_, ()> {
        let [mail, webhook] = &self.turns;
        match channel {
            Channel::Mail => mail.lock().await,
            Channel::Webhook => webhook.lock().await,
        }
    }

    fn of(&self, channel: Channel) -> &AtomicI64 {
        match channel {
            Channel::Mail => &self.mail,
            Channel::Webhook => &self.webhook,
        }
    }

    /// Whether it is too early to ask again.
    pub(super) fn rests(&self, channel: Channel, now: UnixMs) -> bool {
        self.of(channel).load(Ordering::Relaxed) > now.0
    }

    /// Whether the last attempt found nobody: then one parcel goes ahead and the others follow.
    pub(super) fn is_away(&self, channel: Channel) -> bool {
        self.of(channel).load(Ordering::Relaxed) != 0
    }

    pub(super) fn away_until(&self, channel: Channel, until: UnixMs) {
        self.of(channel).fetch_max(until.0, Ordering::Relaxed);
    }

    pub(super) fn back(&self, channel: Channel) {
        self.of(channel).store(0, Ordering::Relaxed);
    }
}

/// How long to wait after the nth attempt, from 1: doubled each time up to a maximum, and of that between half and
/// all, so that what failed together does not come again together. `random` is any number.
pub(super) fn backoff_ms(attempt: i64, random: u32) -> i64 {
    let doublings = u32::try_from(attempt.max(1) - 1).unwrap_or(u32::MAX).min(20);
    let full = BACKOFF_FIRST_MS.saturating_mul(1 << doublings).min(BACKOFF_MAX_MS);
    full / 2 + i64::from(random) % (full / 2 + 1)
}

/// For how long a parcel is tried.
pub(super) const fn patience_ms(channel: Channel) -> i64 {
    match channel {
        Channel::Mail => 7 * DAY_MS,
        Channel::Webhook => 3 * DAY_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_wait_is_half_a_minute_at_most_and_the_longest_six_hours() {
        assert_eq!((backoff_ms(1, 0), backoff_ms(1, 15_000), backoff_ms(2, 0)), (15_000, 30_000, 30_000));
        assert_eq!(backoff_ms(60, 0), BACKOFF_MAX_MS / 2);
    }

    proptest! {
        #[test]
        fn every_wait_is_within_bounds(attempt in i64::MIN..i64::MAX, random: u32) {
            let wait = backoff_ms(attempt, random);
            prop_assert!((BACKOFF_FIRST_MS / 2..=BACKOFF_MAX_MS).contains(&wait));
        }
    }

    #[test]
    fn a_channel_rests_until_its_time_and_then_sends_one_ahead() {
        let pace = Pace::default();
        pace.away_until(Channel::Mail, UnixMs(1_000));
        assert!(pace.rests(Channel::Mail, UnixMs(999)) && !pace.rests(Channel::Mail, UnixMs(1_000)));
        assert!(pace.is_away(Channel::Mail) && !pace.is_away(Channel::Webhook));
        pace.back(Channel::Mail);
        assert!(!pace.is_away(Channel::Mail));
    }
}
