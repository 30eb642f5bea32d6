//! What accounts demand of their keys.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{Changed, KeptPolicy, Policy};

impl Client {
    /// An account's policy.
    pub async fn policy(&self, account_id: &str) -> Answer<KeptPolicy> {
        self.get(&["v1", "accounts", account_id, "policy"], &()).await
    }

    /// Sets an account's policy as a whole; with `if_version`, only when it is still that one.
    pub async fn set_policy(
        &self,
        account_id: &str,
        policy: &Policy,
        if_version: Option<i64>,
    ) -> Answer<Changed<KeptPolicy>> {
        let call = self.call(Method::PUT, &["v1", "accounts", account_id, "policy"]);
        call.body(policy).if_version(if_version).send().await
    }
}
