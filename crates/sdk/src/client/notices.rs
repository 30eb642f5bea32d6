//! Notices, and who wants to be told what.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{Changed, KeptNoticeSettings, Key, Notice, NoticeQuery, NoticeSettings, Page, Snooze};

impl Client {
    /// What was told, or could have been; newest first.
    pub async fn notices(&self, query: &NoticeQuery) -> Answer<Page<Notice>> {
        self.get(&["v1", "notices"], query).await
    }

    /// One notice.
    pub async fn notice(&self, id: &str) -> Answer<Notice> {
        self.get(&["v1", "notices", id], &()).await
    }

    /// What an account is told.
    pub async fn notice_settings(&self, account_id: &str) -> Answer<KeptNoticeSettings> {
        self.get(&["v1", "accounts", account_id, "notice-settings"], &()).await
    }

    /// Sets what an account is told as a whole; with `if_version`, only when it is still that one.
    pub async fn set_notice_settings(
        &self,
        account_id: &str,
        settings: &NoticeSettings,
        if_version: Option<i64>,
    ) -> Answer<Changed<KeptNoticeSettings>> {
        let call = self.call(Method::PUT, &["v1", "accounts", account_id, "notice-settings"]);
        call.body(settings).if_version(if_version).send().await
    }

    /// Lets nobody be reminded of a key's end until then; `None`: as always from now on.
    pub async fn snooze_key(&self, id: &str, until: Option<String>) -> Answer<Changed<Key>> {
        let path = ["v1", "keys", id, "snooze"];
        match until {
            Some(until) => self.call(Method::PUT, &path).body(&Snooze { until }).send().await,
            None => self.call(Method::DELETE, &path).send().await,
        }
    }
}
