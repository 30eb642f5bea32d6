//! Coarse deadlines: one timer per thread instead of one per wait.
//!
//! Nearly every wait ends long before its time limit. A deadline here costs a slot in a list that one task looks
//! through ten times a second; it never fires early, and late by at most about a tenth of a second.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use slab::Slab;
use tokio::time::Instant;

/// How often deadlines are looked at.
pub const TICK: Duration = Duration::from_millis(100);

/// One thread's deadlines.
#[derive(Debug)]
pub struct Ticker {
    began: Instant,
    now_ms: Cell<u64>,
    slots: RefCell<Slab<(u64, Waker)>>,
}

impl Ticker {
    /// A ticker that stands still until [`Ticker::run`] is polled.
    pub fn new() -> Rc<Self> {
        Rc::new(Self { began: Instant::now(), now_ms: Cell::new(0), slots: RefCell::default() })
    }

    /// Milliseconds since it was made, as of the last tick.
    pub fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// Ticks for ever.
    pub async fn run(self: Rc<Self>) {
        let mut every = tokio::time::interval(TICK);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            self.tick();
        }
    }

    fn tick(&self) {
        let now_ms = self.began.elapsed().as_millis() as u64;
        self.now_ms.set(now_ms);
        for (_, (due_ms, waker)) in self.slots.borrow().iter() {
            if *due_ms <= now_ms {
                waker.wake_by_ref();
            }
        }
    }
}

/// One wait's time limit; not armed until [`Deadline::set`].
#[derive(Debug)]
pub struct Deadline {
    ticker: Rc<Ticker>,
    due_ms: Option<u64>,
    slot: Option<usize>,
}

impl Deadline {
    /// An unarmed one.
    pub fn new(ticker: &Rc<Ticker>) -> Self {
        Self { ticker: Rc::clone(ticker), due_ms: None, slot: None }
    }

    /// Whether a limit is set.
    pub fn is_set(&self) -> bool {
        self.due_ms.is_some()
    }

    /// Ends `after` from now, plus the tick under way.
    pub fn set(&mut self, after: Duration) {
        self.set_since(self.ticker.now_ms(), after);
    }

    /// Ends `after` from an instant that [`Ticker::now_ms`] gave.
    pub fn set_since(&mut self, since_ms: u64, after: Duration) {
        let due_ms = since_ms.saturating_add((after + TICK).as_millis() as u64);
        self.due_ms = Some(due_ms);
        if let Some(slot) = self.slot.and_then(|at| self.ticker.slots.borrow().get(at).map(|_| at)) {
            self.ticker.slots.borrow_mut()[slot].0 = due_ms;
        }
    }

    /// Disarms it.
    pub fn clear(&mut self) {
        self.due_ms = None;
        if let Some(slot) = self.slot.take() {
            self.ticker.slots.borrow_mut().try_remove(slot);
        }
    }

    /// Ready once the limit has passed; otherwise the task is woken then.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(due_ms) = self.due_ms else { return Poll::Pending };
        if self.ticker.now_ms() >= due_ms {
            return Poll::Ready(());
        }
        let mut slots = self.ticker.slots.borrow_mut();
        match self.slot {
            Some(slot) if slots[slot].1.will_wake(cx.waker()) => slots[slot].0 = due_ms,
            Some(slot) => slots[slot] = (due_ms, cx.waker().clone()),
            None => self.slot = Some(slots.insert((due_ms, cx.waker().clone()))),
        }
        Poll::Pending
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The wait took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLate;

/// A future's output, if it comes in time.
pub async fn within<F: Future>(ticker: &Rc<Ticker>, limit: Duration, future: F) -> Result<F::Output, TooLate> {
    let mut future = pin!(future);
    let mut deadline = Deadline::new(ticker);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if !deadline.is_set() {
            deadline.set(limit);
        }
        deadline.poll(cx).map(|()| Err(TooLate))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_at_its_limit_and_not_before() {
        let ticker = Ticker::new();
        let cx = Context::from_waker(Waker::noop());
        let mut deadline = Deadline::new(&ticker);
        assert!(deadline.poll(&cx).is_pending());
        deadline.set(Duration::from_secs(2));
        for (now_ms, ready) in [(1_999, false), (2_099, false), (2_100, true), (9_000, true)] {
            ticker.now_ms.set(now_ms);
            assert_eq!(deadline.poll(&cx).is_ready(), ready, "{now_ms}");
        }
        drop(deadline);
        assert!(ticker.slots.borrow().is_empty());
    }

    #[test]
    fn a_limit_can_be_moved_and_taken_back() {
        let ticker = Ticker::new();
        let cx = Context::from_waker(Waker::noop());
        let mut deadline = Deadline::new(&ticker);
        deadline.set(Duration::from_secs(1));
        assert!(deadline.poll(&cx).is_pending());
        ticker.now_ms.set(1_000);
        deadline.set(Duration::from_secs(1));
        ticker.now_ms.set(2_000);
        assert!(deadline.poll(&cx).is_pending());
        deadline.clear();
        ticker.now_ms.set(9_000);
        assert!(deadline.poll(&cx).is_pending());
    }
}
