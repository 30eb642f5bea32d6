//! Keys: what people and automation may do to them, and the rules each operation keeps.
//!
//! Every operation is one change (`changes`): its rows, its audit event and its epoch are one transaction, and its
//! reply waits until the data plane judges by it.

mod model;
mod spec;

pub use model::{KeyEdit, KeyFilter, KeyView, LimitSpec, NewKey, QuotaSpec, SecretView, Whose, WithSecret};
