//! What one person wants of an account's notices, or of the operator's.

use std::collections::BTreeMap;

use keyward_core::ids::{AccountId, PersonId};
use serde::{Deserialize, Serialize};

use super::{Kind, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched};
use crate::operation::{Findings, OpError};
use crate::people;

/// When a person is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// At once.
    #[default]
    Now,
    /// Once a day, all in one. What is urgent comes at once all the same.
    Daily,
    /// Not at all.
    Off,
}

impl Delivery {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Now, Self::Daily, Self::Off];

    /// Its word in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Daily => "daily",
            Self::Off => "off",
        }
    }
}

/// What a person has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// For every kind that is not named.
    pub delivery: Delivery,
    /// For these kinds.
    pub kinds: BTreeMap<String, Delivery>,
}

impl Choice {
    /// When this kind is mailed to the person.
    pub fn of(&self, kind: Kind) -> Delivery {
        match self.kinds.get(kind.as_str()).copied().unwrap_or(self.delivery) {
            Delivery::Daily if kind.is_urgent() => Delivery::Now,
            chosen => chosen,
        }
    }
}

/// Refuses a word that names no kind which can be chosen.
pub(super) fn check_kind(pointer: &str, word: &str, findings: &mut Findings) {
    if !Kind::parse(word).is_some_and(Kind::is_chosen) {
        let known = Kind::ALL.iter().filter(|kind| kind.is_chosen()).map(|kind| kind.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        findings.note(format!("{pointer}/{word}"), format!("none of {known}"));
    }
}

/// What a person has chosen, of an account they belong to or, where none is named, of the operator's notices.
pub async fn choice(app: &App, person: PersonId, account: Option<AccountId>) -> Result<Choice, OpError> {
    let mut conn = app.db.conn().await?;
    if !people::hears_of(&mut conn, person, account).await? {
        return Err(OpError::NotFound);
    }
    Ok(store::choice(&mut conn, account, person).await?.unwrap_or_default())
}

/// Sets what the person who is signed in has chosen, as a whole.
pub async fn choose(app: &App, actor: Actor, account: Option<AccountId>, choice: Choice) -> Result<Choice, OpError> {
    let mut findings = Findings::default();
    for word in choice.kinds.keys() {
        check_kind("/kinds", word, &mut findings);
    }
    findings.done()?;
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let person = tx.actor().person.ok_or(OpError::NotFound)?.id;
                if let Some(account) = account {
                    accounts::lock(tx, Reach::Account(account), account).await?;
                }
                if !people::hears_of(tx.conn(), person, account).await? {
                    return Err(OpError::NotFound);
                }
                let before = store::choice(tx.conn(), account, person).await?.unwrap_or_default();
                if choice != before {
                    store::save_choice(tx.conn(), account, person, &choice).await?;
                    tx.touch(Touched::Other, person.to_string());
                    tx.audit(AuditEvent {
                        action: "person.notices_chosen",
                        subject: person.to_string(),
                        account,
                        before: Some(serde_json::json!({ "delivery": before.delivery, "kinds": before.kinds })),
                        after: Some(serde_json::json!({ "delivery": choice.delivery, "kinds": choice.kinds })),
                    });
                }
                Ok(choice)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_urgent_waits_for_no_digest_but_can_be_switched_off() {
        let choice = Choice { delivery: Delivery::Daily, ..Choice::default() };
        assert_eq!((choice.of(Kind::KeyCreated), choice.of(Kind::KeyExposed)), (Delivery::Daily, Delivery::Now));
        let kinds = [("key.exposed".into(), Delivery::Off), ("key.created".into(), Delivery::Now)].into();
        let choice = Choice { kinds, ..choice };
        assert_eq!((choice.of(Kind::KeyCreated), choice.of(Kind::KeyExposed)), (Delivery::Now, Delivery::Off));
    }
}
