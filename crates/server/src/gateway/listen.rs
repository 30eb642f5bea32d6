//! Listening and serving, one thread per core: each has its own socket, its own runtime and its own connections, and
//! shares nothing on a request's way.
//!
//! What is served is generic, so that gateway and auth listener have the same bounds (threat T12), the same strict
//! reading (T11) and the same drain (promise P9).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use slab::Slab;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::runtime::LocalOptions;
use tokio::sync::{Notify, oneshot, watch};

use super::answered::Answered;
use super::guard::{Guard, Limits};
use super::peer::Peer;
use super::ticker::{Ticker, within};
use crate::config::GatewaySettings;

/// Something that answers requests on one thread.
pub trait Serve: 'static {
    /// The answers' bodies.
    type Body: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + 'static;

    /// Answers one request; a refusal is an answer too.
    fn serve(&self, peer: &Rc<Peer>, request: Request<Incoming>) -> impl Future<Output = Response<Self::Body>>;
}

/// The bounds of a listener.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Most connections at once, over all threads; more are closed at once.
    pub connections_max: usize,
    /// A client's time limits.
    pub limits: Limits,
    /// Largest head.
    pub head_bytes_max: usize,
    /// Most headers.
    pub headers_max: usize,
    /// How long requests under way may take to finish when told to stop.
    pub drain_timeout: Duration,
}

impl From<&GatewaySettings> for Bounds {
    fn from(settings: &GatewaySettings) -> Self {
        Self {
            connections_max: settings.connections_max,
            limits: Limits {
                head: settings.head_timeout,
                body_idle: settings.body_idle_timeout,
                idle: settings.idle_timeout,
            },
            head_bytes_max: settings.head_bytes_max,
            headers_max: settings.headers_max,
            drain_timeout: settings.drain_timeout,
        }
    }
}

/// How many connections wait to be accepted, at most (the kernel may allow fewer).
const BACKLOG: i32 = 4_096;

/// hyper takes no smaller buffer.
const BUFFER_BYTES_MIN: usize = 8_192;

/// One listening socket per thread, all at one address.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

impl Sockets {
    /// Binds `workers` sockets to one address; port 0 takes a free port, the same for all.
    pub fn bind(address: SocketAddr, workers: usize) -> io::Result<Self> {
        let first = listener(address)?;
        let address = first.local_addr()?;
        let mut listeners = vec![first];
        for _ in 1..workers.max(1) {
            listeners.push(listener(address)?);
        }
        Ok(Self { listeners, address })
    }

    /// Shares a socket that was inherited (`LISTEN_FDS`).
    pub fn inherited(socket: TcpListener, workers: usize) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let mut listeners = Vec::with_capacity(workers.max(1));
        for _ in 1..workers.max(1) {
            listeners.push(socket.try_clone()?);
        }
        listeners.push(socket);
        Ok(Self { listeners, address })
    }

    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A listener at work.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    ended: Vec<oneshot::Receiver<usize>>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every thread has drained after a shutdown; says how many connections were cut off.
    pub async fn ended(self) -> usize {
        let mut cut = 0;
        for thread in self.ended {
            cut += thread.await.unwrap_or(0);
        }
        cut
    }
}

/// Serves until `shutdown` turns true. `make` is called once on each thread, inside its runtime.
pub fn serve<S: Serve>(
    name: &str,
    sockets: Sockets,
    bounds: Bounds,
    open: Arc<AtomicUsize>,
    shutdown: watch::Receiver<bool>,
    make: impl Fn(usize, &Rc<Ticker>) -> S + Clone + Send + 'static,
) -> io::Result<Serving> {
    let mut ended = Vec::new();
    for (number, socket) in sockets.listeners.into_iter().enumerate() {
        let (bounds, open, shutdown, make) = (bounds.clone(), Arc::clone(&open), shutdown.clone(), make.clone());
        let (tell, told) = oneshot::channel();
        ended.push(told);
        std::thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
            let cut = thread_main(number, socket, bounds, open, shutdown, &make);
            let _ = tell.send(cut);
        })?;
    }
    Ok(Serving { address: sockets.address, ended })
}

fn thread_main<S: Serve>(
    number: usize,
    socket: TcpListener,
    bounds: Bounds,
    open: Arc<AtomicUsize>,
    shutdown: watch::Receiver<bool>,
    make: &dyn Fn(usize, &Rc<Ticker>) -> S,
) -> usize {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "this thread cannot serve");
            return 0;
        }
    };
    runtime.block_on(async {
        let ticker = Ticker::new();
        let service = make(number, &ticker);
        let (peers, count, gone) = (RefCell::default(), Cell::new(0), Notify::new());
        Rc::new(Thread { service, bounds, open, ticker, peers, count, gone }).run(socket, shutdown).await
    })
}

struct Thread<S> {
    service: S,
    bounds: Bounds,
    /// Connections of all threads.
    open: Arc<AtomicUsize>,
    ticker: Rc<Ticker>,
    peers: RefCell<Slab<Rc<Peer>>>,
    count: Cell<usize>,
    gone: Notify,
}

impl<S: Serve> Thread<S> {
    async fn run(self: Rc<Self>, socket: TcpListener, mut shutdown: watch::Receiver<bool>) -> usize {
        tokio::task::spawn_local(Rc::clone(&self.ticker).run());
        let listener = match tokio::net::TcpListener::from_std(socket) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "this thread cannot listen");
                return 0;
            }
        };
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = shutdown.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, address)) => Self::admit(&self, stream, address),
                Err(error) => {
                    // Out of descriptors, most likely: wait for some to come back instead of spinning.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        // Connections that were made before are served: closing the socket would reset them.
        while let Some(Ok((stream, address))) = listener.accept().now_or_never() {
            Self::admit(&self, stream, address);
        }
        drop(listener);
        self.drain().await
    }

    fn admit(this: &Rc<Self>, stream: TcpStream, address: SocketAddr) {
        if this.open.fetch_add(1, Ordering::Relaxed) >= this.bounds.connections_max {
            this.open.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        // Best effort: without it small answers wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let peer = Peer::new(address.ip(), false, Rc::clone(&this.ticker));
        let seat = Seat { place: this.peers.borrow_mut().insert(Rc::clone(&peer)), thread: Rc::clone(this) };
        this.count.set(this.count.get() + 1);
        tokio::task::spawn_local(async move { seat.thread.connection(stream, &peer).await });
    }

    async fn connection(&self, stream: TcpStream, peer: &Rc<Peer>) {
        let io = TokioIo::new(Guard::new(stream, Rc::clone(peer), self.bounds.limits));
        let service = hyper::service::service_fn(|request: Request<Incoming>| async {
            let response = self.service.serve(peer, request).await;
            Ok::<_, std::convert::Infallible>(response.map(|body| Answered::new(body, Rc::clone(peer))))
        });
        let mut builder = http1::Builder::new();
        // Time limits are the guard's.
        builder.header_read_timeout(None).half_close(false);
        builder.max_header_size(self.bounds.head_bytes_max).max_headers(self.bounds.headers_max);
        builder.max_buf_size(self.bounds.head_bytes_max.max(BUFFER_BYTES_MIN));
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut told = false;
        let ended = poll_fn(|cx| {
            peer.remember(cx.waker());
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            // Only after it has read what had come: a request that is here already is answered.
            if peer.is_draining() && !told {
                told = true;
                connection.as_mut().graceful_shutdown();
                return connection.as_mut().poll(cx);
            }
            Poll::Pending
        });
        // Clients that hang up or time out are everyday life; what they did is on the guard's counters.
        let _ = ended.await;
    }

    /// Lets requests under way finish; idle connections close at once.
    async fn drain(&self) -> usize {
        for (_, peer) in self.peers.borrow().iter() {
            peer.drain();
        }
        let all_gone = async {
            while self.count.get() > 0 {
                self.gone.notified().await;
            }
        };
        // What is left when the time is up is counted and cut.
        let _ = within(&self.ticker, self.bounds.drain_timeout, all_gone).await;
        self.count.get()
    }
}

/// A connection's place among its thread's; empties itself.
struct Seat<S> {
    place: usize,
    thread: Rc<Thread<S>>,
}

impl<S> Drop for Seat<S> {
    fn drop(&mut self) {
        self.thread.peers.borrow_mut().try_remove(self.place);
        self.thread.count.set(self.thread.count.get() - 1);
        self.thread.open.fetch_sub(1, Ordering::Relaxed);
        self.thread.gone.notify_one();
    }
}
