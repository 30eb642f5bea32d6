//! Goes through the whole chain and says what is wrong with it. Events are given one by one, so that millions need no
//! more memory than one.

use std::fmt;

use keyward_core::time::UnixMs;
use serde::Serialize;

use super::chain::is_sealed;
use super::heads::Heads;
use super::store::{AuditRow, Checkpoint};
use crate::changes::Head;
use crate::vault::{AuditKey, hex};

/// Most findings that are kept; the rest are counted.
const FINDINGS_MAX: usize = 1_000;

/// What is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// An event is not as it was written, or its neighbour before it is not.
    Changed {
        /// Which.
        seq: i64,
        /// The epoch it claims.
        epoch: i64,
    },
    /// Events are gone from the middle or the beginning.
    Removed {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// An event stands where another stood.
    Reordered {
        /// Which.
        seq: i64,
        /// The epoch it claims.
        epoch: i64,
    },
    /// The last events are gone.
    Cut {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// An event stands outside the chain: behind its end, or before its beginning.
    Added {
        /// Which.
        seq: i64,
        /// The epoch it claims.
        epoch: i64,
    },
    /// An event can't be read; nothing behind it was looked at.
    Unreadable {
        /// The last one that could be.
        after: i64,
    },
    /// The head row is gone, or somebody else wrote it.
    Head,
    /// The checkpoint was not signed by this store's key.
    Checkpoint,
    /// The program itself once found the head altered, and wrote it down here.
    Witnessed {
        /// Where.
        seq: i64,
        /// When.
        epoch: i64,
    },
    /// A signed head names another event at this place: the past was rewritten.
    Rewritten {
        /// Which event.
        seq: i64,
        /// The line of the file of heads.
        line: usize,
    },
    /// A signed head names an event that is not there any more.
    Behind {
        /// Which event.
        seq: i64,
        /// The line of the file of heads.
        line: usize,
    },
    /// A line of the file of heads is no head, or was not signed by this store's key.
    BadHead {
        /// The line.
        line: usize,
    },
    /// A signed head of a store with another past.
    ForeignHead {
        /// The line.
        line: usize,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = |f: &mut fmt::Formatter<'_>, from: &i64, to: &i64| match to - from {
            0 => write!(f, "event {from} is missing"),
            _ => write!(f, "events {from} to {to} are missing"),
        };
        match self {
            Self::Changed { seq, epoch } => write!(f, "event {seq} (epoch {epoch}) was changed"),
            Self::Removed { from, to } => events(f, from, to),
            Self::Reordered { seq, epoch } => write!(f, "event {seq} (epoch {epoch}) is out of order"),
            Self::Cut { from, to } => events(f, from, to).and_then(|()| f.write_str(": the tail was cut")),
            Self::Added { seq, epoch } => write!(f, "event {seq} (epoch {epoch}) does not belong to the chain"),
            Self::Unreadable { after } => write!(f, "what follows event {after} can't be read"),
            Self::Head => f.write_str("the head of the chain was not written by Keyward"),
            Self::Checkpoint => f.write_str("the checkpoint was not signed by this store's key"),
            Self::Witnessed { seq, epoch } => {
                write!(f, "at event {seq} (epoch {epoch}) Keyward found the head altered by somebody else")
            }
            Self::Rewritten { seq, line } => {
                write!(f, "event {seq} is not the one that line {line} of the heads names: the past was rewritten")
            }
            Self::Behind { seq, line } => {
                write!(f, "event {seq}, which line {line} of the heads names, is missing: the tail was cut")
            }
            Self::BadHead { line } => write!(f, "line {line} of the heads is no head signed by this store's key"),
            Self::ForeignHead { line } => write!(f, "line {line} of the heads is of a store with another past"),
        }
    }
}

/// What became of a look at the whole chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events that were looked at.
    pub events: u64,
    /// The last event before them, which retention has cut off with everything older; 0 when nothing was.
    pub cut_until: i64,
    /// When it was made.
    #[serde(skip)]
    pub cut_at: Option<UnixMs>,
    /// The last event.
    pub last: i64,
    /// Signed heads that were compared.
    pub heads: u64,
    /// Signed heads older than what retention has left, which can't be compared.
    pub heads_too_old: u64,
    /// What is wrong; empty when nothing is.
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub findings_more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    fn note(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_more += 1;
        }
    }
}

/// A look under way.
pub(super) struct Verifier<'k> {
    key: &'k AuditKey,
    head: Option<Head>,
    heads: Heads,
    start: i64,
    last: i64,
    mac: Vec<u8>,
    /// Where the last event stood in its change.
    stood: (i64, i64),
    unread: bool,
    report: Report,
}

impl<'k> Verifier<'k> {
    pub(super) fn new(key: &'k AuditKey, head: Option<Head>, checkpoint: Option<Checkpoint>, heads: Heads) -> Self {
        let mut report = Report::default();
        let history = head.as_ref().map_or("", |head| head.history.as_str());
        for line in heads.unsigned(key) {
            report.note(Finding::BadHead { line });
        }
        for line in heads.foreign(history) {
            report.note(Finding::ForeignHead { line });
        }
        let heads = heads.of(history, key);
        let (mut start, mut mac) = (0, Vec::new());
        if let Some(checkpoint) = checkpoint {
            if !key.has_signed(&checkpoint.text(history), &checkpoint.signature) {
                report.note(Finding::Checkpoint);
            }
            report.cut_at = Some(UnixMs(checkpoint.at));
            (start, mac) = (checkpoint.seq, checkpoint.mac);
        }
        report.cut_until = start;
        let mut verifier = Self { key, head, heads, start, last: start, mac, stood: (0, -1), unread: false, report };
        verifier.report.heads_too_old = verifier.heads.forget_before(start);
        verifier.compare(start);
        verifier
    }

    /// The next event by its number.
    pub(super) fn event(&mut self, row: &AuditRow) {
        let (seq, epoch) = (row.seq, row.epoch);
        self.report.events += 1;
        if seq <= self.start {
            self.report.note(Finding::Added { seq, epoch });
            return;
        }
        let follows = self.last.checked_add(1) == Some(seq);
        if !follows {
            self.report.note(Finding::Removed { from: self.last.saturating_add(1), to: seq.saturating_sub(1) });
        }
        if row.stood() <= self.stood {
            self.report.note(Finding::Reordered { seq, epoch });
        } else if follows && row.link().mac(self.key, &self.mac)[..] != row.mac[..] {
            self.report.note(Finding::Changed { seq, epoch });
        } else if row.action == super::BROKEN {
            self.report.note(Finding::Witnessed { seq, epoch });
        }
        self.stood = row.stood();
        self.last = seq;
        self.mac.clone_from(&row.mac);
        self.compare(seq);
    }

    /// The rest can't be read.
    pub(super) fn unreadable(&mut self) {
        self.report.note(Finding::Unreadable { after: self.last });
        self.unread = true;
    }

    /// There are no more events.
    pub(super) fn end(mut self) -> Report {
        match &self.head {
            None => self.report.note(Finding::Head),
            Some(head) => {
                if !is_sealed(self.key, head) || (head.audit_seq == self.last && head.audit_mac != self.mac) {
                    self.report.note(Finding::Head);
                }
                if head.audit_seq > self.last && !self.unread {
                    self.report.note(Finding::Cut { from: self.last + 1, to: head.audit_seq });
                }
                if head.audit_seq < self.last {
                    self.report.note(Finding::Added { seq: self.last, epoch: self.stood.0 });
                }
            }
        }
        let left = self.heads.left();
        self.report.heads += left.len() as u64;
        for (seq, line) in left.into_iter().filter(|_| !self.unread) {
            self.report.note(Finding::Behind { seq, line });
        }
        self.report.last = self.last;
        self.report
    }

    /// Compares with the signed heads that end at this event.
    fn compare(&mut self, seq: i64) {
        let mac = hex(&self.mac);
        for (passed, line, said) in self.heads.take_until(seq) {
            self.report.heads += 1;
            if passed < seq {
                self.report.note(Finding::Behind { seq: passed, line });
            } else if said != mac {
                self.report.note(Finding::Rewritten { seq, line });
            }
        }
    }
}

#[cfg(test)]
mod tests;
