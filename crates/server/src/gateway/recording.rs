//! What the log is told of a request: noted step by step, handed over when the answer has ended, broke off, or never came.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, USER_AGENT};
use http::request::Parts;
use http_body::{Body, Frame, SizeHint};
use keyward_core::denial::Denial;
use keyward_core::key::SecretAge;
use keyward_core::route::Matched;
use keyward_core::secret::sha256;
use keyward_core::time::UnixMs;

use super::inbound::Origin;
use super::matching::Found;
use super::request_id::RequestId;
use super::upstream::{AnswerBody, Tap};
use crate::authorize::{Attempt, Outcome, Presented, Verdict};
use crate::clock::Clock;
use crate::logs::{Book, Cause, Kept, Method, Record, Recorder, Source};

/// What stands for the status of an answer that nobody was there for any more.
const GONE_STATUS: u16 = 499;
/// And for its code.
const GONE: &str = "client_gone";
/// Most bytes of something wrong that a fingerprint is made of.
const SENT_BYTES_MAX: usize = 1_024;

/// One request's record in the making. However its request ends, it is handed over once.
pub(super) struct Entry {
    /// `None` only while it is handed over.
    record: Option<Box<Record>>,
    recorder: Rc<Recorder>,
    clock: Clock,
    began_us: u64,
    /// Where a request's body is looked at as it goes by.
    tap: Option<Rc<Tap>>,
    /// Most bytes that are kept of each body.
    kept_max: usize,
}

impl Entry {
    /// A request has come, and will be decided.
    pub(super) fn begin(recorder: &Rc<Recorder>, clock: &Clock, at: UnixMs, began_us: u64) -> Self {
        recorder.decide();
        let mut record = Box::new(Record::new(at, Source::Gateway));
        (record.status, record.code) = (GONE_STATUS, Some(GONE));
        let (recorder, clock) = (Rc::clone(recorder), clock.clone());
        Self { record: Some(record), recorder, clock, began_us, tap: None, kept_max: 0 }
    }

    /// What its head says.
    pub(super) fn head(&mut self, parts: &Parts, path: &str, origin: &Origin, id: &RequestId) {
        let Some(record) = &mut self.record else { return };
        record.method = Method::new(parts.method.as_str());
        record.address = Some(origin.address);
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        record.set_texts(path, agent, id.as_str());
    }

    /// Bytes of its body, as far as they are known beforehand.
    pub(super) fn sized(&mut self, bytes: u64) {
        if let Some(record) = &mut self.record {
            record.bytes_in = bytes;
        }
    }

    /// Its answer ends here.
    fn end(&mut self, bytes_out: u64, broke_off: bool) {
        if let Some(record) = &mut self.record {
            record.bytes_out = bytes_out;
            record.broke_off = broke_off;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.total_us = self.clock.since_us(self.began_us);
        if let Some(tap) = &self.tap {
            record.bytes_in = tap.bytes();
            if let Some(bodies) = &mut record.bodies {
                bodies.request = tap.kept();
            }
        }
        if let Some(bodies) = &mut record.bodies {
            // Of what is compressed nothing was kept: that is not the same as nothing.
            bodies.request.cut |= bodies.request.bytes.is_empty() && record.bytes_in > 0;
            bodies.answer.cut |= bodies.answer.bytes.is_empty() && record.bytes_out > 0;
        }
        self.recorder.hand_over(record);
    }
}

/// The entry of the request that is being served, if anything is recorded.
#[derive(Default)]
pub(super) struct Open(RefCell<Option<Entry>>);

impl Open {
    pub(super) fn new(entry: Option<Entry>) -> Self {
        Self(RefCell::new(entry))
    }

    fn note(&self, note: impl FnOnce(&mut Record, &Book)) {
        if let Some(Entry { record: Some(record), recorder, .. }) = &mut *self.0.borrow_mut() {
            note(record, recorder.book());
        }
    }

    /// Which API it is for.
    pub(super) fn found(&self, found: &Found<'_>) {
        self.note(|record, book| {
            record.api = book.api(found.setup);
            record.region = book.region(found.setup, found.region);
        });
    }

    /// What was asked, and what came out.
    pub(super) fn judged(&self, attempt: &Attempt<'_>, verdict: &Verdict, raw: impl FnOnce() -> Option<[u8; 32]>) {
        self.note(|record, book| note_verdict(record, book, attempt, verdict, raw));
    }

    /// Why it is refused.
    pub(super) fn refused(&self, code: &'static str) {
        self.note(|record, _| record.code = Some(code));
    }

    /// How long the upstream took.
    pub(super) fn forwarded(&self, clock: &Clock, began_us: u64) {
        self.note(|record, _| record.upstream_us = clock.since_us(began_us).max(1));
    }

    /// Keeps so much of each body, where that is asked for.
    pub(super) fn keep_bodies(&self, kept_max: usize) {
        if let Some(entry) = &mut *self.0.borrow_mut()
            && kept_max > 0
            && let Some(record) = &mut entry.record
        {
            entry.kept_max = kept_max;
            record.bodies = Some(Box::default());
        }
    }

    /// Keeps a request's body that was read already.
    pub(super) fn keep_request(&self, body: &[u8]) {
        if let Some(Entry { record: Some(record), kept_max, .. }) = &mut *self.0.borrow_mut()
            && let Some(bodies) = &mut record.bodies
        {
            bodies.request.take(body, *kept_max);
        }
    }

    /// Where the request's body is looked at as it goes by; of one whose length is known only to keep it.
    pub(super) fn tap(&self, is_sized: bool, headers: &HeaderMap) -> Option<Rc<Tap>> {
        let mut entry = self.0.borrow_mut();
        let entry = entry.as_mut()?;
        // What is compressed can't be searched for secrets.
        let kept_max = if headers.contains_key(CONTENT_ENCODING) { 0 } else { entry.kept_max };
        if is_sized && kept_max == 0 {
            return None;
        }
        Some(Rc::clone(entry.tap.insert(Rc::new(Tap::new(kept_max)))))
    }

    /// An answer with this status is about to begin; its body takes the entry along.
    pub(super) fn answering(&self, status: u16, headers: &HeaderMap, body: AnswerBody) -> Logged {
        self.note(|record, _| {
            record.status = status;
            // Whatever refuses has said so by now.
            record.code = record.code.filter(|code| *code != GONE);
        });
        let entry = self.0.take();
        let is_plain = !headers.contains_key(CONTENT_ENCODING);
        let kept_max = entry.as_ref().map_or(0, |entry| entry.kept_max);
        let kept_max = if is_plain { kept_max } else { 0 };
        Logged { body, bytes: 0, entry, broken: false, kept: Kept::default(), kept_max }
    }
}

/// Puts a verdict into a record; the auth listener does it too.
pub(crate) fn note_verdict(
    record: &mut Record,
    book: &Book,
    attempt: &Attempt<'_>,
    verdict: &Verdict,
    raw: impl FnOnce() -> Option<[u8; 32]>,
) {
    if !matches!(attempt.request.route, Matched::NotAsked) {
        record.route = book.route(attempt.setup, attempt.request.route);
    }
    record.cost = verdict.cost;
    record.items = verdict.items.map(|items| u32::try_from(items).unwrap_or(u32::MAX));
    record.remaining = verdict.tightest().map(|status| status.remaining);
    if let Some(caller) = &verdict.caller {
        record.account = Some(caller.account.id);
        record.key = Some(caller.key.id);
        record.person = caller.key.person;
        record.kind = Some(caller.key.kind);
        record.environment = Some(caller.key.environment);
        record.old_secret = caller.key.secret != SecretAge::Current;
        if record.region.is_none() {
            record.region = book.region(attempt.setup, caller.account.region.as_deref());
        }
    }
    if let Outcome::Deny(Denial::InvalidCredentials(reason)) = &verdict.outcome {
        record.cause = Some(Cause::Seen(*reason));
        let (sent, account) = match &attempt.presented {
            Presented::Credential { secret, account } => (Some(hashed(secret.as_bytes())), account.as_deref()),
            Presented::Nothing | Presented::Refused(_) => (raw(), None),
        };
        record.set_sent(sent, account);
    }
}

/// The hash of something that was sent and is wrong.
pub(crate) fn hashed(sent: &[u8]) -> [u8; 32] {
    sha256(&sent[..sent.len().min(SENT_BYTES_MAX)])
}

/// An answer's body that counts its bytes and hands the entry over at its end.
pub(crate) struct Logged {
    body: AnswerBody,
    bytes: u64,
    entry: Option<Entry>,
    broken: bool,
    kept: Kept,
    kept_max: usize,
}

impl Drop for Logged {
    fn drop(&mut self) {
        let broke_off = self.broken || !self.body.is_end_stream();
        let kept = std::mem::take(&mut self.kept);
        if let Some(entry) = &mut self.entry {
            entry.end(self.bytes, broke_off);
            if let Some(bodies) = entry.record.as_mut().and_then(|record| record.bodies.as_mut()) {
                bodies.answer = kept;
            }
        }
    }
}

impl Body for Logged {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                self.bytes += data.len() as u64;
                if self.kept_max > 0 {
                    let kept_max = self.kept_max;
                    self.kept.take(data, kept_max);
                }
            }
            Poll::Ready(Some(Err(_))) => self.broken = true,
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
