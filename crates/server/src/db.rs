//! The store's two engines behind one SQL text. The few true differences between them live here.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// Most connections that requests share.
const SHARED_MAX: u32 = 8;
/// Connections that no request ever takes: the writer's and the feed's. However many requests wait, changes are made
/// and seen.
const KEPT_MAX: u32 = 3;
/// How long to wait for a connection or SQLite's lock.
const WAIT: Duration = Duration::from_secs(10);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The store.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file.
    Sqlite(Pools<SqlitePool>),
    /// A server.
    Postgres(Pools<PgPool>),
}

/// Connections to one engine.
#[derive(Debug, Clone)]
pub struct Pools<P> {
    shared: P,
    kept: P,
}

/// One connection. All SQL is run on one, by [`on_db!`](crate::on_db).
#[derive(Debug)]
pub enum Conn {
    /// To the file.
    Sqlite(PoolConnection<Sqlite>),
    /// To the server.
    Postgres(PoolConnection<Postgres>),
}

/// Runs one expression on whichever engine a `&mut Conn` is for:
/// `on_db!(conn, |c| sqlx::query(SQL).bind(id).execute(c).await)`.
#[macro_export]
macro_rules! on_db {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite(inner) => {
                let $c = &mut **inner;
                $body
            }
            $crate::db::Conn::Postgres(inner) => {
                let $c = &mut **inner;
                $body
            }
        }
    };
}

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no known engine.
    #[error("store.url must begin with sqlite: or postgres:")]
    Scheme,
    /// The engine said no.
    #[error("the store at {url} can't be opened: {source}")]
    Engine {
        /// Where, without a password.
        url: String,
        /// What it said.
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("the store's tables can't be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl Db {
    /// Opens `sqlite:FILE` (relative to `data_dir`) or `postgres://…` without touching its tables.
    pub async fn open(url: &str, data_dir: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Engine { url: without_password(url), source };
        if let Some(file) = url.strip_prefix("sqlite:") {
            let options = SqliteConnectOptions::new()
                .filename(data_dir.join(file.trim_start_matches("//")))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(WAIT);
            let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(WAIT);
            let shared = pool(SHARED_MAX).connect_with(options.clone()).await.map_err(failed)?;
            return Ok(Self::Sqlite(Pools { shared, kept: pool(KEPT_MAX).connect_lazy_with(options) }));
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(failed)?;
            let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(WAIT);
            let shared = pool(SHARED_MAX).connect_with(options.clone()).await.map_err(failed)?;
            return Ok(Self::Postgres(Pools { shared, kept: pool(KEPT_MAX).connect_lazy_with(options) }));
        }
        Err(OpenError::Scheme)
    }

    /// Brings the tables up to date.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        match self {
            Self::Sqlite(pools) => MIGRATIONS.run(&pools.shared).await?,
            Self::Postgres(pools) => MIGRATIONS.run(&pools.shared).await?,
        }
        Ok(())
    }

    /// A connection for one request. Nobody waits for a second one while holding the first: enough who do would wait
    /// for each other.
    pub async fn conn(&self) -> sqlx::Result<Conn> {
        match self {
            Self::Sqlite(pools) => pools.shared.acquire().await.map(Conn::Sqlite),
            Self::Postgres(pools) => pools.shared.acquire().await.map(Conn::Postgres),
        }
    }

    /// A connection of the writer or the feed.
    pub async fn kept_conn(&self) -> sqlx::Result<Conn> {
        match self {
            Self::Sqlite(pools) => pools.kept.acquire().await.map(Conn::Sqlite),
            Self::Postgres(pools) => pools.kept.acquire().await.map(Conn::Postgres),
        }
    }

    /// Closes every connection, after what they are doing.
    pub async fn close(&self) {
        let ((), ()) = match self {
            Self::Sqlite(pools) => tokio::join!(pools.shared.close(), pools.kept.close()),
            Self::Postgres(pools) => tokio::join!(pools.shared.close(), pools.kept.close()),
        };
    }
}

impl Conn {
    /// Begins a writing transaction: on SQLite the write lock is taken at once, since a transaction that reads
    /// first and writes later fails when another wrote in between.
    pub(crate) async fn begin_write(&mut self) -> sqlx::Result<()> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        self.run(sql).await
    }

    /// Begins a transaction that sees one state of the store throughout.
    pub(crate) async fn begin_read(&mut self) -> sqlx::Result<()> {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN DEFERRED",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.run(sql).await
    }

    /// Ends the connection instead of giving it back, with whatever it had begun.
    pub(crate) fn discard(mut self) {
        match &mut self {
            Self::Sqlite(conn) => conn.close_on_drop(),
            Self::Postgres(conn) => conn.close_on_drop(),
        }
    }

    /// Runs a statement without parameters.
    pub(crate) async fn run(&mut self, sql: &'static str) -> sqlx::Result<()> {
        on_db!(self, |c| sqlx::query(sql).execute(c).await.map(drop))
    }
}

/// Whether the engine refused because it has no room left: a full disk, or a bound on the file's size.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    // SQLITE_FULL, SQLITE_IOERR_SHMSIZE; PostgreSQL's disk_full.
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "13" | "4874" | "53100"))
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => format!("{}…{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}
