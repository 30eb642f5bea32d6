//! From the threads that serve to the writer: one bounded queue each, and neither side ever waits for the other.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyward_core::route::Matched;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use super::counts::Counts;
use super::names::{Name, Names};
use super::record::Record;
use crate::config::{ApiSetup, Config};

/// Most bytes of bodies that wait for the disk: a batch with all of them is still one frame.
const BODIES_WAITING_MAX: usize = 32 << 20;

/// What a thread records with. Its own alone.
#[derive(Debug)]
pub struct Recorder {
    queue: RefCell<Producer<Box<Record>>>,
    lane: usize,
    counts: Arc<Counts>,
    book: Arc<Book>,
    waiting: Arc<Waiting>,
}

/// How many bytes of bodies wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicUsize);

/// The writer's ends of all queues.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<Vec<Consumer<Box<Record>>>>);

/// The names of everything configured, by place.
#[derive(Debug)]
pub struct Book(Vec<ApiNames>);

#[derive(Debug)]
struct ApiNames {
    api: Name,
    routes: Vec<Name>,
    regions: Vec<(Box<str>, Name)>,
}

impl Recorder {
    /// A thread's way to the writer.
    pub(super) fn new(
        queues: &Queues,
        length: usize,
        counts: Arc<Counts>,
        book: Arc<Book>,
        waiting: Arc<Waiting>,
    ) -> Self {
        let (producer, consumer) = RingBuffer::new(length);
        queues.0.lock().unwrap_or_else(PoisonError::into_inner).push(consumer);
        Self { queue: RefCell::new(producer), lane: counts.lane(), counts, book, waiting }
    }

    /// Counts a decision. Its record follows by [`Recorder::hand_over`]; if the process ends in between, the
    /// difference tells.
    pub fn decide(&self) {
        self.counts.decide(self.lane);
    }

    /// Hands a record over, or counts it as dropped. Bodies go along while not too much of them waits for the disk.
    pub fn hand_over(&self, mut record: Box<Record>) {
        self.waiting.admit(&mut record);
        if let Err(PushError::Full(record)) = self.queue.borrow_mut().push(record) {
            self.waiting.release(record.body_bytes());
            self.counts.drop_queued(self.lane);
        }
    }

    /// The names of what is configured.
    pub fn book(&self) -> &Book {
        &self.book
    }
}

impl Waiting {
    /// Takes bodies in, or leaves nothing of them where there is no room.
    fn admit(&self, record: &mut Record) {
        let bytes = record.body_bytes();
        let Some(bodies) = &mut record.bodies else { return };
        let room = |waiting: usize| Some(waiting + bytes).filter(|sum| *sum <= BODIES_WAITING_MAX);
        if self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            for kept in [&mut bodies.request, &mut bodies.answer] {
                kept.cut |= !kept.bytes.is_empty();
                kept.bytes = Vec::new();
            }
        }
    }

    /// So many bytes wait no more.
    pub(super) fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Queues {
    /// Takes what has come, up to so many records; queues whose thread has ended are let go of once they are empty.
    #[expect(clippy::vec_box, reason = "records come in boxes; unpacking them is the writer's next step")]
    pub(super) fn drain(&self, most: usize, out: &mut Vec<Box<Record>>) {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues.iter_mut() {
            let here = queue.slots().min(most.saturating_sub(out.len()));
            if let Ok(chunk) = queue.read_chunk(here) {
                out.extend(chunk);
            }
        }
        // Abandoned first, empty after: what was pushed before its thread ended is seen.
        queues.retain(|queue| !(queue.is_abandoned() && queue.is_empty()));
    }
}

impl Book {
    pub(super) fn new(config: &Config, names: &Names) -> Self {
        let of = |setup: &Arc<ApiSetup>| ApiNames {
            api: names.name(&setup.api.name),
            routes: setup.api.routes.all().iter().map(|route| names.name(&route.pattern)).collect(),
            regions: setup.api.regions.keys().map(|region| (region.as_str().into(), names.name(region))).collect(),
        };
        Self(config.apis.iter().map(of).collect())
    }

    /// An API's name.
    pub fn api(&self, setup: &ApiSetup) -> Name {
        self.of(setup).map_or(Name::NONE, |own| own.api)
    }

    /// A route's.
    pub fn route(&self, setup: &ApiSetup, matched: Matched<'_>) -> Name {
        let place = matched.route().and_then(|route| setup.api.routes.place(route));
        let name = place.and_then(|place| self.of(setup)?.routes.get(place));
        name.copied().unwrap_or(Name::NONE)
    }

    /// A region's.
    pub fn region(&self, setup: &ApiSetup, region: Option<&str>) -> Name {
        let found = region.and_then(|region| self.of(setup)?.regions.iter().find(|(own, _)| &**own == region));
        found.map_or(Name::NONE, |(_, name)| *name)
    }

    fn of(&self, setup: &ApiSetup) -> Option<&ApiNames> {
        self.0.get(usize::from(setup.index))
    }
}
