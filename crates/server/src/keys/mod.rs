//! Keys: what people and automation may do to them, and the rules each operation keeps.
//!
//! Every operation is one change (`changes`): its rows, its audit event and its epoch are one transaction, and its
//! reply waits until the data plane judges by it.

mod allowance;
mod approval;
mod create;
mod dry_run;
mod edit;
mod end;
mod exposed;
mod handing;
mod hold;
mod model;
mod narrower;
mod pace;
mod permits;
mod pickup;
mod read;
mod reminders;
mod reveal;
mod rotate;
mod routes;
mod row;
mod rules;
mod search;
mod secrets;
mod seen;
mod snooze;
mod spec;
mod store;
mod told;

use keyward_core::ids::AccountId;

use crate::changes::Reach;

pub(crate) use allowance::allowance;
pub use approval::{approve, decline};
pub use create::create;
pub(crate) use create::{provision, replay};
pub use dry_run::{Deed, Impact, TouchedKey, rehearse};
pub(crate) use dry_run::{breaking, touched_by_account};
pub use edit::{disable, edit, enable};
pub(crate) use end::{bury_all, bury_of_person, end_of_person, revoke_in, withdraw_links_made_by};
pub use end::{delete, revoke};
pub(crate) use exposed::{expose_in, is_there};
pub use handing::{collect, look_at_link, pick_up, send_for_pickup, withdraw_link};
pub use model::{KeyEdit, KeyFilter, KeyView, LimitSpec, NewKey, NewPickup, PickupBy, PickupLook, PickupView};
pub use model::{QuotaSpec, SecretView, Whose, WithSecret};
pub use pace::Pace;
pub(crate) use permits::Sight;
pub use read::{account_of, find, find_digest, get, list, names_of};
pub(crate) use reminders::remind_anew;
pub use reminders::remind_once;
pub use reveal::{reveal, reveal_all};
pub(crate) use rotate::rotate_in;
pub use rotate::{cancel_rotation, complete_rotation, reset, rotate};
pub use routes::routes;
pub use secrets::{Grave, graves, save_first_used, save_last_used};
pub use seen::{How, Seen, seen_by};
pub use snooze::snooze;
pub(crate) use told::{Told, told};

/// The account that a query is confined to (threat T3).
fn within(reach: Reach) -> Option<AccountId> {
    match reach {
        Reach::All => None,
        Reach::Account(id) => Some(id),
    }
}
