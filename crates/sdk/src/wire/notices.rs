//! Notices: what people and programs are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Something that was told, or could have been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// `ntc_…`
    pub id: String,
    /// What about, such as `key.expiring`.
    pub kind: String,
    /// Of which account; `null`: the operator's.
    pub account_id: Option<String>,
    /// About which key; it may be gone.
    pub key_id: Option<String>,
    /// About which person.
    pub person_id: Option<String>,
    /// What else there is to say; by kind, and never a secret.
    #[schema(value_type = Object)]
    pub facts: Value,
    /// When.
    pub at: String,
}

/// Which notices to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticeQuery {
    /// Of this kind, such as `key.expiring`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// About this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Most items on a page: 1 to 200, 50 unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What an account wants to be told. What is left out is as the defaults have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettings {
    /// Whether each kind is mailed, by its word, such as `{"key.created": false}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mail: BTreeMap<String, bool>,
    /// How many days before its end a key is told of, each 1 to 365, at most 10 of them; `[30, 7, 1]` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_days: Option<Vec<u32>>,
    /// At which parts of a limit, in percent, it is told of: some of 80, 95 and 100; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_percents: Option<Vec<u8>>,
    /// The zone of times in mails, such as `Europe/Berlin`; UTC when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// At which hour of that zone the daily digest goes out, 0 to 23; 8 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 23)]
    pub digest_hour: Option<i8>,
}

/// What an account is told: its settings with the defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptNoticeSettings {
    /// Whether each kind is mailed.
    pub mail: BTreeMap<String, bool>,
    /// How many days before its end a key is told of.
    pub expiry_days: Vec<u32>,
    /// At which parts of a limit, in percent, it is told of.
    pub limit_percents: Vec<u8>,
    /// The zone of times in mails.
    pub time_zone: String,
    /// At which hour of that zone the daily digest goes out.
    pub digest_hour: i8,
    /// What the account itself has said; the rest is as the defaults have it.
    pub own: NoticeSettings,
    /// Grows with every change; 0 until the first.
    pub version: i64,
}

/// When a person is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeDelivery {
    /// At once.
    #[default]
    Now,
    /// Once a day, all in one. What is urgent comes at once all the same.
    Daily,
    /// Not at all.
    Off,
}

/// What a person wants of an account's notices, or of the operator's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeChoice {
    /// For every kind that is not named.
    #[serde(default)]
    pub delivery: NoticeDelivery,
    /// For these kinds, by their words.
    #[serde(default)]
    pub kinds: BTreeMap<String, NoticeDelivery>,
}

/// Until when nobody is reminded of a key's end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// An RFC 3339 time within the next 365 days.
    pub until: String,
}
