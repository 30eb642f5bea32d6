//! The writer: a thread of its own that takes records from all queues, makes them durable in batches, and tells those
//! who wait for them.
//!
//! When the disk takes no more it keeps a bounded number of records and tries again at each flush; what comes beyond
//! is counted as dropped. Nothing it does is waited for by a request.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use keyward_core::time::HOUR_MS;
use tokio::sync::{mpsc, oneshot};

use super::codec::Encoder;
use super::engine::{Engine, Failing};
use super::graves::Graves;
use super::record::Record;
use super::tail::{Reached, Tail};
use crate::clock::Clock;

/// Most records of one batch.
const BATCH_MAX: usize = 20_000;
/// Most records that wait in the writer.
const PENDING_MAX: usize = 100_000;
/// How often queues are emptied while there is traffic, and while there is none.
const BUSY: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(50);
/// A tail that is larger is made into a segment before its hour is over.
const TAIL_BYTES_MAX: u64 = 128 << 20;
/// Likewise one with more records.
const TAIL_ROWS_MAX: u64 = 1_000_000;

/// How large a tail may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct TailMax {
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

impl Default for TailMax {
    fn default() -> Self {
        Self { bytes: TAIL_BYTES_MAX, rows: TAIL_ROWS_MAX }
    }
}

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Write down what was handed over by now; the answer is the last batch's number.
    Flush(oneshot::Sender<u64>),
    /// Likewise, and hand the tail to the sealer; the answer says whether that could be done.
    Seal(oneshot::Sender<io::Result<()>>),
    /// Likewise, and end.
    Stop(oneshot::Sender<u64>),
}

/// A batch that is durable.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) seq: u64,
    pub(super) records: Arc<[Record]>,
    pub(super) reached: Reached,
}

pub(super) struct Writer {
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Clock,
    pub(super) graves: Graves,
    pub(super) commands: Receiver<Command>,
    pub(super) stored: mpsc::Sender<Stored>,
    /// Where a tail goes that has had its time.
    pub(super) sealing: Sender<Arc<Tail>>,
    pub(super) flush_every: Duration,
    pub(super) tail_max: TailMax,
    pub(super) place: Place,
}

/// Where the writer stands.
#[derive(Default)]
pub(super) struct Place {
    /// `None` until there is room to begin one.
    tail: Option<Arc<Tail>>,
    tails: u32,
    /// The hour that the tail is of.
    hour: i64,
    reached: Reached,
    #[expect(clippy::vec_box, reason = "as they come; they are unpacked when a batch is made")]
    pending: Vec<Box<Record>>,
    /// A batch that is to be written next.
    batch: Option<Arc<[Record]>>,
    encoder: Encoder,
    frame: Vec<u8>,
}

impl Writer {
    pub(super) fn run(mut self) {
        let mut flushed = Instant::now();
        loop {
            let wait = if self.place.pending.is_empty() { IDLE } else { BUSY };
            match self.commands.recv_timeout(wait) {
                Ok(Command::Flush(reply)) => {
                    self.drain();
                    self.flush();
                    flushed = Instant::now();
                    // Whoever asked may have gone.
                    let _ = reply.send(self.place.reached.seq);
                }
                Ok(Command::Seal(reply)) => {
                    self.drain();
                    self.flush();
                    let _ = reply.send(self.rotate(true));
                }
                Ok(Command::Stop(reply)) => {
                    self.drain();
                    self.flush();
                    self.give_up();
                    let _ = reply.send(self.place.reached.seq);
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.drain();
                    if flushed.elapsed() >= self.flush_every || self.place.pending.len() >= BATCH_MAX {
                        self.flush();
                        self.end_hour();
                        flushed = Instant::now();
                    }
                }
            }
        }
    }

    /// Takes what has come. While the disk takes nothing, what finds no place here is dropped; otherwise it stays in
    /// its queue.
    fn drain(&mut self) {
        let pending = &mut self.place.pending;
        self.engine.queues.drain(PENDING_MAX, pending);
        if pending.len() < PENDING_MAX || self.engine.failing().is_none() {
            return;
        }
        let mut over = Vec::new();
        self.engine.queues.drain(PENDING_MAX, &mut over);
        self.engine.waiting.release(over.iter().map(|record| record.body_bytes()).sum());
        self.engine.counts.drop_unwritten(over.len() as u64);
    }

    /// Writes down all that has come; stops at the first failure.
    fn flush(&mut self) {
        loop {
            let batch = match self.place.batch.take() {
                Some(batch) => batch,
                None if self.place.pending.is_empty() && self.engine.counts.dropped() == self.place.reached.dropped => {
                    return;
                }
                None => self.next_batch(),
            };
            match self.write(&batch) {
                Ok(()) => {
                    self.engine.set_failing(None);
                    self.publish(batch);
                }
                Err(error) => {
                    self.fail(&error);
                    self.place.batch = Some(batch);
                    return;
                }
            }
        }
    }

    fn fail(&self, error: &io::Error) {
        if self.engine.failing().is_none() {
            tracing::error!(%error, "the request log can't be written; decisions go on");
        }
        let since = self.engine.failing().map_or_else(|| self.clock.now(), |failing| failing.since);
        self.engine.set_failing(Some(Failing { since, why: error.to_string() }));
    }

    /// Lets go of a tail whose hour is over also while nothing comes: what is in it is kept no longer than the rest.
    pub(super) fn end_hour(&mut self) {
        // What waits to be written does it by itself.
        if self.place.tail.is_none() || self.place.batch.is_some() {
            return;
        }
        match self.rotate(false) {
            Ok(()) => self.engine.set_failing(None),
            Err(error) => self.fail(&error),
        }
    }

    fn next_batch(&mut self) -> Arc<[Record]> {
        let count = self.place.pending.len().min(BATCH_MAX);
        let mut records: Vec<Record> = self.place.pending.drain(..count).map(|record| *record).collect();
        self.engine.waiting.release(records.iter().map(Record::body_bytes).sum());
        self.graves.tell(&mut records, &self.engine.names);
        for record in &mut records {
            self.engine.redactor.clean(record);
        }
        records.into()
    }

    pub(super) fn write(&mut self, batch: &Arc<[Record]>) -> io::Result<()> {
        self.rotate(false)?;
        let Place { tail, reached, encoder, frame, .. } = &mut self.place;
        let tail = tail.as_ref().ok_or_else(|| io::Error::other("there is no tail to write to"))?;
        let dropped = self.engine.counts.dropped();
        frame.clear();
        encoder.frame(&self.engine.names, reached.seq + 1, reached.stored, dropped, batch, frame);
        self.engine.disk.take(frame.len())?;
        tail.append(frame, batch)?;
        *reached = Reached { seq: reached.seq + 1, stored: reached.stored + batch.len() as u64, dropped };
        Ok(())
    }

    /// Begins a new tail where there is none, or the one there is has had its time.
    fn rotate(&mut self, now: bool) -> io::Result<()> {
        let hour = self.clock.now().0.div_euclid(HOUR_MS);
        let full = |tail: &Arc<Tail>| {
            let over = tail.bytes() >= self.tail_max.bytes || tail.rows() >= self.tail_max.rows;
            over || (now || hour != self.place.hour) && tail.rows() > 0
        };
        if self.place.tail.as_ref().is_some_and(|tail| !full(tail)) {
            return Ok(());
        }
        self.engine.disk.take(super::codec::HEAD_BYTES)?;
        let (folder, incarnation) = (self.engine.shelf.folder(), self.engine.counts.incarnation());
        let tail = Tail::create(folder, incarnation, self.place.tails + 1, self.place.reached, &self.engine.names)?;
        self.place.tails += 1;
        self.place.hour = hour;
        let tail = Arc::new(tail);
        self.engine.shelf.change(|held| held.tails.push(Arc::clone(&tail)));
        if let Some(old) = self.place.tail.replace(tail) {
            self.engine.handed.fetch_add(1, Ordering::AcqRel);
            // A sealer that ended leaves the tail to the next start.
            let _ = self.sealing.send(old);
        }
        Ok(())
    }

    fn publish(&mut self, records: Arc<[Record]>) {
        let reached = self.place.reached;
        self.engine.stored.store(reached.stored, Ordering::Release);
        self.engine.live.publish(&records);
        // Full: usage is behind, and reads this batch from the tail when it comes to it.
        let _ = self.stored.try_send(Stored { seq: reached.seq, records, reached });
        self.engine.durable.send_replace(reached.seq);
    }

    /// At the end: what could not be written is counted as dropped.
    fn give_up(&mut self) {
        let left = self.place.pending.len() + self.place.batch.as_ref().map_or(0, |batch| batch.len());
        if left > 0 {
            self.engine.counts.drop_unwritten(left as u64);
            tracing::error!(records = left, "the request log could not be written before the end");
        }
    }
}
