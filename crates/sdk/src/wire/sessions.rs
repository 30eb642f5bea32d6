//! Signing in and out, and what people sign in with.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SecretText;

/// An attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The person's address.
    pub email: String,
    /// Their password.
    #[schema(value_type = String)]
    pub password: SecretText,
    /// What their authenticator shows, where they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub totp: Option<SecretText>,
    /// One of their recovery codes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recovery_code: Option<SecretText>,
}

/// Somebody who is signed in. The cookie that says so came along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// `person_…`
    pub person_id: String,
    /// `ses_…`
    pub session_id: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they run the deployment.
    pub operator: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// `ses_…`
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// How it began: `password`, `password+totp`, `password+recovery`, `setup`, `sso:NAME`.
    pub method: String,
    /// The address it came from.
    pub origin: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
    /// Since when.
    pub created_at: String,
    /// When it was last used, to the minute.
    pub seen_at: String,
    /// When it ends at the latest.
    pub expires_at: String,
}

/// All sign-ins of a person; there are never more than fifty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sessions {
    /// Newest first.
    pub items: Vec<Session>,
}

/// Which sign-ins to end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndSessions {
    /// Keep the one that asks.
    pub keep_current: Option<bool>,
}

/// A proof of who somebody is, who is signed in already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Their password.
    #[schema(value_type = String)]
    pub password: SecretText,
    /// What their authenticator shows, where they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub totp: Option<SecretText>,
    /// One of their recovery codes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recovery_code: Option<SecretText>,
}

/// Another password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one in force; left out by somebody who has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub current_password: Option<SecretText>,
    /// The new one.
    #[schema(value_type = String)]
    pub new_password: SecretText,
}

/// An authenticator on its way in; shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotpEnrolment {
    /// For people to type: base32.
    #[schema(value_type = String)]
    pub secret: SecretText,
    /// For a QR code: `otpauth://totp/…`.
    #[schema(value_type = String)]
    pub uri: SecretText,
}

/// What an authenticator shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    #[schema(value_type = String)]
    pub code: SecretText,
}

/// A proof that an authenticator, or the codes for when it is lost, are at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpProof {
    /// Six digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<SecretText>,
    /// A recovery code instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recovery_code: Option<SecretText>,
}

/// Codes for when the authenticator is lost; each works once, and they are shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them.
    #[schema(value_type = Vec<String>)]
    pub recovery_codes: Vec<SecretText>,
}

/// Somebody forgot their password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Where a link is sent, if anybody has this address.
    pub email: String,
}

/// A new password by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetCompletion {
    /// What the link ended with: `kwl_…`.
    #[schema(value_type = String)]
    pub token: SecretText,
    /// The new password.
    #[schema(value_type = String)]
    pub new_password: SecretText,
}

/// The first operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// What the link on the console ended with: `kwl_…`.
    #[schema(value_type = String)]
    pub token: SecretText,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their password.
    #[schema(value_type = String)]
    pub password: SecretText,
}

/// Who else may vouch for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SsoProviders {
    /// Empty where there is nobody.
    pub items: Vec<SsoProvider>,
}

/// Somebody who vouches for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SsoProvider {
    /// What it is called in URLs.
    pub name: String,
    /// What people are shown.
    pub title: String,
    /// Where signing in by it begins.
    pub url: String,
}

/// How to begin at a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BeginSso {
    /// Have the provider ask again who it is: for what needs a recent proof.
    pub fresh: Option<bool>,
}

/// What a provider sends back; it may send more.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SsoAnswer {
    /// Stands for an identity, once.
    pub code: Option<String>,
    /// What was sent there.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
}
