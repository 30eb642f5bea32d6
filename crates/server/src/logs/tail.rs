//! The tail: the newest records, in files that grow by one whole frame at a time and are never changed otherwise.
//!
//! A frame counts once it is on the disk, and what a crash left of one does not count. A tail file holds at most an
//! hour; then it is made into a segment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::ids::{AccountId, KeyId};
use uuid::Uuid;

use super::Incarnation;
use super::codec::{self, Encoder, HEAD_BYTES, Head};
use super::counts::Dropped;
use super::names::Names;
use super::record::Record;

/// How far an incarnation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reached {
    /// Its last batch.
    pub(super) seq: u64,
    /// Records in all of its batches.
    pub(super) stored: u64,
    /// What it had dropped when that was written.
    pub(super) dropped: Dropped,
}

/// One file of frames.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: File,
    pub(super) incarnation: Incarnation,
    pub(super) number: u32,
    /// How far its incarnation had come before it.
    pub(super) before: Reached,
    frames: boxcar::Vec<Frame>,
    /// Where the next frame goes.
    end: AtomicU64,
}

/// Where a frame is and what is in it.
#[derive(Debug)]
pub(super) struct Frame {
    offset: u64,
    pub(super) head: Head,
    sieve: Sieve,
}

/// What may be in a frame: never says no of what is.
#[derive(Debug)]
struct Sieve(Box<[u64]>);

/// Bits for each record; it has two ids.
const SIEVE_BITS: usize = 32;

impl Sieve {
    fn new(records: &[Record]) -> Self {
        let words = (records.len() * SIEVE_BITS / 64).next_power_of_two();
        let mut bits = vec![0_u64; words].into_boxed_slice();
        for record in records {
            let ids = [record.account.map(AccountId::uuid), record.key.map(KeyId::uuid)];
            for id in ids.into_iter().flatten() {
                for (word, bit) in Self::places(id, words) {
                    bits[word] |= bit;
                }
            }
        }
        Self(bits)
    }

    fn may_hold(&self, id: Uuid) -> bool {
        Self::places(id, self.0.len()).into_iter().all(|(word, bit)| self.0[word] & bit != 0)
    }

    /// The last bytes of an id are random already.
    fn places(id: Uuid, words: usize) -> [(usize, u64); 2] {
        let low = id.as_u128() as u64;
        let place = |bits: u64| ((bits >> 6) as usize & (words - 1), 1 << (bits & 63));
        [place(low & 0xFFFF_FFFF), place(low >> 28 & 0xFFFF_FFFF)]
    }
}

impl Frame {
    /// Whether there may be a record of this account or key in it.
    pub(super) fn may_hold(&self, id: Uuid) -> bool {
        self.sieve.may_hold(id)
    }
}

impl Tail {
    /// Begins a file with a frame of no records, which says how far its incarnation has come.
    pub(super) fn create(
        folder: &Path,
        incarnation: Incarnation,
        number: u32,
        before: Reached,
        names: &Names,
    ) -> io::Result<Self> {
        let path = folder.join(format!("{incarnation}-{number:08}.tail"));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        let mut opening = Vec::new();
        Encoder::default().frame(names, before.seq, before.stored, before.dropped, &[], &mut opening);
        let written = file.write_all_at(&opening, 0).and_then(|()| file.sync_data()).and_then(|()| sync_folder(folder));
        if let Err(error) = written {
            // Nothing was in it: without it the next try can take the same number.
            fs::remove_file(&path)?;
            return Err(error);
        }
        let (frames, end) = (boxcar::Vec::new(), AtomicU64::new(opening.len() as u64));
        Ok(Self { path, file, incarnation, number, before, frames, end })
    }

    /// Opens a file that an earlier process left; `None` if not even its beginning is whole.
    pub(super) fn open(path: PathBuf, names: &Names) -> io::Result<Option<Self>> {
        let Some((incarnation, number)) = named(&path) else { return Ok(None) };
        let file = File::open(&path)?;
        let Some((opening, _)) = read_frame(&file, 0)? else { return Ok(None) };
        let before = Reached { seq: opening.seq, stored: opening.stored_before, dropped: opening.dropped };
        let end = AtomicU64::new((HEAD_BYTES + opening.payload_bytes as usize) as u64);
        let tail = Self { path, file, incarnation, number, before, frames: boxcar::Vec::new(), end };
        loop {
            let offset = tail.end.load(Ordering::Relaxed);
            let Some((head, bytes)) = read_frame(&tail.file, offset)? else { break };
            let Some(records) = codec::records(names, head.count, &bytes[HEAD_BYTES..]) else { break };
            // Numbers never jump: what follows a gap belongs to something else.
            if head.seq != tail.reached().seq + 1 {
                break;
            }
            tail.frames.push(Frame { offset, head, sieve: Sieve::new(&records) });
            tail.end.store(offset + bytes.len() as u64, Ordering::Relaxed);
        }
        let (whole, bytes) = (tail.end.load(Ordering::Relaxed), tail.file.metadata()?.len());
        if whole < bytes {
            tracing::warn!(file = %tail.path.display(), bytes = bytes - whole, "the end of the log's tail was torn off");
        }
        Ok(Some(tail))
    }

    /// Appends a frame and waits until it is on the disk. If that fails the file is as it was.
    pub(super) fn append(&self, frame: &[u8], records: &[Record]) -> io::Result<()> {
        let offset = self.end.load(Ordering::Relaxed);
        let head = Head::read(frame).ok_or_else(|| io::Error::other("not a frame"))?;
        let written = self.file.write_all_at(frame, offset).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What is left of it does not count in any case: the next frame overwrites it, or its sum tells.
            let _ = self.file.set_len(offset);
            return Err(error);
        }
        self.frames.push(Frame { offset, head, sieve: Sieve::new(records) });
        self.end.store(offset + frame.len() as u64, Ordering::Release);
        Ok(())
    }

    /// Its frames, from the oldest on.
    pub(super) fn frames(&self) -> impl DoubleEndedIterator<Item = &Frame> {
        (0..self.frames.count()).filter_map(|place| self.frames.get(place))
    }

    /// The records of a frame.
    pub(super) fn records(&self, frame: &Frame, names: &Names) -> io::Result<Vec<Record>> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a frame of the log's tail is damaged");
        let (head, bytes) = read_frame(&self.file, frame.offset)?.ok_or_else(damaged)?;
        codec::records(names, head.count, &bytes[HEAD_BYTES..]).ok_or_else(damaged)
    }

    /// How far its incarnation had come with its last frame.
    pub(super) fn reached(&self) -> Reached {
        self.frames().next_back().map_or(self.before, |frame| Reached {
            seq: frame.head.seq,
            stored: frame.head.stored_before + u64::from(frame.head.count),
            dropped: frame.head.dropped,
        })
    }

    /// How many records are in it.
    pub(super) fn rows(&self) -> u64 {
        self.reached().stored - self.before.stored
    }

    pub(super) fn bytes(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Deletes it; whoever still reads it can.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// A whole and undamaged frame at this place, if there is one.
fn read_frame(file: &File, offset: u64) -> io::Result<Option<(Head, Vec<u8>)>> {
    let mut bytes = vec![0; HEAD_BYTES];
    let Some(head) = fill(file, &mut bytes, offset)?.then(|| Head::read(&bytes)).flatten() else { return Ok(None) };
    bytes.resize(HEAD_BYTES + head.payload_bytes as usize, 0);
    let whole = fill(file, &mut bytes[HEAD_BYTES..], offset + HEAD_BYTES as u64)?;
    Ok((whole && head.fits(&bytes)).then_some((head, bytes)))
}

/// Fills a buffer; `false` if the file ends before.
fn fill(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_exact_at(bytes, offset) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn named(path: &Path) -> Option<(Incarnation, u32)> {
    let (incarnation, number) = path.file_stem()?.to_str()?.split_once('-')?;
    Some((incarnation.parse().ok()?, number.parse().ok()?))
}

/// All tail files of a folder, by incarnation and in order. One whose beginning is torn held nothing and is removed.
pub(super) fn all(folder: &Path, names: &Names) -> io::Result<BTreeMap<Incarnation, Vec<Arc<Tail>>>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|kind| kind != "tail") {
            continue;
        }
        match Tail::open(path.clone(), names)? {
            Some(tail) => all.entry(tail.incarnation).or_default().push(Arc::new(tail)),
            None => fs::remove_file(path)?,
        }
    }
    for tails in all.values_mut() {
        tails.sort_by_key(|tail| tail.number);
    }
    Ok(all)
}

/// Waits until a folder's own entries are on the disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use keyward_core::time::UnixMs;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::fixtures::{any_record, names};

    fn batch(from: i64) -> Vec<Record> {
        (from..from + 3).map(|at| Record::new(UnixMs(at), crate::logs::Source::Gateway)).collect()
    }

    fn written(folder: &Path, batches: u64) -> (Names, Tail) {
        let names = names();
        let before = Reached { seq: 4, stored: 12, dropped: [1, 0] };
        let tail = Tail::create(folder, Incarnation(1), 2, before, &names).unwrap();
        for seq in 5..5 + batches {
            let (mut frame, records) = (Vec::new(), batch(seq as i64 * 10));
            Encoder::default().frame(&names, seq, tail.reached().stored, [1, seq], &records, &mut frame);
            tail.append(&frame, &records).unwrap();
        }
        (names, tail)
    }

    #[test]
    fn a_tail_is_found_again_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (names, tail) = written(folder.path(), 3);
        let found = all(folder.path(), &names).unwrap();
        let again = &found[&Incarnation(1)][0];
        assert_eq!(again.reached(), Reached { seq: 7, stored: 21, dropped: [1, 7] });
        assert_eq!((again.reached(), again.rows(), again.before), (tail.reached(), 9, tail.before));
        let last = again.frames().next_back().unwrap();
        assert_eq!(again.records(last, &names).unwrap(), batch(70));
        assert_eq!((last.head.since, last.head.until), (UnixMs(70), UnixMs(72)));
    }

    #[test]
    fn wherever_a_tail_is_torn_the_frames_before_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (names, tail) = written(folder.path(), 3);
        let path = folder.path().join("0000000000000001-00000002.tail");
        let bytes = fs::read(&path).unwrap();
        let mut starts: Vec<u64> = tail.frames().map(|frame| frame.offset).collect();
        starts.push(bytes.len() as u64);
        for length in starts[0]..bytes.len() as u64 {
            fs::write(&path, &bytes[..length as usize]).unwrap();
            let torn = Tail::open(path.clone(), &names).unwrap().unwrap();
            let whole = starts[1..].iter().filter(|end| **end <= length).count();
            assert_eq!(torn.frames().count(), whole, "torn at {length}");
        }
        fs::write(&path, &bytes[..20]).unwrap();
        assert!(all(folder.path(), &names).unwrap().is_empty() && !path.exists());
    }

    proptest! {
        #[test]
        fn a_sieve_never_denies_what_is_there(records in prop::collection::vec(any_record(), 1..40)) {
            let sieve = Sieve::new(&records);
            for record in &records {
                prop_assert!(record.key.is_none_or(|id| sieve.may_hold(id.uuid())));
                prop_assert!(record.account.is_none_or(|id| sieve.may_hold(id.uuid())));
            }
        }
    }
}
