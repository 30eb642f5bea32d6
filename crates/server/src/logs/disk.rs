//! How much the log may still write. Without a bound it is the disk that says no, and how fast it writes is the disk's
//! affair too; a test bounds it, or holds it up.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Stands for no bound.
const ENDLESS: u64 = u64::MAX;

/// The log's disk.
#[derive(Debug)]
pub struct Disk {
    left: AtomicU64,
    gate: Mutex<Gate>,
    moved: Condvar,
}

/// Who stands before the disk.
#[derive(Debug, Default)]
struct Gate {
    holds: usize,
    waiting: usize,
}

/// As long as it lives nothing is written: whoever would write waits.
#[derive(Debug)]
pub struct Hold<'a>(&'a Disk);

impl Default for Disk {
    fn default() -> Self {
        Self { left: AtomicU64::new(ENDLESS), gate: Mutex::default(), moved: Condvar::new() }
    }
}

impl Disk {
    /// From now on only so many bytes find a place; `None`: as many as really do.
    pub fn bound(&self, bytes: Option<u64>) {
        self.left.store(bytes.unwrap_or(ENDLESS), Ordering::SeqCst);
    }

    /// Holds up whoever writes.
    pub fn hold(&self) -> Hold<'_> {
        self.gate().holds += 1;
        Hold(self)
    }

    /// Takes room for so many bytes, before they are written.
    pub(super) fn take(&self, bytes: usize) -> io::Result<()> {
        self.pass();
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            ENDLESS => Some(ENDLESS),
            bounded => bounded.checked_sub(bytes as u64),
        });
        taken.map(drop).map_err(|_| io::Error::new(io::ErrorKind::StorageFull, "no room is left for the log"))
    }

    fn pass(&self) {
        let mut gate = self.gate();
        if gate.holds == 0 {
            return;
        }
        gate.waiting += 1;
        self.moved.notify_all();
        while gate.holds > 0 {
            gate = self.moved.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        gate.waiting -= 1;
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold<'_> {
    /// Waits until somebody is held up.
    pub fn met(&self) {
        let mut gate = self.0.gate();
        while gate.waiting == 0 {
            gate = self.0.moved.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.gate().holds -= 1;
        self.0.moved.notify_all();
    }
}
