//! APIs as the configuration declares them, for whoever makes accounts and keys.

mod routes;

use std::sync::Arc;

use crate::accounts;
use crate::app::App;
use crate::changes::Reach;
use crate::config::ApiSetup;
use crate::operation::OpError;

pub use routes::routes;

/// The APIs a caller may see, in the order of their names: all of them, or the one its account is a customer of.
pub async fn list(app: &App, reach: Reach) -> Result<Vec<Arc<ApiSetup>>, OpError> {
    let Reach::Account(account) = reach else { return Ok(app.config.apis.clone()) };
    let api = accounts::get(app, reach, account).await?.api;
    Ok(app.config.api(&api).into_iter().cloned().collect())
}
