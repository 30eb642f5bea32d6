//! Keys whose secret was published.

use keyward_core::ids::KeyId;
use keyward_core::key::KeyState;
use keyward_core::policy::Exposed;

use super::end::ended;
use super::hold::{Held, shown};
use super::row::KeyRow;
use super::{KeyView, store};
use crate::app::App;
use crate::changes::{Reach, Tx};
use crate::operation::OpError;

/// One key, inside a change.
pub(crate) async fn get_in(app: &App, tx: &mut Tx, id: KeyId) -> Result<KeyView, OpError> {
    let row = store::get(tx.conn(), None, id).await?.ok_or(OpError::NotFound)?;
    shown(app, tx, &row).await
}

/// Does to a key what its account's policy says of one whose secret was published. The minimum of its kind holds nobody
/// up here (row r101): a key that everybody has is worse than none.
pub(crate) async fn expose_in(app: &App, tx: &mut Tx, id: KeyId) -> Result<(KeyView, Exposed), OpError> {
    let held = Held::take(app, tx, Reach::All, id).await?;
    let (state, deed) = (held.row.state()?, held.policy.exposed);
    let view = match deed {
        Exposed::Contain if state == KeyState::Active => {
            let after = KeyRow { state: KeyState::Disabled.as_str().into(), ..held.row.clone() };
            held.settle(app, tx, "key.disabled", after).await?
        }
        Exposed::Revoke if state != KeyState::Revoked => {
            let after = ended(tx, &held.row).await?;
            held.write(app, tx, "key.revoked", after).await?
        }
        Exposed::Warn | Exposed::Contain | Exposed::Revoke => shown(app, tx, &held.row).await?,
    };
    Ok((view, deed))
}
