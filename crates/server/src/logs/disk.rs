//! How much the log may still write. Without a bound it is the disk that says no; a test sets one.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Stands for no bound.
const ENDLESS: u64 = u64::MAX;

/// The log's disk.
#[derive(Debug)]
pub struct Disk {
    left: AtomicU64,
}

impl Default for Disk {
    fn default() -> Self {
        Self { left: AtomicU64::new(ENDLESS) }
    }
}

impl Disk {
    /// From now on only so many bytes find a place; `None`: as many as really do.
    pub fn bound(&self, bytes: Option<u64>) {
        self.left.store(bytes.unwrap_or(ENDLESS), Ordering::SeqCst);
    }

    /// Takes room for so many bytes, before they are written.
    pub(super) fn take(&self, bytes: usize) -> io::Result<()> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            ENDLESS => Some(ENDLESS),
            bounded => bounded.checked_sub(bytes as u64),
        });
        taken.map(drop).map_err(|_| io::Error::new(io::ErrorKind::StorageFull, "no room is left for the log"))
    }
}
