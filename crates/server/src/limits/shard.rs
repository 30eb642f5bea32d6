//! One of the parts that counters are divided into: two tables of slots, behind one lock.
//!
//! A slot is `[tag.lo, tag.hi, state…]`. What is narrow has two words of state and serves all but sliding windows,
//! which need fourteen. Tables are open-addressed and probed one by one; nothing is ever taken out singly: a table
//! that is three quarters full is copied, without what has run out, into an extent of the right size.
//!
//! Every store is one word, in an order in which a kill between any two leaves a count that is right or too high.

use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::time::UnixMs;

use super::arena::{Arena, Entry, Extent};
use super::saved::Unsaved;
use super::tag::Tag;

/// Words of a narrow slot.
pub(super) const NARROW: usize = 4;
/// Words of a wide slot.
pub(super) const WIDE: usize = 16;

/// Where the state begins in a slot.
pub(super) const STATE: usize = 2;
/// Where a slot says until when it means something, from the slot's beginning.
const UNTIL: usize = 3;
/// "Until" of what never runs out, or is just being changed.
pub(super) const NO_END: u64 = u64::MAX;

/// The smallest table takes one block.
const SLOTS_LOG2_MIN: [u8; 2] = [6, 4];

/// A table of slots of `W` words.
#[derive(Debug, Default)]
pub(super) struct Table<const W: usize> {
    extent: Option<Extent>,
    filled: u32,
}

/// What one lock protects.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) narrow: Table<NARROW>,
    pub(super) wide: Table<WIDE>,
    /// The latest instant counted at, in unix milliseconds: time does not go back here, however threads race.
    pub(super) latest_ms: i64,
    /// Quotas that changed since they were last saved; a box, to keep the shard within a cache line.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24 in a struct made to fit one cache line")]
    pub(super) unsaved: Option<Box<Vec<Unsaved>>>,
}

impl Shard {
    /// `now`, or the latest instant already counted at.
    pub(super) fn advance(&mut self, now: UnixMs) -> UnixMs {
        self.latest_ms = self.latest_ms.max(now.0);
        UnixMs(self.latest_ms)
    }
}

impl<const W: usize> Table<W> {
    const SLOTS_LOG2_MIN: u8 = SLOTS_LOG2_MIN[if W == NARROW { 0 } else { 1 }];

    /// Its slots.
    pub(super) fn words<'a>(&self, arena: &'a Arena) -> &'a [AtomicU64] {
        self.extent.map_or(&[], |extent| arena.extent(extent, W))
    }

    /// How many slots have a tag.
    pub(super) fn filled(&self) -> usize {
        self.filled as usize
    }

    /// Makes sure that `more` tags can be claimed without moving any slot.
    #[inline]
    pub(super) fn reserve(&mut self, arena: &Arena, shard: usize, more: usize, now: UnixMs) {
        let slots = self.extent.map_or(0, Extent::slots);
        if (self.filled() + more) * 4 > slots * 3 {
            self.rebuild(arena, shard, more, now);
        }
    }

    /// Where the state of a counter begins, if it has a slot.
    #[inline]
    pub(super) fn find(words: &[AtomicU64], tag: Tag) -> Option<usize> {
        match probe::<W>(words, tag)? {
            Probe::Here(at) => Some(at),
            Probe::Free(_) => None,
        }
    }

    /// The state of a counter, made if it is new; there must be room (see [`Self::reserve`]).
    #[inline]
    pub(super) fn claim(&mut self, words: &[AtomicU64], tag: Tag) -> usize {
        match probe::<W>(words, tag) {
            Some(Probe::Here(at)) => at,
            Some(Probe::Free(at)) => {
                // The lower half last: without it a slot is empty.
                words[at - 1].store(tag.hi, Ordering::Release);
                words[at - 2].store(tag.lo, Ordering::Release);
                self.filled += 1;
                at
            }
            // `reserve` keeps a quarter of the slots free.
            None => unreachable!("a table without a free slot"),
        }
    }

    /// Copies what still counts into a new extent, at most half full, and forgets the rest.
    #[cold]
    fn rebuild(&mut self, arena: &Arena, shard: usize, more: usize, now: UnixMs) {
        let old = self.words(arena);
        let live = |slot: &&[AtomicU64]| is_live(slot, now);
        let count = old.chunks_exact(W).filter(live).count();
        let slots_log2 = ((count + more) * 2).next_power_of_two().ilog2() as u8;
        let extent = arena.allocate(slots_log2.max(Self::SLOTS_LOG2_MIN), W);
        let new = arena.extent(extent, W);
        let mut table = Self { extent: Some(extent), filled: 0 };
        for slot in old.chunks_exact(W).filter(live) {
            let at = table.claim(new, tag_of(slot)) - STATE;
            for word in STATE..W {
                new[at + word].store(slot[word].load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        arena.switch(Entry::new(shard, W), self.extent, extent, W);
        *self = table;
    }

    /// The extent, as the directory writes it.
    pub(super) fn packed(&self) -> u64 {
        self.extent.map_or(0, Extent::pack)
    }
}

enum Probe {
    Here(usize),
    Free(usize),
}

/// Looks for a tag; tells where its state begins, or would.
#[inline]
fn probe<const W: usize>(words: &[AtomicU64], tag: Tag) -> Option<Probe> {
    let slots = words.len() / W;
    let mask = slots.wrapping_sub(1);
    let mut slot = tag.lo as usize & mask;
    for _ in 0..slots {
        let words = &words[slot * W..slot * W + 2];
        let lo = words[0].load(Ordering::Relaxed);
        if lo == tag.lo && words[1].load(Ordering::Relaxed) == tag.hi {
            return Some(Probe::Here(slot * W + STATE));
        }
        if lo == 0 {
            return Some(Probe::Free(slot * W + STATE));
        }
        slot = (slot + 1) & mask;
    }
    None
}

/// Whether a slot has a tag, and a state that has not run out.
pub(super) fn is_live(slot: &[AtomicU64], now: UnixMs) -> bool {
    slot[0].load(Ordering::Relaxed) != 0 && slot[UNTIL].load(Ordering::Relaxed) > now.0.max(0) as u64
}

/// Whose slot it is.
pub(super) fn tag_of(slot: &[AtomicU64]) -> Tag {
    Tag { lo: slot[0].load(Ordering::Relaxed), hi: slot[1].load(Ordering::Relaxed) }
}
