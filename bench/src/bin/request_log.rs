//! What the request log costs: the hand-off on a request's way, everything behind it, bytes on disk, and how long the
//! newest hundred rows of one key take out of many millions.
//!
//! `request-log handoff`, `request-log sustained --rate 50000`, `request-log fill DIR --rows 100000000` and
//! `request-log look DIR`. Rows are drawn to look like traffic: keys and routes that differ much in how often they are
//! used, ids in paths, latencies with a long tail.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use keyward_bench::mix;
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use keyward_server::app::{App, ClockChoice};
use keyward_server::config::{self, Config};
use keyward_server::logs::{Archive, Filter, Method, Name, Record, Source};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Time and instructions of making a record and handing it over.
    Handoff {
        /// Records of one burst; the writer empties the queue in between.
        #[arg(long, default_value_t = 8_000)]
        burst: u64,
        /// Bursts.
        #[arg(long, default_value_t = 200)]
        bursts: u64,
    },
    /// Records at a steady rate: drops, and the CPU time of the whole log.
    Sustained {
        /// Records a second, over two threads.
        #[arg(long, default_value_t = 50_000)]
        rate: u64,
        /// For how long.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
    /// Writes segments of a million rows each.
    Fill {
        dir: PathBuf,
        #[arg(long, default_value_t = 100_000_000)]
        rows: u64,
        /// Keys among which rows are drawn.
        #[arg(long, default_value_t = 10_000)]
        keys: u64,
        /// Draw keys evenly instead of some much more often than others.
        #[arg(long)]
        even: bool,
    },
    /// Looks up the newest hundred rows of single keys.
    Look {
        dir: PathBuf,
        #[arg(long, default_value_t = 10_000)]
        keys: u64,
    },
}

const SEGMENT_ROWS: u64 = 1_000_000;
const FRAME_ROWS: u64 = 10_000;
/// 2026-01-01.
const FIRST_MS: i64 = 1_767_225_600_000;
const ROUTES: [(&str, &str); 8] = [
    ("GET", "/orders/{id}"),
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/customers/{id}"),
    ("PUT", "/customers/{id}"),
    ("GET", "/products/{id}"),
    ("GET", "/products"),
    ("POST", "/search"),
];

/// Rows as traffic has them.
struct Traffic {
    api: Name,
    routes: Vec<Name>,
    keys: u64,
    even: bool,
    thread: u64,
}

impl Traffic {
    fn new(app: &App, keys: u64, even: bool, thread: u64) -> Self {
        let names = app.logs.names();
        let routes = ROUTES.iter().map(|(_, route)| names.name(route)).collect();
        Self { api: names.name("shop"), routes, keys, even, thread }
    }

    fn key(number: u64) -> (AccountId, KeyId) {
        let id = |of: u64| Uuid::from_u64_pair(0x0190_0000_0000_7000 | of >> 40, mix(of) | 1 << 63);
        (AccountId::new(id(1_000_000_000 + number / 10)), KeyId::new(id(number)))
    }

    /// The row of this number; the same number gives the same row.
    fn row(&self, number: u64, at: UnixMs) -> Record {
        let (draw, other) = (mix(number), mix(number ^ 0x5555));
        let unit = (draw >> 11) as f64 / (1_u64 << 53) as f64;
        // The square makes few keys take most of the traffic.
        let place = if self.even { unit } else { unit * unit * unit };
        let key = (place * self.keys as f64) as u64;
        let (account, key_id) = Self::key(key);
        let route = (other % 23 * (other % 23) / 67) as usize % ROUTES.len();
        let mut record = Record::new(at, Source::Gateway);
        (record.account, record.key) = (Some(account), Some(key_id));
        (record.kind, record.environment) = (Some(Kind::Account), Some(Environment::Live));
        (record.api, record.route) = (self.api, self.routes[route]);
        record.method = Method::new(ROUTES[route].0);
        (record.status, record.code, record.cost) = match other >> 32 & 127 {
            0 => (429, Some("rate_limited"), 0),
            1 => (404, None, 1),
            2 => (500, None, 1),
            _ => (200, None, 1),
        };
        let tail = 1.0 / (1.0 - (other >> 12 & 0xFFF) as f64 / 4_200.0);
        record.upstream_us = if record.code.is_some() { 0 } else { (900.0 + 700.0 * tail) as u32 };
        record.total_us = record.upstream_us + 40 + (draw & 31) as u32;
        record.bytes_in = if ROUTES[route].0 == "GET" { 0 } else { 200 + (draw >> 8 & 127) };
        record.bytes_out = 600 + 40 * (route as u64) + (other >> 24 & 0xFF);
        // A key has its own few addresses and its own program.
        let address = mix(key * 4 + (draw >> 5 & 1)) as u32;
        record.address = Some(IpAddr::V4(Ipv4Addr::from_bits(address)));
        record.remaining = Some(1_000 - number / 7 % 1_000);
        let agents = ["python-requests/2.32.3", "okhttp/4.12.0", "axios/1.7.7", "Go-http-client/1.1", "curl/8.5.0"];
        let agent = agents[(mix(key) % agents.len() as u64) as usize];
        let path = ROUTES[route].1.replace("{id}", &(draw >> 16 & 0xFFFF).to_string());
        let mut random = [0; 10];
        random[..6].copy_from_slice(&mix(self.thread).to_le_bytes()[..6]);
        random[6..].copy_from_slice(&(number as u32).to_be_bytes());
        let id = uuid::Builder::from_unix_timestamp_millis(at.0 as u64, &random).into_uuid();
        record.set_texts(&path, agent, &id.simple().to_string());
        record
    }
}

fn parsed(dir: &std::path::Path) -> Result<Arc<Config>> {
    // The rows are of a time long gone, and are to stay.
    let kept = "[logs]\nkeep_days = 3650\n[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n";
    let text = format!("data_dir = {:?}\n{kept}", dir.display().to_string());
    config::parse(&text, dir).map(Arc::new).map_err(|errors| anyhow::anyhow!("{errors:?}"))
}

#[inline(never)]
fn counted(recorder: &keyward_server::logs::Recorder, traffic: &Traffic, from: u64, count: u64) {
    for number in from..from + count {
        recorder.decide();
        let mut record = Box::new(Record::new(UnixMs(FIRST_MS), Source::Gateway));
        (record.api, record.route) = (traffic.api, traffic.routes[0]);
        (record.account, record.key) = {
            let (account, key) = Traffic::key(number & 1_023);
            (Some(account), Some(key))
        };
        record.method = Method::new("GET");
        record.set_texts("/orders/12345", "python-requests/2.32.3", "0190aaaabbbb7cccdddd0123456789ab");
        (record.status, record.total_us, record.upstream_us, record.remaining) = (200, 1_100, 1_000, Some(number));
        recorder.hand_over(record);
    }
}

async fn handoff(burst: u64, bursts: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let app = App::start(parsed(dir.path())?, ClockChoice::System).await?;
    let traffic = Traffic::new(&app, 1_000, false, 1);
    let recorder = app.logs.recorder().context("the log was started")?;
    let mut spent = Vec::new();
    for round in 0..bursts {
        let began = Instant::now();
        counted(&recorder, &traffic, round * burst, burst);
        spent.push(began.elapsed().as_nanos() as f64 / burst as f64);
        app.logs.settle().await;
    }
    spent.sort_by(f64::total_cmp);
    let tally = app.logs.tally().context("the log was started")?;
    let of = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize];
    println!("hand-off, ns a record: median {:.0}, least {:.0}, 90 % {:.0}", of(0.5), of(0.0), of(0.9));
    println!("decided {}, stored {}, dropped {:?}", tally.decided, tally.stored, tally.dropped);
    drop(recorder);
    app.logs.stop().await;
    Ok(())
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(at.tv_sec as u64, at.tv_nsec as u32)
}

/// CPU time of this thread so far.
fn cpu_of_thread() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(at.tv_sec as u64, at.tv_nsec as u32)
}

async fn sustained(rate: u64, seconds: u64) -> Result<()> {
    const THREADS: u64 = 2;
    let dir = tempfile::tempdir()?;
    let app = App::start(parsed(dir.path())?, ClockChoice::System).await?;
    let before = cpu();
    let making = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let app = &app;
                scope.spawn(move || {
                    let traffic = Traffic::new(app, 10_000, false, thread);
                    let recorder = app.logs.recorder().expect("the log was started");
                    let step = rate / THREADS / 200;
                    let began = Instant::now();
                    for tick in 0..seconds * 200 {
                        let at = UnixMs(app.clock.now().0);
                        for number in tick * step..(tick + 1) * step {
                            recorder.decide();
                            recorder.hand_over(Box::new(traffic.row(number * THREADS + thread, at)));
                        }
                        let next = began + Duration::from_millis(5) * (tick as u32 + 1);
                        std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
                    }
                    cpu_of_thread()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum::<Duration>()
    });
    app.logs.settle().await;
    app.logs.seal_now().await?;
    let log = cpu().saturating_sub(before).saturating_sub(making);
    let tally = app.logs.tally().context("the log was started")?;
    let segments: u64 = std::fs::read_dir(dir.path().join("logs"))?
        .filter_map(Result::ok)
        .filter(|file| file.path().extension().is_some_and(|kind| kind == "parquet"))
        .map(|file| file.metadata().map_or(0, |about| about.len()))
        .sum();
    let rows = tally.stored.max(1) as f64;
    println!("decided {}, stored {}, dropped {:?}", tally.decided, tally.stored, tally.dropped);
    println!("behind the hand-off, compressing included: {:.3} µs CPU a row", log.as_secs_f64() * 1e6 / rows);
    println!("on disk once compressed: {:.1} bytes a row", segments as f64 / rows);
    app.logs.stop().await;
    Ok(())
}

async fn fill(dir: PathBuf, rows: u64, keys: u64, even: bool) -> Result<()> {
    std::fs::create_dir_all(&dir)?;
    let app = App::open_beside(parsed(&dir)?).await?;
    let traffic = Traffic::new(&app, keys, even, 1);
    let archive = Archive::open(&dir.join("logs"), app.logs.names())?;
    let (before, began) = (cpu(), Instant::now());
    let mut making = Duration::ZERO;
    let mut bytes = 0;
    for segment in 0..rows.div_ceil(SEGMENT_ROWS) {
        let first = segment * SEGMENT_ROWS;
        let last = (first + SEGMENT_ROWS).min(rows);
        let mut next = archive.segment(segment as u32 + 1)?;
        for from in (first..last).step_by(FRAME_ROWS as usize) {
            let drawing = cpu();
            // 1,000 rows a second.
            let row = |number: u64| traffic.row(number, UnixMs(FIRST_MS + number as i64));
            let frame = (from..(from + FRAME_ROWS).min(last)).map(row).collect();
            making += cpu().saturating_sub(drawing);
            next.add(frame)?;
        }
        bytes += next.finish()?;
    }
    let log = cpu().saturating_sub(before).saturating_sub(making).as_secs_f64();
    println!("{rows} rows, {bytes} bytes: {:.2} bytes a row", bytes as f64 / rows as f64);
    println!("compressing: {:.3} µs CPU a row; {:.0} s in all", log * 1e6 / rows as f64, began.elapsed().as_secs_f64());
    Ok(())
}

async fn look(dir: PathBuf, keys: u64) -> Result<()> {
    let app = App::start(parsed(&dir)?, ClockChoice::System).await?;
    let holding = app.logs.holding().context("the log was started")?;
    println!("{} rows in {} segments", holding.records, holding.segments);
    for (what, place) in [("often used", 0.0001), ("in the middle", 0.5), ("rare", 0.97)] {
        let mut spent = Vec::new();
        let mut found = 0;
        for round in 0..40 {
            let number = (place * keys as f64) as u64 + round * keys / 2_000;
            let filter = Filter { key: Some(Traffic::key(number.min(keys - 1)).1), ..Filter::default() };
            let began = Instant::now();
            let rows = app.logs.newest(filter, None, 100).await?;
            spent.push(began.elapsed());
            found += rows.records.len();
        }
        let first = spent[0];
        spent.sort();
        ensure!(found > 0, "no rows were found: were there as many keys?");
        println!(
            "newest 100 rows of a key that is {what}: first {:.1} ms, median {:.1} ms, slowest {:.1} ms, {} rows on average",
            first.as_secs_f64() * 1e3,
            spent[spent.len() / 2].as_secs_f64() * 1e3,
            spent[spent.len() - 1].as_secs_f64() * 1e3,
            found / 40,
        );
    }
    app.logs.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    match Args::parse().command {
        Command::Handoff { burst, bursts } => handoff(burst, bursts).await,
        Command::Sustained { rate, seconds } => sustained(rate, seconds).await,
        Command::Fill { dir, rows, keys, even } => fill(dir, rows, keys, even).await,
        Command::Look { dir, keys } => look(dir, keys).await,
    }
}
