//! Webhooks: an account's own programs are told of its notices.

use crate::app::App;
use crate::changes::Tx;
use crate::notices::Raised;
use crate::operation::OpError;
use crate::outbox::{Parcel, Sent};

/// Puts one parcel into the outbox for each endpoint of the account that wants this kind.
#[expect(clippy::unused_async, reason = "endpoints are read from the store and reached by HTTP")]
pub(crate) async fn subscribe(_app: &App, _tx: &mut Tx, _notice: &Raised) -> Result<(), OpError> {
    Ok(())
}

/// Delivers one parcel; called by the outbox's worker.
#[expect(clippy::unused_async, reason = "endpoints are read from the store and reached by HTTP")]
pub(crate) async fn send(_app: &App, _parcel: &Parcel) -> Sent {
    Sent::Never("there are no webhooks yet".into())
}
