//! `keyward people`: whom personal keys are granted to.

use clap::Subcommand;
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{NewPerson, PageQuery, Person};

use super::accounts::more;
use crate::args::{Global, Paging};
use crate::client::{account, connect, pages};
use crate::output::{Cell, Output};
use crate::when::relative;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// Add a person to an account.
    Add {
        /// Their name.
        name: String,
        /// Where notices go.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Which account; needless where the management key manages only one.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// List the people of an account, newest first.
    List {
        /// Which account; needless where the management key manages only one.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Remove a person and the keys they hold.
    Remove {
        /// `person_…`
        person: String,
    },
}

pub(crate) async fn run(command: People, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        People::Add { name, email, account } => {
            let account = self::account(client, account.as_deref()).await?;
            let added = client.create_person(&account, &NewPerson { name, email }, None).await?;
            if output.is_json() { output.json(&added) } else { Ok(shown(&added.object, output)?) }
        }
        People::List { account, paging } => list(client, account.as_deref(), &paging, output).await,
        People::Remove { person } => {
            let done = client.delete_person(&person).await?;
            if output.is_json() { output.json(&done) } else { Ok(output.line(format_args!("{person} is removed"))?) }
        }
    }
}

async fn list(client: &Client, account: Option<&str>, paging: &Paging, output: Output) -> anyhow::Result<()> {
    let account = &self::account(client, account).await?;
    let page = pages(paging, |limit, cursor| async move { client.people(account, &PageQuery { limit, cursor }).await });
    let page = page.await?;
    if output.is_json() {
        return output.json(&page);
    }
    let now = Timestamp::now();
    let row = |person: &Person| {
        vec![
            Cell::from(person.id.clone()),
            person.name.clone().into(),
            Cell::maybe(person.email.as_ref()),
            relative(&person.created_at, now).into(),
        ]
    };
    output.table(&["ID", "NAME", "E-MAIL", "ADDED"], &page.items.iter().map(row).collect::<Vec<_>>())?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn shown(person: &Person, output: Output) -> std::io::Result<()> {
    output.facts(&[
        ("id", person.id.clone().into()),
        ("name", person.name.clone().into()),
        ("e-mail", Cell::maybe(person.email.as_ref())),
        ("account", person.account_id.clone().into()),
    ])
}
