//! What was used of quotas, kept in the store beside the counters' own file.

mod store;

pub use store::{save, saved};
