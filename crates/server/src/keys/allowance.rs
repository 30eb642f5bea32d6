//! What a key may do and how much.

use keyward_core::ids::KeyId;
use keyward_core::terms::Terms;

use super::narrower::Side;
use super::{KeyView, get};
use crate::accounts;
use crate::app::App;
use crate::changes::Reach;
use crate::operation::OpError;

/// A key, and its terms as the data plane judges by them.
pub(crate) async fn allowance(app: &App, id: KeyId) -> Result<(KeyView, Terms), OpError> {
    let key = get(app, Reach::All, id).await?;
    let account = accounts::get(app, Reach::All, key.account).await?;
    let setup = accounts::setup(app, &account)?;
    let terms = Side { key: &key, plan: account.plan.as_deref() }.terms(&setup);
    Ok((key, terms))
}
