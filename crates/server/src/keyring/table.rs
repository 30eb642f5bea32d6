//! Where digests are looked up: open addressing with one cache line per secret, read without locks.
//!
//! One writer (the feed) changes it; readers never wait. Each entry is guarded by a sequence number: odd while it is
//! being written, and a reader that saw it move reads again. All words are atomics, so nothing here is `unsafe`.
//! A lookup costs one random access to memory: the entry lies in the table itself, at the place its digest names
//! (digests are keyed hashes, evenly spread and not for an outsider to choose, so no further hashing is needed).

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

use arc_swap::ArcSwap;
use keyward_core::secret::Digest;

/// What an entry holds, in plain words: see `Packed` for their meaning.
pub(super) type Words = [u64; 5];

/// Into how many tables the digests are cut, so that growing one of them is short.
const SHARDS: usize = 256;
const FIRST_SLOTS: usize = 8;

/// The first half of a digest: 128 bits of a keyed hash name a secret beyond doubt.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag([u64; 2]);

const EMPTY: Tag = Tag([0, 0]);
/// Marks a place whose entry was removed: searches go on beyond it.
const GONE: Tag = Tag([0, 1]);

impl Tag {
    fn of(digest: &Digest) -> Self {
        let word = |at: usize| u64::from_le_bytes(digest[at..at + 8].try_into().expect("eight bytes"));
        // The low bit keeps a tag apart from the two marks; 127 bits are plenty.
        Self([word(0) | 1, word(8)])
    }

    fn shard(self) -> usize {
        (self.0[0] >> 56) as usize % SHARDS
    }

    fn start(self, slots: usize) -> usize {
        (self.0[0] >> 8) as usize & (slots - 1)
    }
}

#[derive(Default)]
#[repr(align(64))]
struct Slot {
    tag: [AtomicU64; 2],
    words: [AtomicU64; 5],
    sequence: AtomicU32,
    /// Unix seconds when the secret was last accepted; the only word that readers write.
    used: AtomicU32,
}

impl Slot {
    fn read(&self) -> (Tag, Words, u32) {
        loop {
            let before = self.sequence.load(Ordering::Acquire);
            if before & 1 == 1 {
                std::hint::spin_loop();
                continue;
            }
            let tag = Tag([self.tag[0].load(Ordering::Relaxed), self.tag[1].load(Ordering::Relaxed)]);
            let words = std::array::from_fn(|at| self.words[at].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if self.sequence.load(Ordering::Relaxed) == before {
                return (tag, words, before);
            }
        }
    }

    /// Only the writer calls this.
    fn write(&self, tag: Tag, words: &Words) {
        let before = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(before.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        for (place, word) in self.tag.iter().zip(tag.0) {
            place.store(word, Ordering::Relaxed);
        }
        for (place, word) in self.words.iter().zip(words) {
            place.store(*word, Ordering::Relaxed);
        }
        self.sequence.store(before.wrapping_add(2), Ordering::Release);
    }
}

struct Slots {
    all: Box<[Slot]>,
    /// Places that are not empty, removed ones among them; only the writer looks.
    taken: AtomicU32,
    live: AtomicU32,
    /// Set once a grown copy has taken over: what is read here from then on may be out of date.
    retired: AtomicBool,
}

impl Slots {
    fn new(count: usize) -> Self {
        Self {
            all: (0..count).map(|_| Slot::default()).collect(),
            taken: AtomicU32::new(0),
            live: AtomicU32::new(0),
            retired: AtomicBool::new(false),
        }
    }

    /// The place of a tag, or the empty place where a search for it ends.
    fn find(&self, tag: Tag) -> (&Slot, Tag, Words, u32) {
        let mut at = tag.start(self.all.len());
        loop {
            let slot = &self.all[at];
            let (found, words, sequence) = slot.read();
            // There is always an empty place: tables grow long before they are full.
            if found == tag || found == EMPTY {
                return (slot, found, words, sequence);
            }
            at = (at + 1) & (self.all.len() - 1);
        }
    }
}

/// The table of all digests.
pub(super) struct Table {
    shards: Box<[ArcSwap<Slots>]>,
}

/// What a lookup found.
pub(super) struct Found<'a> {
    /// The entry's words.
    pub(super) words: Words,
    slot: &'a Slot,
}

impl Found<'_> {
    /// Notes that the secret was accepted at this second; whether it never was before.
    pub(super) fn used(&self, second: u32) -> bool {
        // Most hits fall into the second already noted: a read then keeps the line shared between cores.
        let before = self.slot.used.load(Ordering::Relaxed);
        if before < second {
            self.slot.used.store(second, Ordering::Relaxed);
        }
        before == 0
    }

    /// When the secret was last accepted, in unix seconds; 0 is never.
    pub(super) fn last_used(&self) -> u32 {
        self.slot.used.load(Ordering::Relaxed)
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| ArcSwap::from_pointee(Slots::new(FIRST_SLOTS))).collect() }
    }

    /// Looks a digest up and hands what it finds to `with`, again when the entry changed meanwhile: whatever `with`
    /// fetched by the entry's words belonged to it until `with` was done.
    pub(super) fn look<T>(&self, digest: &Digest, with: impl Fn(Option<&Found<'_>>) -> T) -> T {
        let tag = Tag::of(digest);
        loop {
            let slots = self.shards[tag.shard()].load();
            let (slot, found, words, sequence) = slots.find(tag);
            let value = if found == tag { with(Some(&Found { words, slot })) } else { with(None) };
            fence(Ordering::Acquire);
            if slot.sequence.load(Ordering::Relaxed) == sequence && !slots.retired.load(Ordering::Relaxed) {
                return value;
            }
        }
    }

    /// Adds or replaces an entry; returns the words it had. Only the writer calls this.
    pub(super) fn put(&self, digest: &Digest, words: &Words, used: u32) -> Option<Words> {
        let tag = Tag::of(digest);
        let shard = &self.shards[tag.shard()];
        let slots = shard.load();
        let (slot, found, before, _) = slots.find(tag);
        if found == tag {
            slot.write(tag, words);
            return Some(before);
        }
        let taken = slots.taken.load(Ordering::Relaxed) as usize + 1;
        // Linear probing stays short up to about four fifths.
        if taken * 5 > slots.all.len() * 4 {
            let grown = grow(&slots);
            let (slot, ..) = grown.find(tag);
            fill(&grown, slot, tag, words, used);
            shard.store(std::sync::Arc::new(grown));
            slots.retired.store(true, Ordering::Release);
        } else {
            fill(&slots, slot, tag, words, used);
        }
        None
    }

    /// Removes an entry; returns the words it had. Only the writer calls this.
    pub(super) fn remove(&self, digest: &Digest) -> Option<Words> {
        let tag = Tag::of(digest);
        let slots = self.shards[tag.shard()].load();
        let (slot, found, before, _) = slots.find(tag);
        if found != tag {
            return None;
        }
        slot.write(GONE, &[0; 5]);
        slots.live.fetch_sub(1, Ordering::Relaxed);
        Some(before)
    }

    /// Removes every entry; returns the words they had. Only the writer calls this.
    pub(super) fn clear(&self) -> Vec<Words> {
        let mut all = Vec::with_capacity(self.len());
        self.each(|words, _| all.push(*words));
        for shard in &self.shards {
            shard.swap(std::sync::Arc::new(Slots::new(FIRST_SLOTS))).retired.store(true, Ordering::Release);
        }
        all
    }

    /// Hands every entry, with the second it was last used, to `with`.
    pub(super) fn each(&self, mut with: impl FnMut(&Words, u32)) {
        for shard in &self.shards {
            for slot in &shard.load().all {
                let (tag, words, _) = slot.read();
                if tag != EMPTY && tag != GONE {
                    with(&words, slot.used.load(Ordering::Relaxed));
                }
            }
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().live.load(Ordering::Relaxed) as usize).sum()
    }

    /// Bytes that the places take.
    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().all.len() * size_of::<Slot>()).sum()
    }
}

fn fill(slots: &Slots, slot: &Slot, tag: Tag, words: &Words, used: u32) {
    slot.used.store(used, Ordering::Relaxed);
    slot.write(tag, words);
    slots.taken.fetch_add(1, Ordering::Relaxed);
    slots.live.fetch_add(1, Ordering::Relaxed);
}

/// A copy without removed places and with room to grow. Readers go on in the old one until it is swapped.
fn grow(old: &Slots) -> Slots {
    let live = old.live.load(Ordering::Relaxed) as usize;
    let new = Slots::new((live * 2).next_power_of_two().max(FIRST_SLOTS));
    for slot in &old.all {
        let (tag, words, _) = slot.read();
        if tag != EMPTY && tag != GONE {
            let (place, ..) = new.find(tag);
            fill(&new, place, tag, &words, slot.used.load(Ordering::Relaxed));
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn digest(number: u64) -> Digest {
        let mut digest = [0; 32];
        // Few different leading bytes: searches collide and wrap around.
        digest[..8].copy_from_slice(&((number << 60) | (number % 3)).to_le_bytes());
        digest[8..16].copy_from_slice(&number.to_le_bytes());
        digest
    }

    fn words(table: &Table, number: u64) -> Option<Words> {
        table.look(&digest(number), |found| found.map(|found| found.words))
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_map(steps in prop::collection::vec((0_u64..200, any::<bool>(), any::<u64>()), 1..600)) {
            let (table, mut map) = (Table::new(), HashMap::new());
            for (number, put, value) in steps {
                if put {
                    prop_assert_eq!(table.put(&digest(number), &[value; 5], 0), map.insert(number, [value; 5]));
                } else {
                    prop_assert_eq!(table.remove(&digest(number)), map.remove(&number));
                }
            }
            for number in 0..200 {
                prop_assert_eq!(words(&table, number), map.get(&number).copied());
            }
            prop_assert_eq!(table.len(), map.len());
        }
    }

    #[test]
    fn readers_never_see_half_an_entry() {
        let table = std::sync::Arc::new(Table::new());
        table.put(&digest(7), &[0; 5], 0);
        let reader = {
            let table = std::sync::Arc::clone(&table);
            std::thread::spawn(move || {
                for _ in 0..200_000 {
                    let words = words(&table, 7).unwrap();
                    assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
                }
            })
        };
        for number in 0..200_000_u64 {
            table.put(&digest(7), &[number; 5], 0);
            table.put(&digest(number % 50 + 100), &[number; 5], 0);
            table.remove(&digest((number + 25) % 50 + 100));
        }
        reader.join().unwrap();
    }
}
