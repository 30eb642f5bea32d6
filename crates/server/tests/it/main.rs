//! Tests of the server as a whole: real stores, real sockets, hand-moved clocks.

mod auth;
mod management;
mod support;
mod ward;
