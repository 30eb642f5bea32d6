//! `keyward keys`: everything that can be done to keys.

mod args;
mod list;
pub(crate) mod show;
mod snooze;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use keyward_sdk::client::Client;
use keyward_sdk::wire::{
    Changed, DeclineKey, Found, Key, KeyQuery, KeyWithSecret, NewPickup, ResetKey, RotateKey, SecretText,
};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys as domain;

pub(crate) use args::Keys;

use super::{accounts, config, dry_run};
use crate::args::Global;
use crate::client::{account, connect, pages};
use crate::output::Output;
use crate::{input, local};

pub(crate) async fn run(command: Keys, global: &Global, output: Output) -> anyhow::Result<()> {
    if let Keys::Reveal(args::Reveal { key, local: true }) = &command {
        return shown_with_secret(&reveal_here(key, global).await?, output);
    }
    let client = &connect(global)?;
    match command {
        Keys::List(list) => self::list(client, &list, output).await,
        Keys::Get(which) => {
            let key = client.key(&which.key).await?;
            if output.is_json() { output.json(&key) } else { Ok(show::key(&key, output)?) }
        }
        Keys::Create(new) => {
            let account = account(client, new.account.as_deref()).await?;
            let idempotency_key = new.idempotency_key.clone();
            let made = client.create_key(&new.wire(account), idempotency_key.as_deref()).await?;
            shown_with_secret(&made, output)
        }
        Keys::Edit(edit) => {
            let (key, if_version) = (edit.key.clone(), edit.if_version);
            if edit.dry_run {
                return dry_run::shown(&client.rehearse_edit_key(&key, &edit.wire()?, if_version).await?, output);
            }
            changed(&client.edit_key(&key, &edit.wire()?, if_version).await?, output)
        }
        Keys::Disable(end) if end.dry_run => dry_run::shown(&client.rehearse_disable_key(&end.key).await?, output),
        Keys::Revoke(end) if end.dry_run => dry_run::shown(&client.rehearse_revoke_key(&end.key).await?, output),
        Keys::Delete(end) if end.dry_run => dry_run::shown(&client.rehearse_delete_key(&end.key).await?, output),
        Keys::Disable(which) => changed(&client.disable_key(&which.key).await?, output),
        Keys::Enable(which) => changed(&client.enable_key(&which.key).await?, output),
        Keys::Rotate(args::Rotate { key, overlap, lifetime }) => {
            let how = RotateKey { overlap_s: overlap.unwrap_or(0), expires: lifetime.expires() };
            shown_with_secret(&client.rotate_key(&key, &how).await?, output)
        }
        Keys::CancelRotation(which) => changed(&client.cancel_rotation(&which.key).await?, output),
        Keys::CompleteRotation(which) => changed(&client.complete_rotation(&which.key).await?, output),
        Keys::Revoke(which) => changed(&client.revoke_key(&which.key).await?, output),
        Keys::Delete(which) => {
            let done = client.delete_key(&which.key).await?;
            let told = || output.line(format_args!("{} is deleted; its next request is refused", which.key));
            if output.is_json() { output.json(&done) } else { Ok(told()?) }
        }
        Keys::Reveal(which) => shown_with_secret(&client.reveal_key(&which.key).await?, output),
        Keys::Reset(args::Reset { key, lifetime }) => {
            let how = ResetKey { expires: lifetime.expires() };
            shown_with_secret(&client.reset_key(&key, &how).await?, output)
        }
        Keys::Find => find(client, output).await,
        Keys::Approve(which) => changed(&client.approve_key(&which.key, which.if_version).await?, output),
        Keys::Decline(args::Decline { key, reason }) => {
            changed(&client.decline_key(&key, &DeclineKey { reason }).await?, output)
        }
        Keys::Collect(which) => shown_with_secret(&client.collect_key(&which.key).await?, output),
        Keys::Snooze(snooze) => snooze::run(client, snooze, output).await,
        Keys::Pickup(pickup) => self::pickup(client, pickup, output).await,
    }
}

async fn pickup(client: &Client, pickup: args::Pickup, output: Output) -> anyhow::Result<()> {
    let args::Pickup { key, recipient, withdraw } = pickup;
    if withdraw {
        return changed(&client.withdraw_pickup(&key).await?, output);
    }
    let sent = client.send_key_for_pickup(&key, &NewPickup { recipient }).await?;
    if output.is_json() { output.json(&sent) } else { Ok(show::sent(&sent.key, &sent.pickup, output)?) }
}

async fn list(client: &Client, list: &list::List, output: Output) -> anyhow::Result<()> {
    let query = list.query();
    let page = pages(&list.paging, |limit, cursor| {
        let query = KeyQuery { limit, cursor, ..query.clone() };
        async move { client.keys(&query).await }
    });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    show::table(&page.items, output)?;
    accounts::more(page.next_cursor.as_deref(), output);
    Ok(())
}

async fn find(client: &Client, output: Output) -> anyhow::Result<()> {
    let secret = input::secret("Secret")?;
    if secret.is_empty() {
        bail!("standard input held no secret");
    }
    let found = client.find_key(SecretText::new(secret)).await?;
    if output.is_json() {
        return output.json(&found);
    }
    match found {
        Found::Key { key, secret_id } => {
            let is_current = key.secrets.first().is_some_and(|secret| secret.id == secret_id);
            let which = if is_current { "the secret in force" } else { "the old secret, in its overlap," };
            output.line(format_args!("This is {which} of"))?;
            Ok(show::key(&key, output)?)
        }
        Found::Gone { key_id, account_id, name, reason, at } => {
            Ok(show::gone(&key_id, &account_id, name.as_deref(), &reason, &at, output)?)
        }
        Found::Unknown => bail!("this is nobody's secret, as far as this management key can see"),
    }
}

fn changed(changed: &Changed<Key>, output: Output) -> anyhow::Result<()> {
    if output.is_json() { output.json(changed) } else { Ok(show::key(&changed.object, output)?) }
}

fn shown_with_secret(key: &KeyWithSecret, output: Output) -> anyhow::Result<()> {
    if output.is_json() { output.json(key) } else { Ok(show::with_secret(key, output)?) }
}

/// Opens the store itself: the one way to see a personal secret until people can sign in.
async fn reveal_here(key: &str, global: &Global) -> anyhow::Result<KeyWithSecret> {
    let id = key.parse().context("not a key's id")?;
    let app = local::open(Arc::new(config::load(&global.config)?)).await?;
    let revealed = domain::reveal(&app, Reach::All, Actor::cli(), id, true).await.map_err(local::refused)?;
    Ok(revealed.into())
}
