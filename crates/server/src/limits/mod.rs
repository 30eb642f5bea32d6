//! Limits and quotas: where the counters live, and how a request takes from all of its own at once (promise P4).
//!
//! Counters live in a file that is mapped into memory and shared with the kernel: a killed process forgets nothing.
//! They are divided into shards by holder, each behind a lock that is held for tens of nanoseconds: looking at all
//! limits of a request and taking from all of them is one step to everybody else, and an outgrown table is moved
//! without anybody seeing half of it. Nothing here reads a clock, waits for the disk (but [`Limits::sync`]) or knows
//! what a refusal looks like.

mod arena;
mod file;
mod fixed;
mod locked;
mod quota;
mod saved;
mod shard;
mod sliding;
mod tag;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::terms::Terms;
use keyward_core::time::UnixMs;

pub use self::saved::QuotaUse;

use self::arena::Arena;
use self::locked::Locked;
use self::shard::Shard;
use self::tag::SHARDS;
use crate::authorize::Statuses;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The key that a request showed.
    pub key: KeyId,
    /// The account it belongs to.
    pub account: AccountId,
}

/// A limit or quota said no; nothing was taken from any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Which one: its place among the terms' limits, followed by their quotas. Of several, the one that will say no
    /// the longest.
    pub at: usize,
    /// After how long the same cost would be admitted, as far as this one is concerned; `None` if never again.
    pub retry_after_ms: Option<i64>,
}

/// Where the counts came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They are in memory only.
    Memory,
    /// There was no file.
    New,
    /// From the file.
    Continued,
    /// The file could not be read and is now here; all limits count from zero.
    SetAside(PathBuf),
}

/// All counters of this node.
#[derive(Debug)]
pub struct Limits {
    arena: Arena,
    shards: Box<[Padded]>,
    origin: Origin,
    syncing: Mutex<()>,
    /// Held, never read.
    _lock: Option<File>,
}

/// A shard in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Padded(Mutex<Shard>);

impl Limits {
    /// Counters that end with the process.
    pub fn in_memory() -> io::Result<Self> {
        Ok(Self::with(Arena::in_memory()?, Origin::Memory, None))
    }

    fn with(arena: Arena, origin: Origin, lock: Option<File>) -> Self {
        let shards = (0..SHARDS).map(|_| Padded::default()).collect();
        Self { arena, shards, origin, syncing: Mutex::new(()), _lock: lock }
    }

    /// Where the counts came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many counters there are.
    pub fn counters(&self) -> usize {
        let count = |index| {
            let shard = self.lock(index);
            shard.narrow.filled() + shard.wide.filled()
        };
        (0..SHARDS).map(count).sum()
    }

    /// Takes `cost` from every limit and quota, or from none. `out` tells how each stands after it.
    #[inline]
    pub fn take(
        &self,
        holder: Holder,
        terms: &Terms,
        cost: u32,
        now: UnixMs,
        out: &mut Statuses,
    ) -> Result<(), Refused> {
        out.clear();
        if terms.limits.is_empty() && terms.quotas.is_empty() {
            return Ok(());
        }
        let Some(mut locked) = Locked::new(self, holder, terms) else { return Ok(()) };
        let now = locked.advance(now);
        if cost == 0 {
            locked.look(terms, now, out);
            return Ok(());
        }
        locked.reserve(now);
        if locked.take(terms, cost, now, out) {
            return Ok(());
        }
        locked.look(terms, now, out);
        Err(locked.refusal(terms, cost, now))
    }

    /// Tells how each limit and quota stands, and takes nothing.
    pub fn peek(&self, holder: Holder, terms: &Terms, now: UnixMs, out: &mut Statuses) {
        out.clear();
        if let Some(mut locked) = Locked::new(self, holder, terms) {
            let now = locked.advance(now);
            locked.look(terms, now, out);
        }
    }

    /// A panic can't leave a shard half changed: between two stores nothing panics.
    #[inline]
    fn lock(&self, index: usize) -> MutexGuard<'_, Shard> {
        self.shards[index].0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
