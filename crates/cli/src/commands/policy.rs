//! `keyward accounts policy`: what an account demands of its keys.

use clap::{Args, Subcommand};
use keyward_sdk::client::Client;
use keyward_sdk::wire::{Exposed, KeptPolicy, Policy};

use super::dry_run;
use crate::args::one_of;
use crate::output::{Cell, Output};

/// What to do with an account's policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Policies {
    /// Show it.
    Get {
        /// `acct_…`
        account: String,
    },
    /// Set it as a whole: what is left out is no longer demanded.
    Set(Set),
}

/// A policy.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// `acct_…`
    account: String,
    /// Most days until a key ends.
    #[arg(long, value_name = "DAYS")]
    lifetime_max: Option<u32>,
    /// Every key must end some day.
    #[arg(long)]
    expiry_required: bool,
    /// Every key must be bound to addresses.
    #[arg(long)]
    addresses_required: bool,
    /// A scope that keys may have; with none given, all of them. May be repeated.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// A scope that a second admin must approve; may be repeated.
    #[arg(long = "approval", value_name = "SCOPE", value_delimiter = ',')]
    approval: Vec<String>,
    /// What becomes of a key whose secret is reported as published.
    #[arg(long, value_name = "DEED", default_value = "warn", value_parser = one_of::<Exposed>(&["warn", "contain", "revoke"]))]
    exposed: Exposed,
    /// Only when it is still this version.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    /// Change nothing; say which keys would break it.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(client: &Client, command: Policies, output: Output) -> anyhow::Result<()> {
    let set = match command {
        Policies::Get { account } => {
            let kept = client.policy(&account).await?;
            return if output.is_json() { output.json(&kept) } else { shown(&kept, output) };
        }
        Policies::Set(set) => set,
    };
    let policy = Policy {
        lifetime_days_max: set.lifetime_max,
        expiry_required: set.expiry_required,
        addresses_required: set.addresses_required,
        scopes_max: (!set.scopes.is_empty()).then_some(set.scopes),
        approval_scopes: set.approval,
        exposed: set.exposed,
    };
    if set.dry_run {
        return dry_run::shown(&client.rehearse_set_policy(&set.account, &policy, set.if_version).await?, output);
    }
    let kept = client.set_policy(&set.account, &policy, set.if_version).await?;
    if output.is_json() { output.json(&kept) } else { shown(&kept.object, output) }
}

fn shown(policy: &KeptPolicy, output: Output) -> anyhow::Result<()> {
    let days = policy.lifetime_days_max.map(|days| format!("{days} days"));
    let demanded = |is: bool| if is { "yes" } else { "no" };
    let scopes = policy.scopes_max.as_ref().map_or_else(|| "all".into(), |scopes| Cell::list(scopes));
    output.facts(&[
        ("longest lifetime", Cell::maybe(days)),
        ("must expire", demanded(policy.expiry_required).into()),
        ("must have addresses", demanded(policy.addresses_required).into()),
        ("scopes allowed", scopes),
        ("scopes to approve", Cell::list(&policy.approval_scopes)),
        ("key published", exposed(policy.exposed).into()),
        ("version", policy.version.to_string().into()),
    ])?;
    Ok(())
}

const fn exposed(deed: Exposed) -> &'static str {
    match deed {
        Exposed::Warn => "warn",
        Exposed::Contain => "disable it",
        Exposed::Revoke => "revoke it",
    }
}
