//! `keyward operators`: for who runs the deployment and can't sign in. It works on the store itself, so whoever may
//! read the store's files may use it (threat T21); the audit says that it was done here.

use std::sync::Arc;

use clap::Subcommand;
use keyward_core::secret::Secret;
use keyward_server::changes::Actor;
use keyward_server::sessions::operators::{self, NewOperator};
use serde_json::json;

use super::config;
use crate::args::Global;
use crate::local;
use crate::output::{Output, Tone};

/// What to do with operators, at the machine itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Operators {
    /// Let an operator back in: ends their sign-ins and their authenticator, and prints a link to set a password.
    Reset {
        /// Their address.
        email: String,
    },
    /// Make somebody an operator, and print a link to set their password.
    Add {
        /// Their address.
        email: String,
        /// Their name.
        #[arg(long, value_name = "NAME")]
        name: String,
    },
}

pub(crate) async fn run(command: Operators, global: &Global, output: Output) -> anyhow::Result<()> {
    let config = Arc::new(config::load(&global.config)?);
    let base = config.control_url();
    let app = local::open(config).await?;
    let link = match command {
        Operators::Reset { email } => operators::reset(&app, Actor::cli(), &email).await,
        Operators::Add { email, name } => operators::add(&app, Actor::cli(), NewOperator { name, email }).await,
    };
    show(&base, &link.map_err(local::refused)?, output)
}

fn show(base: &str, link: &Secret, output: Output) -> anyhow::Result<()> {
    let url = format!("{base}/reset#{}", link.expose());
    if output.is_json() {
        return output.json(&json!({ "url": url, "token": link.expose() }));
    }
    output.line(&url)?;
    output.remark(format_args!(
        "\n{} Whoever has it sets the password.",
        output.paint_stderr("This link works once, for 24 hours.", Tone::Careful)
    ));
    Ok(())
}
