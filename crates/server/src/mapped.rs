//! Memory shared with a file, as atomics: the only `unsafe` there is.
#![expect(
    unsafe_code,
    clippy::cast_ptr_alignment,
    reason = "a mapping is a bare pointer; here it becomes a slice of atomics"
)]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Bytes of a word.
pub(crate) const WORD: usize = 8;

/// A mapping whose address never changes. It reserves more addresses than it has memory, and grows into them.
#[derive(Debug)]
pub(crate) struct Map {
    raw: MmapRaw,
    /// How many words from the beginning have memory behind them; only ever raised.
    words: AtomicUsize,
}

impl Map {
    /// Maps a file of which `words` exist by now; it can grow up to `reserve` words.
    pub(crate) fn file(file: &File, words: usize, reserve: usize) -> io::Result<Self> {
        if file.metadata()?.len() < (words * WORD) as u64 || words > reserve {
            return Err(io::Error::other("a mapping longer than its file"));
        }
        let raw = MmapOptions::new().len(reserve * WORD).map_raw(file)?;
        Ok(Self { raw, words: AtomicUsize::new(words) })
    }

    /// Maps plain memory, which comes into being as it is touched.
    pub(crate) fn anonymous(words: usize) -> io::Result<Self> {
        let raw = MmapOptions::new().len(words * WORD).no_reserve_swap().map_anon()?.into();
        Ok(Self { raw, words: AtomicUsize::new(words) })
    }

    /// All words that have memory behind them.
    pub(crate) fn words(&self) -> &[AtomicU64] {
        let words = self.words.load(Ordering::Acquire);
        // SAFETY: the mapping begins at a page, thus aligned, and lives as long as `self`. Its first `words` words
        // are backed: by anonymous memory, or by a file that was at least that long when the number was raised, and
        // which nobody shortens: it is ours alone. Any bits are a valid u64, and
        // all access goes through atomics.
        unsafe { std::slice::from_raw_parts(self.raw.as_mut_ptr().cast::<AtomicU64>().cast_const(), words) }
    }

    /// How many words it can grow to.
    pub(crate) fn reserved(&self) -> usize {
        self.raw.len() / WORD
    }

    /// Makes `words` words accessible, after the file has become that long.
    pub(crate) fn grown(&self, file: &File, words: usize) -> io::Result<()> {
        if file.metadata()?.len() < (words * WORD) as u64 || words > self.reserved() {
            return Err(io::Error::other("a mapping longer than its file"));
        }
        self.words.fetch_max(words, Ordering::AcqRel);
        Ok(())
    }

    /// Waits until all that was stored so far is on the disk.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.raw.flush_range(0, self.words.load(Ordering::Acquire) * WORD)
    }
}
