//! Everything that is stored: tails and segments, as a query or the sealer finds them at one moment.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use keyward_core::time::UnixMs;

use super::segment::{Opened, Segment};
use super::tail::Tail;

/// Of how many segments it is remembered where everything is in them.
pub(super) const REMEMBERED_MAX: usize = 512;

/// What is stored at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// From the oldest on; the last is the one that is written to.
    pub(super) tails: Vec<Arc<Tail>>,
    /// Made into segments already, and kept until they are in usage.
    pub(super) spent: Vec<Arc<Tail>>,
    /// By the time of their latest record.
    pub(super) segments: Vec<Arc<Segment>>,
}

/// What is stored.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    held: RwLock<Arc<Held>>,
    remembered: Mutex<VecDeque<Arc<Segment>>>,
}

impl Held {
    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u64 {
        let tails = self.tails.iter().chain(&self.spent).map(|tail| tail.bytes());
        tails.chain(self.segments.iter().map(|segment| segment.bytes)).sum()
    }

    /// Records that can be found.
    pub(super) fn rows(&self) -> u64 {
        let tails = self.tails.iter().map(|tail| tail.rows());
        tails.chain(self.segments.iter().map(|segment| segment.rows)).sum()
    }

    /// The earliest record.
    pub(super) fn oldest(&self) -> Option<UnixMs> {
        let frames = self.tails.iter().flat_map(|tail| tail.frames()).filter(|frame| frame.head.count > 0);
        let tails = frames.map(|frame| frame.head.since);
        tails.chain(self.segments.iter().map(|segment| segment.since)).min()
    }
}

impl Shelf {
    pub(super) fn new(folder: PathBuf, held: Held) -> Self {
        Self { folder, held: RwLock::new(Arc::new(held)), remembered: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is stored now. It stays readable even when it is deleted meanwhile.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is stored, for all to see at once.
    pub(super) fn change(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut held));
    }

    /// Remembers where everything is in a segment, and forgets that of the one that was opened first.
    pub(super) fn remember(&self, segment: &Arc<Segment>, opened: &Opened) {
        if !segment.remember(Some(opened)) {
            return;
        }
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.push_back(Arc::clone(segment));
        if remembered.len() > REMEMBERED_MAX
            && let Some(first) = remembered.pop_front()
        {
            first.remember(None);
        }
    }
}
