//! The demo's operator: a person like any other, whose password the demo shows.

use keyward_core::key::Environment;
use keyward_core::secret::{Alphabet, Format, Secret};
use keyward_server::app::App;
use keyward_server::changes::Actor;
use keyward_server::sessions::operators::{self, NewOperator};
use keyward_server::vault;

use crate::local::refused;

const NAME: &str = "Olive Operator";
const EMAIL: &str = "operator@example.com";
const PASSWORD_LETTERS: usize = 28;

/// Who runs the demo.
pub(super) struct Operator {
    pub(super) email: &'static str,
    pub(super) password: Secret,
}

/// A password that nobody guesses.
pub(super) fn password() -> anyhow::Result<Secret> {
    let format = Format::new("", Alphabet::Base62, PASSWORD_LETTERS)?;
    Ok(format.generate(Environment::Live, &mut vault::random))
}

/// Finds or makes the operator, with a new password at each start.
pub(super) async fn make(app: &App) -> anyhow::Result<Operator> {
    let password = password()?;
    let new = NewOperator { name: NAME.into(), email: EMAIL.into() };
    operators::ensure(app, Actor::system(), new, &password).await.map_err(refused)?;
    Ok(Operator { email: EMAIL, password })
}
