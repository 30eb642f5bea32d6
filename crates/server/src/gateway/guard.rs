//! The strict layer in front of hyper's parser (threats T11, T12).
//!
//! hyper repairs some of what two programs read differently: it takes a bare LF for a line end, and of
//! `Content-Length` beside `Transfer-Encoding` it quietly drops one. This reader looks at the bytes of each request
//! head as they pass, notes the first fault, and lets the gateway refuse that request and close. It also keeps the
//! client's time limits: head, pauses inside a body, the wait for the next request.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::{Framing, Stage};
use super::peer::Peer;
use super::ticker::Deadline;

/// A client's time limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of a head to its last, and until the first byte on a new connection.
    pub head: Duration,
    /// Any pause inside a body, in either direction.
    pub body_idle: Duration,
    /// Between two requests.
    pub idle: Duration,
}

/// How long, and for how many bytes, a refused client that is still sending is heard out.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 4 << 20;

/// A client's connection as hyper reads and writes it.
#[derive(Debug)]
pub(super) struct Guard<S> {
    stream: S,
    peer: Rc<Peer>,
    framing: Framing,
    limits: Limits,
    /// When the present wait for bytes began.
    waiting_since_ms: Option<u64>,
    head_since_ms: Option<u64>,
    read_deadline: Deadline,
    write_deadline: Deadline,
    linger_bytes: usize,
}

impl<S> Guard<S> {
    /// Puts the guard around a stream.
    pub(super) fn new(stream: S, peer: Rc<Peer>, limits: Limits) -> Self {
        let (read_deadline, write_deadline) = (Deadline::new(peer.ticker()), Deadline::new(peer.ticker()));
        let framing = Framing::default();
        Self {
            stream,
            peer,
            framing,
            limits,
            waiting_since_ms: None,
            head_since_ms: None,
            read_deadline,
            write_deadline,
            linger_bytes: LINGER_BYTES_MAX,
        }
    }

    /// Whether the client is still in the middle of a request.
    pub(super) fn is_mid_request(&self) -> bool {
        !matches!(self.framing.stage(), Stage::Between)
    }

    fn look_at(&mut self, bytes: &[u8]) {
        self.waiting_since_ms = None;
        self.read_deadline.clear();
        let before = self.framing.heads();
        if let Err(fault) = self.framing.look_at(bytes) {
            self.peer.note_fault(fault);
        }
        let after = self.framing.heads();
        self.peer.note_heads(after);
        match self.framing.stage() {
            Stage::Head if before != after || self.head_since_ms.is_none() => {
                self.head_since_ms = Some(self.peer.ticker().now_ms());
            }
            Stage::Head => {}
            Stage::Between | Stage::Body => self.head_since_ms = None,
        }
    }

    /// Nothing to read: has the client kept us waiting for too long?
    fn wait(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let since_ms = *self.waiting_since_ms.get_or_insert(self.peer.ticker().now_ms());
        let (since_ms, limit) = match self.framing.stage() {
            Stage::Head => (self.head_since_ms.unwrap_or(since_ms), self.limits.head),
            Stage::Body => (since_ms, self.limits.body_idle),
            // Its request is being answered: the wait is ours, not the client's. hyper does not ask again when the
            // answer has gone out, so that the idle time is looked at later, from the tick.
            Stage::Between if self.peer.is_busy() => {
                self.read_deadline.set(self.limits.idle);
                return self.read_deadline.poll(cx).map(Ok);
            }
            Stage::Between if self.framing.heads() == 0 => (since_ms, self.limits.head),
            Stage::Between => (since_ms.max(self.peer.answered_at_ms()), self.limits.idle),
        };
        self.read_deadline.set_since(since_ms, limit);
        self.read_deadline.poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn wrote(&mut self, cx: &Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if self.write_deadline.is_set() {
                self.write_deadline.clear();
            }
            return written;
        }
        if !self.write_deadline.is_set() {
            self.write_deadline.set(self.limits.body_idle);
        }
        self.write_deadline.poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.look_at(&buf.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.wait(cx),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    /// A client that is still sending when it is refused would be reset before it reads why: hear it out for a while.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        if !this.is_mid_request() {
            return Poll::Ready(Ok(()));
        }
        if !this.write_deadline.is_set() {
            this.write_deadline.set(LINGER);
        }
        let mut scratch = [0; 4_096];
        while this.linger_bytes > 0 {
            let mut unread = ReadBuf::new(&mut scratch);
            if Pin::new(&mut this.stream).poll_read(cx, &mut unread)?.is_pending() {
                return this.write_deadline.poll(cx).map(Ok);
            }
            if unread.filled().is_empty() {
                break;
            }
            this.linger_bytes = this.linger_bytes.saturating_sub(unread.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}
