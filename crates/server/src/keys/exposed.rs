//! Keys whose secret was published.

use keyward_core::ids::KeyId;
use keyward_core::key::KeyState;
use keyward_core::policy::Exposed;

use super::end::{ended, say};
use super::hold::Held;
use super::row::KeyRow;
use super::store;
use crate::app::App;
use crate::changes::{Reach, Tx};
use crate::operation::OpError;

/// Refuses a key that was deleted meanwhile.
pub(crate) async fn is_there(tx: &mut Tx, id: KeyId) -> Result<(), OpError> {
    store::get(tx.conn(), None, id).await?.map(drop).ok_or(OpError::NotFound)
}

/// Does to a key what its account's policy says of one whose secret was published. The minimum of its kind holds nobody
/// up here (row r101): a key that everybody has is worse than none.
pub(crate) async fn expose_in(app: &App, tx: &mut Tx, id: KeyId) -> Result<Exposed, OpError> {
    let held = Held::take(app, tx, Reach::All, id).await?;
    let (state, deed) = (held.row.state()?, held.policy.exposed);
    match deed {
        Exposed::Contain if state == KeyState::Active => {
            let after = KeyRow { state: KeyState::Disabled.as_str().into(), ..held.row.clone() };
            held.settle(app, tx, "key.disabled", after).await?;
        }
        Exposed::Revoke if state != KeyState::Revoked => {
            say(app, tx, &held.row).await?;
            let after = ended(tx, &held.row).await?;
            held.write(app, tx, "key.revoked", after).await?;
        }
        Exposed::Warn | Exposed::Contain | Exposed::Revoke => {}
    }
    Ok(deed)
}
