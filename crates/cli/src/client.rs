//! The management API as this program calls it.

use anyhow::Context as _;
use keyward_sdk::client::{Client, ClientError};
use keyward_sdk::wire::{Page, SecretText};

use crate::args::{Global, Paging};
use crate::failure::Usage;

/// Most pages of one list with `--all`.
const PAGES_MAX: usize = 100_000;
/// The size of each of them.
const PAGE_MAX: u32 = 200;

/// A client with the management key of the environment or of a file.
pub(crate) fn connect(global: &Global) -> anyhow::Result<Client> {
    Ok(Client::new(&global.url, SecretText::new(management_key(global)?))?)
}

fn management_key(global: &Global) -> anyhow::Result<String> {
    let from_file = global.key_file.as_ref().map(|file| {
        std::fs::read_to_string(file)
            .with_context(|| format!("the management key can't be read from {}", file.display()))
    });
    let key = match from_file {
        Some(text) => text?.trim().to_owned(),
        None => std::env::var("KEYWARD_KEY").unwrap_or_default().trim().to_owned(),
    };
    if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    let why =
        if key.is_empty() { "there is no management key" } else { "the management key has letters that none has" };
    let help = "set the variable KEYWARD_KEY, or name a file with --key-file\n  \
                `keyward demo` prints a management key, `keyward init` makes the first one";
    Err(Usage(format!("{why}: {help}")).into())
}

/// One page of a list, or with `--all` all of them as one.
pub(crate) async fn pages<T, F>(
    paging: &Paging,
    mut fetch: impl FnMut(Option<u32>, Option<String>) -> F,
) -> anyhow::Result<Page<T>>
where
    F: Future<Output = Result<Page<T>, ClientError>>,
{
    if !paging.all {
        return Ok(fetch(paging.size, paging.cursor.clone()).await?);
    }
    let mut all = Page { items: Vec::new(), next_cursor: paging.cursor.clone() };
    for _ in 0..PAGES_MAX {
        let page = fetch(paging.size.or(Some(PAGE_MAX)), all.next_cursor.take()).await?;
        all.items.extend(page.items);
        all.next_cursor = page.next_cursor;
        if all.next_cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// The account that was named, or the only one that this management key manages.
pub(crate) async fn account(client: &Client, named: Option<&str>) -> anyhow::Result<String> {
    if let Some(account) = named {
        return Ok(account.to_owned());
    }
    let own = client.whoami().await?.account_id;
    own.ok_or_else(|| Usage("this management key manages many accounts: say which one with --account".into()).into())
}
