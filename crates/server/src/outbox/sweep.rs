//! Forgets what went out long ago.

use keyward_core::time::DAY_MS;

use super::store;
use crate::app::App;
use crate::operation::OpError;

/// For how long parcels that ended are kept, and notices.
const KEPT_MS: i64 = 90 * DAY_MS;
/// Most rows of a table that are deleted at once: the store is not held up.
const BATCH_MAX: i64 = 500;
/// Most batches of one round; the next one goes on.
const BATCHES_MAX: usize = 200;

/// Deletes parcels that ended more than 90 days ago, and notices as old that no parcel carries; how many rows.
pub async fn sweep(app: &App) -> Result<u64, OpError> {
    let before = app.clock.now().plus(-KEPT_MS);
    let mut all = 0;
    for _ in 0..BATCHES_MAX {
        let count = store::forget(&mut app.db.conn().await?, before, BATCH_MAX).await?;
        all += count;
        if count == 0 {
            break;
        }
    }
    Ok(all)
}
