//! Roles: what people of an account may see and do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What it permits: `*`, or keys, people, usage, logs, settings or audit, each with `.read` or `.write`.
    pub permissions: Vec<String>,
    /// Whether the account made it for itself; the others are the API's.
    pub own: bool,
}

/// A role as an account wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSpec {
    /// What people call it; its name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it permits, such as `keys.write`, which includes `keys.read`.
    pub permissions: Vec<String>,
}
