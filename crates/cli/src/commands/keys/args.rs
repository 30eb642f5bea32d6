//! What `keyward keys` understands.

use clap::{Args, Subcommand, ValueEnum};
use keyward_sdk::wire::{Environment, KeyEdit, Kind, Limit, NewKey, NewPickup, Quota};
use serde_json::{Map, Value};

use super::list::List;
use crate::args::{object, one_of};
use crate::failure::Usage;
use crate::terms::{Lifetime, limit, quota};

pub(super) const KINDS: &[&str] = &["account", "personal"];
pub(super) const ENVIRONMENTS: &[&str] = &["live", "test"];

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List keys, newest first.
    List(List),
    /// Show one, without its secret.
    Get(Which),
    /// Make one; its secret is in the answer.
    Create(Box<Create>),
    /// Change one; its secret stays.
    Edit(Box<Edit>),
    /// Switch one off; it can be switched on again.
    Disable(End),
    /// Switch one on again.
    Enable(Which),
    /// Give one a new secret; the old one stays good for a while if you say so.
    Rotate(Rotate),
    /// Undo a rotation: the old secret is in force again, the new one ends.
    CancelRotation(Which),
    /// End a rotation's overlap: the old secret ends now.
    CompleteRotation(Which),
    /// End one for good; it stays listed.
    Revoke(End),
    /// End one and take it off the list.
    Delete(End),
    /// Approve one that somebody else asked for.
    Approve(Approve),
    /// Turn down one that waits for approval; it is revoked.
    Decline(Decline),
    /// Get the secret of one that you asked for and that was approved.
    Collect(Which),
    /// Make a new link to pick up a secret with, or end the link there is.
    Pickup(Pickup),
    /// Show a secret again, where its kind permits.
    Reveal(Reveal),
    /// Be reminded of one's end no more for a while, or again.
    Snooze(super::snooze::Snooze),
    /// Give a personal key a fresh secret; the old one ends at once.
    Reset(Reset),
    /// Find whose a secret is; it is read from standard input.
    Find,
}

/// One key.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// `key_…`
    pub(super) key: String,
}

/// One key that shall stop.
#[derive(Debug, Args)]
pub(crate) struct End {
    /// `key_…`
    pub(super) key: String,
    /// Change nothing; say which key would be touched.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A second admin's consent.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// `key_…`
    pub(super) key: String,
    /// Only when it is still this version.
    #[arg(long, value_name = "VERSION")]
    pub(super) if_version: Option<i64>,
}

/// A second admin's refusal.
#[derive(Debug, Args)]
pub(crate) struct Decline {
    /// `key_…`
    pub(super) key: String,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// A link that shows a secret once.
#[derive(Debug, Args)]
pub(crate) struct Pickup {
    /// `key_…`
    pub(super) key: String,
    /// For whom it is; as before when left out.
    #[arg(long, value_name = "NAME")]
    pub(super) recipient: Option<String>,
    /// End the link instead.
    #[arg(long, conflicts_with = "recipient")]
    pub(super) withdraw: bool,
}

/// A rotation.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// `key_…`
    pub(super) key: String,
    /// How long the old secret stays good, such as 7d or 12h; it ends at once when left out.
    #[arg(long, value_name = "TIME", value_parser = crate::terms::seconds)]
    pub(super) overlap: Option<u32>,
    #[command(flatten)]
    pub(super) lifetime: Lifetime,
}

/// A reset.
#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// `key_…`
    pub(super) key: String,
    #[command(flatten)]
    pub(super) lifetime: Lifetime,
}

/// A look at a secret.
#[derive(Debug, Args)]
pub(crate) struct Reveal {
    /// `key_…`
    pub(super) key: String,
    /// Open the store itself (see --config) instead of asking the server: this alone shows personal secrets. It is
    /// in the audit as `cli`.
    #[arg(long)]
    pub(super) local: bool,
}

/// What a key may do and how much.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// A scope it shall have; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// An address or range it may be used from, such as 10.0.0.0/8; may be repeated.
    #[arg(long = "address", value_name = "RANGE", value_delimiter = ',')]
    addresses: Vec<String>,
    /// A limit of its own, such as 1000/1h or burst=10/1s,gcra: [NAME=]COUNT[/WINDOW][,fixed|sliding|gcra][,account].
    /// May be repeated.
    #[arg(long = "limit", value_name = "LIMIT", value_parser = limit)]
    limits: Vec<Limit>,
    /// A quota of its own, such as 100000/monthly: [NAME=]BUDGET/never|daily|monthly[@DAY][,account]. May be repeated.
    #[arg(long = "quota", value_name = "QUOTA", value_parser = quota)]
    quotas: Vec<Quota>,
    /// Its own plan.
    #[arg(long)]
    plan: Option<String>,
    /// Your own id for it.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Anything of yours, a JSON object.
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Map<String, Value>>,
    /// A word to find it by; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// An e-mail address without a sign-in that is told of it too; may be repeated.
    #[arg(long = "contact", value_name = "EMAIL", value_delimiter = ',')]
    contacts: Vec<String>,
}

/// A key to be made.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name.
    name: Option<String>,
    /// Whose; needless where the management key manages only one account.
    #[arg(long)]
    pub(super) account: Option<String>,
    /// Which kind; `personal` needs --person.
    #[arg(long, value_parser = one_of::<Kind>(KINDS), default_value = "account")]
    kind: Kind,
    /// The person who shall hold it, for personal keys.
    #[arg(long)]
    person: Option<String>,
    /// Which environment.
    #[arg(long, value_name = "ENVIRONMENT", value_parser = one_of::<Environment>(ENVIRONMENTS), default_value = "live")]
    environment: Environment,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    terms: Terms,
    /// Send the secret for pick-up: the answer is a link that works once, for 7 days.
    #[arg(long)]
    pickup: bool,
    /// For whom the link is.
    #[arg(long, value_name = "NAME", requires = "pickup")]
    recipient: Option<String>,
    /// The same again returns the same key, without its secret.
    #[arg(long, value_name = "TEXT")]
    pub(super) idempotency_key: Option<String>,
}

/// Changes to a key; what is left out stays, lists are replaced as a whole.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// `key_…`
    pub(super) key: String,
    /// Its name.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    lifetime: Lifetime,
    #[command(flatten)]
    terms: Terms,
    /// Empty this; may be repeated.
    #[arg(long, value_enum, value_name = "FIELD")]
    clear: Vec<Clear>,
    /// Only when it is still this version.
    #[arg(long, value_name = "VERSION")]
    pub(super) if_version: Option<i64>,
    /// Change nothing; say what the key would lose.
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// What of a key can be emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clear {
    /// Its name.
    Name,
    /// Its scopes.
    Scopes,
    /// The addresses it may be used from: it may be used from anywhere then.
    Addresses,
    /// Its own limits.
    Limits,
    /// Its own quotas.
    Quotas,
    /// Its own plan.
    Plan,
    /// Your own id for it.
    ExternalId,
    /// Its metadata.
    Metadata,
    /// Its tags.
    Tags,
    /// The addresses that are told of it too.
    Contacts,
}

impl Create {
    /// What to send.
    pub(super) fn wire(self, account_id: String) -> NewKey {
        let Terms { scopes, addresses, limits, quotas, plan, external_id, metadata, tags, contacts } = self.terms;
        NewKey {
            account_id,
            kind: self.kind,
            person_id: self.person,
            environment: self.environment,
            name: self.name,
            expires: self.lifetime.expires(),
            scopes,
            addresses,
            limits,
            quotas,
            plan,
            external_id,
            metadata,
            tags,
            contacts,
            pickup: self.pickup.then_some(NewPickup { recipient: self.recipient }),
        }
    }
}

impl Edit {
    /// What to send.
    pub(super) fn wire(self) -> Result<KeyEdit, Usage> {
        let Terms { scopes, addresses, limits, quotas, plan, external_id, metadata, tags, contacts } = self.terms;
        let cleared = Cleared(self.clear);
        let edit = KeyEdit {
            name: cleared.value(Clear::Name, self.name)?,
            expires: self.lifetime.expires(),
            scopes: cleared.list(Clear::Scopes, scopes)?,
            addresses: cleared.list(Clear::Addresses, addresses)?,
            limits: cleared.list(Clear::Limits, limits)?,
            quotas: cleared.list(Clear::Quotas, quotas)?,
            plan: cleared.value(Clear::Plan, plan)?,
            external_id: cleared.value(Clear::ExternalId, external_id)?,
            metadata: cleared.value(Clear::Metadata, metadata)?,
            tags: cleared.list(Clear::Tags, tags)?,
            contacts: cleared.list(Clear::Contacts, contacts)?,
        };
        if edit == KeyEdit::default() {
            return Err(Usage("nothing to change: say what, such as --name".into()));
        }
        Ok(edit)
    }
}

struct Cleared(Vec<Clear>);

impl Cleared {
    #[expect(clippy::option_option, reason = "left out, emptied and given are three things")]
    fn value<T>(&self, field: Clear, given: Option<T>) -> Result<Option<Option<T>>, Usage> {
        match (self.0.contains(&field), given) {
            (true, Some(_)) => Err(both(field)),
            (true, None) => Ok(Some(None)),
            (false, given) => Ok(given.map(Some)),
        }
    }

    fn list<T>(&self, field: Clear, given: Vec<T>) -> Result<Option<Vec<T>>, Usage> {
        match (self.0.contains(&field), given.is_empty()) {
            (true, false) => Err(both(field)),
            (false, true) => Ok(None),
            (true, true) | (false, false) => Ok(Some(given)),
        }
    }
}

fn both(field: Clear) -> Usage {
    let name = field.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    Usage(format!("{name}: both given and cleared"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_tells_left_out_from_emptied() {
        let cleared = Cleared(vec![Clear::Name, Clear::Tags]);
        assert_eq!(cleared.value::<String>(Clear::Name, None).ok(), Some(Some(None)));
        assert_eq!(cleared.value::<String>(Clear::Plan, None).ok(), Some(None));
        assert_eq!(cleared.list::<String>(Clear::Tags, vec![]).ok(), Some(Some(vec![])));
        assert_eq!(cleared.list::<String>(Clear::Scopes, vec![]).ok(), Some(None));
        assert!(cleared.value(Clear::Name, Some("x")).is_err());
    }
}
