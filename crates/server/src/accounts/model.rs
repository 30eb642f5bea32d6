//! What the operations on accounts take and give.

use keyward_core::account::AcceptedKeys;
use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use serde_json::Value;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The API it is a customer of.
    pub api: String,
    /// Its name.
    pub name: String,
    /// Its public id; made in the API's pattern when left out.
    pub public_id: Option<String>,
    /// The operator's own id.
    pub external_id: Option<String>,
    /// Its region; the API's default when left out.
    pub region: Option<String>,
    /// Its plan.
    pub plan: Option<String>,
    /// Which kinds of key it may use.
    pub accepted_keys: AcceptedKeys,
    /// A JSON object, at most 4 kB as text.
    pub metadata: Option<Value>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Changes to an account; `None` leaves as is, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct AccountEdit {
    /// Its name.
    pub name: Option<String>,
    /// The operator's own id.
    pub external_id: Option<Option<String>>,
    /// Its plan.
    pub plan: Option<Option<String>>,
    /// Which kinds of key it may use.
    pub accepted_keys: Option<AcceptedKeys>,
    /// Whether its people must have an authenticator.
    pub totp_required: Option<bool>,
    /// Whether all of its requests are refused.
    pub suspended: Option<bool>,
    /// A JSON object.
    pub metadata: Option<Option<Value>>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
}

/// An account as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// Its API.
    pub api: String,
    /// The id its people send in a header pair.
    pub public_id: String,
    /// Its name.
    pub name: String,
    /// The operator's own id.
    pub external_id: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its plan.
    pub plan: Option<String>,
    /// Which kinds of key it may use.
    pub accepted_keys: AcceptedKeys,
    /// Whether its people must have an authenticator.
    pub totp_required: bool,
    /// Whether all of its requests are refused.
    pub suspended: bool,
    /// A JSON object.
    pub metadata: Option<Value>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was last changed.
    pub updated_at: UnixMs,
    /// Grows with every change to it; what `ETag` carries.
    pub version: i64,
}

/// Which accounts to list; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Of this API.
    pub api: Option<String>,
    /// With this external id.
    pub external_id: Option<String>,
    /// With this public id.
    pub public_id: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// With this plain member of its metadata.
    pub metadata: Option<(String, String)>,
}
