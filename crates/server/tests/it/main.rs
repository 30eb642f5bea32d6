//! Tests of the server as a whole: real stores, real sockets, hand-moved clocks.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(unreachable_pub, reason = "one binary: pub is for the modules beside")]

mod auth;
mod gateway;
mod logs;
mod mail;
mod management;
mod sessions;
mod store;
mod support;
mod ward;
