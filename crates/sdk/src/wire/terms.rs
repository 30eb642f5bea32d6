//! Limits and quotas.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Windows aligned to the clock.
    Fixed,
    /// Never more than the limit in any stretch as long as the window.
    Sliding,
    /// A burst of up to the limit, then evenly spread.
    Gcra,
}

/// Whose requests share one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each key its own.
    Key,
    /// All keys of an account together.
    Account,
}

/// A limit: so many per window. What is left out comes from the plan's or API's limit of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its name; `default` is the usual one.
    pub name: String,
    /// Most per window.
    pub limit: u32,
    /// Length of the window in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
    /// How it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Whose requests share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
}

/// When a quota is whole again: at midnights in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Refill {
    /// Never: a lifetime budget.
    Never,
    /// Every midnight.
    Daily,
    /// On a day of each month, or on its last one where it is shorter.
    Monthly {
        /// 1 to 31.
        #[schema(minimum = 1, maximum = 31)]
        day: i8,
    },
}

/// A quota: a total budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// The whole budget of one period.
    pub budget: u64,
    /// When it is renewed.
    pub refill: Refill,
    /// Whose requests share it; `key` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
}
