//! Dry runs: a change is made by its own rules and undone.

use std::convert::Infallible;

use futures_util::future::BoxFuture;

use super::OpError;
use crate::changes::{Actor, Changes, Failed, Tx};

/// Why a rehearsed change did not stay.
enum Undone<T> {
    /// It was a rehearsal; this is what it would have answered.
    Would(T),
    /// It would have been refused, or could not be tried.
    Refused(OpError),
}

impl<T> From<Failed> for Undone<T> {
    fn from(failed: Failed) -> Self {
        Self::Refused(failed.into())
    }
}

/// What a change would answer. Nothing of it stays: no row, no audit event, no epoch.
pub(crate) async fn rehearse<T, F>(changes: &Changes, actor: Actor, work: F) -> Result<T, OpError>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, OpError>> + Send + 'static,
{
    let undone: Result<Infallible, Undone<T>> = changes
        .run(actor, move |tx| Box::pin(async move { Err(work(tx).await.map_or_else(Undone::Refused, Undone::Would)) }))
        .await;
    match undone {
        Ok(never) => match never {},
        Err(Undone::Would(answer)) => Ok(answer),
        Err(Undone::Refused(error)) => Err(error),
    }
}
