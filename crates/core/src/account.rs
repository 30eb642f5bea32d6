//! An account as the decision sees it: a customer of exactly one API.

use serde::{Deserialize, Serialize};

use crate::ids::AccountId;
use crate::key::Kind;

/// Which kinds of key an account's requests may use (rows r3, r4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedKeys {
    /// Only account keys.
    Account,
    /// Only personal keys.
    User,
    /// Either.
    #[default]
    Both,
}

impl AcceptedKeys {
    /// Whether keys of `kind` may be used.
    pub const fn accepts(self, kind: Kind) -> bool {
        matches!((self, kind), (Self::Both, _) | (Self::Account, Kind::Account) | (Self::User, Kind::Personal))
    }

    /// Its word in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::User => "user",
            Self::Both => "both",
        }
    }
}

/// What a decision needs of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The API it is a customer of, by name.
    pub api: String,
    /// The id its people send in a header pair, in the preset's format.
    pub public_id: String,
    /// Its name.
    pub name: String,
    /// The operator's own id for it.
    pub external_id: Option<String>,
    /// Its region, where the API has regions.
    pub region: Option<String>,
    /// Whether all of its requests are refused.
    pub suspended: bool,
    /// Which kinds of key it may use.
    pub accepted: AcceptedKeys,
    /// Its metadata, one JSON object as text.
    pub metadata: Option<String>,
}
