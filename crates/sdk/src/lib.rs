//! The contract of Keyward: what its management API and its auth listener say on the wire, and a client of the former.
//!
//! There is no decision code here: whether a key is valid is answered by Keyward alone.

#[cfg(feature = "client")]
pub mod client;
pub mod wire;
