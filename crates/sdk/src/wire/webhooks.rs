//! Webhooks: programs of an account's own that are told what happens.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Effective, SecretText};

/// A webhook to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where to post to; `https`, on the public internet.
    pub url: String,
    /// What it is told of: `key.created`, `person.*`, …; everything (`*`) when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// Whether it is told at all; `true` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Changes to a webhook; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEdit {
    /// Another URL; needs `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The signing secret in force, to prove that whoever moves the webhook is who reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<SecretText>,
    /// What it is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// Whether it is told at all. `true` forgets what failed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A webhook, never with its signing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// `whk_…`
    pub id: String,
    /// Whose.
    pub account_id: String,
    /// Where to.
    pub url: String,
    /// What it is told of.
    pub kinds: Vec<String>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Since when every attempt has failed; `null`: the last one did not.
    pub failing_since: Option<String>,
    /// Why it was switched off, where it was not by hand.
    pub disabled_why: Option<String>,
    /// Until when what is sent is also signed with the secret before this one.
    pub old_secret_until: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: String,
    /// Grows with every change; `ETag` carries it.
    pub version: i64,
}

/// A webhook with its signing secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`; `null` in a replay, since the first answer held it.
    #[schema(value_type = Option<String>)]
    pub secret: Option<SecretText>,
    /// Since when every node knows it.
    pub effective: Effective,
}

/// Which attempts to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Most items, 1 to 200; 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Where the last page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only those of this parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel_id: Option<String>,
}

/// One attempt to tell a webhook something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// `pcl_…`: what was sent as `webhook-id`; the same for every attempt of one event.
    pub parcel_id: String,
    /// Its `type`, such as `key.revoked`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which attempt, from 1.
    pub attempt: i64,
    /// When it began.
    pub at: String,
    /// How long it took.
    pub took_ms: i64,
    /// The status that was answered; `null`: none was.
    pub status: Option<u16>,
    /// Why it failed; `null`: it did not.
    pub error: Option<String>,
}
