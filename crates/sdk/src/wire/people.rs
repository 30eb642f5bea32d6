//! People of accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person to be added to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their name.
    pub name: String,
    /// Where notices go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A person: may hold personal keys of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// `person_…`
    pub id: String,
    /// Whose person.
    pub account_id: String,
    /// Their name.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
    /// When they were added.
    pub created_at: String,
}
