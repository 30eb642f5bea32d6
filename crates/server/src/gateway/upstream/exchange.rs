//! One request to an upstream and its answer, both bodies streamed at once.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::Method;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::Failure;
use super::chunked::Piece;
use super::head::{self, Head, Length};
use super::link::Link;
use super::pool::Target;
use super::tap::Tap;
use crate::gateway::ticker::Deadline;

/// A request's body.
#[derive(Debug)]
pub enum Payload {
    /// None.
    Empty,
    /// One that was read already.
    Read(Bytes),
    /// One of known length that is still coming, and where it is looked at.
    Sized(Incoming, Option<Rc<Tap>>),
    /// One of unknown length, likewise.
    Chunked(Incoming, Option<Rc<Tap>>),
}

/// An upstream's answer.
#[derive(Debug)]
pub struct Answer {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: AnswerBody,
}

/// An answer's body: whole already, or still coming.
#[derive(Debug)]
pub enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// Read as it comes.
    Coming(Box<Flight>),
}

/// A request under way on one connection.
#[derive(Debug)]
pub struct Flight {
    /// `None` once the answer has ended.
    link: Option<Link>,
    target: Rc<Target>,
    address: usize,
    payload: Payload,
    deadline: Deadline,
    idle_timeout: Duration,
    length: Length,
    keep_alive: bool,
}

enum Broken {
    /// Before the first byte of an answer.
    Unanswered,
    Answering,
    TimedOut,
    Client,
}

impl Target {
    /// Sends a request whose head `write` writes for the address it is given, and reads the answer's head. A reused
    /// connection that closes before it answers is replaced once, if sending twice is harmless.
    pub async fn exchange(
        self: &Rc<Self>,
        method: &Method,
        mut payload: Payload,
        idle_timeout: Duration,
        write: impl Fn(&mut BytesMut, usize),
    ) -> Result<Answer, Failure> {
        let repeatable = method.is_idempotent() && matches!(payload, Payload::Empty | Payload::Read(_));
        let copy = |payload: &Payload| match payload {
            Payload::Read(bytes) => Payload::Read(bytes.clone()),
            _ => Payload::Empty,
        };
        let spare = if repeatable { Some(copy(&payload)) } else { None };
        let mut fresh = false;
        loop {
            let (address, mut link) = self.take(fresh).await?;
            write(&mut link.outbox, address);
            if let Payload::Read(bytes) = &mut payload {
                link.piece = std::mem::take(bytes);
                payload = Payload::Empty;
            }
            let again = spare.as_ref().filter(|_| link.reused && !fresh);
            let mut flight = Flight {
                link: Some(link),
                target: Rc::clone(self),
                address,
                payload,
                deadline: Deadline::new(self.ticker()),
                idle_timeout,
                length: Length::UntilClose,
                keep_alive: false,
            };
            match std::future::poll_fn(|cx| flight.poll_head(cx, method)).await {
                Ok(head) => return Ok(flight.answer(head)),
                Err(Broken::Unanswered) if again.is_some() => {
                    payload = again.map_or(Payload::Empty, copy);
                    fresh = true;
                }
                Err(Broken::Unanswered | Broken::Answering) => return Err(Failure::Unavailable),
                Err(Broken::TimedOut) => return Err(Failure::TimedOut),
                Err(Broken::Client) => return Err(Failure::Client),
            }
        }
    }
}

impl Flight {
    fn poll_head(&mut self, cx: &mut Context<'_>, method: &Method) -> Poll<Result<Head, Broken>> {
        let Some(link) = &mut self.link else { return Poll::Ready(Err(Broken::Answering)) };
        let Ok(sent) = poll_payload(link, &mut self.payload, cx) else { return Poll::Ready(Err(Broken::Client)) };
        loop {
            match link.poll_receive(cx) {
                Poll::Ready(Ok(bytes)) if bytes > 0 => match head::take(&mut link.inbox, method) {
                    Ok(Some(head)) => return Poll::Ready(Ok(head)),
                    Ok(None) => {}
                    Err(_) => return Poll::Ready(Err(Broken::Answering)),
                },
                Poll::Ready(_) if link.inbox.is_empty() => return Poll::Ready(Err(Broken::Unanswered)),
                Poll::Ready(_) => return Poll::Ready(Err(Broken::Answering)),
                Poll::Pending => break,
            }
        }
        // The upstream's time runs anew while it still takes the body.
        if sent || !self.deadline.is_set() {
            let sending = link.is_unsent() || !matches!(self.payload, Payload::Empty);
            let own = self.target.response_timeout;
            // A client that pauses in its upload has the time of a body, and is not the upstream's fault.
            self.deadline.set(if sending { own.max(self.idle_timeout) } else { own });
        }
        self.deadline.poll(cx).map(|()| Err(Broken::TimedOut))
    }

    fn answer(mut self, head: Head) -> Answer {
        self.deadline.clear();
        (self.length, self.keep_alive) = (head.length, head.keep_alive);
        let here = self.link.as_ref().map_or(0, |link| link.inbox.len() as u64);
        let body = match self.length {
            Length::Sized(bytes) if bytes <= here => {
                let whole = self.link.as_mut().map(|link| link.inbox.split_to(bytes as usize).freeze());
                self.finish();
                AnswerBody::Whole(whole.unwrap_or_default())
            }
            Length::Sized(_) | Length::Chunked(_) | Length::UntilClose => AnswerBody::Coming(Box::new(self)),
        };
        Answer { head, body }
    }

    /// The answer has ended: the connection is kept if nothing is left over in either direction.
    fn finish(&mut self) {
        let Some(link) = self.link.take() else { return };
        let clean = link.inbox.is_empty() && !link.is_unsent() && matches!(self.payload, Payload::Empty);
        if self.keep_alive && clean {
            self.target.put(self.address, link);
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some(link) = &mut self.link else { return Poll::Ready(None) };
        // An upstream may answer before it has read everything; what the client sends wrongly now harms no answer.
        // But then the connection is in the middle of a request, and must not be used again.
        if poll_payload(link, &mut self.payload, cx).is_err() {
            self.keep_alive = false;
            self.payload = Payload::Empty;
        }
        loop {
            match next(link, &mut self.length) {
                Ok(Piece::Data(bytes)) => {
                    self.deadline.clear();
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Ok(Piece::End) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Ok(Piece::More) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match link.poll_receive(cx) {
                Poll::Ready(Ok(0)) if self.length == Length::UntilClose => {
                    self.link = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Pending => break,
            }
        }
        if !self.deadline.is_set() {
            self.deadline.set(self.idle_timeout);
        }
        self.deadline.poll(cx).map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
    }
}

/// What of an answer's body is in the buffer.
fn next(link: &mut Link, length: &mut Length) -> io::Result<Piece> {
    match length {
        Length::Sized(0) => Ok(Piece::End),
        Length::Sized(_) | Length::UntilClose if link.inbox.is_empty() => Ok(Piece::More),
        Length::Sized(left) => {
            let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(link.inbox.len());
            *left -= taken as u64;
            Ok(Piece::Data(link.inbox.split_to(taken).freeze()))
        }
        Length::UntilClose => Ok(Piece::Data(link.inbox.split().freeze())),
        Length::Chunked(chunked) => {
            chunked.take(&mut link.inbox).map_err(|_| io::Error::other("the answer's chunks are broken"))
        }
    }
}

/// Sends as much of a request as both sides allow, and says whether any of the body moved. A connection that takes
/// no more is no error here: the answer may already be on its way.
fn poll_payload(link: &mut Link, payload: &mut Payload, cx: &mut Context<'_>) -> Result<bool, hyper::Error> {
    let mut moved = false;
    loop {
        if link.piece.is_empty() && link.tail.is_empty() {
            moved |= poll_piece(link, payload, cx)?;
        }
        if !link.is_unsent() {
            return Ok(moved);
        }
        match link.poll_send(cx) {
            Poll::Ready(Ok(())) if matches!(payload, Payload::Empty) => return Ok(moved),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => {
                *payload = Payload::Empty;
                return Ok(moved);
            }
            Poll::Pending => return Ok(moved),
        }
    }
}

/// Puts the next piece of a body that is still coming on the connection.
fn poll_piece(link: &mut Link, payload: &mut Payload, cx: &mut Context<'_>) -> Result<bool, hyper::Error> {
    loop {
        let (body, chunked, tap) = match payload {
            Payload::Empty | Payload::Read(_) => return Ok(false),
            Payload::Sized(body, tap) => (body, false, tap.as_ref()),
            Payload::Chunked(body, tap) => (body, true, tap.as_ref()),
        };
        match Pin::new(body).poll_frame(cx) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Some(Err(error))) => return Err(error),
            Poll::Ready(None) => {
                if chunked {
                    link.tail = b"0\r\n\r\n";
                }
                *payload = Payload::Empty;
                return Ok(true);
            }
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => {
                    if let Some(tap) = tap {
                        tap.pass(&data);
                    }
                    if chunked {
                        put_hex(&mut link.outbox, data.len());
                        link.tail = b"\r\n";
                    }
                    link.piece = data;
                    return Ok(true);
                }
                // Trailers are not forwarded.
                Err(_) => {}
            },
        }
    }
}

fn put_hex(out: &mut BytesMut, mut number: usize) {
    let mut digits = [0_u8; 16];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdef"[number % 16];
        number /= 16;
        if number == 0 {
            break;
        }
    }
    out.put_slice(&digits[at..]);
    out.put_slice(b"\r\n");
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Coming(flight) => flight.poll_body(cx).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Coming(flight) => flight.link.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Coming(flight) => match flight.length {
                Length::Sized(left) => SizeHint::with_exact(left),
                Length::Chunked(_) | Length::UntilClose => SizeHint::default(),
            },
        }
    }
}
