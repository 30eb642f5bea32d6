//! One connection to an upstream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::io::poll_read_buf;

/// How much is read at once, at least.
const READ_BYTES: usize = 8 * 1_024;

/// A plain or an encrypted stream.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection to an upstream, with what is on its way in and out.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    pub(super) inbox: BytesMut,
    /// What is to be sent first: a head, or the size of a chunk.
    pub outbox: BytesMut,
    /// What is to be sent after it: a piece of a body.
    pub(super) piece: Bytes,
    /// What is to be sent last: the end of a chunk, or of all chunks.
    pub(super) tail: &'static [u8],
    /// Whether bytes may still wait inside TLS.
    unflushed: bool,
    /// Whether an answer has been read from it before.
    pub(super) reused: bool,
    pub(super) idle_since_ms: u64,
}

impl Link {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            inbox: BytesMut::new(),
            outbox: BytesMut::with_capacity(2_048),
            piece: Bytes::new(),
            tail: b"",
            unflushed: false,
            reused: false,
            idle_since_ms: 0,
        }
    }

    /// Whether anything is waiting to be sent.
    pub(super) fn is_unsent(&self) -> bool {
        self.has_bytes() || self.unflushed
    }

    fn has_bytes(&self) -> bool {
        !self.outbox.is_empty() || !self.piece.is_empty() || !self.tail.is_empty()
    }

    /// Sends all that is waiting.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.has_bytes() {
            let only_head = self.piece.is_empty() && self.tail.is_empty();
            let sent = if only_head {
                match &mut self.stream {
                    Stream::Plain(stream) => Pin::new(stream).poll_write(cx, &self.outbox),
                    Stream::Tls(stream) => Pin::new(stream).poll_write(cx, &self.outbox),
                }
            } else {
                let parts = [IoSlice::new(&self.outbox), IoSlice::new(&self.piece), IoSlice::new(self.tail)];
                match &mut self.stream {
                    Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, &parts),
                    Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, &parts),
                }
            };
            match ready!(sent)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => {
                    self.sent(bytes);
                    self.unflushed = matches!(self.stream, Stream::Tls(_));
                }
            }
        }
        match &mut self.stream {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => {
                ready!(Pin::new(stream).poll_flush(cx))?;
                self.unflushed = false;
                Poll::Ready(Ok(()))
            }
        }
    }

    fn sent(&mut self, bytes: usize) {
        let of_head = bytes.min(self.outbox.len());
        self.outbox.advance(of_head);
        let of_piece = (bytes - of_head).min(self.piece.len());
        self.piece.advance(of_piece);
        self.tail = &self.tail[bytes - of_head - of_piece..];
    }

    /// Reads what has come; 0 bytes are the end.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.inbox.reserve(READ_BYTES);
        match &mut self.stream {
            Stream::Plain(stream) => poll_read_buf(Pin::new(stream), cx, &mut self.inbox),
            Stream::Tls(stream) => poll_read_buf(Pin::new(&mut **stream), cx, &mut self.inbox),
        }
    }

    /// Whether the upstream has closed this idle connection, or said something unasked.
    pub(super) fn is_stale(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0; 1];
        let mut unread = ReadBuf::new(&mut byte);
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, &mut unread),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, &mut unread),
        };
        read.is_ready() || !self.inbox.is_empty() || self.is_unsent()
    }
}
