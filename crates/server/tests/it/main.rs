//! Tests of the server as a whole: real stores, real sockets, hand-moved clocks.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod auth;
mod management;
mod support;
mod ward;
