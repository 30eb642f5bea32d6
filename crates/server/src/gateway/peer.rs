//! What is known of one client's connection, shared by its guard, its requests and their answers.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::task::Waker;

use super::framing::Fault;
use super::ticker::Ticker;

/// One client's connection.
#[derive(Debug)]
pub struct Peer {
    address: IpAddr,
    https: bool,
    ticker: Rc<Ticker>,
    /// Request heads that came in whole.
    heads: Cell<u64>,
    /// Requests that reached the service.
    served: Cell<u64>,
    /// Answers that ended.
    answered: Cell<u64>,
    answered_at_ms: Cell<u64>,
    fault: Cell<Option<Fault>>,
    waker: RefCell<Option<Waker>>,
    draining: Cell<bool>,
}

impl Peer {
    /// A new connection from this address.
    pub fn new(address: IpAddr, https: bool, ticker: Rc<Ticker>) -> Rc<Self> {
        Rc::new(Self {
            address: address.to_canonical(),
            https,
            ticker,
            heads: Cell::default(),
            served: Cell::default(),
            answered: Cell::default(),
            answered_at_ms: Cell::default(),
            fault: Cell::default(),
            waker: RefCell::default(),
            draining: Cell::default(),
        })
    }

    /// Where it comes from: the other end of the connection, whatever its headers say.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Whether the connection itself is encrypted.
    pub fn https(&self) -> bool {
        self.https
    }

    /// The thread's deadlines.
    pub fn ticker(&self) -> &Rc<Ticker> {
        &self.ticker
    }

    pub(super) fn note_heads(&self, heads: u64) {
        self.heads.set(heads);
    }

    pub(super) fn note_fault(&self, fault: Fault) {
        if self.fault.get().is_none() {
            self.fault.set(Some(fault));
        }
    }

    /// Counts a request that reached the service, and says what is wrong with its head, if anything is.
    pub fn serve(&self) -> Option<&'static str> {
        let head = self.served.get();
        self.served.set(head + 1);
        self.fault.get().filter(|fault| fault.head <= head).map(|fault| fault.why)
    }

    /// Whether a request that came in is not yet answered in full.
    pub fn is_busy(&self) -> bool {
        self.answered.get() < self.heads.get()
    }

    pub(super) fn answered_at_ms(&self) -> u64 {
        self.answered_at_ms.get()
    }

    pub(super) fn note_answered(&self) {
        self.answered.set(self.answered.get() + 1);
        self.answered_at_ms.set(self.ticker.now_ms());
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    pub(super) fn drain(&self) {
        self.draining.set(true);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn remember(&self, waker: &Waker) {
        let mut place = self.waker.borrow_mut();
        if !place.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *place = Some(waker.clone());
        }
    }
}
