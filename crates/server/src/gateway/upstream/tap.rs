//! What is learnt of a request's body while it is forwarded.

use std::cell::{Cell, RefCell};

use crate::logs::Kept;

/// Counts a body, and keeps its beginning where that is asked for.
#[derive(Debug, Default)]
pub struct Tap {
    bytes: Cell<u64>,
    kept: RefCell<Kept>,
    kept_max: usize,
}

impl Tap {
    /// One that keeps so many bytes.
    pub fn new(kept_max: usize) -> Self {
        Self { kept_max, ..Self::default() }
    }

    /// A piece goes by.
    pub fn pass(&self, piece: &[u8]) {
        self.bytes.set(self.bytes.get() + piece.len() as u64);
        if self.kept_max > 0 {
            self.kept.borrow_mut().take(piece, self.kept_max);
        }
    }

    /// How much has gone by.
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// What was kept; nothing is left here.
    pub fn kept(&self) -> Kept {
        self.kept.take()
    }
}
