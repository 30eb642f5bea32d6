//! Request ids: 32 hexadecimal digits that sort by time (UUID v7), kept without allocation.

use std::cell::Cell;
use std::fmt;

use http::HeaderValue;
use keyward_core::time::UnixMs;
use uuid::Uuid;

const BYTES_MAX: usize = 64;

/// What a request is called in headers, logs and error bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    bytes: [u8; BYTES_MAX],
    length: u8,
}

impl RequestId {
    /// Takes over a trusted proxy's: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > BYTES_MAX || !text.iter().all(plain) {
            return None;
        }
        let mut bytes = [0; BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self { bytes, length: text.len() as u8 })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes one thread's request ids: the time, a random number of the thread's, and a count. Ids of one thread sort as
/// they were made, and where many are kept they take little room.
#[derive(Debug)]
pub struct RequestIds {
    thread: [u8; 6],
    count: Cell<u32>,
}

impl RequestIds {
    /// Begins at a random place, so that threads and nodes differ.
    pub fn new() -> Self {
        let mut seed = [0_u8; 8];
        // Ids are no secrets: without randomness the place of this value in memory has to do.
        let _ = getrandom::fill(&mut seed);
        let place = std::ptr::from_ref(&seed) as u64;
        let [thread @ .., _, _] = (u64::from_le_bytes(seed) ^ place).to_le_bytes();
        Self { thread, count: Cell::new(0) }
    }

    /// A fresh one. A thread's count begins anew after four thousand million, many milliseconds later.
    pub fn next(&self, now: UnixMs) -> RequestId {
        let uuid = self.next_uuid(now);
        let mut bytes = [0; BYTES_MAX];
        uuid.simple().encode_lower(&mut bytes);
        RequestId { bytes, length: 32 }
    }

    /// Likewise, as a number.
    pub fn next_uuid(&self, now: UnixMs) -> Uuid {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut bytes = [0_u8; 10];
        bytes[..6].copy_from_slice(&self.thread);
        bytes[6..].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(now.0.max(0) as u64, &bytes).into_uuid()
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_32_hexadecimal_digits_and_sort_by_time() {
        let ids = RequestIds::new();
        let (a, b) = (ids.next(UnixMs(1_000)), ids.next(UnixMs(2_000)));
        let c = ids.next(UnixMs(2_000));
        assert!(a.as_str() < b.as_str() && b.as_str() < c.as_str());
        assert_ne!(RequestIds::new().next(UnixMs(1_000)).as_str()[13..24], a.as_str()[13..24]);
        assert!(a.as_str().len() == 32 && a.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn only_plain_ids_are_taken_over() {
        let parse =
            |text: &'static str| RequestId::parse(&HeaderValue::from_static(text)).map(|id| id.as_str().to_owned());
        assert_eq!(parse("a-B_1.2").as_deref(), Some("a-B_1.2"));
        assert_eq!((parse(""), parse("a b"), parse("a\"")), (None, None, None));
    }
}
