//! When each request is due, and the clock that says so.
//!
//! Tokio's timer counts whole milliseconds, twenty times the latency to be measured, so a kernel timer (timerfd,
//! nanoseconds, no slack) wakes the runtime. It never spins: a spinning client would take one of two cores.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;

use crate::client::Due;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// How much of this client's own lateness is not held against the server.
///
/// An idle core of a virtual machine takes some 60 µs to wake for its timer, as long as a whole answer takes, and
/// would hide half of any difference between two servers. A later wake-up counts in full beyond this: something
/// stalled the machine, and it may have been the server.
const WAKE_UP_GRACE: Duration = Duration::from_micros(150);

/// A fixed rate, first for the warm-up, then for what is measured.
pub(crate) struct Schedule {
    /// Requests per second.
    pub(crate) rate: u32,
    /// How long answers are not counted.
    pub(crate) warmup: Duration,
    /// How long they are.
    pub(crate) measured: Duration,
}

impl Schedule {
    /// Time between two requests.
    fn interval_ns(&self) -> u64 {
        (NANOS_PER_SECOND / u64::from(self.rate)).max(1)
    }

    /// Requests in `span`.
    fn count(&self, span: Duration) -> u64 {
        span.as_nanos() as u64 / self.interval_ns()
    }
}

/// What the schedule did.
#[derive(Default)]
pub(crate) struct Pace {
    /// Requests that were due while measuring.
    pub(crate) measured: u64,
    /// Those that no connection had room for.
    pub(crate) dropped: u64,
    /// How long after its due time each wake-up came, in nanoseconds, sorted.
    pub(crate) late_ns: Vec<u64>,
}

/// Hands every request, at its time, to the connection whose turn it is.
pub(crate) async fn dispatch(schedule: &Schedule, queues: Vec<mpsc::Sender<Due>>) -> Result<Pace> {
    let interval_ns = schedule.interval_ns();
    let unmeasured = schedule.count(schedule.warmup);
    let total = unmeasured + schedule.count(schedule.measured);
    let mut pace = Pace::default();

    // The start is read before the timer is armed, so the timer never fires before a request is due.
    let start = Instant::now();
    let mut timer = Timer::start(interval_ns)?;
    let due_at = |index: u64| start + Duration::from_nanos((index + 1) * interval_ns);

    let mut next = 0;
    while next < total {
        timer.wait().await?;
        let now = Instant::now();
        if next >= unmeasured {
            let late = now.saturating_duration_since(due_at(next));
            pace.late_ns.push(late.as_nanos() as u64);
        }
        while next < total && due_at(next) <= now {
            let measured = next >= unmeasured;
            let queue = &queues[next as usize % queues.len()];
            let due = Due { at: now.min(due_at(next) + WAKE_UP_GRACE), measured };
            let sent = queue.try_send(due);
            pace.measured += u64::from(measured);
            pace.dropped += u64::from(measured && sent.is_err());
            next += 1;
        }
    }
    pace.late_ns.sort_unstable();
    Ok(pace)
}

/// A kernel timer that fires at a fixed interval.
///
/// A timerfd is read like a pipe: eight bytes once it has fired, nothing before. Tokio's own wrapper for other
/// descriptors, `AsyncFd`, asks for `unsafe`; its pipe takes any owned descriptor that does not block.
struct Timer(pipe::Receiver);

impl Timer {
    fn start(interval_ns: u64) -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).context("timerfd_create")?;
        let interval =
            Timespec { tv_sec: (interval_ns / NANOS_PER_SECOND) as _, tv_nsec: (interval_ns % NANOS_PER_SECOND) as _ };
        let spec = Itimerspec { it_interval: interval, it_value: interval };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec).context("timerfd_settime")?;
        Ok(Self(pipe::Receiver::from_owned_fd_unchecked(timer)?))
    }

    /// Returns once the timer has fired at least once since the last call.
    async fn wait(&mut self) -> Result<()> {
        self.0.read_u64().await.context("timerfd read")?;
        Ok(())
    }
}
