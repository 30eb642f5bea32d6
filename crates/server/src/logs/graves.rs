//! What is told of secrets that are nobody's: a fingerprint, and whose they were if they have a tombstone.
//!
//! Only the writer looks tombstones up, so many at a time and not for long: without the store a secret is unknown.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_core::denial::Reason;
use keyward_core::secret::Digest;
use tokio::runtime::Handle;

use super::record::{Cause, Record};
use crate::db::Db;
use crate::keys::{self, Grave};
use crate::vault::Vault;

/// Most tombstones that are looked for at once; more wait for the next batch they come in.
const LOOKUPS_MAX: usize = 200;
/// How long a batch waits for the store.
const WAIT: Duration = Duration::from_millis(250);
/// How long the store is left alone after it could not say.
const REST: Duration = Duration::from_secs(5);
/// Most answers that are remembered.
const KNOWN_MAX: usize = 20_000;

pub(super) struct Graves {
    db: Db,
    vault: Arc<Vault>,
    runtime: Handle,
    known: HashMap<Digest, Option<Grave>>,
    resting_since: Option<Instant>,
}

impl Graves {
    pub(super) fn new(db: Db, vault: Arc<Vault>, runtime: Handle) -> Self {
        Self { db, vault, runtime, known: HashMap::new(), resting_since: None }
    }

    /// Turns what was sent into fingerprints, and tells what was buried from what never was.
    pub(super) fn tell(&mut self, records: &mut [Record]) {
        let mut sought = Vec::new();
        let mut asking = Vec::new();
        for (at, record) in records.iter_mut().enumerate() {
            let Some(sent) = record.sent.take() else { continue };
            let pepper = self.vault.pepper();
            record.fingerprint = Some(pepper.fingerprint(&sent));
            if record.cause != Some(Cause::Seen(Reason::Unknown)) {
                continue;
            }
            let digest = pepper.digest_of_hash(&sent);
            sought.push((at, digest));
            if !self.known.contains_key(&digest) && asking.len() < LOOKUPS_MAX && !asking.contains(&digest) {
                asking.push(digest);
            }
        }
        self.ask(&asking);
        for (at, digest) in sought {
            if let (Some(Some(grave)), Some(record)) = (self.known.get(&digest), records.get_mut(at)) {
                record.cause = Some(if grave.replaced { Cause::Replaced } else { Cause::Deleted });
                record.key = Some(grave.key);
                record.account = Some(grave.account);
            }
        }
    }

    fn ask(&mut self, digests: &[Digest]) {
        if digests.is_empty() || self.resting_since.is_some_and(|since| since.elapsed() < REST) {
            return;
        }
        if self.known.len() + digests.len() > KNOWN_MAX {
            self.known.clear();
        }
        let db = self.db.clone();
        let asked = digests.to_vec();
        let found = async move { tokio::time::timeout(WAIT, keys::graves(&db, &asked)).await };
        match self.runtime.block_on(found) {
            Ok(Ok(found)) => {
                self.resting_since = None;
                // A digest that has no tombstone now can only get one if its secret is issued first.
                self.known.extend(digests.iter().map(|digest| (*digest, None)));
                self.known.extend(found.into_iter().map(|grave| (grave.digest, Some(grave))));
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "tombstones could not be looked up: their secrets are logged as unknown");
                self.resting_since = Some(Instant::now());
            }
            Err(_) => self.resting_since = Some(Instant::now()),
        }
    }
}
