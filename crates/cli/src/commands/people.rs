//! `keyward people`: who belongs to an account, and as what.

use clap::Subcommand;
use jiff::Timestamp;
use keyward_sdk::client::Client;
use keyward_sdk::wire::{
    KeyChoice, KeyDeed, Known, KnownKey, ManagementKey, MemberState, NewPerson, OneTimeLink, PageQuery, Person,
    PersonEdit, RemovePerson, SecretText, SeenHow,
};

use super::accounts::more;
use crate::args::{Global, Paging};
use crate::client::{account, connect, pages};
use crate::output::{Cell, Output, Tone};
use crate::when::relative;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// Add a person to an account; with an address they are invited: by mail where that is set up, or by a link.
    Add {
        /// Their name.
        name: String,
        /// Where they sign in and notices go; without it they hold personal keys and never sign in.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Their role; the one that permits least when left out.
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        #[command(flatten)]
        account: Account,
    },
    /// List the people of an account, newest first.
    List {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        paging: Paging,
    },
    /// Give a person another role or name.
    Edit {
        /// `person_…`
        person: String,
        /// Their role.
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// What the account calls them.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        account: Account,
    },
    /// Shut a person out; the personal key they hold is revoked.
    Suspend {
        /// `person_…`
        person: String,
        #[command(flatten)]
        account: Account,
    },
    /// Let a person in again.
    Resume {
        /// `person_…`
        person: String,
        #[command(flatten)]
        account: Account,
    },
    /// A fresh invitation link; the old one ends.
    Invite {
        /// `person_…`
        person: String,
        #[command(flatten)]
        account: Account,
    },
    /// A link to a new password for somebody who can't sign in.
    ResetLink {
        /// `person_…`
        person: String,
        #[command(flatten)]
        account: Account,
    },
    /// The keys that a person made, or whose secrets they have seen: to be rotated or revoked when they leave.
    Known {
        /// `person_…`
        person: String,
        #[command(flatten)]
        account: Account,
    },
    /// Remove a person and the personal key they hold; rotate or revoke what they know in the same change.
    Remove {
        /// `person_…`
        person: String,
        /// A key to rotate; its new secret is shown. May be repeated.
        #[arg(long, value_name = "KEY")]
        rotate: Vec<String>,
        /// For how many seconds the old secrets of rotated keys stay good.
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        overlap: u32,
        /// A key or management key to revoke. May be repeated.
        #[arg(long, value_name = "KEY")]
        revoke: Vec<String>,
        #[command(flatten)]
        account: Account,
    },
}

/// Of which account.
#[derive(Debug, clap::Args)]
pub(crate) struct Account {
    /// Which account; needless where the management key manages only one.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
}

impl Account {
    pub(crate) async fn id(&self, client: &Client) -> anyhow::Result<String> {
        account(client, self.account.as_deref()).await
    }
}

pub(crate) async fn run(command: People, global: &Global, output: Output) -> anyhow::Result<()> {
    let client = &connect(global)?;
    match command {
        People::Add { name, email, role, account } => {
            let new = NewPerson { name, email, role };
            let added = client.create_person(&account.id(client).await?, &new, None).await?;
            if output.is_json() {
                return output.json(&added);
            }
            shown(&added.person, output)?;
            added.invitation.as_ref().map_or(Ok(()), |link| self::link(link, output))
        }
        People::List { account, paging } => list(client, &account.id(client).await?, &paging, output).await,
        People::Edit { person, role, name, account } => {
            change(client, &account, &person, PersonEdit { name, role, suspended: None }, output).await
        }
        People::Suspend { person, account } => {
            change(client, &account, &person, PersonEdit { suspended: Some(true), ..PersonEdit::default() }, output)
                .await
        }
        People::Resume { person, account } => {
            change(client, &account, &person, PersonEdit { suspended: Some(false), ..PersonEdit::default() }, output)
                .await
        }
        People::Invite { person, account } => {
            let made = client.invite_again(&account.id(client).await?, &person).await?;
            if output.is_json() { output.json(&made) } else { link(&made, output) }
        }
        People::ResetLink { person, account } => {
            let made = client.make_reset_link(&account.id(client).await?, &person).await?;
            if output.is_json() { output.json(&made) } else { link(&made, output) }
        }
        People::Known { person, account } => {
            let known = client.known_keys(&account.id(client).await?, &person).await?;
            if output.is_json() { output.json(&known) } else { self::known(&known, output) }
        }
        People::Remove { person, rotate, overlap, revoke, account } => {
            let rotated = rotate.into_iter().map(|id| KeyChoice { id, deed: KeyDeed::Rotate { overlap_s: overlap } });
            let revoked = revoke.into_iter().map(|id| KeyChoice { id, deed: KeyDeed::Revoke });
            let how = RemovePerson { keys: rotated.chain(revoked).collect() };
            let removed = client.remove_person(&account.id(client).await?, &person, &how).await?;
            if output.is_json() {
                return output.json(&removed);
            }
            output.line(format_args!("{person} is removed"))?;
            for made in &removed.rotated {
                let secret = made.secret.as_ref().map_or("not for your eyes", SecretText::expose);
                output.facts(&[("key", made.key.id.clone().into()), ("secret", Cell::new(secret, Tone::Heading))])?;
            }
            Ok(())
        }
    }
}

fn known(known: &Known, output: Output) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let seen = |how: &SeenHow| match how {
        SeenHow::Created => "made",
        SeenHow::Rotated => "rotated",
        SeenHow::Revealed => "revealed",
        SeenHow::PickedUp => "picked up",
    };
    let key = |key: &KnownKey| {
        let used = key.last_used_at.as_ref().map(|at| relative(at, now));
        vec![
            Cell::from(key.key_id.clone()),
            Cell::maybe(key.name.as_ref()),
            key.how.iter().map(seen).collect::<Vec<_>>().join(", ").into(),
            Cell::maybe(used),
        ]
    };
    let management_key = |key: &ManagementKey| {
        vec![Cell::from(key.id.clone()), key.name.clone().into(), "made".into(), Cell::maybe(None::<String>)]
    };
    let rows = known.keys.iter().map(key).chain(known.management_keys.iter().map(management_key));
    Ok(output.table(&["ID", "NAME", "THEY", "LAST USED"], &rows.collect::<Vec<_>>())?)
}

async fn change(
    client: &Client,
    account: &Account,
    person: &str,
    edit: PersonEdit,
    output: Output,
) -> anyhow::Result<()> {
    let changed = client.edit_person(&account.id(client).await?, person, &edit, None).await?;
    if output.is_json() { output.json(&changed) } else { shown(&changed.object, output) }
}

async fn list(client: &Client, account: &str, paging: &Paging, output: Output) -> anyhow::Result<()> {
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
            Cell::maybe(person.role.as_ref()),
            state(person.state),
            Cell::maybe(person.signed_in_at.as_ref().map(|at| relative(at, now))),
        ]
    };
    let head = ["ID", "NAME", "E-MAIL", "ROLE", "STATE", "LAST SIGN-IN"];
    output.table(&head, &page.items.iter().map(row).collect::<Vec<_>>())?;
    more(page.next_cursor.as_deref(), output);
    Ok(())
}

fn state(state: MemberState) -> Cell {
    match state {
        MemberState::Invited => Cell::new("invited", Tone::Careful),
        MemberState::Active => Cell::new("active", Tone::Plain),
        MemberState::Suspended => Cell::new("suspended", Tone::Careful),
    }
}

fn shown(person: &Person, output: Output) -> anyhow::Result<()> {
    output.facts(&[
        ("id", person.id.clone().into()),
        ("name", person.name.clone().into()),
        ("e-mail", Cell::maybe(person.email.as_ref())),
        ("role", Cell::maybe(person.role.as_ref())),
        ("state", state(person.state)),
        ("account", person.account_id.clone().into()),
    ])?;
    Ok(())
}

/// A link to be handed to somebody, unless it went to them by mail.
pub(crate) fn link(link: &OneTimeLink, output: Output) -> anyhow::Result<()> {
    let Some(secret) = &link.link else {
        output.facts(&[("invitation", "sent by mail".into()), ("works until", link.expires_at.clone().into())])?;
        return Ok(());
    };
    output.facts(&[
        ("link", Cell::new(secret.expose(), Tone::Heading)),
        ("works until", link.expires_at.clone().into()),
    ])?;
    output.remark(output.paint_stderr("The link works once: hand it to nobody else.", Tone::Careful));
    Ok(())
}
