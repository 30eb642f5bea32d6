//! (in the making)

mod setup;

pub use setup::*;
