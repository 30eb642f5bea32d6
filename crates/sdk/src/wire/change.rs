//! What every reply to a change says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Since when every node judges by a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effective {
    /// Every node does already.
    All,
    /// This node does; there is no word of the others.
    Local,
    /// Every node will, at this instant at the latest.
    By(String),
}

/// What was changed, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changed<T> {
    /// The object.
    #[serde(flatten)]
    pub object: T,
    /// Since when every node judges by it.
    pub effective: Effective,
}

/// The reply to a change that leaves nothing to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// Since when every node judges by it.
    pub effective: Effective,
}
