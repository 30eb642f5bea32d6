//! Mail: notices in words, through SMTP.

use crate::app::App;
use crate::outbox::{Parcel, Sent};

/// Sends one parcel; called by the outbox's worker.
pub(crate) async fn send(_app: &App, _parcel: &Parcel) -> Sent {
    Sent::Never("there is no mail yet".into())
}
