//! Repeated creates: the same token with the same request gives the same object again, without its secret.

use keyward_core::time::{DAY_MS, UnixMs};

use super::{OpError, store};
use crate::changes::Tx;

/// For how long a token is remembered.
const KEPT_MS: i64 = DAY_MS;

/// What makes a create repeatable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// What the client sent as `Idempotency-Key`; each actor has its own.
    pub token: String,
    /// A digest of the whole request: the same token with another is refused.
    pub request: String,
}

/// What an earlier request with this token made, if there was one.
pub(crate) async fn recall(tx: &mut Tx, idempotency: Option<&Idempotency>) -> Result<Option<String>, OpError> {
    let Some(Idempotency { token, request }) = idempotency else { return Ok(None) };
    let oldest = UnixMs(tx.now().0 - KEPT_MS);
    store::forget(tx.conn(), oldest).await?;
    let actor = tx.actor().who.clone();
    match store::recall(tx.conn(), &actor, token).await? {
        None => Ok(None),
        Some((known, subject)) if known == *request => Ok(Some(subject)),
        Some(_) => Err(OpError::conflict(
            "idempotency_conflict",
            "this Idempotency-Key was used for another request within the last 24 hours",
        )),
    }
}

/// Remembers what this request made.
pub(crate) async fn remember(tx: &mut Tx, idempotency: Option<&Idempotency>, subject: &str) -> Result<(), OpError> {
    let Some(Idempotency { token, request }) = idempotency else { return Ok(()) };
    let (actor, now) = (tx.actor().who.clone(), tx.now());
    store::remember(tx.conn(), [&actor, token, request, subject], now).await?;
    Ok(())
}
