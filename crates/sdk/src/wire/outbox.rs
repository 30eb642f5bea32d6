//! The outbox: notices on their way to mailboxes and webhooks.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How a parcel travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// To a mailbox.
    Mail,
    /// To a webhook endpoint.
    Webhook,
}

/// How a parcel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParcelState {
    /// To be sent, now or when it is due.
    Waiting,
    /// Waits for the daily digest.
    Held,
    /// Went into a digest.
    Folded,
    /// Arrived.
    Sent,
    /// Given up.
    Dead,
}

/// One notice on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parcel {
    /// `pcl_…`; a mail's `Message-ID` and a webhook's `webhook-id` are made from it.
    pub id: String,
    /// The notice it carries.
    pub notice_id: String,
    /// What that is about, such as `key.expiring`.
    pub kind: String,
    /// Whose; `null`: the operator's.
    pub account_id: Option<String>,
    /// How it travels.
    pub channel: Channel,
    /// A mailbox, or the id of a webhook endpoint.
    pub to: String,
    /// How it stands.
    pub state: ParcelState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; `null` once it has arrived or was given up.
    pub due_at: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was put into the outbox.
    pub created_at: String,
    /// When it arrived or was given up.
    pub ended_at: Option<String>,
}

/// Which parcels to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// That stand so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<ParcelState>,
    /// That travel so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub channel: Option<Channel>,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Most items on a page: 1 to 200, 50 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A mail to be tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTest {
    /// To this address.
    pub to: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailTested {
    /// Whether the mail server took it.
    pub accepted: bool,
    /// What it said, or why there was no answer.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}
