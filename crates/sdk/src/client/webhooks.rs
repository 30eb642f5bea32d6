//! Webhooks and reports of leaks.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{
    Changed, Delivery, DeliveryQuery, Done, LeakReports, LeakResults, NewWebhook, Page, Webhook, WebhookEdit,
    WebhookWithSecret,
};

impl Client {
    /// The webhooks of an account.
    pub async fn webhooks(&self, account_id: &str) -> Answer<Page<Webhook>> {
        self.get(&["v1", "accounts", account_id, "webhooks"], &()).await
    }

    /// Makes a webhook. The same `idempotency_key` again returns the same one, without its secret.
    pub async fn create_webhook(
        &self,
        account_id: &str,
        new: &NewWebhook,
        idempotency_key: Option<&str>,
    ) -> Answer<WebhookWithSecret> {
        let call = self.call(Method::POST, &["v1", "accounts", account_id, "webhooks"]);
        call.body(new).idempotency_key(idempotency_key).send().await
    }

    /// A webhook.
    pub async fn webhook(&self, account_id: &str, id: &str) -> Answer<Webhook> {
        self.get(&["v1", "accounts", account_id, "webhooks", id], &()).await
    }

    /// Changes a webhook; with `if_version`, only when it is still that one. A new URL needs its signing secret.
    pub async fn edit_webhook(
        &self,
        account_id: &str,
        id: &str,
        edit: &WebhookEdit,
        if_version: Option<i64>,
    ) -> Answer<Changed<Webhook>> {
        let call = self.call(Method::PATCH, &["v1", "accounts", account_id, "webhooks", id]);
        call.body(edit).if_version(if_version).send().await
    }

    /// Removes a webhook.
    pub async fn delete_webhook(&self, account_id: &str, id: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "accounts", account_id, "webhooks", id]).send().await
    }

    /// Makes a new signing secret; for 24 hours both sign.
    pub async fn rotate_webhook_secret(&self, account_id: &str, id: &str) -> Answer<WebhookWithSecret> {
        self.call(Method::POST, &["v1", "accounts", account_id, "webhooks", id, "secret"]).send().await
    }

    /// Sends an event `webhook.test` at once and says what became of it.
    pub async fn test_webhook(&self, account_id: &str, id: &str) -> Answer<Delivery> {
        self.call(Method::POST, &["v1", "accounts", account_id, "webhooks", id, "test"]).send().await
    }

    /// The attempts to tell a webhook anything, newest first.
    pub async fn deliveries(&self, account_id: &str, id: &str, query: &DeliveryQuery) -> Answer<Page<Delivery>> {
        self.get(&["v1", "accounts", account_id, "webhooks", id, "deliveries"], query).await
    }

    /// Sends a parcel again, whether it arrived or was given up.
    pub async fn resend_delivery(&self, account_id: &str, id: &str, parcel_id: &str) -> Answer<Done> {
        let path = ["v1", "accounts", account_id, "webhooks", id, "deliveries", parcel_id, "resend"];
        self.call(Method::POST, &path).send().await
    }

    /// Reports texts that look like secrets, and where they were found.
    pub async fn report_leaks(&self, reports: &LeakReports) -> Answer<LeakResults> {
        self.call(Method::POST, &["v1", "leaks"]).body(reports).send().await
    }
}
