//! The companies of each account: a computed set to begin with, and what visitors then create, change and delete.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use crate::example::{Fault, noise};

/// How many companies an account may have, and of how many accounts changes are remembered.
pub(crate) const COMPANIES_MAX: usize = 1_000;
const ACCOUNTS_MAX: usize = 100;
/// How many connections a company may have.
pub(crate) const CONNECTIONS_MAX: usize = 50;

const STARTING_COMPANIES: u32 = 23;
const TRADES: [&str; 6] = ["Bakery", "Cycles", "Florist", "Joinery", "Roasters", "Textiles"];
const PLACES: [&str; 5] = ["Harbour", "Northgate", "Riverside", "Station", "Uptown"];
const REGIONS: [&str; 3] = ["uk", "us", "au"];

/// A company as the API shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Company {
    /// UUID.
    pub(crate) id: String,
    /// At least one character.
    pub(crate) name: String,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Where the company's people link their accounts.
    pub(crate) redirect: String,
    /// When it was made.
    #[serde(serialize_with = "as_seconds")]
    pub(crate) created: Timestamp,
    /// Always empty: companies are made by keys, not people.
    pub(crate) created_by_user_name: Option<String>,
    /// Labels.
    pub(crate) tags: BTreeMap<String, String>,
    /// The products switched on for it.
    pub(crate) products: Vec<String>,
    /// Its links to other systems.
    pub(crate) data_connections: Vec<Connection>,
}

/// A company's link to an accounting or banking system.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// UUID.
    pub(crate) id: String,
    /// UUID of the kind of system.
    pub(crate) integration_id: String,
    /// Its four-letter key.
    pub(crate) integration_key: String,
    /// UUID of the data source.
    pub(crate) source_id: String,
    /// `Accounting`, `Banking`, …
    pub(crate) source_type: &'static str,
    /// The system's name.
    pub(crate) platform_name: &'static str,
    /// Where to authorise it.
    pub(crate) link_url: String,
    /// `PendingAuth`, `Linked`, `Unlinked` or `Deauthorized`.
    pub(crate) status: &'static str,
    /// When it was made.
    #[serde(serialize_with = "as_seconds")]
    pub(crate) created: Timestamp,
}

/// A time in UTC without fractions, such as `2026-01-01T09:00:00Z`.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn as_seconds<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&seconds(*time))
}

/// All accounts' companies behind one lock; nothing slow happens while it is held.
#[derive(Default)]
pub(crate) struct Store {
    accounts: Mutex<HashMap<String, Vec<Company>>>,
}

impl Store {
    /// Works on an account's companies. When too many accounts are remembered, another one starts afresh.
    pub(crate) fn with<T>(&self, account: &str, work: impl FnOnce(&mut Vec<Company>) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(account) {
            let another = accounts.keys().next().cloned();
            another.and_then(|name| accounts.remove(&name));
        }
        work(accounts.entry(account.to_owned()).or_insert_with(|| starting_companies(account)))
    }

    /// Works on one company, or answers 404. Another account's company is as unknown as one that never was.
    pub(crate) fn with_company<T>(
        &self,
        account: &str,
        id: &str,
        work: impl FnOnce(&mut Company) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.with(account, |companies| {
            let company = companies.iter_mut().find(|company| company.id == id);
            company.ok_or_else(|| not_found(id)).and_then(work)
        })
    }
}

/// The 404 for a company.
pub(crate) fn not_found(id: &str) -> Fault {
    Fault::missing(format!("Company {id} could not be found."))
}

impl Company {
    /// A new company; `seed` decides its id.
    pub(crate) fn new(seed: &str, name: String, created: Timestamp) -> Self {
        let id = noise::uuid(seed);
        Self {
            redirect: format!("https://link.example.com/company/{id}"),
            id,
            name,
            description: None,
            created,
            created_by_user_name: None,
            tags: BTreeMap::new(),
            products: Vec::new(),
            data_connections: Vec::new(),
        }
    }
}

impl Connection {
    /// A new link of a company to this kind of system.
    pub(crate) fn new(seed: &str, integration: &'static Integration, status: &'static str, created: Timestamp) -> Self {
        let id = noise::uuid(seed);
        Self {
            integration_id: integration.id(),
            integration_key: integration.key.to_owned(),
            source_id: noise::uuid(&format!("source/{}", integration.key)),
            source_type: integration.source_type,
            platform_name: integration.name,
            link_url: format!("https://link.example.com/connection/{id}"),
            id,
            status,
            created,
        }
    }
}

/// A kind of system that companies can be linked to.
#[derive(Debug)]
pub(crate) struct Integration {
    /// Four letters.
    pub(crate) key: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// `Accounting`, `Banking`, …
    pub(crate) source_type: &'static str,
}

/// Every kind of system.
pub(crate) static INTEGRATIONS: [Integration; 4] = [
    Integration { key: "ldgr", name: "Ledgerly", source_type: "Accounting" },
    Integration { key: "bkpr", name: "Bookkeeper Online", source_type: "Accounting" },
    Integration { key: "bnkr", name: "Banklink", source_type: "Banking" },
    Integration { key: "shpr", name: "Shopper", source_type: "Commerce" },
];

impl Integration {
    /// UUID.
    pub(crate) fn id(&self) -> String {
        noise::uuid(&format!("integration/{}", self.key))
    }
}

/// What an account has before anybody changed anything.
fn starting_companies(account: &str) -> Vec<Company> {
    let first_day = Timestamp::constant(1_767_258_000, 0);
    (0..STARTING_COMPANIES)
        .map(|n| {
            let seed = format!("{account}/company/{n}");
            let i = n as usize;
            let name = format!("{} {}", PLACES[i % PLACES.len()], TRADES[i % TRADES.len()]);
            let created = first_day + (i64::from(n) * 300).hours();
            let mut company = Company::new(&seed, name, created);
            company.tags.insert("region".to_owned(), REGIONS[i % REGIONS.len()].to_owned());
            let kind = &INTEGRATIONS[i % INTEGRATIONS.len()];
            let status = if i % 5 == 4 { "PendingAuth" } else { "Linked" };
            company.data_connections.push(Connection::new(&format!("{seed}/0"), kind, status, created));
            company
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_do_not_see_each_others_companies() {
        let store = Store::default();
        let of_a = store.with("acct_a", |companies| companies[0].id.clone());
        assert!(store.with_company("acct_a", &of_a, |_| Ok(())).is_ok());
        assert!(store.with_company("acct_b", &of_a, |_| Ok(())).is_err());
    }

    #[test]
    fn the_number_of_remembered_accounts_is_bounded() {
        let store = Store::default();
        for n in 0..2 * ACCOUNTS_MAX {
            store.with(&n.to_string(), |companies| assert_eq!(companies.len(), STARTING_COMPANIES as usize));
        }
        let remembered = store.accounts.lock().map(|accounts| accounts.len());
        assert_eq!(remembered.ok(), Some(ACCOUNTS_MAX));
    }
}
