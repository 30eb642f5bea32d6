//! Which keys a change would touch, without making it.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{AccountEdit, DryRun, KeyEdit, Policy};

impl Client {
    /// What an edit would take from a key.
    pub async fn rehearse_edit_key(&self, id: &str, edit: &KeyEdit, if_version: Option<i64>) -> Answer<DryRun> {
        self.call(Method::PATCH, &["v1", "keys", id]).body(edit).if_version(if_version).rehearsed().send().await
    }

    /// Whether a key would be switched off.
    pub async fn rehearse_disable_key(&self, id: &str) -> Answer<DryRun> {
        self.call(Method::POST, &["v1", "keys", id, "disable"]).rehearsed().send().await
    }

    /// Whether a key would end for good.
    pub async fn rehearse_revoke_key(&self, id: &str) -> Answer<DryRun> {
        self.call(Method::POST, &["v1", "keys", id, "revoke"]).rehearsed().send().await
    }

    /// Whether a key would be taken off the list.
    pub async fn rehearse_delete_key(&self, id: &str) -> Answer<DryRun> {
        self.call(Method::DELETE, &["v1", "keys", id]).rehearsed().send().await
    }

    /// Which keys an edit of an account would touch.
    pub async fn rehearse_edit_account(&self, id: &str, edit: &AccountEdit, if_version: Option<i64>) -> Answer<DryRun> {
        self.call(Method::PATCH, &["v1", "accounts", id]).body(edit).if_version(if_version).rehearsed().send().await
    }

    /// Which keys would break a policy.
    pub async fn rehearse_set_policy(
        &self,
        account_id: &str,
        policy: &Policy,
        if_version: Option<i64>,
    ) -> Answer<DryRun> {
        let call = self.call(Method::PUT, &["v1", "accounts", account_id, "policy"]);
        call.body(policy).if_version(if_version).rehearsed().send().await
    }
}
