//! Our side of the connections to upstreams: a small HTTP/1.1 client for one purpose.
//!
//! Requests are written into a connection's buffer header by header and answers are read where they arrive, so that
//! forwarding costs neither a second header map nor a task or channel per connection. It reads answers strictly:
//! whatever could be cut in two ways ends the connection.

mod chunked;
mod exchange;
mod head;
mod link;
mod pool;
mod tap;

pub use exchange::{Answer, AnswerBody, Payload};
pub use head::Head;
pub use link::Link;
pub use pool::{Pool, Target};
pub(crate) use pool::{connector, connector_with};
pub use tap::Tap;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No address could be reached, or the connection broke off, or what came was no HTTP.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// The client broke off or sent something that is no body.
    Client,
}
