//! `keyward operators`: for who runs the deployment and can't sign in. It works on the store itself, so whoever may
//! read the store's files may use it (threat T21); the audit says that it was done here.

use std::sync::Arc;

use clap::Subcommand;
use keyward_server::changes::Actor;
use keyward_server::people;
use keyward_server::sessions::operators;
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
    /// Make somebody an operator; prints a link by which they join, unless they have a password already.
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
    match command {
        Operators::Reset { email } => {
            let link = operators::reset(&app, Actor::cli(), &email).await.map_err(local::refused)?;
            show(&format!("{base}/reset#{}", link.expose()), output)
        }
        Operators::Add { email, name } => {
            let (_, link) = people::add_operator(&app, Actor::cli(), name, email).await.map_err(local::refused)?;
            show(&format!("{base}/invitation#{}", link.token.expose()), output)
        }
    }
}

fn show(link: &str, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&json!({ "link": link }));
    }
    output.line(link)?;
    output.remark(format_args!(
        "\n{} Whoever has it sets the password.",
        output.paint_stderr("This link works once.", Tone::Careful)
    ));
    Ok(())
}
