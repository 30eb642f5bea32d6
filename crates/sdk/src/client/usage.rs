//! What happened.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{
    Callers, CallersQuery, Changed, DryRun, Hygiene, HygieneQuery, Key, KeysUsage, KeysUsageQuery, Usage, UsageQuery,
    UsageTop, UsageTopQuery,
};

impl Client {
    /// Counts, rates and response times, step by step.
    pub async fn usage(&self, query: &UsageQuery) -> Answer<Usage> {
        self.get(&["v1", "usage"], query).await
    }

    /// Who or what had the most requests.
    pub async fn usage_top(&self, query: &UsageTopQuery) -> Answer<UsageTop> {
        self.get(&["v1", "usage", "top"], query).await
    }

    /// How each of many keys was used.
    pub async fn keys_usage(&self, query: &KeysUsageQuery) -> Answer<KeysUsage> {
        self.get(&["v1", "usage", "keys"], query).await
    }

    /// Who called a key, and what for: who breaks if it is revoked.
    pub async fn callers(&self, key_id: &str, query: &CallersQuery) -> Answer<Callers> {
        self.get(&["v1", "keys", key_id, "callers"], query).await
    }

    /// What is better tidied up in an account.
    pub async fn hygiene(&self, account_id: &str, query: &HygieneQuery) -> Answer<Hygiene> {
        self.get(&["v1", "accounts", account_id, "hygiene"], query).await
    }

    /// Takes from a key the scopes it was never used for.
    pub async fn shrink_key(&self, key_id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", key_id, "shrink"]).send().await
    }

    /// What that would do.
    pub async fn rehearse_shrink_key(&self, key_id: &str) -> Answer<DryRun> {
        self.call(Method::POST, &["v1", "keys", key_id, "shrink"]).rehearsed().send().await
    }
}
