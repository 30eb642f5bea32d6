//! How many decisions were made and how many of their records were dropped, in a file that is mapped into memory: a
//! killed process forgets neither, so that what is missing from its log is known exactly.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Incarnation;
use crate::mapped::{Map, WORD};

/// `KWCOUNT1`
const MAGIC: u64 = u64::from_le_bytes(*b"KWCOUNT1");
/// Words of a cache line: each thread counts in one of its own.
const LINE: usize = 8;
const MAGIC_AT: usize = 0;
const INCARNATION_AT: usize = 1;
const LANES_AT: usize = 2;
/// The writer's line.
const WRITER_AT: usize = LINE;
/// Where the lanes' lines begin.
const LANES_BEGIN: usize = 2 * LINE;
/// Most threads that are counted apart; more share.
const LANES_MAX: usize = 4_096;

/// Why a record is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The hand-off between its thread and the writer was full.
    Queue,
    /// The disk took no more, and neither did the memory that waits for it.
    Disk,
    /// The process was killed between the decision and the disk.
    Gap,
}

impl Loss {
    /// The ones that are counted where they happen; a gap is found afterwards.
    pub const COUNTED: [Self; 2] = [Self::Queue, Self::Disk];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue_full",
            Self::Disk => "disk",
            Self::Gap => "gap",
        }
    }
}

/// What was dropped, by [`Loss::COUNTED`].
pub(super) type Dropped = [u64; Loss::COUNTED.len()];

/// One incarnation's counters.
#[derive(Debug)]
pub(super) struct Counts {
    map: Map,
    lanes: usize,
    next_lane: AtomicUsize,
    incarnation: Incarnation,
}

/// What an incarnation that ended had counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) incarnation: Incarnation,
    pub(super) decided: u64,
    pub(super) dropped: Dropped,
}

impl Counts {
    /// Counters at nought in a new file.
    pub(super) fn create(folder: &Path, incarnation: Incarnation, lanes: usize) -> io::Result<Self> {
        let lanes = lanes.clamp(1, LANES_MAX);
        let words = LANES_BEGIN + lanes * LINE;
        let file = File::options().read(true).write(true).create_new(true).open(path(folder, incarnation))?;
        file.set_len((words * WORD) as u64)?;
        let counts = Self { map: Map::file(&file, words, words)?, lanes, next_lane: AtomicUsize::new(0), incarnation };
        let words = counts.map.words();
        words[INCARNATION_AT].store(incarnation.0, Ordering::Relaxed);
        words[LANES_AT].store(lanes as u64, Ordering::Relaxed);
        // Last of all: without it the file counts for nothing.
        words[MAGIC_AT].store(MAGIC, Ordering::Release);
        Ok(counts)
    }

    pub(super) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// A line to count in.
    pub(super) fn lane(&self) -> usize {
        self.next_lane.fetch_add(1, Ordering::Relaxed) % self.lanes
    }

    /// Counts a decision.
    pub(super) fn decide(&self, lane: usize) {
        self.map.words()[LANES_BEGIN + lane * LINE].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a record that found its hand-off full.
    pub(super) fn drop_queued(&self, lane: usize) {
        self.map.words()[LANES_BEGIN + lane * LINE + 1].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts records that found no place on the disk.
    pub(super) fn drop_unwritten(&self, records: u64) {
        self.map.words()[WRITER_AT].fetch_add(records, Ordering::Relaxed);
    }

    pub(super) fn decided(&self) -> u64 {
        self.sum(0)
    }

    pub(super) fn dropped(&self) -> Dropped {
        [self.sum(1), self.map.words()[WRITER_AT].load(Ordering::Relaxed)]
    }

    fn sum(&self, word: usize) -> u64 {
        let words = self.map.words();
        (0..self.lanes).map(|lane| words[LANES_BEGIN + lane * LINE + word].load(Ordering::Relaxed)).sum()
    }
}

/// The counters that earlier incarnations left in a folder. A file that was not finished counts for nothing: no
/// decision was made before it was.
pub(super) fn left(folder: &Path) -> io::Result<Vec<Left>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "counts")
            && let Some(left) = read(&fs::read(&file)?)
        {
            all.push(left);
        }
    }
    Ok(all)
}

fn read(bytes: &[u8]) -> Option<Left> {
    let (words, _) = bytes.as_chunks::<WORD>();
    let word = |at: usize| words.get(at).map(|bytes| u64::from_ne_bytes(*bytes));
    if word(MAGIC_AT)? != MAGIC {
        return None;
    }
    let lanes = word(LANES_AT)?.min(LANES_MAX as u64) as usize;
    let sum = |of: usize| (0..lanes).filter_map(|lane| word(LANES_BEGIN + lane * LINE + of)).sum();
    let incarnation = Incarnation(word(INCARNATION_AT)?);
    Some(Left { incarnation, decided: sum(0), dropped: [sum(1), word(WRITER_AT)?] })
}

/// Removes the counters of an incarnation that was accounted for.
pub(super) fn remove(folder: &Path, incarnation: Incarnation) -> io::Result<()> {
    match fs::remove_file(path(folder, incarnation)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn path(folder: &Path, incarnation: Incarnation) -> PathBuf {
    folder.join(format!("{incarnation}.counts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let counts = Counts::create(folder.path(), Incarnation(7), 2).unwrap();
        let lanes = [counts.lane(), counts.lane(), counts.lane()];
        for lane in lanes {
            counts.decide(lane);
        }
        counts.drop_queued(lanes[1]);
        counts.drop_unwritten(5);
        let expected = Left { incarnation: Incarnation(7), decided: 3, dropped: [1, 5] };
        assert_eq!((counts.decided(), counts.dropped()), (3, [1, 5]));
        drop(counts);
        fs::write(folder.path().join("torn.counts"), [0; 100]).unwrap();
        assert_eq!(left(folder.path()).unwrap(), [expected]);
        remove(folder.path(), Incarnation(7)).unwrap();
        remove(folder.path(), Incarnation(7)).unwrap();
        assert_eq!(left(folder.path()).unwrap(), []);
    }
}
