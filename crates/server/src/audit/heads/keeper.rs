//! The task that signs heads and cuts off what need not be kept. No change ever waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use keyward_core::time::{DAY_MS, UnixMs};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::SignedHead;
use super::sink::Sink;
use crate::app::App;
use crate::audit::{is_sealed, retention};
use crate::changes;
use crate::operation::{OpError, damaged};

/// How often the task looks at the clock.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most heads that wait for one sink; the oldest is given up first, since a later one proves more.
const WAITING_MAX: usize = 1_000;
/// The first pause after a sink failed; it doubles with each failure.
const PAUSE_MS: i64 = 1_000;
const PAUSE_MS_MAX: i64 = 600_000;
/// How long the last heads may take when the program stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What became of signed heads, for the metrics.
#[derive(Debug, Default)]
pub struct Tally {
    sinks: [Count; 3],
    signed_at: AtomicI64,
}

#[derive(Debug, Default)]
struct Count {
    sent: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicU64,
}

impl Tally {
    /// For each sort of sink: its name, heads sent, attempts that failed, heads that wait.
    pub fn sinks(&self) -> impl Iterator<Item = (&'static str, [u64; 3])> {
        let read = |count: &Count| [&count.sent, &count.failed, &count.waiting].map(|n| n.load(Ordering::Relaxed));
        Sink::NAMES.into_iter().zip(self.sinks.iter().map(read).collect::<Vec<_>>())
    }

    /// When the last head was signed; `None` before the first.
    pub fn signed_at(&self) -> Option<UnixMs> {
        Some(UnixMs(self.signed_at.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }
}

/// One place that heads are sent to.
#[derive(Debug)]
struct Outlet {
    sink: Sink,
    waiting: VecDeque<SignedHead>,
    failures: u32,
    not_before: UnixMs,
}

/// Signs and sends heads when it is time, and keeps the audit as short as it may be.
#[derive(Debug)]
pub struct Keeper {
    app: App,
    outlets: Vec<Outlet>,
    due: UnixMs,
    cut_due: UnixMs,
}

/// The task.
#[derive(Debug)]
pub struct Keeping {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Keeping {
    /// Signs the last head, sends what waits, and ends.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that signs heads of the audit ended badly");
        }
    }
}

impl Keeper {
    /// With the sinks that the configuration names; the first head is due at once.
    pub fn new(app: &App) -> Self {
        let now = app.clock.now();
        let outlet = |sink| Outlet { sink, waiting: VecDeque::new(), failures: 0, not_before: now };
        let outlets = Sink::all(&app.config.audit).into_iter().map(outlet).collect();
        Self { app: app.clone(), outlets, due: now, cut_due: now }
    }

    /// Starts the task on the control runtime.
    pub fn start(mut self) -> Keeping {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            loop {
                self.turn().await;
                let told = stopped.wait_for(|stop| *stop);
                if tokio::time::timeout(LOOK_EVERY, told).await.is_ok() {
                    break;
                }
            }
            if tokio::time::timeout(LAST_WORDS, self.last_turn()).await.is_err() {
                tracing::warn!("the last heads of the audit could not be sent in time");
            }
        });
        Keeping { stop, task }
    }

    /// Does what is due.
    pub async fn turn(&mut self) {
        let now = self.app.clock.now();
        if now >= self.cut_due {
            self.cut_due = UnixMs(now.0 + DAY_MS);
            match retention::retain(&self.app).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "old events were cut off the audit"),
                Err(error) => tracing::error!(%error, "old events could not be cut off the audit"),
            }
        }
        if now >= self.due && !self.outlets.is_empty() {
            self.due = UnixMs(now.0 + self.app.config.audit.heads_every.as_millis() as i64);
            self.sign(now).await;
        }
        self.send(now).await;
    }

    /// One more head, sent wherever it can be.
    pub async fn last_turn(&mut self) {
        let now = self.app.clock.now();
        if !self.outlets.is_empty() {
            self.sign(now).await;
        }
        self.outlets.iter_mut().for_each(|outlet| outlet.not_before = now);
        self.send(now).await;
    }

    async fn sign(&mut self, now: UnixMs) {
        let head = match sign(&self.app).await {
            Ok(head) => head,
            Err(error) => {
                tracing::error!(%error, "the head of the audit could not be signed");
                self.due = UnixMs(now.0 + PAUSE_MS);
                return;
            }
        };
        self.app.heads.signed_at.store(now.0, Ordering::Relaxed);
        for outlet in &mut self.outlets {
            if outlet.waiting.len() == WAITING_MAX {
                outlet.waiting.pop_front();
            }
            outlet.waiting.push_back(head.clone());
        }
    }

    async fn send(&mut self, now: UnixMs) {
        let tally: &Arc<Tally> = &self.app.heads;
        for outlet in &mut self.outlets {
            let count = &tally.sinks[outlet.sink.place()];
            while let Some(head) = outlet.waiting.front().filter(|_| now >= outlet.not_before) {
                match outlet.sink.send(head).await {
                    Ok(()) => {
                        outlet.waiting.pop_front();
                        outlet.failures = 0;
                        count.sent.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        let pause = PAUSE_MS.saturating_mul(1 << outlet.failures.min(10)).min(PAUSE_MS_MAX);
                        outlet.failures += 1;
                        outlet.not_before = UnixMs(now.0 + pause);
                        count.failed.fetch_add(1, Ordering::Relaxed);
                        let (sink, waiting) = (outlet.sink.name(), outlet.waiting.len());
                        tracing::error!(%error, sink, waiting, "a head of the audit could not be sent; it is tried again");
                    }
                }
            }
            count.waiting.store(outlet.waiting.len() as u64, Ordering::Relaxed);
        }
    }
}

/// Signs where the chain ends now.
pub(in crate::audit) async fn sign(app: &App) -> Result<SignedHead, OpError> {
    let head = changes::head(&mut app.db.conn().await?).await?.ok_or_else(|| damaged("the head"))?;
    // Whoever writes to the store must not have us vouch for it.
    if !is_sealed(app.vault.audit(), &head) {
        return Err(OpError::conflict(
            "audit_broken",
            "the store's head was altered; `keyward audit verify` says more",
        ));
    }
    Ok(SignedHead::sign(app.vault.audit(), &head, app.clock.now()))
}
