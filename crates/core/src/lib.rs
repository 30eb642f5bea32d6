//! The decisions of Keyward.
//!
//! Everything here is pure: no async, no I/O, no clock and no randomness inside a rule. Time and random bytes
//! are passed in. The heart is [`decide::decide`]: "is this key valid?" is answered there and nowhere else.

pub mod account;
pub mod api;
pub mod body;
pub mod decide;
pub mod denial;
pub mod expiry;
pub mod histogram;
pub mod ids;
pub mod key;
pub mod limit;
pub mod name;
pub mod path;
pub mod policy;
pub mod quota;
pub mod role;
pub mod route;
pub mod scope;
pub mod secret;
pub mod terms;
pub mod time;
pub mod varint;
