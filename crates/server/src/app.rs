//! The program put together: one value that every domain is given.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keyward_core::time::UnixMs;
use tokio::sync::Notify;

use crate::audit::Tally;
use crate::authorize::Ward;
use crate::changes::{self, Changes};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, OpenError};
use crate::http::outward::Outward;
use crate::keyring::{self, FeedError, Keyring};
use crate::keys;
use crate::leaks::{self, GithubKeys};
use crate::limits::Limits;
use crate::live;
use crate::logs::{self, Logs, LogsError};
use crate::outbox;
use crate::quotas;
use crate::sessions::{self, Desk};
use crate::signals::{Counts, Signals};
use crate::usage;
use crate::vault::{Vault, VaultError};
use crate::webhooks;

/// How often last uses and quotas are saved.
const SAVE_EVERY: Duration = Duration::from_secs(20);
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Everything a domain needs; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// The store.
    pub db: Db,
    /// Pepper, key-encryption key and audit key.
    pub vault: Arc<Vault>,
    /// The door to the writer.
    pub changes: Changes,
    /// The data plane's view.
    pub keyring: Arc<Keyring>,
    /// The counters.
    pub limits: Arc<Limits>,
    /// What became of the audit's signed heads.
    pub heads: Arc<Tally>,
    /// How often secrets are shown again.
    pub pace: Arc<keys::Pace>,
    /// Where people sign in.
    pub desk: Arc<Desk>,
    /// Which channels can be sent on.
    pub(crate) outbox: Arc<outbox::Pace>,
    /// What sends requests to addresses that others chose.
    pub outward: Arc<Outward>,
    /// What the data plane has noticed.
    pub signals: Signals,
    /// What is counted of that.
    pub counts: Arc<Counts>,
    /// The keys that GitHub signs its reports of leaks with.
    pub github_keys: Arc<GithubKeys>,
    /// The request log.
    pub logs: Arc<Logs>,
    /// What is counted and not yet in the store.
    pub usage: Arc<usage::Book>,
    /// The places of those who watch.
    pub live: Arc<live::Places>,
    /// Until when last uses have been saved, in unix milliseconds.
    saved_until: Arc<AtomicI64>,
}

/// Why the program can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory can't be made.
    #[error("the data directory {dir} can't be used: {source}")]
    DataDir {
        /// Which.
        dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store, later.
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The keyring.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The counters.
    #[error("the limits' counters can't be opened: {0}")]
    Limits(std::io::Error),
    /// The request log.
    #[error(transparent)]
    Logs(#[from] LogsError),
}

/// Which clock a program runs on.
#[derive(Debug, Clone)]
pub enum ClockChoice {
    /// The machine's.
    System,
    /// This one (tests and the demo).
    Given(Clock),
}

impl App {
    /// Opens store, vault, counters and keyring, and starts the tasks that keep them. Runs on the control runtime.
    pub async fn start(config: Arc<Config>, clock: ClockChoice) -> Result<Self, StartError> {
        let app = Self::open(config, clock, |dir| Limits::open(&dir.join("limits.map"))).await?;
        app.restore_quotas().await?;
        logs::start(&app).await?;
        app.spawn_keeping();
        Ok(app)
    }

    /// Opens store, vault and keyring for one operation at the machine's own command line, beside a server that may
    /// be running on them: the counters on disk are the server's and stay closed.
    pub async fn open_beside(config: Arc<Config>) -> Result<Self, StartError> {
        Self::open(config, ClockChoice::System, |_| Limits::in_memory()).await
    }

    async fn open(
        config: Arc<Config>,
        clock: ClockChoice,
        limits: impl FnOnce(&Path) -> std::io::Result<Limits>,
    ) -> Result<Self, StartError> {
        let dir = config.data_dir.clone();
        make_dir(&dir).map_err(|source| StartError::DataDir { dir: dir.clone(), source })?;
        let db = Db::open(&config.store_url, &dir).await?;
        db.migrate().await?;
        let clock = open_head(&db, clock).await?;
        let vault = Arc::new(Vault::open(&dir, &db, config.audit.key.as_ref()).await?);
        if vault.audit_is_new() {
            changes::seal_first(&mut db.conn().await?, vault.audit()).await?;
        }
        let limits = Arc::new(limits(&dir).map_err(StartError::Limits)?);
        let keyring = Arc::new(Keyring::default());
        let written = Arc::new(Notify::new());
        keyring::start(Arc::clone(&keyring), Arc::clone(&config), db.clone(), Arc::clone(&written)).await?;
        let changes = Changes::start(db.clone(), clock.clone(), Arc::clone(vault.audit()), keyring.applied(), written);
        let saved_until = Arc::new(AtomicI64::new(clock.now().0));
        let (heads, pace, desk) = (Arc::default(), Arc::default(), Arc::new(Desk::new()));
        let outbox = Arc::default();
        let outward = Arc::new(Outward::new(&config.webhooks));
        let github_keys = Arc::new(GithubKeys::new(&config.leaks));
        let logs = Arc::new(Logs::new(&config));
        Ok(Self {
            config,
            clock,
            db,
            vault,
            changes,
            keyring,
            limits,
            heads,
            pace,
            desk,
            outbox,
            outward,
            signals: Signals::default(),
            counts: Arc::default(),
            github_keys,
            logs,
            usage: Arc::default(),
            live: Arc::default(),
            saved_until,
        })
    }

    /// What verdicts are made with.
    pub fn ward(&self) -> Ward {
        Ward {
            clock: self.clock.clone(),
            vault: Arc::clone(&self.vault),
            keyring: Arc::clone(&self.keyring),
            limits: Arc::clone(&self.limits),
            signals: self.signals.clone(),
        }
    }

    /// Whether requests can be judged.
    pub fn is_ready(&self) -> bool {
        self.keyring.is_valid(self.clock.read().1)
    }

    /// Saves what is only in memory; called now and then, and last of all when the program ends.
    pub async fn save(&self) -> sqlx::Result<()> {
        let (since, now) = (UnixMs(self.saved_until.load(Ordering::Relaxed)), self.clock.now());
        self.limits.sync().unwrap_or_else(|error| tracing::error!(%error, "the counters could not be synced"));
        let used = self.keyring.used_since(since);
        let mut conn = self.db.conn().await?;
        let first = self.keyring.first_uses();
        keys::save_first_used(&mut conn, &first).await?;
        self.keyring.saved_first_uses(&first);
        keys::save_last_used(&mut conn, &used).await?;
        changes::raise_high_water(&mut conn, now).await?;
        sessions::sweep(self, &mut conn).await?;
        webhooks::sweep(&mut conn, now).await?;
        leaks::sweep(&mut conn, now).await?;
        logs::sweep(self, &mut conn).await?;
        usage::sweep(self, &mut conn, now).await?;
        self.saved_until.store(now.0, Ordering::Relaxed);
        let used = self.limits.dirty_quotas();
        let saved = quotas::save(&mut conn, &used).await;
        if saved.is_err() {
            self.limits.keep_dirty(used);
        }
        saved
    }

    async fn restore_quotas(&self) -> sqlx::Result<()> {
        let mut conn = self.db.conn().await?;
        for saved in quotas::saved(&mut conn).await? {
            if !self.limits.seed_quota(&saved, self.clock.now()) {
                tracing::warn!(holder = saved.holder, quota = saved.name, "what was used of a quota can't be read");
            }
        }
        Ok(())
    }

    fn spawn_keeping(&self) {
        let app = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SYNC_EVERY).await;
                app.clock.follow_wall();
                let limits = Arc::clone(&app.limits);
                let synced = tokio::task::spawn_blocking(move || limits.sync()).await;
                if let Ok(Err(error)) = synced {
                    tracing::error!(%error, "the counters could not be synced");
                }
            }
        });
        let app = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SYNC_EVERY).await;
                if let Err(error) = usage::keep(&app).await {
                    tracing::warn!(%error, "usage could not be stored; trying again");
                }
            }
        });
        let app = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SAVE_EVERY).await;
                if let Err(error) = app.save().await {
                    tracing::warn!(%error, "last uses could not be saved; trying again");
                }
            }
        });
    }
}

/// Nobody but its owner looks into it.
fn make_dir(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// The store's head gives the clock its floor: time never goes back behind the last change.
async fn open_head(db: &Db, clock: ClockChoice) -> sqlx::Result<Clock> {
    let mut conn = db.conn().await?;
    let clock = match clock {
        ClockChoice::System => Clock::system(UnixMs(0)),
        ClockChoice::Given(clock) => clock,
    };
    let mut history = [0_u8; 16];
    crate::vault::random(&mut history);
    let history = crate::vault::hex(&history);
    changes::make_head(&mut conn, &history, clock.now()).await?;
    if let Some(head) = changes::head(&mut conn).await? {
        clock.not_before(UnixMs(head.at));
    }
    Ok(clock)
}
