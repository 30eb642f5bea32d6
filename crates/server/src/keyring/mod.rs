//! The keyring: the data plane's view, in memory, of every key that is not deleted, whatever its state.
//!
//! It is fed by committed changes in epoch order and by nothing else. Looking up takes no lock and stops for no
//! change; a key's entry, its account and its terms are always of one moment.

mod feed;
mod firsts;
mod rows;
mod slab;
mod store;
mod table;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyward_core::account::Account;
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Key, KeyState, Kind, SecretAge};
use keyward_core::secret::Digest;
use keyward_core::terms::Terms;
use keyward_core::time::UnixMs;
use tokio::sync::watch;
use uuid::Uuid;

use crate::authorize::Caller;
use crate::config::{ApiSetup, Config};
use firsts::Firsts;
use slab::{Numbers, Slab};
use table::{Table, Words};

pub use feed::{FeedError, start};
pub use rows::{AccountRow, BadRow, SecretRow};

/// Stands for "never" in an entry: later than any instant it can hold.
const NEVER: u64 = (1 << 48) - 1;

/// The in-memory view.
pub struct Keyring {
    table: Table,
    accounts: Slab<Account>,
    terms: Slab<Terms>,
    persons: boxcar::Vec<PersonId>,
    /// Only the feed takes it; readers never do.
    writer: Mutex<Writer>,
    applied: watch::Sender<i64>,
    /// Until when, on the boot clock in milliseconds, this view may be judged by.
    valid_until: AtomicI64,
    firsts: Firsts,
}

struct Writer {
    accounts: Numbers<AccountId>,
    plans: std::collections::HashMap<AccountId, (u16, Option<String>)>,
    terms: Numbers<TermsName>,
    persons: std::collections::HashMap<PersonId, u32>,
}

/// Everything that terms are made of, so that equal ones are made and kept once.
#[derive(Clone, PartialEq, Eq, Hash)]
struct TermsName {
    api: u16,
    environment: Environment,
    key_plan: Option<Box<str>>,
    account_plan: Option<Box<str>>,
    scopes: Box<str>,
    addresses: Box<str>,
    limits: Box<str>,
    quotas: Box<str>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} secrets, epoch {})", self.table.len(), *self.applied.borrow())
    }
}

impl Default for Keyring {
    fn default() -> Self {
        Self {
            table: Table::new(),
            accounts: Slab::new(),
            terms: Slab::new(),
            persons: boxcar::Vec::new(),
            writer: Mutex::new(Writer {
                accounts: Numbers::new(),
                plans: std::collections::HashMap::new(),
                terms: Numbers::new(),
                persons: std::collections::HashMap::new(),
            }),
            applied: watch::Sender::new(0),
            valid_until: AtomicI64::new(i64::MIN),
            firsts: Firsts::default(),
        }
    }
}

impl Keyring {
    /// The caller behind a digest. Says nothing of whether the key may be used: that is `core::decide`'s.
    pub fn lookup(&self, digest: &Digest) -> Option<Caller> {
        self.table.look(digest, |found| self.caller(&Entry::unpack(&found?.words)))
    }

    fn caller(&self, entry: &Entry) -> Option<Caller> {
        let person = match entry.person {
            0 => None,
            number => Some(*self.persons.get(number as usize - 1)?),
        };
        Some(Caller {
            key: Key { person, ..entry.key },
            account: self.accounts.get(entry.account)?,
            terms: self.terms.get(entry.terms)?,
        })
    }

    /// Notes that a secret was accepted.
    pub fn used(&self, digest: &Digest, now: UnixMs) {
        let second = (now.0 / 1_000).clamp(0, i64::from(u32::MAX)) as u32;
        if self.table.look(digest, |found| found.is_some_and(|found| found.used(second))) {
            self.firsts.note(digest, second);
        }
    }

    /// When a secret was last accepted, as far as this process knows.
    pub fn last_used(&self, digest: &Digest) -> Option<UnixMs> {
        let second = self.table.look(digest, |found| found.map_or(0, table::Found::last_used));
        (second > 0).then(|| UnixMs(i64::from(second) * 1_000))
    }

    /// When a secret was first accepted, as long as that is not in the store.
    pub fn first_used(&self, digest: &Digest) -> Option<UnixMs> {
        self.firsts.of(digest)
    }

    /// The secrets that were accepted for the first time, as long as that is not in the store.
    pub fn first_uses(&self) -> Vec<(Digest, UnixMs)> {
        self.firsts.waiting()
    }

    /// These are in the store now.
    pub fn saved_first_uses(&self, saved: &[(Digest, UnixMs)]) {
        self.firsts.forget(saved);
    }

    /// How many secrets it holds.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that its table takes; accounts and terms come on top.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// The epoch that decisions are made by, to be watched.
    pub fn applied(&self) -> watch::Receiver<i64> {
        self.applied.subscribe()
    }

    /// Whether this view may be judged by at `boot_ms`; past that, no decision is safe.
    pub fn is_valid(&self, boot_ms: i64) -> bool {
        boot_ms < self.valid_until.load(Ordering::Acquire)
    }

    /// Puts an account in place or replaces it. Only one thread at a time: the feed, or a bench.
    pub fn put_account(&self, config: &Config, row: &AccountRow) -> Result<(), BadRow> {
        let setup = config.api(&row.api);
        let account = row.account(setup.is_some_and(|setup| setup.identity_needs_metadata))?;
        let id = account.id;
        let writer = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(setup) = setup else {
            // Its API is no longer configured: none of its keys can be used, and none are looked at.
            writer.plans.remove(&id);
            return Ok(());
        };
        writer.plans.insert(id, (setup.index, row.plan.clone()));
        if writer.accounts.replace(&self.accounts, &id, account.clone()).is_none() {
            writer.accounts.take(&self.accounts, &id, || account);
        }
        Ok(())
    }

    /// Puts a secret in place or replaces it; its account comes first. Only one thread at a time.
    pub fn put_secret(&self, config: &Config, row: &SecretRow) -> Result<(), BadRow> {
        let (digest, key) = (row.digest()?, row.key()?);
        let mut guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = &mut *guard;
        let Some(account) = rows::bare(&row.account_id).map(|bare| AccountId::new(Uuid::from_u128(bare))) else {
            return Ok(());
        };
        let Some((api, account_plan)) = writer.plans.get(&account).cloned() else { return Ok(()) };
        let Some(setup) = config.apis.get(usize::from(api)) else { return Ok(()) };
        let terms = writer.terms(&self.terms, setup, account_plan.as_deref(), row, key.environment)?;
        let Some(account) = writer.accounts.get(&account) else { return Ok(()) };
        let person = key.person.map_or(0, |person| writer.person(&self.persons, person));
        let words = Entry { key, account, terms, person }.pack();
        let used = row.last_used_at.map_or(0, |at| (at / 1_000).clamp(0, i64::from(u32::MAX)) as u32);
        if let Some(before) = self.table.put(&digest, &words, used) {
            writer.terms.give_back(&self.terms, Entry::unpack(&before).terms);
        }
        Ok(())
    }

    /// Lets the view be judged by for ever: for benches, which have no store.
    pub fn hold_valid(&self) {
        self.valid_until.store(i64::MAX, Ordering::Release);
    }

    /// Removes a secret.
    fn remove_secret(&self, digest: &Digest) {
        let writer = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = self.table.remove(digest) {
            writer.terms.give_back(&self.terms, Entry::unpack(&before).terms);
        }
    }

    /// Refuses all requests of an account whose row can't be understood.
    fn suspend(&self, id: AccountId) {
        let writer = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let known = writer.accounts.get(&id).and_then(|number| self.accounts.get(number));
        if let Some(account) = known {
            writer.accounts.replace(&self.accounts, &id, Account { suspended: true, ..(*account).clone() });
        }
    }

    /// Removes an account whose keys are gone.
    fn remove_account(&self, id: AccountId) {
        let writer = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.plans.remove(&id);
        if let Some(number) = writer.accounts.get(&id) {
            writer.accounts.give_back(&self.accounts, number);
        }
    }

    /// Empties the view; only while it is not valid.
    fn forget_all(&self) {
        for digest in self.table.clear() {
            let writer = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.terms.give_back(&self.terms, Entry::unpack(&digest).terms);
        }
    }

    /// The secrets accepted since `since`: key id, whether it is the old secret of an overlap, and when.
    pub fn used_since(&self, since: UnixMs) -> Vec<(KeyId, bool, UnixMs)> {
        let mut all = Vec::new();
        let first = (since.0 / 1_000).clamp(0, i64::from(u32::MAX)) as u32;
        self.table.each(|words, used| {
            if used >= first && used > 0 {
                let key = Entry::unpack(words).key;
                all.push((key.id, key.secret != SecretAge::Current, UnixMs(i64::from(used) * 1_000)));
            }
        });
        all
    }

    /// How many different terms its keys have.
    pub fn terms_len(&self) -> usize {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).terms.len()
    }
}

impl Writer {
    fn terms(
        &mut self,
        slab: &Slab<Terms>,
        setup: &Arc<ApiSetup>,
        account_plan: Option<&str>,
        row: &SecretRow,
        environment: Environment,
    ) -> Result<u32, BadRow> {
        let name = TermsName {
            api: setup.index,
            environment,
            key_plan: row.plan.as_deref().map(Box::from),
            account_plan: account_plan.map(Box::from),
            scopes: row.scopes.as_str().into(),
            addresses: row.addresses.as_str().into(),
            limits: row.limits.as_str().into(),
            quotas: row.quotas.as_str().into(),
        };
        if self.terms.get(&name).is_some() {
            return Ok(self.terms.take(slab, &name, Terms::default));
        }
        let own = row.own(setup, account_plan)?;
        let terms = setup.api.terms(environment, row.plan.as_deref(), account_plan, own);
        Ok(self.terms.take(slab, &name, || terms))
    }

    /// The number of a person, from 1.
    fn person(&mut self, persons: &boxcar::Vec<PersonId>, person: PersonId) -> u32 {
        *self.persons.entry(person).or_insert_with(|| persons.push(person) as u32 + 1)
    }
}

/// One entry of the table in plain values.
struct Entry {
    /// Its `person` stands apart.
    key: Key,
    account: u32,
    terms: u32,
    /// From 1; 0 is nobody. At most 28 bits.
    person: u32,
}

impl Entry {
    /// Two words of key id; expiry (48 bits) with flags and a part of the person; the overlap's end (48 bits) with
    /// the rest of the person; account and terms.
    fn pack(&self) -> Words {
        let id = self.key.id.uuid().as_u128();
        let state: u64 = match self.key.state {
            KeyState::Active => 0,
            KeyState::Disabled => 1,
            KeyState::Revoked => 2,
            // Without a secret it has no entry; should one be made, it is refused.
            KeyState::Pending | KeyState::AwaitingPickup => 3,
        };
        let flags = self.key.kind as u64 | (self.key.environment as u64) << 1 | state << 2;
        let instant = |at: Option<UnixMs>| at.map_or(NEVER, |at| at.0.clamp(0, NEVER as i64 - 1) as u64);
        let until = match self.key.secret {
            SecretAge::Current => None,
            SecretAge::Old { until } => Some(until),
        };
        let person = u64::from(self.person);
        [
            (id >> 64) as u64,
            id as u64,
            instant(self.key.expires_at) | flags << 48 | (person & 0xFFF) << 52,
            instant(until) | (person >> 12) << 48,
            u64::from(self.account) << 32 | u64::from(self.terms),
        ]
    }

    fn unpack(words: &Words) -> Self {
        let instant = |word: u64| (word & NEVER != NEVER).then_some(UnixMs((word & NEVER) as i64));
        let flags = words[2] >> 48;
        Self {
            key: Key {
                id: KeyId::new(Uuid::from_u128(u128::from(words[0]) << 64 | u128::from(words[1]))),
                kind: if flags & 1 == 0 { Kind::Account } else { Kind::Personal },
                environment: if flags & 2 == 0 { Environment::Live } else { Environment::Test },
                state: match flags >> 2 & 3 {
                    0 => KeyState::Active,
                    1 => KeyState::Disabled,
                    2 => KeyState::Revoked,
                    _ => KeyState::Pending,
                },
                expires_at: instant(words[2]),
                person: None,
                secret: instant(words[3]).map_or(SecretAge::Current, |until| SecretAge::Old { until }),
            },
            account: (words[4] >> 32) as u32,
            terms: words[4] as u32,
            person: ((words[2] >> 52) & 0xFFF | (words[3] >> 48) << 12) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_entry_survives_packing(
            id in any::<u128>(), personal: bool, test: bool, state in 0..4_usize, expires in prop::option::of(0_i64..1 << 47),
            until in prop::option::of(0_i64..1 << 47), account: u32, terms: u32, person in 0_u32..1 << 28,
        ) {
            let key = Key {
                id: KeyId::new(Uuid::from_u128(id)),
                kind: if personal { Kind::Personal } else { Kind::Account },
                environment: if test { Environment::Test } else { Environment::Live },
                state: KeyState::ALL[state],
                expires_at: expires.map(UnixMs),
                person: None,
                secret: until.map_or(SecretAge::Current, |until| SecretAge::Old { until: UnixMs(until) }),
            };
            let back = Entry::unpack(&Entry { key, account, terms, person }.pack());
            prop_assert_eq!(back.key, key);
            prop_assert_eq!((back.account, back.terms, back.person), (account, terms, person));
        }
    }
}
