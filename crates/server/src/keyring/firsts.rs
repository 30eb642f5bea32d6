//! When secrets were accepted for the first time, until that is in the store. It is noted once in a secret's life, so a
//! lock is no burden.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_core::secret::Digest;
use keyward_core::time::UnixMs;

/// Most of them that wait to be saved. Of more it is told later: as of the next time that last uses are saved.
const WAITING_MAX: usize = 65_536;

/// First uses that are not in the store yet, in unix seconds.
#[derive(Default)]
pub(super) struct Firsts(Mutex<HashMap<Digest, u32>>);

impl Firsts {
    fn all(&self) -> MutexGuard<'_, HashMap<Digest, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a secret was accepted which never was before.
    pub(super) fn note(&self, digest: &Digest, second: u32) {
        let mut all = self.all();
        if all.len() < WAITING_MAX || all.contains_key(digest) {
            let first = all.entry(*digest).or_insert(second);
            *first = second.min(*first);
        }
    }

    pub(super) fn of(&self, digest: &Digest) -> Option<UnixMs> {
        self.all().get(digest).copied().map(at)
    }

    pub(super) fn waiting(&self) -> Vec<(Digest, UnixMs)> {
        self.all().iter().map(|(digest, second)| (*digest, at(*second))).collect()
    }

    pub(super) fn forget(&self, saved: &[(Digest, UnixMs)]) {
        let mut all = self.all();
        for (digest, _) in saved {
            all.remove(digest);
        }
    }
}

fn at(second: u32) -> UnixMs {
    UnixMs(i64::from(second) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(nth: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&nth.to_le_bytes());
        digest
    }

    #[test]
    fn the_earliest_counts_and_what_waits_is_bounded() {
        let firsts = Firsts::default();
        for second in [7, 5, 9] {
            firsts.note(&digest(0), second);
        }
        for nth in 0..WAITING_MAX + 3 {
            firsts.note(&digest(nth), 20);
        }
        assert_eq!((firsts.of(&digest(0)), firsts.of(&digest(WAITING_MAX))), (Some(UnixMs(5_000)), None));
        let waiting = firsts.waiting();
        assert_eq!(waiting.len(), WAITING_MAX);
        firsts.forget(&waiting[1..]);
        assert_eq!(firsts.waiting(), waiting[..1]);
        firsts.note(&digest(WAITING_MAX), 30);
        assert_eq!(firsts.of(&digest(WAITING_MAX)), Some(UnixMs(30_000)));
    }
}
