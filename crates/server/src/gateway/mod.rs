//! (in the making)

pub mod dialect;
