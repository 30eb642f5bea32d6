//! Latency at a fixed rate, as a crowd of independent callers would see it.
//!
//! A closed-loop client waits for the slow answer before it asks again, and so leaves out exactly the requests that
//! would have suffered. Here every request has a time at which it is due, fixed before the run, and its latency is
//! counted from that time, also when the answer before it kept its connection busy (coordinated omission counts).
//!
//! It refuses to measure throughput: at a rate the server cannot follow, the queue is full and requests are dropped
//! and reported, never waited for.

mod client;
mod pace;
mod requests;
mod response;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use serde_json::json;
use tokio::sync::mpsc;

use crate::client::Tally;
use crate::pace::{Pace, Schedule};
use crate::requests::Requests;

/// Requests that may wait for one busy connection. More than a second of them at any rate we measure.
const QUEUE_MAX: usize = 1024;

/// Sends requests on a fixed schedule and prints latency percentiles as one JSON object.
#[derive(Parser)]
struct Args {
    /// Server to ask.
    #[arg(long)]
    addr: SocketAddr,
    /// File with one raw HTTP/1.1 request in which `{key}` stands for a key.
    #[arg(long)]
    template: PathBuf,
    /// File of keys, one per line, all of the same width.
    #[arg(long)]
    keys: PathBuf,
    /// Requests per second.
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds at the same rate before them, that are not.
    #[arg(long, default_value_t = 1.0)]
    warmup_seconds: f64,
    /// Keep-alive connections; request i uses connection i modulo this.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seed of the choice of keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// One runtime on one thread: a second would take the core the server needs.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.connections > 0, "at least one connection");
    ensure!(args.rate > 0, "at least one request per second");
    let requests = Arc::new(Requests::load(&args.template, &args.keys)?);

    let mut queues = Vec::with_capacity(args.connections);
    let mut clients = Vec::with_capacity(args.connections);
    for index in 0..args.connections {
        let (queue, due) = mpsc::channel(QUEUE_MAX);
        queues.push(queue);
        let keys = requests.chooser(args.seed.wrapping_add(index as u64));
        clients.push(tokio::spawn(client::connect(args.addr, keys).await?.run(due)));
    }
    let schedule = Schedule {
        rate: args.rate,
        warmup: Duration::try_from_secs_f64(args.warmup_seconds)?,
        measured: Duration::try_from_secs_f64(args.seconds)?,
    };
    let pace = pace::dispatch(&schedule, queues).await?;
    let mut total = Tally::default();
    for handle in clients {
        total.merge(handle.await?);
    }
    println!("{}", report(&args, &pace, total));
    Ok(())
}

/// The result as JSON; latencies in microseconds.
fn report(args: &Args, pace: &Pace, mut total: Tally) -> serde_json::Value {
    total.latency_ns.sort_unstable();
    let latency_us = |quantile| nanos_to_micros(percentile(&total.latency_ns, quantile));
    json!({
        "rate": args.rate,
        "measured": pace.measured,
        "completed": total.latency_ns.len(),
        "dropped": pace.dropped,
        "errors": total.errors,
        "not_2xx": total.not_2xx,
        "p50_us": latency_us(0.50),
        "p90_us": latency_us(0.90),
        "p99_us": latency_us(0.99),
        "p999_us": latency_us(0.999),
        "max_us": latency_us(1.0),
        // How late this client itself was in sending; see `pace::WAKE_UP_GRACE`.
        "client_late_p50_us": nanos_to_micros(percentile(&pace.late_ns, 0.50)),
        "client_late_p99_us": nanos_to_micros(percentile(&pace.late_ns, 0.99)),
    })
}

/// The smallest value that at least `quantile` of the sorted values do not exceed; 0 of none.
fn percentile(sorted: &[u64], quantile: f64) -> u64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    let index = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(0)
}

fn nanos_to_micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentile_takes_the_nearest_rank() {
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!(percentile(&sorted, 0.50), 50);
        assert_eq!(percentile(&sorted, 0.99), 99);
        assert_eq!(percentile(&sorted, 1.0), 100);
    }

    #[test]
    fn percentile_of_nothing_is_zero() {
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
