//! The file of counters: opened, checked, and written anew at each start.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::time::UnixMs;

use super::arena::{Arena, BLOCK, Entry, Extent, FIRST_BLOCK, LATEST_AT, MAGIC, MAGIC_AT, VERSION, VERSION_AT};
use super::fixed::Narrow;
use super::quota::saved;
use super::shard::{NARROW, STATE, Shard, Table, WIDE, is_live, tag_of};
use super::tag::SHARDS;
use super::{Limits, Origin};
use crate::mapped::{Map, WORD};

impl Limits {
    /// Opens the counters kept in a file, or begins a new one. A file that can't be read is set aside, loudly.
    ///
    /// Fails with [`io::ErrorKind::WouldBlock`] while another process has it: two would count the same requests
    /// apart. What has run out is dropped, the rest is written to a new file in the old one's place.
    pub fn open(file: &Path) -> io::Result<Self> {
        let lock = lock(&beside(file, "lock"))?;
        let (old, origin) = match read(file) {
            Ok(Some(old)) => (Some(old), Origin::Continued),
            Ok(None) => (None, Origin::New),
            Err(ReadError::Io(error)) => return Err(error),
            Err(ReadError::Damaged(why)) => {
                let aside = set_aside(file)?;
                tracing::error!(
                    file = %file.display(), aside = %aside.display(), why,
                    "the file of limit counters can't be read and was set aside: ALL LIMITS COUNT FROM ZERO \
                     (quotas from what the store knows)"
                );
                (None, Origin::SetAside(aside))
            }
        };
        let fresh = beside(file, "new");
        let options = File::options().read(true).write(true).create(true).truncate(true).clone();
        let limits = Self::with(Arena::in_file(options.open(&fresh)?)?, origin, Some(lock));
        if let Some(old) = &old {
            limits.adopt(old);
        }
        limits.arena.flush()?;
        fs::rename(&fresh, file)?;
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(limits)
    }

    /// Copies what still counts.
    fn adopt(&self, old: &Map) {
        let words = old.words();
        let latest = UnixMs(words[LATEST_AT].load(Ordering::Relaxed) as i64);
        self.arena.words()[LATEST_AT].store(latest.0 as u64, Ordering::Release);
        for index in 0..SHARDS {
            let narrow = live::<NARROW>(words, index, latest);
            let wide = live::<WIDE>(words, index, latest);
            let mut shard = self.lock(index);
            let Shard { narrow: narrow_table, wide: wide_table, latest_ms, .. } = &mut *shard;
            // What was dropped as over must stay over.
            *latest_ms = latest.0;
            copy(narrow_table, &self.arena, index, &narrow, latest);
            copy(wide_table, &self.arena, index, &wide, latest);
        }
    }

    /// Waits until every count made so far is on the disk. To be called each second, off the data plane: it bounds
    /// what power loss can forget. A kill of the process forgets nothing, with or without it.
    pub fn sync(&self) -> io::Result<()> {
        let _one_at_a_time = self.syncing.lock();
        let mut latest_ms = 0;
        let mut outgrown = Vec::new();
        for index in 0..SHARDS {
            let shard = self.lock(index);
            latest_ms = shard.latest_ms.max(latest_ms);
            for (width, now) in [(NARROW, shard.narrow.packed()), (WIDE, shard.wide.packed())] {
                let entry = Entry::new(index, width);
                if self.arena.words()[entry.before_at()].load(Ordering::Relaxed) != 0 {
                    outgrown.push((index, width, now));
                }
            }
        }
        self.arena.words()[LATEST_AT].store(latest_ms as u64, Ordering::Release);
        self.arena.flush()?;
        for (index, width, now) in outgrown {
            let _shard = self.lock(index);
            self.arena.settle(Entry::new(index, width), now, width);
        }
        Ok(())
    }
}

/// The live slots that a shard's directory entries lead to.
fn live<const W: usize>(words: &[AtomicU64], index: usize, latest: UnixMs) -> Vec<&[AtomicU64]> {
    let entry = Entry::new(index, W);
    [entry.now_at(), entry.before_at()]
        .into_iter()
        .filter_map(|at| Extent::unpack(words[at].load(Ordering::Relaxed)))
        .flat_map(|extent| words[extent.range(W)].chunks_exact(W))
        // After power loss an extent may have come to hold another shard's slots: those are copied from there.
        .filter(|slot| is_live(slot, latest) && tag_of(slot).shard() == index)
        .collect()
}

fn copy<const W: usize>(table: &mut Table<W>, arena: &Arena, index: usize, slots: &[&[AtomicU64]], latest: UnixMs) {
    if slots.is_empty() {
        return;
    }
    table.reserve(arena, index, slots.len(), latest);
    let words = table.words(arena);
    for slot in slots {
        let at = table.claim(words, tag_of(slot));
        // Found twice, the later counts: it has the later window or more used of it, and the first word says so.
        let found: Vec<u64> = slot[STATE..].iter().map(|word| word.load(Ordering::Relaxed)).collect();
        let have: Vec<u64> = words[at..at + W - STATE].iter().map(|word| word.load(Ordering::Relaxed)).collect();
        if found > have {
            for (word, value) in words[at..].iter().zip(found) {
                word.store(value, Ordering::Relaxed);
            }
        }
        if W == NARROW && tag_of(slot).is_quota() {
            // What was waiting to be saved is no longer listed: the next request lists it again.
            words[at].store(saved(Narrow::load(&words[at..])).word, Ordering::Relaxed);
        }
    }
}

enum ReadError {
    Io(io::Error),
    Damaged(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Maps a file of counters if there is one, and checks all that it is navigated by.
fn read(path: &Path) -> Result<Option<Map>, ReadError> {
    let file = match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let bytes = file.metadata()?.len() as usize;
    if bytes < FIRST_BLOCK * BLOCK * WORD || !bytes.is_multiple_of(WORD) {
        return Err(ReadError::Damaged("it is too short"));
    }
    let map = Map::file(&file, bytes / WORD, bytes / WORD)?;
    let words = map.words();
    let word = |at: usize| words[at].load(Ordering::Relaxed);
    if word(MAGIC_AT) != MAGIC {
        return Err(ReadError::Damaged("it is not a file of counters"));
    }
    if word(VERSION_AT) != VERSION {
        return Err(ReadError::Damaged("it was written by another version"));
    }
    for index in 0..SHARDS {
        for width in [NARROW, WIDE] {
            let entry = Entry::new(index, width);
            for at in [entry.now_at(), entry.before_at()] {
                let named = word(at);
                let inside = Extent::unpack(named)
                    .is_some_and(|it| it.block as usize >= FIRST_BLOCK && it.range(width).end <= words.len());
                if named != 0 && !inside {
                    return Err(ReadError::Damaged("its directory leads nowhere"));
                }
            }
        }
    }
    Ok(Some(map))
}

/// Held as long as the counters are open; the system lets go of it however the process ends.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is counting in this file"))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Renames a file to the first name of its kind that is not taken.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    for number in 1..1_000 {
        let aside = beside(file, &format!("damaged-{number}"));
        if !aside.try_exists()? {
            fs::rename(file, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("too many damaged files of counters beside it"))
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}
