//! The yardstick: hyper and nothing else.
//!
//! Every figure of Keyward is read as a ratio to this program, measured in the same run, so that it shows what our
//! own work costs and not what the kernel, the loopback device or the machine of the day cost. It therefore uses
//! the same stack and the same shape as Keyward's data plane (hyper, one current-thread runtime per core,
//! `SO_REUSEPORT`, mimalloc) and refuses to do anything else: it reads the request, ignores it, and answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::thread;

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that may wait to be accepted, per thread.
const BACKLOG_MAX: i32 = 1024;

/// What a decision service answers at the very least.
const RESPOND_BODY: &[u8] = br#"{"allow":true,"code":"ok","status":200}"#;

/// About 200 bytes, the size of a small API object.
const UPSTREAM_BODY: &[u8] = br#"{"id":"obj_01jd3v8m2k7q9x4t5w6y","name":"An example object","created_at":"2026-01-01T00:00:00Z","enabled":true,"tags":["one","two","three"],"counts":{"read":12,"write":3},"next_cursor":null}"#;

/// Answers every request alike: the floor that other servers are compared with.
#[derive(Parser)]
struct Args {
    /// Address to listen on.
    #[arg(long)]
    addr: SocketAddr,
    /// Threads, each with its own listening socket and runtime.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// What to answer.
    #[arg(long, value_enum, default_value_t = Mode::Respond)]
    mode: Mode,
}

/// The three answers the comparisons need.
#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// 200 with a small JSON body: compared with `POST /v1/verify`.
    Respond,
    /// 200 with about 200 bytes of JSON: the upstream behind every proxy.
    Upstream,
    /// 200 with no body: an empty auth service behind nginx `auth_request`.
    Empty,
}

impl Mode {
    fn body(self) -> Bytes {
        match self {
            Self::Respond => Bytes::from_static(RESPOND_BODY),
            Self::Upstream => Bytes::from_static(UPSTREAM_BODY),
            Self::Empty => Bytes::new(),
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    // All sockets are bound before any thread serves: a taken port is an error, not half a server.
    let sockets = (0..args.threads.max(1)).map(|_| listen(args.addr)).collect::<Result<Vec<_>>>()?;
    let body = args.mode.body();
    let threads: Vec<_> = sockets
        .into_iter()
        .map(|socket| {
            let body = body.clone();
            thread::spawn(move || serve_thread(socket, body))
        })
        .collect();
    for handle in threads {
        handle.join().map_err(|_| anyhow::anyhow!("a serving thread panicked"))??;
    }
    Ok(())
}

/// A listening socket that shares its port with the other threads', so that the kernel spreads the connections.
fn listen(addr: SocketAddr) -> Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into()).with_context(|| format!("cannot bind {addr}"))?;
    socket.listen(BACKLOG_MAX)?;
    Ok(socket.into())
}

fn serve_thread(socket: std::net::TcpListener, body: Bytes) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept_loop(socket, body))
}

async fn accept_loop(socket: std::net::TcpListener, body: Bytes) -> Result<()> {
    let listener = TcpListener::from_std(socket)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve_connection(stream, body.clone()));
    }
}

async fn serve_connection(stream: TcpStream, body: Bytes) {
    let service = service_fn(move |request| answer(request, body.clone()));
    let served = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service).await;
    // A client that hangs up is how every run ends; there is nobody to tell.
    drop(served);
}

/// Reads the body, as any service that decides by it must, and answers without looking at it.
async fn answer(request: Request<Incoming>, body: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut incoming = request.into_body();
    while let Some(Ok(_)) = incoming.frame().await {}
    let has_body = !body.is_empty();
    let mut response = Response::new(Full::new(body));
    if has_body {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}
