//! The sealer: a thread of its own that makes tails into segments, deletes what has had its time, and stays within the
//! log's size.
//!
//! A tail becomes a segment in one step to all who read. Its file stays until usage has taken it in.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use keyward_core::time::{DAY_MS, UnixMs};

use super::engine::Engine;
use super::segment;
use super::tail::Tail;
use crate::clock::Clock;

/// How often what has had its time is looked for, and what failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Sealer {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Clock,
    pub(super) tails: Receiver<Arc<Tail>>,
    /// What could not be sealed yet, from the oldest on.
    pub(super) waiting: Vec<Arc<Tail>>,
    pub(super) keep_days: Option<u32>,
    pub(super) bytes_max: u64,
}

impl Drop for Sealer {
    /// However it ends, nobody waits for it any longer.
    fn drop(&mut self) {
        self.engine.sealed.send_modify(|sealed| sealed.ended = true);
    }
}

impl Sealer {
    pub(super) fn run(mut self) {
        loop {
            self.seal();
            self.tidy();
            match self.tails.recv_timeout(LOOK_EVERY) {
                Ok(tail) => self.waiting.push(tail),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Makes segments of what waits; stops at the first failure, to try again later.
    pub(super) fn seal(&mut self) {
        while let Some(tail) = self.waiting.first() {
            let shelf = &self.engine.shelf;
            match segment::seal(shelf.folder(), tail, &self.engine.names, &self.engine.disk) {
                Ok(made) => shelf.change(|held| {
                    held.tails.retain(|own| !Arc::ptr_eq(own, tail));
                    held.spent.push(Arc::clone(tail));
                    held.segments.extend(made.map(Arc::new));
                    held.segments.sort_by_key(|segment| (segment.until, segment.number));
                }),
                Err(error) => {
                    tracing::error!(%error, "a part of the request log can't be compressed; trying again");
                    self.engine.sealed.send_modify(|sealed| {
                        sealed.failures += 1;
                        sealed.why = error.to_string();
                    });
                    return;
                }
            }
            self.waiting.remove(0);
            self.engine.sealed.send_modify(|sealed| sealed.tails += 1);
        }
    }

    /// Deletes what nobody needs any more.
    pub(super) fn tidy(&self) {
        let shelf = &self.engine.shelf;
        let (own, counted) = (self.engine.counts.incarnation(), self.engine.counted.load(Ordering::Acquire));
        // What an earlier process left was taken into usage before this one began.
        let is_done = |tail: &Arc<Tail>| tail.incarnation != own || tail.reached().seq <= counted;
        let held = shelf.held();
        let done = held.spent.iter().filter(|tail| is_done(tail));
        let removed: Vec<_> = done.filter(|tail| gone(tail.remove(), "a tail")).cloned().collect();
        let old = self.keep_days.map(|days| self.clock.now().plus(-i64::from(days) * DAY_MS));
        let mut bytes = held.bytes();
        let mut expired = Vec::new();
        for segment in &held.segments {
            let too_old = old.is_some_and(|old: UnixMs| segment.until < old);
            if !too_old && bytes <= self.bytes_max {
                break;
            }
            if gone(segment.remove(), "a segment") {
                bytes = bytes.saturating_sub(segment.bytes);
                expired.push(Arc::clone(segment));
            }
        }
        if !removed.is_empty() || !expired.is_empty() {
            shelf.change(|held| {
                held.spent.retain(|tail| !removed.iter().any(|own| Arc::ptr_eq(own, tail)));
                held.segments.retain(|segment| !expired.iter().any(|own| Arc::ptr_eq(own, segment)));
            });
        }
    }
}

fn gone(removed: std::io::Result<()>, what: &str) -> bool {
    removed.inspect_err(|error| tracing::warn!(%error, "{what} of the request log can't be deleted")).is_ok()
}
