//! The outbox and mail.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{Changed, MailTest, MailTested, OutboxQuery, Page, Parcel};

impl Client {
    /// What is on its way, arrived or was given up.
    pub async fn outbox(&self, query: &OutboxQuery) -> Answer<Page<Parcel>> {
        self.get(&["v1", "outbox"], query).await
    }

    /// Sends something once more that arrived or was given up.
    pub async fn resend(&self, parcel: &str) -> Answer<Changed<Parcel>> {
        self.call(Method::POST, &["v1", "outbox", parcel, "resend"]).send().await
    }

    /// Sends one mail now and tells what the mail server said.
    pub async fn test_mail(&self, to: &str) -> Answer<MailTested> {
        self.call(Method::POST, &["v1", "mail", "test"]).body(&MailTest { to: to.into() }).send().await
    }
}
