//! What the operations on webhooks take and give.

use keyward_core::ids::{AccountId, WebhookId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose.
    pub account: AccountId,
    /// Where to.
    pub url: String,
    /// What it is told of, as words.
    pub kinds: Vec<String>,
    /// Whether it is told at all.
    pub enabled: bool,
}

/// Changes to a webhook; `None` leaves as is.
#[derive(Clone, Default)]
pub struct WebhookEdit {
    /// Where to; needs the secret.
    pub url: Option<String>,
    /// The signing secret in force.
    pub secret: Option<Secret>,
    /// What it is told of, as words.
    pub kinds: Option<Vec<String>>,
    /// Whether it is told at all.
    pub enabled: Option<bool>,
}

/// A webhook as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub account: AccountId,
    /// Where to.
    pub url: String,
    /// What it is told of.
    pub kinds: Vec<String>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Since when every attempt has failed.
    pub failing_since: Option<UnixMs>,
    /// Why it was switched off, where nobody did it by hand.
    pub disabled_why: Option<String>,
    /// Until when the secret before this one signs too.
    pub old_secret_until: Option<UnixMs>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: UnixMs,
    /// Grows with every change.
    pub version: i64,
}

/// A webhook with its signing secret.
#[derive(Clone)]
pub struct WithSigningSecret {
    /// The webhook.
    pub webhook: WebhookView,
    /// The secret in clear; `None` when an earlier request already received it.
    pub secret: Option<Secret>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}
