//! Signed heads: where the chain ended at some instant. Kept where nobody who has the store can reach them, they show
//! a past that was rewritten by somebody who has the store and its keys.

mod keeper;
mod sink;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_core::time::UnixMs;
use serde::{Deserialize, Serialize};

use crate::changes::Head;
use crate::vault::{AuditKey, hex};

pub(super) use keeper::sign;
pub use keeper::{Keeper, Keeping, Tally};

/// Most lines of a file of heads: more than a century of hours.
const LINES_MAX: usize = 1_000_000;
/// Longest line that is looked at.
const LINE_BYTES_MAX: u64 = 4_096;

/// One signed head, a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// When it was signed, RFC 3339.
    pub at: String,
    /// Names the store's past.
    pub history: String,
    /// Its changes so far.
    pub epoch: i64,
    /// The last event of the audit; 0: none yet.
    pub seq: i64,
    /// Its hash, hexadecimal.
    pub mac: String,
    /// Names the public key.
    pub key: String,
    /// Ed25519 over [`SignedHead::text`], base64.
    pub signature: String,
}

impl SignedHead {
    /// Signs where the chain ends.
    pub(crate) fn sign(key: &AuditKey, head: &Head, now: UnixMs) -> Self {
        let mut signed = Self {
            at: now.rfc3339(),
            history: head.history.clone(),
            epoch: head.epoch,
            seq: head.audit_seq,
            mac: hex(&head.audit_mac),
            key: key.id(),
            signature: String::new(),
        };
        signed.signature = STANDARD.encode(key.sign(&signed.text()));
        signed
    }

    /// What is signed: a line for each member. None of them can hold a line break unseen.
    pub fn text(&self) -> String {
        let Self { at, history, epoch, seq, mac, .. } = self;
        format!("keyward audit head 1\n{at}\n{history}\n{epoch}\n{seq}\n{mac}\n")
    }

    fn is_signed_by(&self, key: &AuditKey) -> bool {
        let one_line = [&self.at, &self.history, &self.mac].iter().all(|text| !text.contains('\n'));
        one_line && STANDARD.decode(&self.signature).is_ok_and(|signature| key.has_signed(&self.text(), &signature))
    }
}

/// A file of heads, to compare a chain with.
#[derive(Debug, Default)]
pub struct Heads {
    lines: Vec<(usize, Option<SignedHead>)>,
    /// By event, then by line: its hash.
    expected: BTreeMap<(i64, usize), String>,
}

impl Heads {
    /// Reads a file of heads, a line each; what a log puts before the JSON is skipped.
    pub fn read(mut file: impl BufRead) -> io::Result<Self> {
        let mut heads = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if io::Read::take(&mut file, LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if number > LINES_MAX {
                return Err(io::Error::other(format!("more than {LINES_MAX} lines of heads; compare them in parts")));
            }
            let text = String::from_utf8_lossy(&line);
            if !text.trim().is_empty() {
                let json = text.find('{').map_or("", |at| &text[at..]);
                heads.lines.push((number, serde_json::from_str(json.trim()).ok()));
            }
        }
        Ok(heads)
    }

    /// The lines that are no heads of this key.
    pub(super) fn unsigned(&self, key: &AuditKey) -> Vec<usize> {
        let bad = |head: &Option<SignedHead>| !head.as_ref().is_some_and(|head| head.is_signed_by(key));
        self.lines.iter().filter(|(_, head)| bad(head)).map(|(line, _)| *line).collect()
    }

    /// The lines that are of a store with another past.
    pub(super) fn foreign(&self, history: &str) -> Vec<usize> {
        let other = |head: &Option<SignedHead>| head.as_ref().is_some_and(|head| head.history != history);
        self.lines.iter().filter(|(_, head)| other(head)).map(|(line, _)| *line).collect()
    }

    /// Only what this store's key signed, ready to be compared.
    pub(super) fn of(mut self, history: &str, key: &AuditKey) -> Self {
        for (line, head) in self.lines.drain(..) {
            if let Some(head) = head.filter(|head| head.history == history && head.is_signed_by(key)) {
                self.expected.insert((head.seq, line), head.mac);
            }
        }
        self
    }

    /// Leaves out what retention has made incomparable; how many.
    pub(super) fn forget_before(&mut self, seq: i64) -> u64 {
        let kept = self.expected.split_off(&(seq, 0));
        std::mem::replace(&mut self.expected, kept).len() as u64
    }

    /// The heads that end at or before this event, each once: event, line, hash.
    pub(super) fn take_until(&mut self, seq: i64) -> Vec<(i64, usize, String)> {
        let mut taken = Vec::new();
        while let Some(first) = self.expected.first_entry().filter(|first| first.key().0 <= seq) {
            let ((seq, line), mac) = first.remove_entry();
            taken.push((seq, line, mac));
        }
        taken
    }

    /// The heads that no event came for: event, line.
    pub(super) fn left(&self) -> Vec<(i64, usize)> {
        self.expected.keys().copied().collect()
    }
}
