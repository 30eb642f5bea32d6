//! A PostgreSQL server of the tests' own: started from the installed binaries on a free loopback port, one per test
//! binary, with a database per test. It is stopped, and its files removed, when the test process ends in any way.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use keyward_server::db::Db;
use sqlx::{Connection as _, PgConnection};

const TEMPLATE: &str = "template_of_tests";
const STARTS_MAX: u32 = 5;
/// Runs the server until its own input ends, which it does when the test process does, even by a kill.
const SUPERVISOR: &str = r#"
"$1/postgres" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 \
    -c shared_buffers=32MB -c fsync=on </dev/null &
read -r _
kill -QUIT $!
wait $!
rm -rf "$2"
"#;

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Server {
    port: u16,
    /// Holds the supervisor's input open.
    _supervisor: Child,
}

/// The URL of a fresh database with Keyward's tables in it.
pub async fn database() -> String {
    // Starting blocks; the first test waits, the others find it running.
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.unwrap();
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(server.port, format!("create database {name} template {TEMPLATE}")).await;
    url(server.port, &name)
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://keyward@127.0.0.1:{port}/{database}")
}

async fn run(port: u16, sql: String) {
    let mut conn = PgConnection::connect(&url(port, "postgres")).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

fn start() -> Server {
    let server = (0..STARTS_MAX).find_map(|_| try_start()).expect("PostgreSQL starts on a free port");
    let port = server.port;
    let template = async move {
        run(port, format!("create database {TEMPLATE}")).await;
        let db = Db::open(&url(port, TEMPLATE), Path::new(".")).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(template);
    server
}

fn try_start() -> Option<Server> {
    let bin = binaries();
    // Its directory is removed by the supervisor, which outlives this process.
    let dir = tempfile::Builder::new().prefix("keyward-postgres-").tempdir().unwrap().keep();
    let user = unprivileged();
    if let Some((uid, gid)) = user {
        chown(&dir, Some(uid), Some(gid)).unwrap();
    }
    let mut initdb = as_user(Command::new(bin.join("initdb")), user);
    initdb.args(["--username=keyward", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]).arg(&dir);
    let made = initdb.current_dir("/").output().unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut supervisor = as_user(Command::new("sh"), user);
    supervisor.args(["-c", SUPERVISOR, "sh"]).arg(&bin).arg(&dir).arg(port.to_string());
    supervisor.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut supervisor = supervisor.spawn().unwrap();
    let log = BufReader::new(supervisor.stderr.take().unwrap());
    is_ready(log).then_some(Server { port, _supervisor: supervisor })
}

/// Whether the server says so; what else it says is read and dropped.
fn is_ready(log: impl BufRead + Send + 'static) -> bool {
    let mut lines = log.lines().map_while(Result::ok);
    let ended = |line: &String| line.contains("FATAL") || line.contains("ready to accept connections");
    let ready = lines.find(ended).is_some_and(|line| line.contains("ready to accept connections"));
    std::thread::spawn(move || lines.for_each(drop));
    ready
}

/// PostgreSQL refuses to run as root; another user that every system has will do.
fn unprivileged() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) != 0) {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map(str::parse);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    };
    Some(["postgres", "nobody"].into_iter().find_map(user).expect("there is a user postgres or nobody"))
}

fn as_user(mut command: Command, user: Option<(u32, u32)>) -> Command {
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// The newest installed server's binaries.
fn binaries() -> PathBuf {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = packaged.map(|version| version.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let complete = |dir: &PathBuf| dir.join("postgres").exists() && dir.join("initdb").exists();
    found.into_iter().rev().chain(in_path).find(complete).expect("PostgreSQL is installed (apt install postgresql)")
}
