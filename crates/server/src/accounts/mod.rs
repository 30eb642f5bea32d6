//! (in the making)

mod model;

pub use model::{AccountEdit, AccountFilter, AccountView, NewAccount};
