//! What charts cost over what many requests left behind: `usage-chart --requests N`.
//!
//! It counts that many made-up records of the last 90 days by the server's own code into a new embedded store, then
//! asks for charts as a dashboard does. Records are spread over the days as a working week spreads them; keys are drawn
//! so that a tenth of them makes most requests; response times are log-normal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use keyward_bench::{account_id, key_id, parse};
use keyward_core::key::Environment;
use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::app::{App, ClockChoice};
use keyward_server::changes::Reach;
use keyward_server::clock::Clock;
use keyward_server::logs::{Incarnation, Name, Record, Source};
use keyward_server::usage::{self, Asked, AskedSpan, By};

const END: UnixMs = UnixMs(1_772_366_400_000);
const DAYS: i64 = 90;
const BATCH: usize = 20_000;
const ROUNDS: usize = 15;
const ROUTES: [&str; 8] = ["/a", "/b", "/c/{id}", "/d", "/e/{id}", "/f", "/g", "/h/{*rest}"];

/// Measures charts over what many requests left behind.
#[derive(Parser)]
struct Options {
    /// How many requests.
    #[arg(long, default_value_t = 100_000_000)]
    requests: usize,
    /// How many accounts, with ten keys each.
    #[arg(long, default_value_t = 100)]
    accounts: usize,
    /// Where the store is made.
    #[arg(long)]
    dir: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.dir)?;
    let text = format!(
        "data_dir = {:?}\n[apis.bench]\nupstream = \"http://127.0.0.1:9\"\n[usage]\nminutes_days = 100\n",
        options.dir.display().to_string()
    );
    let config = Arc::new(parse(&text)?);
    let app = App::start(config, ClockChoice::Given(Clock::manual(END))).await?;
    fill(&app, &options).await?;
    let size = std::fs::metadata(options.dir.join("keyward.db")).context("the store")?.len();
    println!("store: {:.1} MB, {:.2} bytes a request", size as f64 / 1e6, size as f64 / options.requests as f64);
    charts(&app).await
}

async fn fill(app: &App, options: &Options) -> Result<()> {
    let mut maker = Maker::new(app, options.accounts);
    let (begin, mut seq, mut counting) = (Instant::now(), 0, Duration::ZERO);
    let mut batch = Vec::with_capacity(BATCH);
    for nth in 0..options.requests {
        batch.push(maker.record(nth, options.requests));
        if batch.len() == BATCH || nth + 1 == options.requests {
            seq += 1;
            let at = Instant::now();
            usage::absorb(app, Incarnation(1), seq, &batch).await?;
            counting += at.elapsed();
            batch.clear();
        }
    }
    let at = Instant::now();
    usage::settle(app).await?;
    counting += at.elapsed();
    let each = counting.as_nanos() / options.requests.max(1) as u128;
    println!(
        "counted {} requests in {:.0} s, {each} ns each with storing",
        options.requests,
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

struct Maker {
    seed: u64,
    api: Name,
    routes: [Name; 8],
    accounts: usize,
}

impl Maker {
    fn new(app: &App, accounts: usize) -> Self {
        let names = app.logs.names();
        Self { seed: 1, api: names.name("bench"), routes: ROUTES.map(|route| names.name(route)), accounts }
    }

    /// From 0 to 1.
    fn random(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn record(&mut self, nth: usize, of: usize) -> Record {
        let at = END.0 - DAYS * DAY_MS + (nth as f64 / of as f64 * (DAYS * DAY_MS) as f64) as i64;
        let keys = self.accounts * 10;
        let key = ((self.random().powi(3)) * keys as f64) as usize % keys;
        let mut record = Record::new(UnixMs(at), Source::Gateway);
        record.account = account_id(key / 10).parse().ok();
        record.key = key_id(key).parse().ok();
        record.environment = Some(if key % 10 == 9 { Environment::Test } else { Environment::Live });
        record.api = self.api;
        record.route = self.routes[(self.random().powi(2) * 8.0) as usize % 8];
        (record.status, record.code) = match self.random() {
            low if low < 0.01 => (429, Some("rate_limited")),
            low if low < 0.015 => (403, Some("insufficient_scope")),
            low if low < 0.03 => (404, None),
            low if low < 0.032 => (502, None),
            _ => (200, None),
        };
        let normal = (0..4).map(|_| self.random() - 0.5).sum::<f64>() * 1.7;
        record.total_us = (12_000.0 * normal.exp()) as u32;
        record.cost = 1;
        record.address = Some([198, 51, 100, (key % 200) as u8].into());
        record.set_texts("/a", "bench/1", "id");
        record
    }
}

async fn charts(app: &App) -> Result<()> {
    let span = |step_s: u32| AskedSpan { from: Some(END.plus(-DAYS * DAY_MS)), to: Some(END), step_s: Some(step_s) };
    let api = |step_s| Asked { api: Some("bench".into()), span: span(step_s), ..Asked::default() };
    let route = |step_s| Asked { route: Some("/c/{id}".into()), ..api(step_s) };
    let last_day = AskedSpan { from: Some(END.plus(-DAY_MS)), to: Some(END), step_s: Some(60) };
    let day = || Asked { span: last_day, ..api(60) };
    for (name, asked) in [
        ("API, 90 days in days", api(86_400)),
        ("API, 90 days in hours", api(3_600)),
        ("one route, 90 days in hours", route(3_600)),
        ("API, one day in minutes", day()),
    ] {
        let mut took = Vec::new();
        let mut told = 0;
        for _ in 0..ROUNDS {
            let at = Instant::now();
            let series = usage::series(app, Reach::All, asked.clone()).await?;
            took.push(at.elapsed());
            told = series.total.requests;
        }
        say(name, told, took);
    }
    let mut took = Vec::new();
    let mut told = 0;
    for _ in 0..ROUNDS {
        let asked = Asked { span: AskedSpan { step_s: None, ..span(60) }, ..api(60) };
        let at = Instant::now();
        let top = usage::top(app, Reach::All, asked, By::Route, 10).await?;
        took.push(at.elapsed());
        told = top.items.iter().map(|item| item.requests).sum();
    }
    say("busiest routes of 90 days", told, took);
    Ok(())
}

fn say(name: &str, told: u64, mut took: Vec<Duration>) {
    took.sort_unstable();
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    let (least, median, most) = (ms(took[0]), ms(took[took.len() / 2]), ms(took[took.len() - 1]));
    println!("{name}: {median:.1} ms ({least:.1}–{most:.1}), {told} requests in it");
}
