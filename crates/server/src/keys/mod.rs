//! Keys: what people and automation may do to them, and the rules each operation keeps.
//!
//! Every operation is one change (`changes`): its rows, its audit event and its epoch are one transaction, and its
//! reply waits until the data plane judges by it.

mod create;
mod edit;
mod end;
mod hold;
mod model;
mod read;
mod reveal;
mod rotate;
mod routes;
mod row;
mod rules;
mod secrets;
mod spec;
mod store;

use keyward_core::ids::AccountId;

use crate::changes::Reach;

pub use create::create;
pub(crate) use create::{provision, replay};
pub use edit::{disable, edit, enable};
pub(crate) use end::{bury_all, bury_of_person, end_of_person};
pub use end::{delete, revoke};
pub use model::{KeyEdit, KeyFilter, KeyView, LimitSpec, NewKey, QuotaSpec, SecretView, Whose, WithSecret};
pub use read::{account_of, find, find_digest, get, list};
pub use reveal::{reveal, reveal_all};
pub use rotate::{cancel_rotation, complete_rotation, reset, rotate};
pub use routes::routes;
pub use secrets::save_last_used;

/// The account that a query is confined to (threat T3).
fn within(reach: Reach) -> Option<AccountId> {
    match reach {
        Reach::All => None,
        Reach::Account(id) => Some(id),
    }
}
