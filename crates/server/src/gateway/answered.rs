//! An answer's body that tells its connection when it has ended.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::peer::Peer;

pin_project_lite::pin_project! {
    /// A body, and the connection to tell.
    pub(super) struct Answered<B> {
        #[pin]
        body: B,
        end: End,
    }
}

struct End(Rc<Peer>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.note_answered();
    }
}

impl<B> Answered<B> {
    pub(super) fn new(body: B, peer: Rc<Peer>) -> Self {
        Self { body, end: End(peer) }
    }
}

impl<B: Body> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
