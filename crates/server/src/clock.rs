//! The time. Every rule is given an instant; this is where instants come from.
//!
//! The system's clock is read once; from there on the boot clock carries it forward, so that somebody who turns the
//! wall clock back revives no expired key (threat T16). A wall clock that runs ahead is followed, never one behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use keyward_core::time::UnixMs;

/// Where instants come from; cheap to clone, all clones agree.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System(Arc<SystemClock>),
    /// The demo's: runs like the machine's, from whenever it is told, and can be moved forward.
    Demo(Arc<SystemClock>),
    /// A test's: stands still until it is moved.
    Manual(Arc<AtomicI64>),
}

/// The machine's clock, never going back.
#[derive(Debug)]
pub struct SystemClock {
    /// Unix milliseconds minus boot-clock milliseconds; only ever raised.
    offset_ms: AtomicI64,
}

impl Clock {
    /// The machine's clock, not before `floor`: the latest instant the store has seen.
    pub fn system(floor: UnixMs) -> Self {
        let offset_ms = wall_ms().max(floor.0) - boot_ms();
        Self::System(Arc::new(SystemClock { offset_ms: AtomicI64::new(offset_ms) }))
    }

    /// The demo's clock, which runs from `at`.
    pub fn demo(at: UnixMs) -> Self {
        Self::Demo(Arc::new(SystemClock { offset_ms: AtomicI64::new(at.0 - boot_ms()) }))
    }

    /// A clock that stands at `at`.
    pub fn manual(at: UnixMs) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// The instant.
    pub fn now(&self) -> UnixMs {
        match self {
            Self::System(clock) | Self::Demo(clock) => UnixMs(boot_ms() + clock.offset_ms.load(Ordering::Relaxed)),
            Self::Manual(at) => UnixMs(at.load(Ordering::SeqCst)),
        }
    }

    /// The instant, and the boot clock's milliseconds by which a lease is judged, from one reading.
    pub fn read(&self) -> (UnixMs, i64) {
        let boot_ms = boot_ms();
        match self {
            Self::System(clock) | Self::Demo(clock) => {
                (UnixMs(boot_ms + clock.offset_ms.load(Ordering::Relaxed)), boot_ms)
            }
            Self::Manual(at) => (UnixMs(at.load(Ordering::SeqCst)), boot_ms),
        }
    }

    /// The instant, and the boot clock's microseconds by which durations are measured, from one reading.
    pub fn read_us(&self) -> (UnixMs, u64) {
        match self {
            Self::System(clock) | Self::Demo(clock) => {
                let boot_us = boot_us();
                (UnixMs((boot_us / 1_000) as i64 + clock.offset_ms.load(Ordering::Relaxed)), boot_us)
            }
            Self::Manual(at) => {
                let now = at.load(Ordering::SeqCst);
                (UnixMs(now), now as u64 * 1_000)
            }
        }
    }

    /// Microseconds since `began_us`, which [`Clock::read_us`] or this gave.
    pub fn since_us(&self, began_us: u64) -> u32 {
        u32::try_from(self.read_us().1.saturating_sub(began_us)).unwrap_or(u32::MAX)
    }

    /// Follows a wall clock that was set forward; called now and then by a task.
    pub fn follow_wall(&self) {
        if let Self::System(clock) = self {
            clock.offset_ms.fetch_max(wall_ms() - boot_ms(), Ordering::Relaxed);
        }
    }

    /// Never earlier than `floor`: an instant that the store has seen.
    pub fn not_before(&self, floor: UnixMs) {
        if let Self::System(clock) | Self::Demo(clock) = self {
            clock.offset_ms.fetch_max(floor.0 - boot_ms(), Ordering::Relaxed);
        }
    }

    /// Moves a test's or the demo's clock forward; does nothing to the machine's.
    pub fn advance(&self, ms: i64) {
        match self {
            Self::System(_) => {}
            Self::Demo(clock) => drop(clock.offset_ms.fetch_add(ms, Ordering::Relaxed)),
            Self::Manual(at) => drop(at.fetch_add(ms, Ordering::SeqCst)),
        }
    }
}

fn wall_ms() -> i64 {
    ms(rustix::time::clock_gettime(rustix::time::ClockId::Realtime))
}

/// Counts through suspend, unlike the monotonic clock.
pub(crate) fn boot_ms() -> i64 {
    ms(rustix::time::clock_gettime(rustix::time::ClockId::Boottime))
}

fn boot_us() -> u64 {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    at.tv_sec as u64 * 1_000_000 + at.tv_nsec as u64 / 1_000
}

fn ms(at: rustix::time::Timespec) -> i64 {
    at.tv_sec * 1_000 + at.tv_nsec / 1_000_000
}
