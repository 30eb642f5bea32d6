//! Accounts: customers of an API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{Effective, KeyWithSecret, nullable};

/// Which kinds of key an account may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedKeys {
    /// Account keys only.
    Account,
    /// Personal keys only.
    User,
    /// Either.
    Both,
}

/// An account to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The API it is a customer of.
    pub api: String,
    /// Its name.
    pub name: String,
    /// The id its people send in a header pair; made in the API's pattern when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_id: Option<String>,
    /// Your own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Its region; the API's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Which kinds of key it may use; `both` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_keys: Option<AcceptedKeys>,
    /// Anything of yours, at most 4 kB as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Changes to an account: what is left out stays, `null` clears.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEdit {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Your own id for it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
    /// Its plan.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<Option<String>>,
    /// Which kinds of key it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_keys: Option<AcceptedKeys>,
    /// Whether its people must have an authenticator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_required: Option<bool>,
    /// Whether all of its requests are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
    /// Anything of yours; replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Option<Map<String, Value>>>,
    /// Words to find it by; replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// `acct_…`
    pub id: String,
    /// Its API.
    pub api: String,
    /// The id its people send in a header pair.
    pub public_id: String,
    /// Its name.
    pub name: String,
    /// Your own id for it.
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
    /// Anything of yours.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// Grows with every change; `ETag` carries it.
    pub version: i64,
}

/// A new account, with its first key where its API provisions one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountCreated {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// The key made with it, with its secret.
    pub first_key: Option<KeyWithSecret>,
    /// Since when every node knows it.
    pub effective: Effective,
}

/// Which accounts to list; all conditions hold at once. `metadata.NAME=value` is understood too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Of this API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// With this external id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// With this public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_id: Option<String>,
    /// With this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// With this plain member of its metadata: name and value.
    #[serde(skip)]
    #[param(ignore)]
    pub metadata: Option<(String, String)>,
    /// Most items on a page: 1 to 200, 50 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
