//! The memory that counters live in: a header, a directory of shards, and extents that shards ask for.
//!
//! File, in little-endian words of 8 bytes: magic, version, instant of the last sync; from word 512 the directory,
//! four words per shard (narrow, narrow before, wide, wide before); from [`FIRST_BLOCK`] extents of whole blocks.
//! An extent that was outgrown stays named as the one "before" until the bigger one is surely on the disk, so that
//! even power loss forgets at most what was taken since the last sync.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::tag::SHARDS;
use crate::mapped::{Map, WORD};

/// What the file begins with.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"kwcounts");
/// The layout of file, slots and tags.
pub(super) const VERSION: u64 = 1;
pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
/// The latest instant that was counted at when the file was last synced.
pub(super) const LATEST_AT: usize = 2;
const DIRECTORY_AT: usize = 512;
const DIRECTORY_WORDS: usize = 4;

/// Words of a block: what extents are made of.
pub(super) const BLOCK: usize = 256;
/// The block after header and directory.
pub(super) const FIRST_BLOCK: usize = (DIRECTORY_AT + SHARDS * DIRECTORY_WORDS).div_ceil(BLOCK);

/// The file grows by at least this many words: 1 MiB.
const GROW_WORDS: usize = 1 << 17;
/// Addresses that are reserved for a file: 64 GiB, less where a process may not.
const RESERVE_WORDS: [usize; 3] = [1 << 33, 1 << 29, 1 << 25];
/// The most that counters in plain memory can take: 4 GiB, of which only what is touched exists.
const PLAIN_WORDS: usize = 1 << 29;

/// A stretch of slots. The top bit of `block` says that it lies in plain memory because the disk was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) block: u32,
    /// How many slots, as a power of two.
    pub(super) slots_log2: u8,
}

const SPILLED: u32 = 1 << 31;

impl Extent {
    /// How the directory writes it; 0 is none.
    pub(super) const fn pack(self) -> u64 {
        (self.block as u64) << 8 | self.slots_log2 as u64
    }

    pub(super) const fn unpack(word: u64) -> Option<Self> {
        let (block, slots_log2) = (word >> 8, word as u8);
        if block == 0 || block >= SPILLED as u64 || slots_log2 > 40 {
            return None;
        }
        Some(Self { block: block as u32, slots_log2 })
    }

    pub(super) const fn slots(self) -> usize {
        1 << self.slots_log2
    }

    const fn blocks(self, width: usize) -> usize {
        (self.slots() * width).div_ceil(BLOCK)
    }

    /// Where its words are, in the file's.
    pub(super) const fn range(self, width: usize) -> std::ops::Range<usize> {
        let start = (self.block & !SPILLED) as usize * BLOCK;
        start..start + self.slots() * width
    }

    const fn spilled(self) -> bool {
        self.block & SPILLED != 0
    }
}

/// One of the words that the directory keeps of a shard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    at: usize,
}

impl Entry {
    /// The entry of a shard's table for slots of `width` words.
    pub(super) fn new(shard: usize, width: usize) -> Self {
        Self { at: DIRECTORY_AT + shard * DIRECTORY_WORDS + if width == super::shard::NARROW { 0 } else { 2 } }
    }

    pub(super) const fn now_at(self) -> usize {
        self.at
    }

    pub(super) const fn before_at(self) -> usize {
        self.at + 1
    }
}

/// An extent to be used again, with its length in blocks.
#[derive(Debug, Clone, Copy)]
struct Free {
    block: u32,
    blocks: usize,
}

#[derive(Debug)]
struct Grow {
    next_block: usize,
    spill_next_block: usize,
    /// Cleared and ready.
    free: Vec<Free>,
    /// No longer used, but maybe still what the disk knows: ready after the next sync.
    retired: Vec<Free>,
}

/// The memory that counters live in.
#[derive(Debug)]
pub(super) struct Arena {
    map: Map,
    file: Option<File>,
    /// Where counters go while the disk is full.
    spill: OnceLock<Map>,
    grow: Mutex<Grow>,
}

impl Arena {
    /// Plain memory.
    pub(super) fn in_memory() -> io::Result<Self> {
        let map = Map::anonymous(PLAIN_WORDS)?;
        Ok(Self::new(map, None))
    }

    /// An empty file.
    pub(super) fn in_file(file: File) -> io::Result<Self> {
        let words = (FIRST_BLOCK * BLOCK).next_multiple_of(GROW_WORDS);
        lengthen(&file, words)?;
        let map = RESERVE_WORDS
            .iter()
            .map(|&reserve| Map::file(&file, words, reserve))
            .reduce(Result::or)
            .unwrap_or_else(|| Err(io::Error::other("nothing to map")))?;
        let arena = Self::new(map, Some(file));
        arena.words()[VERSION_AT].store(VERSION, Ordering::Release);
        arena.words()[MAGIC_AT].store(MAGIC, Ordering::Release);
        Ok(arena)
    }

    fn new(map: Map, file: Option<File>) -> Self {
        let (free, retired) = (Vec::new(), Vec::new());
        let grow = Mutex::new(Grow { next_block: FIRST_BLOCK, spill_next_block: 1, free, retired });
        Self { map, file, spill: OnceLock::new(), grow }
    }

    /// Header and directory, and all else that is in the file.
    pub(super) fn words(&self) -> &[AtomicU64] {
        self.map.words()
    }

    /// The words of an extent.
    pub(super) fn extent(&self, extent: Extent, width: usize) -> &[AtomicU64] {
        let map = if extent.spilled() { self.spill.get().unwrap_or(&self.map) } else { &self.map };
        &map.words()[extent.range(width)]
    }

    /// A new extent, all zero.
    pub(super) fn allocate(&self, slots_log2: u8, width: usize) -> Extent {
        let blocks = Extent { block: 1, slots_log2 }.blocks(width);
        let mut grow = self.lock();
        if let Some(at) = grow.free.iter().position(|free| free.blocks == blocks) {
            return Extent { block: grow.free.swap_remove(at).block, slots_log2 };
        }
        match self.extend(grow.next_block + blocks) {
            Ok(()) => {
                let block = grow.next_block as u32;
                grow.next_block += blocks;
                Extent { block, slots_log2 }
            }
            Err(error) => {
                tracing::error!(
                    %error,
                    "the counters' file can't grow: some limits are now counted in memory only and would be \
                     forgotten if this process were killed"
                );
                let block = grow.spill_next_block as u32 | SPILLED;
                grow.spill_next_block += blocks;
                // Without addresses for plain memory there is nothing left to count with: stop rather than let pass.
                self.spill.get_or_init(|| Map::anonymous(PLAIN_WORDS).expect("memory for counters"));
                Extent { block, slots_log2 }
            }
        }
    }

    /// Puts a new extent in the place of another. A file keeps naming the one that is surely on the disk.
    pub(super) fn switch(&self, entry: Entry, from: Option<Extent>, to: Extent, width: usize) {
        if self.file.is_none() {
            if let Some(from) = from.filter(|from| !from.spilled()) {
                self.clear(from, width);
                self.lock().free.push(Free { block: from.block, blocks: from.blocks(width) });
            }
        } else if !to.spilled() {
            let words = self.words();
            let (now, before) = (&words[entry.now_at()], &words[entry.before_at()]);
            let named = now.load(Ordering::Relaxed);
            if before.load(Ordering::Relaxed) == 0 {
                before.store(named, Ordering::Release);
            } else if let Some(named) = Extent::unpack(named) {
                self.retire(named, width);
            }
            now.store(to.pack(), Ordering::Release);
        }
    }

    /// After a sync: the extent "before" is no longer needed, unless it was outgrown again meanwhile.
    pub(super) fn settle(&self, entry: Entry, now: u64, width: usize) {
        let words = self.words();
        if words[entry.now_at()].load(Ordering::Relaxed) != now {
            return;
        }
        if let Some(before) = Extent::unpack(words[entry.before_at()].swap(0, Ordering::AcqRel)) {
            self.retire(before, width);
        }
    }

    fn retire(&self, extent: Extent, width: usize) {
        if !extent.spilled() {
            self.lock().retired.push(Free { block: extent.block, blocks: extent.blocks(width) });
        }
    }

    fn clear(&self, extent: Extent, width: usize) {
        for word in self.extent(extent, width) {
            word.store(0, Ordering::Relaxed);
        }
    }

    /// Waits until all counts made so far are on the disk; what had been outgrown before can then be used again.
    pub(super) fn flush(&self) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        let retired = std::mem::take(&mut self.lock().retired);
        if let Err(error) = self.map.flush() {
            self.lock().retired.extend(retired);
            return Err(error);
        }
        for free in &retired {
            let start = free.block as usize * BLOCK;
            for word in &self.words()[start..start + free.blocks * BLOCK] {
                word.store(0, Ordering::Relaxed);
            }
        }
        self.lock().free.extend(retired);
        Ok(())
    }

    fn extend(&self, blocks: usize) -> io::Result<()> {
        let (needed, have) = (blocks * BLOCK, self.words().len());
        if needed <= have {
            return Ok(());
        }
        let Some(file) = &self.file else { return Err(io::Error::from(io::ErrorKind::OutOfMemory)) };
        let words = needed.max(have + (have / 4).max(GROW_WORDS)).next_multiple_of(GROW_WORDS);
        lengthen(file, words)?;
        self.map.grown(file, words)
    }

    fn lock(&self) -> MutexGuard<'_, Grow> {
        self.grow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the room on the disk now: a mapping without it would kill the process when the disk is full.
fn lengthen(file: &File, words: usize) -> io::Result<()> {
    let bytes = (words * WORD) as u64;
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(bytes),
        done => Ok(done?),
    }
}
