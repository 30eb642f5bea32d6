//! Starting: what earlier incarnations left is accounted for, then writer and feeder are put to work.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc as bounded, oneshot, watch};

use super::absorb::{self, Feeder};
use super::counts::{self, Counts, Loss};
use super::disk::Disk;
use super::engine::{Engine, Sealed};
use super::graves::Graves;
use super::handoff::Queues;
use super::redact::Redactor;
use super::sealer::Sealer;
use super::segment;
use super::shelf::{Held, Shelf};
use super::tail::{self, Tail};
use super::writer::{Command, Place, TailMax, Writer};
use super::{Incarnation, LogsError};
use crate::app::App;

/// Batches on their way to usage; more are read from the tail again.
const STORED_MAX: usize = 16;
/// Most queries that read at once; more wait.
const READERS_MAX: usize = 2;
/// Most streams of the log's tail at once.
const WATCHERS_MAX: usize = 64;
/// Threads beside those of gateway and auth listener that may record.
const SPARE_LANES: usize = 8;

/// A log at work.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) engine: Arc<Engine>,
    commands: Mutex<mpsc::Sender<Command>>,
    ending: watch::Sender<bool>,
    feeding: Mutex<Option<tokio::task::JoinHandle<()>>>,
    sealing: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Accounts for what was left, and starts. Runs on the control runtime.
pub(super) async fn start(app: &App) -> Result<Running, LogsError> {
    let settings = &app.config.logs;
    fs::create_dir_all(&settings.folder)?;
    let tails = tail::all(&settings.folder, app.logs.names())?;
    for tails in tails.values() {
        absorb::replay(app, tails).await?;
    }
    account(app, &tails).await?;

    let mut random = [0; 8];
    crate::vault::random(&mut random);
    let incarnation = Incarnation(u64::from_le_bytes(random));
    let mut segments = segment::all(&settings.folder)?;
    let (spent, tails): (Vec<_>, Vec<_>) = tails.into_values().flatten().partition(|tail| {
        segments.iter().any(|segment| (segment.incarnation, segment.number) == (tail.incarnation, tail.number))
    });
    let waiting = tails.clone();
    segments.sort_by_key(|segment| (segment.until, segment.number));
    let held = Held { tails, spent, segments };
    let (sealing, sealed) = mpsc::channel();
    let engine = engine(app, incarnation, held, waiting.len() as u64)?;
    let (commands, receiver) = mpsc::channel();
    let (stored, storing) = bounded::channel(STORED_MAX);
    let (ending, ended) = watch::channel(false);
    let writer = Writer {
        engine: Arc::clone(&engine),
        clock: app.clock.clone(),
        graves: Graves::new(app.db.clone(), Arc::clone(&app.vault), Handle::current()),
        commands: receiver,
        stored,
        sealing,
        flush_every: settings.flush_every,
        tail_max: TailMax::default(),
        place: Place::default(),
    };
    std::thread::Builder::new().name("log-writer".into()).spawn(move || writer.run())?;
    let sealer = Sealer {
        engine: Arc::clone(&engine),
        clock: app.clock.clone(),
        tails: sealed,
        waiting,
        keep_days: settings.keep_days,
        bytes_max: settings.bytes_max,
    };
    let sealer_thread = std::thread::Builder::new().name("log-sealer".into()).spawn(move || sealer.run())?;
    let feeder = Feeder { app: app.clone(), engine: Arc::clone(&engine), stored: storing, ending: ended };
    let feeding = tokio::spawn(feeder.run());
    Ok(Running {
        engine,
        commands: Mutex::new(commands),
        ending,
        feeding: Mutex::new(Some(feeding)),
        sealing: Mutex::new(Some(sealer_thread)),
    })
}

pub(super) fn engine(app: &App, incarnation: Incarnation, held: Held, waiting: u64) -> Result<Arc<Engine>, LogsError> {
    let folder = &app.config.logs.folder;
    let lanes = 2 * app.config.gateway.workers + SPARE_LANES;
    Ok(Arc::new(Engine {
        names: Arc::clone(&app.logs.names),
        book: Arc::clone(&app.logs.book),
        live: Arc::clone(&app.logs.live),
        counts: Arc::new(Counts::create(folder, incarnation, lanes)?),
        queues: Queues::default(),
        waiting: Arc::default(),
        redactor: Redactor::new(&app.config),
        shelf: Shelf::new(folder.clone(), held),
        disk: Disk::default(),
        stored: 0.into(),
        durable: watch::Sender::new(0),
        absorbed: watch::Sender::new(0),
        counted: 0.into(),
        handed: waiting.into(),
        sealed: watch::Sender::default(),
        failing: Mutex::new(None),
        readers: Arc::new(Semaphore::new(READERS_MAX)),
        watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
    }))
}

/// What is missing of earlier incarnations: dropped after their last batch, or gone with a process that was killed.
async fn account(app: &App, tails: &BTreeMap<Incarnation, Vec<Arc<Tail>>>) -> Result<(), LogsError> {
    let folder = &app.config.logs.folder;
    for left in counts::left(folder)? {
        let last = tails.get(&left.incarnation).and_then(|tails| tails.last());
        let reached = last.map(|tail| tail.reached()).unwrap_or_default();
        let now = app.clock.now();
        let since = last.and_then(|tail| tail.frames().next_back().map(|frame| frame.head.until)).unwrap_or(now);
        let fresh = [0, 1].map(|at| left.dropped[at].saturating_sub(reached.dropped[at]));
        let accounted = reached.stored + left.dropped.iter().sum::<u64>();
        let gap = left.decided.saturating_sub(accounted);
        if gap > 0 {
            tracing::warn!(records = gap, incarnation = %left.incarnation, "the log lacks records: the process was killed");
        }
        let losses = Loss::COUNTED.into_iter().zip(fresh).chain([(Loss::Gap, gap)]);
        absorb::note(app, left.incarnation, reached.seq + 1, losses, since.min(now), now).await?;
        counts::remove(folder, left.incarnation)?;
    }
    Ok(())
}

impl Running {
    /// Has everything written that was handed over by now; says the last batch's number.
    pub(super) async fn flush(&self) -> Option<u64> {
        self.command(Command::Flush).await
    }

    async fn command<T>(&self, command: fn(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.lock().unwrap_or_else(PoisonError::into_inner).send(command(reply));
        sent.ok()?;
        answer.await.ok()
    }

    /// Waits until all that was handed over by now is durable and in usage.
    pub(super) async fn settle(&self) {
        let Some(seq) = self.flush().await else { return };
        // The feeder ending first means the same.
        let _ = self.engine.absorbed.subscribe().wait_for(|absorbed| *absorbed >= seq).await;
    }

    /// Has all tails made into segments; ends with the first failure to do so. The sealer itself tries again.
    pub(super) async fn seal(&self) -> io::Result<()> {
        let stopped = || io::Error::other("the request log has stopped");
        let mut sealed = self.engine.sealed.subscribe();
        let failures = sealed.borrow().failures;
        self.command(Command::Seal).await.ok_or_else(stopped)??;
        let handed = self.engine.handed.load(Ordering::Acquire);
        let is_over = |now: &Sealed| now.tails >= handed || now.failures > failures || now.ended;
        let now = sealed.wait_for(is_over).await.map_err(io::Error::other)?;
        if now.tails >= handed {
            return Ok(());
        }
        Err(if now.failures > failures { io::Error::other(now.why.clone()) } else { stopped() })
    }

    /// Writes everything down and ends. Nothing may be handed over any more.
    pub(super) async fn stop(&self) {
        self.command(Command::Stop).await;
        self.engine.live.end();
        self.ending.send_replace(true);
        let feeding = self.feeding.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(feeding) = feeding
            && let Err(error) = feeding.await
        {
            tracing::error!(%error, "feeding usage broke off");
        }
        // Without the writer, who sends it tails, the sealer ends after the one it is at.
        let sealing = self.sealing.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = tokio::task::spawn_blocking(move || sealing.map(std::thread::JoinHandle::join)).await;
        if !matches!(ended, Ok(None | Some(Ok(())))) {
            tracing::error!("the log's sealer broke off");
        }
    }
}
