//! What is told of secrets that are nobody's: a fingerprint, whose they were if they have a tombstone, and whose they
//! were sent as, where the id of an account came with them.
//!
//! Only the writer looks these up, so many at a time and not for long: without the store a secret is unknown.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_core::denial::Reason;
use keyward_core::ids::AccountId;
use keyward_core::secret::Digest;
use tokio::runtime::Handle;

use super::names::{Name, Names};
use super::record::{Cause, Record};
use crate::accounts;
use crate::db::Db;
use crate::keys::{self, Grave};
use crate::vault::Vault;

/// Most tombstones, and most accounts, that are looked for at once; more wait for the next batch they come in.
const LOOKUPS_MAX: usize = 200;
/// How long a batch waits for the store.
const WAIT: Duration = Duration::from_millis(250);
/// How long the store is left alone after it could not say.
const REST: Duration = Duration::from_secs(5);
/// Most answers that are remembered.
const KNOWN_MAX: usize = 20_000;
/// How long it is remembered whose the id of an account is.
const ACCOUNTS_FOR: Duration = Duration::from_mins(1);

/// What was sent in place of a valid secret, on its way to the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// Its SHA-256.
    pub(super) hash: [u8; 32],
    /// The public id of the account that it was sent with, where the API wants both.
    pub(super) account: Option<Box<str>>,
}

/// The id of an account at an API, as it was sent.
type Claim = (Name, Box<str>);

pub(super) struct Graves {
    db: Db,
    vault: Arc<Vault>,
    runtime: Handle,
    known: HashMap<Digest, Option<Grave>>,
    accounts: HashMap<Claim, AccountId>,
    accounts_since: Instant,
    resting_since: Option<Instant>,
}

impl Graves {
    pub(super) fn new(db: Db, vault: Arc<Vault>, runtime: Handle) -> Self {
        let (known, accounts) = (HashMap::new(), HashMap::new());
        Self { db, vault, runtime, known, accounts, accounts_since: Instant::now(), resting_since: None }
    }

    /// Turns what was sent into fingerprints, and tells what was buried from what never was.
    pub(super) fn tell(&mut self, records: &mut [Record], names: &Names) {
        let mut sought = Vec::new();
        let mut claims = Vec::new();
        for (at, record) in records.iter_mut().enumerate() {
            let Some(sent) = record.sent.take() else { continue };
            let pepper = self.vault.pepper();
            record.fingerprint = Some(pepper.fingerprint(&sent.hash));
            let Some(Cause::Seen(reason)) = record.cause else { continue };
            // A secret of another account says nothing of the one whose id came with it.
            if let (Some(account), true) = (sent.account, reason != Reason::WrongAccount) {
                claims.push((at, (record.api, account)));
            }
            if reason == Reason::Unknown {
                sought.push((at, pepper.digest_of_hash(&sent.hash)));
            }
        }
        self.dig(sought.iter().map(|(_, digest)| digest));
        self.identify(claims.iter().map(|(_, claim)| claim), names);
        for (at, digest) in sought {
            if let (Some(Some(grave)), Some(record)) = (self.known.get(&digest), records.get_mut(at)) {
                record.cause = Some(if grave.replaced { Cause::Replaced } else { Cause::Deleted });
                record.key = Some(grave.key);
                record.account = Some(grave.account);
            }
        }
        for (at, claim) in claims {
            if let (Some(account), Some(record)) = (self.accounts.get(&claim), records.get_mut(at)) {
                record.account = record.account.or(Some(*account));
            }
        }
    }

    /// Looks tombstones up that are not known.
    fn dig<'a>(&mut self, digests: impl Iterator<Item = &'a Digest>) {
        let mut asking = Vec::new();
        for digest in digests {
            if !self.known.contains_key(digest) && asking.len() < LOOKUPS_MAX && !asking.contains(digest) {
                asking.push(*digest);
            }
        }
        if asking.is_empty() {
            return;
        }
        if self.known.len() + asking.len() > KNOWN_MAX {
            self.known.clear();
        }
        let (db, asked) = (self.db.clone(), asking.clone());
        if let Some(found) = self.ask(async move { keys::graves(&db, &asked).await }) {
            // A digest that has no tombstone now can only get one if its secret is issued first.
            self.known.extend(asking.iter().map(|digest| (*digest, None)));
            self.known.extend(found.into_iter().map(|grave| (grave.digest, Some(grave))));
        }
    }

    /// Looks accounts up that are not known.
    fn identify<'a>(&mut self, claims: impl Iterator<Item = &'a Claim>, names: &Names) {
        if self.accounts_since.elapsed() > ACCOUNTS_FOR || self.accounts.len() > KNOWN_MAX {
            self.accounts.clear();
            self.accounts_since = Instant::now();
        }
        let mut asking = Vec::new();
        for claim in claims {
            if !self.accounts.contains_key(claim) && asking.len() < LOOKUPS_MAX && !asking.contains(claim) {
                asking.push(claim.clone());
            }
        }
        if asking.is_empty() {
            return;
        }
        let (db, asked): (_, Vec<String>) = (self.db.clone(), asking.iter().map(|(_, id)| id.to_string()).collect());
        let found = self.ask(async move { accounts::of_public_ids(&db, &asked).await }).unwrap_or_default();
        for (account, api, id) in found {
            let claim = (names.name(&api), id.into_boxed_str());
            if asking.contains(&claim) {
                self.accounts.insert(claim, account);
            }
        }
    }

    /// What the store says, unless it is being left alone.
    fn ask<T>(&mut self, asking: impl Future<Output = sqlx::Result<T>>) -> Option<T> {
        if self.resting_since.is_some_and(|since| since.elapsed() < REST) {
            return None;
        }
        match self.runtime.block_on(async { tokio::time::timeout(WAIT, asking).await }) {
            Ok(Ok(found)) => {
                self.resting_since = None;
                return Some(found);
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "it could not be looked up whose wrong secrets are: they are logged as nobody's");
            }
            Err(_) => {}
        }
        self.resting_since = Some(Instant::now());
        None
    }
}
