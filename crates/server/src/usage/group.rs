//! Records of some batches, counted in memory until they go into the store together.
//!
//! The same records make the same rows in the same order, whoever counts them: after a kill in the middle of storing
//! them, the next start counts them again and goes on where the last one stopped.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use keyward_core::histogram::Histogram;
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::cells::{Cells, is_refusal, outcome, took_us};
use super::day::KeyDay;
use super::list::{Hits, List};
use crate::logs::{Name, Names, Record};

/// Most buckets of a group.
const BUCKETS_MAX: usize = 50_000;
/// Most keys of a group.
const KEYS_MAX: usize = 100_000;

/// Most accounts of a group that have a row of their own in one minute: the busiest. The others are counted in hours and
/// days, so that a million of them do not make a million rows a minute.
const ACCOUNTS_MAX: usize = 2_000;
/// Likewise of a group that was full before its time: then there are many such groups in a minute.
const ACCOUNTS_OF_FULL_MAX: usize = 100;

/// The lengths of buckets.
pub(crate) const GRAINS: [i64; 3] = [MINUTE_MS, HOUR_MS, DAY_MS];
/// The route that stands for all routes.
pub(crate) const ALL_ROUTES: &str = "*";
/// The day that stands for a key's whole life.
pub(crate) const EVER: i64 = -1;

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Api,
    Account(AccountId),
}

/// A bucket in memory: a minute of an API's route or of an account, or a day of an account's route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    subject: Subject,
    api: Name,
    at: i64,
    route: Option<Name>,
}

/// One key's day in memory.
#[derive(Debug, Default)]
struct Counted {
    account: Option<AccountId>,
    api: Name,
    requests: u64,
    refused: u64,
    accepted: Option<(i64, i64)>,
    hours: Vec<(u8, &'static str, u64)>,
    took_us: u64,
    latency: Histogram,
    outcomes: List<&'static str>,
    routes: List<Name>,
    addresses: List<IpAddr>,
    agents: List<String>,
}

/// Records of some batches.
#[derive(Debug, Default)]
pub(super) struct Group {
    buckets: HashMap<Place, Cells>,
    keys: HashMap<(KeyId, i64), Counted>,
}

/// What a row of the store takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum News {
    Bucket(BucketNews),
    Key(Box<KeyNews>),
}

/// What a bucket takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BucketNews {
    pub(super) subject: String,
    pub(super) grain: i64,
    pub(super) at: i64,
    pub(super) route: String,
    pub(super) api: String,
    pub(super) cells: Cells,
}

/// What a key's day takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyNews {
    pub(super) key: String,
    pub(super) day: i64,
    pub(super) account: String,
    pub(super) api: String,
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// When it was first and last accepted.
    pub(super) accepted: Option<(i64, i64)>,
    pub(super) detail: KeyDay,
}

/// What an API's buckets are kept under.
pub(super) fn api_subject(api: &str) -> String {
    format!("api:{api}")
}

fn begin(at: i64, grain: i64) -> i64 {
    at.div_euclid(grain) * grain
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.keys.is_empty()
    }

    /// How many rows it is about, each once.
    pub(super) fn len(&self) -> usize {
        self.buckets.len() + self.keys.len()
    }

    /// Whether it must go into the store before it takes more.
    pub(super) fn is_full(&self) -> bool {
        self.buckets.len() >= BUCKETS_MAX || self.keys.len() >= KEYS_MAX
    }

    /// Counts records.
    pub(super) fn take(&mut self, records: &[Record]) {
        for record in records {
            let (api, minute, day) = (record.api, begin(record.at.0, MINUTE_MS), begin(record.at.0, DAY_MS));
            let mut note = |subject, at, route| {
                self.buckets.entry(Place { subject, api, at, route }).or_default().note(record);
            };
            note(Subject::Api, minute, Some(record.route));
            let Some(account) = record.account else { continue };
            note(Subject::Account(account), minute, None);
            note(Subject::Account(account), day, Some(record.route));
            if let Some(key) = record.key {
                self.keys.entry((key, day)).or_default().note(record, account);
            }
        }
    }

    /// Everything as rows, in the order in which they are stored.
    pub(super) fn news(&self, names: &Names) -> Vec<News> {
        let mut news = self.bucket_news(names);
        news.extend(self.key_news(names));
        news
    }

    /// The accounts and minutes that are not told of apart. Which ones depends on what was counted alone.
    fn crowd(&self) -> HashSet<(AccountId, i64)> {
        let mut minutes = HashMap::<i64, Vec<(Reverse<u64>, AccountId)>>::new();
        for (place, cells) in &self.buckets {
            if let Place { subject: Subject::Account(account), at, route: None, .. } = place {
                minutes.entry(*at).or_default().push((Reverse(cells.requests()), *account));
            }
        }
        let most = if self.is_full() { ACCOUNTS_OF_FULL_MAX } else { ACCOUNTS_MAX };
        let crowd = |(at, mut accounts): (i64, Vec<(Reverse<u64>, AccountId)>)| {
            accounts.sort_unstable();
            accounts.into_iter().skip(most).map(move |(_, account)| (account, at))
        };
        minutes.into_iter().flat_map(crowd).collect()
    }

    fn bucket_news(&self, names: &Names) -> Vec<News> {
        let crowd = self.crowd();
        let mut rows = BTreeMap::<(String, i64, i64, String), (Name, Cells)>::new();
        for (place, cells) in &self.buckets {
            let Place { subject, api, at, route } = place;
            let own = route.map(|route| names.text(route).to_owned());
            let (subject, grains, routes) = match (subject, own) {
                (Subject::Api, own) => {
                    let routes = own.into_iter().chain([ALL_ROUTES.to_owned()]).collect();
                    (api_subject(names.text(*api)), &GRAINS[..], routes)
                }
                (Subject::Account(account), None) => {
                    let finest = usize::from(crowd.contains(&(*account, *at)));
                    (account.to_string(), &GRAINS[finest..], vec![ALL_ROUTES.to_owned()])
                }
                (Subject::Account(account), Some(own)) => (account.to_string(), &GRAINS[2..], vec![own]),
            };
            for grain in grains {
                for route in &routes {
                    let name = (subject.clone(), *grain, begin(*at, *grain), route.clone());
                    rows.entry(name).or_insert_with(|| (*api, Cells::default())).1.merge(cells);
                }
            }
        }
        let news = |((subject, grain, at, route), (api, cells)): ((String, i64, i64, String), (Name, Cells))| {
            News::Bucket(BucketNews { subject, grain, at, route, api: names.text(api).to_owned(), cells })
        };
        rows.into_iter().map(news).collect()
    }

    fn key_news(&self, names: &Names) -> impl Iterator<Item = News> {
        let mut rows = BTreeMap::<(String, i64), KeyNews>::new();
        // In order: which of a list's entries make room depends on it.
        let ordered: BTreeMap<_, _> = self.keys.iter().collect();
        for ((key, day), counted) in ordered {
            let Some(account) = counted.account else { continue };
            let detail = counted.detail(names);
            let ever = KeyDay { hours: Vec::new(), ..detail.clone() };
            for (day, detail) in [(*day, detail), (EVER, ever)] {
                let news = rows.entry((key.to_string(), day)).or_insert_with(|| KeyNews {
                    key: key.to_string(),
                    day,
                    account: account.to_string(),
                    api: names.text(counted.api).to_owned(),
                    requests: 0,
                    refused: 0,
                    accepted: None,
                    detail: KeyDay::default(),
                });
                news.requests += counted.requests;
                news.refused += counted.refused;
                news.accepted = spanning(news.accepted, counted.accepted);
                news.detail.merge(&detail);
            }
        }
        rows.into_values().map(|news| News::Key(Box::new(news)))
    }
}

/// The first of both beginnings and the last of both ends.
fn spanning(one: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (one, other) {
        (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
        (one, other) => one.or(other),
    }
}

impl Counted {
    fn note(&mut self, record: &Record, account: AccountId) {
        let outcome = outcome(record);
        let (at, refused) = (record.at.0, is_refusal(outcome));
        let hits = Hits::once(at, refused);
        (self.account, self.api) = (Some(account), record.api);
        self.requests += 1;
        self.refused += u64::from(refused);
        if !refused {
            self.accepted = spanning(self.accepted, Some((at, at)));
        }
        let hour = (at.rem_euclid(DAY_MS) / HOUR_MS) as u8;
        match self.hours.iter_mut().find(|(own, word, _)| *own == hour && *word == outcome) {
            Some((_, _, count)) => *count += 1,
            None => self.hours.push((hour, outcome, 1)),
        }
        if let Some(took_us) = took_us(record) {
            self.took_us += took_us;
            self.latency.record(took_us);
        }
        self.outcomes.note(&outcome, hits);
        self.routes.note(&record.route, hits);
        if let Some(address) = record.address {
            self.addresses.note(&address, hits);
        }
        self.agents.note(record.agent(), hits);
    }

    fn detail(&self, names: &Names) -> KeyDay {
        KeyDay {
            hours: self.hours.iter().map(|(hour, outcome, count)| (*hour, (*outcome).into(), *count)).collect(),
            took_us: self.took_us,
            latency: self.latency.clone(),
            outcomes: self.outcomes.named(|outcome| (*outcome).to_owned()),
            routes: self.routes.named(|route| names.text(*route).to_owned()),
            addresses: self.addresses.named(|address| address.to_canonical().to_string()),
            agents: self.agents.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::time::UnixMs;
    use uuid::Uuid;

    use super::*;
    use crate::logs::Source;

    const AT: UnixMs = UnixMs(1_772_360_100_000);

    fn account(nth: usize) -> AccountId {
        AccountId::new(Uuid::from_u128(nth as u128 + 1))
    }

    /// As many requests of the nth account as `requests` says.
    fn records(accounts: usize, requests: impl Fn(usize) -> usize) -> Vec<Record> {
        let one = |nth: usize| {
            let mut record = Record::new(AT, Source::Gateway);
            record.account = Some(account(nth));
            record.status = 200;
            record
        };
        (0..accounts).flat_map(|nth| std::iter::repeat_n(one(nth), requests(nth))).collect()
    }

    /// Rows of accounts by the length of their buckets, and the requests in them.
    fn accounts(news: &[News], grain: i64) -> BTreeMap<String, u64> {
        let of = |one: &News| match one {
            News::Bucket(own) if own.grain == grain && own.route == ALL_ROUTES && !own.subject.starts_with("api:") => {
                Some((own.subject.clone(), own.cells.requests()))
            }
            News::Bucket(_) | News::Key(_) => None,
        };
        news.iter().filter_map(of).collect()
    }

    #[test]
    fn of_very_many_accounts_the_busiest_have_minutes_and_all_have_hours_and_days() {
        let names = Names::new([]);
        let most = ACCOUNTS_MAX;
        // The last ones are the busiest.
        let all = records(most + 7, |nth| if nth >= most - 3 { 3 } else { 1 });
        let (mut group, mut other) = (Group::default(), Group::default());
        group.take(&all);
        let news = group.news(&names);
        let minutes = accounts(&news, MINUTE_MS);
        assert_eq!(minutes.len(), most);
        assert!((most - 3..most + 7).all(|nth| minutes.get(&account(nth).to_string()) == Some(&3)));
        for grain in [HOUR_MS, DAY_MS] {
            let told = accounts(&news, grain);
            assert_eq!((told.len(), told.values().sum::<u64>()), (most + 7, all.len() as u64));
        }
        // Whoever counts the same again makes the same rows in the same order.
        for batch in all.chunks(1_001) {
            other.take(batch);
        }
        assert_eq!(other.news(&names), news);
        // As many as fit are told apart.
        let mut fits = Group::default();
        fits.take(&records(most, |_| 1));
        assert_eq!(accounts(&fits.news(&names), MINUTE_MS).len(), most);
    }

    #[test]
    fn a_group_that_is_full_makes_few_rows_of_minutes() {
        let mut group = Group::default();
        group.take(&records(BUCKETS_MAX / 2, |_| 1));
        assert!(group.is_full());
        let news = group.news(&Names::new([]));
        assert_eq!(accounts(&news, MINUTE_MS).len(), ACCOUNTS_OF_FULL_MAX);
        assert_eq!(accounts(&news, HOUR_MS).len(), BUCKETS_MAX / 2);
    }
}
