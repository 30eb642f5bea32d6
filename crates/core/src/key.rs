//! A key as the decision sees it, and the rules its kind lays down.

use serde::{Deserialize, Serialize};

use crate::expiry::ExpiryRules;
use crate::ids::{KeyId, PersonId};
use crate::secret::Format;
use crate::time::UnixMs;

/// Who holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Held by the account as a whole.
    Account,
    /// Held by one person of the account.
    Personal,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Account, Self::Personal];

    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Personal => "personal",
        }
    }
}

/// Real data or a playground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real thing.
    Live,
    /// For development.
    Test,
}

impl Environment {
    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// What somebody did to a key; its expiry is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Usable.
    Active,
    /// Switched off, can be switched on again.
    Disabled,
    /// Ended for good; stays listed.
    Revoked,
    /// Asked for; has no secret before a second admin has approved.
    Pending,
    /// Has no secret before somebody picks it up.
    AwaitingPickup,
}

impl KeyState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Active, Self::Disabled, Self::Revoked, Self::Pending, Self::AwaitingPickup];

    /// Whether a key in this state still waits for its first secret.
    pub const fn has_no_secret_yet(self) -> bool {
        matches!(self, Self::Pending | Self::AwaitingPickup)
    }

    /// Its word in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Pending => "pending",
            Self::AwaitingPickup => "awaiting_pickup",
        }
    }
}

/// Who may see a secret after it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody: only its digest is kept.
    Once,
    /// The person who holds it.
    Owner,
    /// Roles with access to keys.
    Always,
}

/// Whether keys of a kind carry a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// Every key has one.
    Required,
    /// A key may have one.
    Optional,
}

/// The rules for one kind of key of one API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRules {
    /// Which kind these rules are for.
    pub kind: Kind,
    /// Who may see a secret again.
    pub visibility: Visibility,
    /// The shape of its secrets.
    pub format: Format,
    /// Whether a name is needed (rows r19, r50, r90).
    pub naming: Naming,
    /// Most characters of a name.
    pub name_chars_max: usize,
    /// Whether two keys of an account may not share a name, whatever its case (row r19).
    pub unique_names: bool,
    /// Most keys of this kind an account may have, revoked ones aside (rows r17, r100); for personal keys, per person.
    pub count_max: u32,
    /// Fewest keys an account keeps (row r101).
    pub count_min: u32,
    /// Whether a new account gets one at once (row r86).
    pub provisioned: bool,
    /// What its lifetime may be.
    pub expiry: ExpiryRules,
    /// Whether at least one scope must be chosen (row r51).
    pub scopes_required: bool,
    /// Days an old secret may live on after a rotation, at most (row r74).
    pub overlap_days_max: u32,
}

/// Which secret of a key was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretAge {
    /// The one in force.
    Current,
    /// The one before a rotation, good until this instant.
    Old {
        /// The end of the overlap.
        until: UnixMs,
    },
}

/// One key as a decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its kind.
    pub kind: Kind,
    /// Its environment.
    pub environment: Environment,
    /// What was done to it.
    pub state: KeyState,
    /// When it ends; `None` is never.
    pub expires_at: Option<UnixMs>,
    /// The person who holds it, for personal keys.
    pub person: Option<PersonId>,
    /// Which of its secrets was sent.
    pub secret: SecretAge,
}
