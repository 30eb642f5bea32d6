//! The gateway over real sockets, with a judge that does as it is told: what is forwarded and what is answered,
//! byte by byte. What is decided is tested with the real judge elsewhere.

mod forwarding;
mod refusing;
mod strictness;
mod support;
mod wire;
