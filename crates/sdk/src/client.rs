//! A client of the management API.
//!
//! One method for each operation; nothing is retried and nothing is cached. Secrets are only ever in the answers of
//! [`Client::create_key`], [`Client::rotate_key`], [`Client::reset_key`], [`Client::reveal_key`],
//! [`Client::collect_key`], [`Client::pick_up`], [`Client::create_account`],
//! [`Client::create_management_key`], [`Client::create_webhook`] and [`Client::rotate_webhook_secret`].

mod call;
mod dry_run;
mod handing;
mod logs;
mod notices;
mod outbox;
mod people;
mod policies;
mod usage;
mod webhooks;

pub use call::Download;
use reqwest::{Method, Url};

use crate::wire::{
    Account, AccountCreated, AccountEdit, AccountQuery, Api, ApiRegions, AuditEvent, AuditExportQuery, AuditQuery,
    Changed, Done, FieldError, FindKey, Found, Key, KeyEdit, KeyQuery, KeyWithSecret, ManagementKey,
    ManagementKeyCreated, NewAccount, NewKey, NewManagementKey, Page, PageQuery, ResetKey, RotateKey, SecretText,
    Whoami,
};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("the address {0:?} is not an http or https URL")]
    Address(String),
    /// No answer, or one that broke off.
    #[error("no answer from Keyward: {0}")]
    Transport(#[from] reqwest::Error),
    /// Keyward refused.
    #[error("{detail} ({status} {code}){}", listed(errors))]
    Problem {
        /// The HTTP status.
        status: u16,
        /// A stable word to switch on.
        code: String,
        /// What is wrong, for people.
        detail: String,
        /// What is wrong with single members or parameters.
        errors: Vec<FieldError>,
    },
    /// An answer that is not Keyward's: the address may be wrong.
    #[error("the answer ({status}) is not one of Keyward's management API; is the address right?")]
    Strange {
        /// The HTTP status.
        status: u16,
    },
}

fn listed(errors: &[FieldError]) -> String {
    let line = |error: &FieldError| {
        let place = error.pointer.as_deref().or(error.parameter.as_deref()).unwrap_or_default();
        format!("\n  {place}: {}", error.message)
    };
    errors.iter().map(line).collect()
}

/// A client of one Keyward.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    key: SecretText,
}

type Answer<T> = Result<T, ClientError>;

impl Client {
    /// A client of the control listener at `base_url`, authenticated by a management key.
    pub fn new(base_url: &str, management_key: SecretText) -> Answer<Self> {
        call::client(base_url, management_key)
    }

    /// Who this client is to Keyward.
    pub async fn whoami(&self) -> Answer<Whoami> {
        self.get(&["v1", "whoami"], &()).await
    }

    /// Every API this client may see.
    pub async fn apis(&self) -> Answer<Page<Api>> {
        self.get(&["v1", "apis"], &()).await
    }

    /// Their regions and hosts.
    pub async fn regions(&self) -> Answer<Page<ApiRegions>> {
        self.get(&["v1", "regions"], &()).await
    }

    /// The audit, newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Answer<Page<AuditEvent>> {
        self.get(&["v1", "audit"], query).await
    }

    /// The audit as a file, oldest event first, piece by piece as it comes.
    pub async fn export_audit(&self, query: &AuditExportQuery) -> Answer<Download> {
        self.download(&["v1", "audit", "export"], query).await
    }

    /// Lists accounts.
    pub async fn accounts(&self, query: &AccountQuery) -> Answer<Page<Account>> {
        self.list(&["v1", "accounts"], query, query.metadata.as_ref()).await
    }

    /// Makes an account. The same `idempotency_key` again returns the same account, without its key's secret.
    pub async fn create_account(&self, new: &NewAccount, idempotency_key: Option<&str>) -> Answer<AccountCreated> {
        self.call(Method::POST, &["v1", "accounts"]).body(new).idempotency_key(idempotency_key).send().await
    }

    /// An account.
    pub async fn account(&self, id: &str) -> Answer<Account> {
        self.get(&["v1", "accounts", id], &()).await
    }

    /// Changes an account; with `if_version`, only when it is still that one.
    pub async fn edit_account(
        &self,
        id: &str,
        edit: &AccountEdit,
        if_version: Option<i64>,
    ) -> Answer<Changed<Account>> {
        self.call(Method::PATCH, &["v1", "accounts", id]).body(edit).if_version(if_version).send().await
    }

    /// Deletes an account with all its people and keys.
    pub async fn delete_account(&self, id: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "accounts", id]).send().await
    }

    /// Lists keys.
    pub async fn keys(&self, query: &KeyQuery) -> Answer<Page<Key>> {
        self.list(&["v1", "keys"], query, query.metadata.as_ref()).await
    }

    /// Makes a key. The same `idempotency_key` again returns the same key, without its secret.
    pub async fn create_key(&self, new: &NewKey, idempotency_key: Option<&str>) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "keys"]).body(new).idempotency_key(idempotency_key).send().await
    }

    /// A key.
    pub async fn key(&self, id: &str) -> Answer<Key> {
        self.get(&["v1", "keys", id], &()).await
    }

    /// Changes a key; with `if_version`, only when it is still that one.
    pub async fn edit_key(&self, id: &str, edit: &KeyEdit, if_version: Option<i64>) -> Answer<Changed<Key>> {
        self.call(Method::PATCH, &["v1", "keys", id]).body(edit).if_version(if_version).send().await
    }

    /// Takes a key off the list; its secrets end.
    pub async fn delete_key(&self, id: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "keys", id]).send().await
    }

    /// Switches a key off.
    pub async fn disable_key(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "disable"]).send().await
    }

    /// Switches a key on again.
    pub async fn enable_key(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "enable"]).send().await
    }

    /// Ends a key for good; it stays listed.
    pub async fn revoke_key(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "revoke"]).send().await
    }

    /// Gives a key a new secret.
    pub async fn rotate_key(&self, id: &str, how: &RotateKey) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "keys", id, "rotate"]).body(how).send().await
    }

    /// Undoes a rotation during its overlap: the new secret ends, the old one is in force again.
    pub async fn cancel_rotation(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "rotate", "cancel"]).send().await
    }

    /// Ends a rotation's overlap now.
    pub async fn complete_rotation(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "rotate", "complete"]).send().await
    }

    /// Gives a personal key a fresh secret; the old one ends at once.
    pub async fn reset_key(&self, id: &str, how: &ResetKey) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "keys", id, "reset"]).body(how).send().await
    }

    /// Shows a key's secret again, where its kind permits.
    pub async fn reveal_key(&self, id: &str) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "keys", id, "reveal"]).send().await
    }

    /// Finds whose a secret is.
    pub async fn find_key(&self, secret: SecretText) -> Answer<Found> {
        self.call(Method::POST, &["v1", "keys", "find"]).body(&FindKey { secret }).send().await
    }

    /// Lists management keys.
    pub async fn management_keys(&self, page: &PageQuery) -> Answer<Page<ManagementKey>> {
        self.get(&["v1", "management-keys"], page).await
    }

    /// Makes a management key.
    pub async fn create_management_key(
        &self,
        new: &NewManagementKey,
        idempotency_key: Option<&str>,
    ) -> Answer<ManagementKeyCreated> {
        self.call(Method::POST, &["v1", "management-keys"]).body(new).idempotency_key(idempotency_key).send().await
    }

    /// A management key.
    pub async fn management_key(&self, id: &str) -> Answer<ManagementKey> {
        self.get(&["v1", "management-keys", id], &()).await
    }

    /// Ends a management key for good.
    pub async fn revoke_management_key(&self, id: &str) -> Answer<Changed<ManagementKey>> {
        self.call(Method::DELETE, &["v1", "management-keys", id]).send().await
    }
}
