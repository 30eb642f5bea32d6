//! `keyward accounts`: customers of an API.

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{AcceptedKeys, Account, AccountEdit, AccountQuery, NewAccount};
use serde_json::{Map, Value};

use super::dry_run;
use super::keys::show as show_key;
use super::policy::{self, Policies};
use crate::args::{Global, Paging, object, one_of, pair};
use crate::client::{connect, pages};
use crate::failure::Usage;
use crate::input;
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

const ACCEPTED: &[&str] = &["account", "user", "both"];

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// List accounts, newest first.
    List(List),
    /// Show one.
    Get {
        /// `acct_…`
        account: String,
    },
    /// Make one; its first key is shown where its API provides one.
    Create(Create),
    /// Change one.
    Edit(Edit),
    /// Delete one with all its people and keys.
    Delete {
        /// `acct_…`
        account: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Refuse all of its requests until it is resumed.
    Suspend {
        /// `acct_…`
        account: String,
        /// Change nothing; say which keys would be refused.
        #[arg(long)]
        dry_run: bool,
    },
    /// Admit its requests again.
    Resume {
        /// `acct_…`
        account: String,
    },
    /// What it demands of its keys.
    #[command(subcommand)]
    Policy(Policies),
}

/// Which accounts to list; all conditions hold at once.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this API.
    #[arg(long)]
    api: Option<String>,
    /// With this id of your own.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// With this public id.
    #[arg(long, value_name = "ID")]
    public_id: Option<String>,
    /// With this tag.
    #[arg(long)]
    tag: Option<String>,
    /// With this member of its metadata.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Option<(String, String)>,
    #[command(flatten)]
    paging: Paging,
}

/// An account to be made.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name.
    name: String,
    /// The API it is a customer of.
    #[arg(long)]
    api: String,
    /// The id its people send; made in the API's pattern when left out.
    #[arg(long, value_name = "ID")]
    public_id: Option<String>,
    /// Your own id for it.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Its region; the API's default when left out.
    #[arg(long)]
    region: Option<String>,
    /// Its plan.
    #[arg(long)]
    plan: Option<String>,
    /// Which kinds of key it may use; both unless said otherwise.
    #[arg(long, value_name = "KIND", value_parser = one_of::<AcceptedKeys>(ACCEPTED))]
    accepted_keys: Option<AcceptedKeys>,
    /// Anything of yours, a JSON object.
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Map<String, Value>>,
    /// A word to find it by; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The same again returns the same account, without its key's secret.
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
}

/// Changes to an account; what is left out stays.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// `acct_…`
    account: String,
    /// Its name.
    #[arg(long)]
    name: Option<String>,
    /// Your own id for it.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Its plan.
    #[arg(long)]
    plan: Option<String>,
    /// Which kinds of key it may use.
    #[arg(long, value_name = "KIND", value_parser = one_of::<AcceptedKeys>(ACCEPTED))]
    accepted_keys: Option<AcceptedKeys>,
    /// Whether its people must have an authenticator.
    #[arg(long, value_name = "YES")]
    totp_required: Option<bool>,
    /// Anything of yours, a JSON object; replaced as a whole.
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Map<String, Value>>,
    /// A word to find it by; all of them are replaced. May be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Empty this; may be repeated.
    #[arg(long, value_enum, value_name = "FIELD")]
    clear: Vec<Clear>,
    /// Only when it is still this version.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<i64>,
    /// Change nothing; say which keys would be touched.
    #[arg(long)]
    dry_run: bool,
}

/// What of an account can be emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clear {
    /// Your own id for it.
    ExternalId,
    /// Its plan.
    Plan,
    /// Its metadata.
    Metadata,
    /// Its tags.
    Tags,
}

pub(crate) async fn run(command: Accounts, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        Accounts::List(list) => self::list(client, list, output).await,
        Accounts::Get { account } => shown(&client.account(&account).await?, output),
        Accounts::Create(new) => create(client, new, output).await,
        Accounts::Edit(edit) => {
            let (account, if_version) = (edit.account.clone(), edit.if_version);
            if edit.dry_run {
                let run = client.rehearse_edit_account(&account, &edit.wire()?, if_version).await?;
                return dry_run::shown(&run, output);
            }
            change(client, &account, &edit.wire()?, if_version, output).await
        }
        Accounts::Delete { account, yes } => delete(client, &account, yes, output).await,
        Accounts::Suspend { account, dry_run: true } => {
            let edit = AccountEdit { suspended: Some(true), ..AccountEdit::default() };
            dry_run::shown(&client.rehearse_edit_account(&account, &edit, None).await?, output)
        }
        Accounts::Policy(command) => policy::run(client, command, output).await,
        Accounts::Suspend { account, dry_run: false } => suspend(client, &account, true, output).await,
        Accounts::Resume { account } => suspend(client, &account, false, output).await,
    }
}

async fn list(client: &Client, list: List, output: Output) -> anyhow::Result<()> {
    let List { api, external_id, public_id, tag, metadata, paging } = list;
    let query = AccountQuery { api, external_id, public_id, tag, metadata, limit: None, cursor: None };
    let page = pages(&paging, |limit, cursor| {
        let query = AccountQuery { limit, cursor, ..query.clone() };
        async move { client.accounts(&query).await }
    });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |account: &Account| {
        vec![
            Cell::from(account.id.clone()),
            account.name.clone().into(),
            account.api.clone().into(),
            account.public_id.clone().into(),
            Cell::maybe(account.region.as_ref()),
            Cell::maybe(account.plan.as_ref()),
            status(account),
            relative(&account.created_at, now).into(),
        ]
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    output.table(&["ID", "NAME", "API", "PUBLIC ID", "REGION", "PLAN", "STATUS", "CREATED"], &rows)?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

/// Says how the list goes on.
pub(super) fn more(next_cursor: Option<&str>, output: Output) {
    if let Some(cursor) = next_cursor {
        output.remark(format_args!("There are more: --cursor {cursor}, or --all"));
    }
}

async fn create(client: &Client, new: Create, output: Output) -> anyhow::Result<()> {
    let idempotency_key = new.idempotency_key;
    let new = NewAccount {
        api: new.api,
        name: new.name,
        public_id: new.public_id,
        external_id: new.external_id,
        region: new.region,
        plan: new.plan,
        accepted_keys: new.accepted_keys,
        metadata: new.metadata,
        tags: new.tags,
    };
    let made = client.create_account(&new, idempotency_key.as_deref()).await?;
    if output.is_json() {
        return output.json(&made);
    }
    shown(&made.account, output)?;
    if let Some(first) = &made.first_key {
        output.line("\nIts first key")?;
        show_key::with_secret(first, output)?;
    }
    Ok(())
}

async fn change(
    client: &Client,
    account: &str,
    edit: &AccountEdit,
    if_version: Option<i64>,
    output: Output,
) -> anyhow::Result<()> {
    let changed = client.edit_account(account, edit, if_version).await?;
    if output.is_json() { output.json(&changed) } else { shown(&changed.object, output) }
}

async fn suspend(client: &Client, account: &str, suspended: bool, output: Output) -> anyhow::Result<()> {
    let edit = AccountEdit { suspended: Some(suspended), ..AccountEdit::default() };
    change(client, account, &edit, None, output).await
}

async fn delete(client: &Client, account: &str, yes: bool, output: Output) -> anyhow::Result<()> {
    if !yes {
        let name = client.account(account).await?.name;
        let question = format!("This deletes the account {name:?} with all its people and keys.");
        if !input::confirmed(&question)? {
            bail!("nothing was deleted; --yes deletes without asking");
        }
    }
    let done = client.delete_account(account).await?;
    if output.is_json() { output.json(&done) } else { Ok(output.line(format_args!("{account} is deleted"))?) }
}

fn status(account: &Account) -> Cell {
    if account.suspended { Cell::new("suspended", Tone::Bad) } else { Cell::new("active", Tone::Good) }
}

fn shown(account: &Account, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(account);
    }
    let now = Timestamp::now();
    let accepted = match account.accepted_keys {
        AcceptedKeys::Account => "account keys",
        AcceptedKeys::User => "personal keys",
        AcceptedKeys::Both => "account keys and personal keys",
    };
    output.facts(&[
        ("id", account.id.clone().into()),
        ("name", account.name.clone().into()),
        ("api", account.api.clone().into()),
        ("public id", account.public_id.clone().into()),
        ("status", status(account)),
        ("region", Cell::maybe(account.region.as_ref())),
        ("plan", Cell::maybe(account.plan.as_ref())),
        ("accepts", accepted.into()),
        ("external id", Cell::maybe(account.external_id.as_ref())),
        ("tags", Cell::list(&account.tags)),
        ("metadata", Cell::maybe(account.metadata.as_ref())),
        ("created", relative(&account.created_at, now).into()),
        ("updated", relative(&account.updated_at, now).into()),
        ("version", account.version.to_string().into()),
    ])?;
    Ok(())
}

impl Edit {
    fn wire(self) -> Result<AccountEdit, Usage> {
        let cleared = |field: Clear| self.clear.contains(&field);
        let twice = [
            (self.external_id.is_some(), Clear::ExternalId, "external-id"),
            (self.plan.is_some(), Clear::Plan, "plan"),
            (self.metadata.is_some(), Clear::Metadata, "metadata"),
            (!self.tags.is_empty(), Clear::Tags, "tag"),
        ];
        if let Some((.., name)) = twice.iter().find(|(given, field, _)| *given && cleared(*field)) {
            return Err(Usage(format!("--{name} is both given and cleared")));
        }
        let edit = AccountEdit {
            external_id: cleared(Clear::ExternalId).then_some(None).or(self.external_id.map(Some)),
            plan: cleared(Clear::Plan).then_some(None).or(self.plan.map(Some)),
            metadata: cleared(Clear::Metadata).then_some(None).or(self.metadata.map(Some)),
            tags: (cleared(Clear::Tags) || !self.tags.is_empty()).then_some(self.tags),
            name: self.name,
            accepted_keys: self.accepted_keys,
            totp_required: self.totp_required,
            suspended: None,
        };
        if edit == AccountEdit::default() {
            return Err(Usage("nothing to change: say what, such as --name".into()));
        }
        Ok(edit)
    }
}
