//! What keys are called now, for those who read the log.

use std::collections::HashMap;

use keyward_core::ids::KeyId;

use super::record::Record;
use crate::db::Db;
use crate::keys;

/// Most names that are remembered at once.
const KNOWN_MAX: usize = 20_000;
/// Most names that are asked for at once.
const ASKED_MAX: usize = 500;

/// Names of keys, remembered as long as one answer takes.
#[derive(Debug)]
pub struct KeyNames {
    db: Db,
    known: HashMap<KeyId, Option<String>>,
}

impl KeyNames {
    /// Nothing is known yet.
    pub fn new(db: Db) -> Self {
        Self { db, known: HashMap::new() }
    }

    /// Learns what the keys of some records are called.
    pub async fn learn(&mut self, records: &[Record]) -> sqlx::Result<()> {
        let mut unknown = records.iter().filter_map(|record| record.key).collect::<Vec<_>>();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|key| !self.known.contains_key(key));
        if self.known.len() + unknown.len() > KNOWN_MAX {
            self.known.clear();
        }
        for part in unknown.chunks(ASKED_MAX) {
            self.known.extend(part.iter().map(|key| (*key, None)));
            self.known.extend(keys::names_of(&self.db, part).await?.into_iter().map(|(key, name)| (key, Some(name))));
        }
        Ok(())
    }

    /// What a record's key is called.
    pub fn of(&self, record: &Record) -> Option<&str> {
        self.known.get(&record.key?)?.as_deref()
    }
}
