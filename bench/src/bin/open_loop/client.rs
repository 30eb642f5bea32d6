//! One keep-alive connection that sends what is due and times the answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::requests::Chooser;
use crate::response::{Head, parse_head};

/// An answer later than this is an error: the server hangs.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// A larger response is an error: no server we compare sends one.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// A request's place in the schedule.
pub(crate) struct Due {
    /// When it should be sent; its latency counts from here.
    pub(crate) at: Instant,
    /// False during the warm-up.
    pub(crate) measured: bool,
}

/// What one connection, or all of them, saw.
#[derive(Default)]
pub(crate) struct Tally {
    /// Latency of each measured 2xx answer, in nanoseconds.
    pub(crate) latency_ns: Vec<u64>,
    /// Measured answers of any other status.
    pub(crate) not_2xx: u64,
    /// Measured requests without a proper answer, and connections that could not be replaced.
    pub(crate) errors: u64,
}

impl Tally {
    /// Adds another connection's.
    pub(crate) fn merge(&mut self, other: Self) {
        self.latency_ns.extend(other.latency_ns);
        self.not_2xx += other.not_2xx;
        self.errors += other.errors;
    }
}

/// A connection with its own sequence of requests.
pub(crate) struct Client {
    addr: SocketAddr,
    stream: TcpStream,
    requests: Chooser,
    output: Vec<u8>,
    input: Vec<u8>,
}

/// Opens a connection before the schedule starts.
pub(crate) async fn connect(addr: SocketAddr, requests: Chooser) -> Result<Client> {
    Ok(Client {
        addr,
        stream: open(addr).await?,
        requests,
        output: Vec::with_capacity(1024),
        input: Vec::with_capacity(4096),
    })
}

async fn open(addr: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(addr).await.with_context(|| format!("cannot connect to {addr}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Client {
    /// Sends requests as they come due, until the schedule ends.
    pub(crate) async fn run(mut self, mut due: mpsc::Receiver<Due>) -> Tally {
        let mut tally = Tally::default();
        while let Some(request) = due.recv().await {
            let answer = timeout(ANSWER_WAIT_MAX, self.exchange()).await;
            let latency = request.at.elapsed();
            let usable = if let Ok(Ok(head)) = answer {
                if !(200..300).contains(&head.status) {
                    tally.not_2xx += u64::from(request.measured);
                } else if request.measured {
                    tally.latency_ns.push(latency.as_nanos() as u64);
                }
                !head.close
            } else {
                tally.errors += u64::from(request.measured);
                false
            };
            if !usable && !self.reopen().await {
                tally.errors += 1;
            }
        }
        tally
    }

    /// Replaces a connection that cannot be used again; its cost falls on the next request, as it would on a caller.
    async fn reopen(&mut self) -> bool {
        match open(self.addr).await {
            Ok(stream) => {
                self.stream = stream;
                true
            }
            Err(_) => false,
        }
    }

    /// One request and its whole answer.
    async fn exchange(&mut self) -> Result<Head> {
        self.requests.write_next(&mut self.output);
        self.stream.write_all(&self.output).await?;
        self.input.clear();
        let mut head = None;
        loop {
            let read = self.stream.read_buf(&mut self.input).await?;
            ensure!(read > 0, "the server closed the connection");
            if head.is_none() {
                head = parse_head(&self.input)?;
            }
            if let Some(known) = &head {
                ensure!(self.input.len() <= known.total_bytes, "bytes after the response");
            }
            match head {
                Some(known) if self.input.len() == known.total_bytes => return Ok(known),
                Some(_) | None => ensure!(self.input.len() < RESPONSE_BYTES_MAX, "the response is too large"),
            }
        }
    }
}
