//! Limits and quotas as people write them down, and what they become.

use keyward_core::limit::Limit;
use keyward_core::quota::Quota;
use keyward_core::time::HOUR_MS;

use super::{LimitSpec, QuotaSpec};

impl LimitSpec {
    /// The whole limit: what is left out comes from the inherited one of the same name, else an hour, fixed, per key.
    pub fn to_limit(&self, inherited: Option<&Limit>) -> Limit {
        Limit {
            name: self.name.clone(),
            limit: self.limit,
            window_ms: self
                .window_s
                .map_or_else(|| inherited.map_or(HOUR_MS, |limit| limit.window_ms), |s| i64::from(s) * 1_000),
            algorithm: self.algorithm.or(inherited.map(|limit| limit.algorithm)).unwrap_or_default(),
            per: self.per.or(inherited.map(|limit| limit.per)).unwrap_or_default(),
        }
    }
}

impl QuotaSpec {
    /// The whole quota.
    pub fn into_quota(self) -> Quota {
        Quota { name: self.name, budget: self.budget, refill: self.refill, per: self.per }
    }
}
