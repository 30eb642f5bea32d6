//! Which keys `keyward keys list` lists.

use clap::Args;
use keyward_sdk::wire::{Environment, KeyQuery, Kind, Standing};

use super::args::{ENVIRONMENTS, KINDS};
use crate::args::{Paging, one_of, pair};

const STANDINGS: &[&str] = &["active", "expiring_soon", "expired", "disabled", "revoked", "pending", "awaiting_pickup"];

/// Which keys to list; all conditions hold at once.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this account.
    #[arg(long)]
    account: Option<String>,
    /// Of this API.
    #[arg(long)]
    api: Option<String>,
    /// Of this kind.
    #[arg(long, value_parser = one_of::<Kind>(KINDS))]
    kind: Option<Kind>,
    /// Of this environment.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = one_of::<Environment>(ENVIRONMENTS))]
    environment: Option<Environment>,
    /// Called this now.
    #[arg(long, value_name = "STATUS", value_parser = one_of::<Standing>(STANDINGS))]
    status: Option<Standing>,
    /// Held by this person.
    #[arg(long)]
    person: Option<String>,
    /// With exactly this name, whatever its case.
    #[arg(long)]
    name: Option<String>,
    /// With this id of your own.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// With this tag.
    #[arg(long)]
    tag: Option<String>,
    /// With each of these words somewhere in its name, external id, tags or scopes; longer ones also in its id and the
    /// visible part of its secrets.
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// With this member of its metadata.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Option<(String, String)>,
    #[command(flatten)]
    pub(super) paging: Paging,
}

impl List {
    /// The conditions.
    pub(super) fn query(&self) -> KeyQuery {
        KeyQuery {
            account_id: self.account.clone(),
            api: self.api.clone(),
            kind: self.kind,
            environment: self.environment,
            standing: self.status,
            person_id: self.person.clone(),
            name: self.name.clone(),
            external_id: self.external_id.clone(),
            tag: self.tag.clone(),
            search: self.search.clone(),
            metadata: self.metadata.clone(),
            limit: None,
            cursor: None,
        }
    }
}
