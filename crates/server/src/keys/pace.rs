//! How often somebody may have secrets shown again: whoever steals a session shall not read them all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use keyward_core::time::{HOUR_MS, UnixMs};

use crate::operation::OpError;

/// Most reveals of one actor in any hour.
const REVEALS_MAX: usize = 60;
/// Most actors that are counted at once; while so many reveal, one more has to wait.
const ACTORS_MAX: usize = 4_096;
/// How long somebody waits who is not counted yet, in milliseconds.
const FULL_MS: i64 = 60_000;

/// The last hour's reveals of each actor, of this node.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<String, VecDeque<UnixMs>>>);

impl Pace {
    /// Counts a reveal, or refuses it.
    pub(super) fn take(&self, actor: &str, now: UnixMs) -> Result<(), OpError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &UnixMs| now.since(*at) >= HOUR_MS;
        if !all.contains_key(actor) && all.len() >= ACTORS_MAX {
            all.retain(|_, times| times.back().is_some_and(|last| !is_old(last)));
            if all.len() >= ACTORS_MAX {
                return Err(too_many(FULL_MS));
            }
        }
        let times = all.entry(actor.to_owned()).or_default();
        while times.front().is_some_and(is_old) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= REVEALS_MAX => Err(too_many(HOUR_MS - now.since(*first))),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

fn too_many(wait_ms: i64) -> OpError {
    OpError::TooMany {
        code: "too_many_reveals",
        message: format!("at most {REVEALS_MAX} secrets are shown again in an hour"),
        retry_after_s: (wait_ms.max(0) as u64).div_ceil(1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    #[test]
    fn sixty_in_any_hour_and_the_wait_is_said() {
        let pace = Pace::default();
        for at in 0..60 {
            assert!(pace.take("a", NOW.plus(at * 1_000)).is_ok());
        }
        let wait = |at| match pace.take("a", at) {
            Err(OpError::TooMany { retry_after_s, .. }) => Some(retry_after_s),
            _ => None,
        };
        assert_eq!(wait(NOW.plus(60_000)), Some(3_540));
        assert!(pace.take("b", NOW.plus(60_000)).is_ok(), "others are counted apart");
        assert_eq!(wait(NOW.plus(HOUR_MS - 1)), Some(1));
        assert_eq!(wait(NOW.plus(HOUR_MS)), None, "the first is an hour old");
        assert_eq!(wait(NOW.plus(HOUR_MS)), Some(1), "the second is not");
    }

    #[test]
    fn so_many_actors_are_counted_and_no_more() {
        let pace = Pace::default();
        for actor in 0..ACTORS_MAX {
            assert!(pace.take(&actor.to_string(), NOW).is_ok());
        }
        assert!(pace.take("one more", NOW).is_err());
        assert!(pace.take("0", NOW).is_ok(), "who is counted goes on");
        assert!(pace.take("one more", NOW.plus(HOUR_MS)).is_ok(), "the others' hour is over");
    }
}
