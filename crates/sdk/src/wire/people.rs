//! People: of accounts, of the operator, and oneself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Effective, KeyWithSecret, Kind, ManagementKey, SecretText, Standing};

/// How a person stands in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Asked to join; has not answered.
    Invited,
    /// Belongs to it.
    Active,
    /// Shut out until somebody lets them in again.
    Suspended,
}

/// A person to be added to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Their name.
    pub name: String,
    /// Where they sign in and notices go. Left out: they hold personal keys and never sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their role; the one that permits least when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Changes to a person of an account; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonEdit {
    /// What the account calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `true` shuts them out and revokes the personal key they hold; `false` lets them in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

/// A person as an account sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// `person_…`
    pub id: String,
    /// The account.
    pub account_id: String,
    /// What the account calls them.
    pub name: String,
    /// Where they sign in and notices go; `null`: they hold personal keys and never sign in.
    pub email: Option<String>,
    /// Their role; `null`: they never sign in.
    pub role: Option<String>,
    /// How they stand.
    pub state: MemberState,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in_at: Option<String>,
    /// When they were added.
    pub created_at: String,
    /// Grows with every change; `ETag` carries it.
    pub version: i64,
}

/// A link that works once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OneTimeLink {
    /// The link, to be handed to the person; what stands behind its `#` is never sent to a server by a browser.
    /// `null`: it went to them by mail, and nobody else is shown it.
    #[schema(value_type = Option<String>)]
    pub link: Option<SecretText>,
    /// Until when it works.
    pub expires_at: String,
}

/// A person who was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonAdded {
    /// The person.
    #[serde(flatten)]
    pub person: Person,
    /// The link to hand to them, where they have an address; `null` in a replay, since the first answer held it.
    pub invitation: Option<OneTimeLink>,
    /// Since when every node knows them.
    pub effective: Effective,
}

/// How somebody came to know a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenHow {
    /// They made the key.
    Created,
    /// They gave it a new secret.
    Rotated,
    /// They had it shown again.
    Revealed,
    /// They picked it up.
    PickedUp,
}

/// A key that a person made, or whose secret they have seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnownKey {
    /// `key_…`
    pub key_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Which kind.
    pub kind: Kind,
    /// What it is called now.
    pub standing: Standing,
    /// How they came to know it.
    pub how: Vec<SeenHow>,
    /// When one of its secrets was last accepted.
    pub last_used_at: Option<String>,
}

/// What a person knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Known {
    /// Keys, newest first.
    pub keys: Vec<KnownKey>,
    /// Management keys in force that they made, newest first.
    pub management_keys: Vec<ManagementKey>,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyDeed {
    /// It gets a new secret.
    Rotate {
        /// For how many seconds the old one stays good: 0 to 30 days.
        overlap_s: u32,
    },
    /// It ends for good.
    Revoke,
}

/// What becomes of one key. A key that is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChoice {
    /// `key_…`, or `mk_…`, which can only be revoked.
    pub id: String,
    /// What becomes of it.
    #[serde(rename = "do")]
    pub deed: KeyDeed,
}

/// The removal of a person, and what becomes of the keys they know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemovePerson {
    /// The keys.
    #[serde(default)]
    pub keys: Vec<KeyChoice>,
}

/// A person was removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PersonRemoved {
    /// The rotated keys, each with its new secret.
    pub rotated: Vec<KeyWithSecret>,
    /// Since when every node judges by it.
    pub effective: Effective,
}

/// What stands behind the `#` of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// `kwl_…`
    #[schema(value_type = String)]
    pub token: SecretText,
}

/// What an invitation is to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The account's name; `null`: to run the deployment.
    pub account: Option<String>,
    /// What the person is called there.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they have signed in here before: then they sign in, and accept as themselves.
    pub known: bool,
}

/// Accepts an invitation as somebody new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// `kwl_…`
    #[schema(value_type = String)]
    pub token: SecretText,
    /// Their name, where the invitation's is not right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their first password, at least 12 characters.
    #[schema(value_type = String)]
    pub password: SecretText,
}

/// A person to themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// `person_…`
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they run the deployment.
    pub operator: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in_at: Option<String>,
    /// The accounts they belong to or are invited to.
    pub accounts: Vec<OwnAccount>,
}

/// One of a person's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnAccount {
    /// `acct_…`; the header `Keyward-Account` names the one that a request is about.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Its API.
    pub api: String,
    /// Their role there.
    pub role: String,
    /// What they may do there; `*` is everything.
    pub permissions: Vec<String>,
    /// How they stand there.
    pub state: MemberState,
}

/// A new name of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The name.
    pub name: String,
}

/// Somebody who runs the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operator {
    /// `person_…`
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they have joined or were only invited.
    pub joined: bool,
    /// Whether they are shut out.
    pub suspended: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in_at: Option<String>,
    /// When they were added.
    pub created_at: String,
}

/// Somebody who shall run the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperator {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// An operator who was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperatorAdded {
    /// The operator.
    #[serde(flatten)]
    pub operator: Operator,
    /// The link to hand to them. They run the deployment once they have accepted.
    pub invitation: OneTimeLink,
    /// Since when every node knows them.
    pub effective: Effective,
}

/// Changes to an operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorEdit {
    /// `true` shuts them out; `false` lets them in again.
    pub suspended: bool,
}
