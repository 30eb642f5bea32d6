//! Which records somebody asks for. A record is judged whole, a segment column by column; both say the same.

use std::net::IpAddr;

use ipnet::IpNet;
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use uuid::Uuid;

use super::names::Names;
use super::record::{Cause, Outcome, Record, Source};
use super::segment::Clause;
use super::segment::columns::{self, Flags};
use super::tail::Frame;

/// What a record must be; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Not before.
    pub since: Option<UnixMs>,
    /// Before.
    pub until: Option<UnixMs>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this key.
    pub key: Option<KeyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// For this API.
    pub api: Option<String>,
    /// On this route, by its pattern.
    pub route: Option<String>,
    /// In this region.
    pub region: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this path; one that ends in `*` is a beginning.
    pub path: Option<String>,
    /// With a status of this range.
    pub status: Option<(u16, u16)>,
    /// With this code.
    pub code: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Invalid for this cause.
    pub cause: Option<Cause>,
    /// With this fingerprint.
    pub fingerprint: Option<u32>,
    /// Decided there.
    pub source: Option<Source>,
    /// With a key of this kind.
    pub kind: Option<Kind>,
    /// Of this environment.
    pub environment: Option<Environment>,
    /// From an address of this range.
    pub address: Option<IpNet>,
    /// With a user agent that holds this text, in any case.
    pub agent: Option<String>,
    /// With this id.
    pub request_id: Option<String>,
    /// That took at least so long.
    pub total_us_min: Option<u32>,
}

impl Filter {
    /// Whether a record is asked for.
    pub fn matches(&self, record: &Record, names: &Names) -> bool {
        self.matches_who(record) && self.matches_what(record, names) && self.matches_end(record)
    }

    fn matches_who(&self, record: &Record) -> bool {
        is(self.account, record.account)
            && is(self.key, record.key)
            && is(self.person, record.person)
            && is(self.kind, record.kind)
            && is(self.environment, record.environment)
            && self.source.is_none_or(|source| source == record.source)
            && self.address.is_none_or(|range| record.address.is_some_and(|own| range.contains(&own)))
            && self.agent.as_deref().is_none_or(|part| holds(record.agent(), part))
    }

    fn matches_what(&self, record: &Record, names: &Names) -> bool {
        let named = |wanted: &Option<String>, name| wanted.as_deref().is_none_or(|own| own == names.text(name));
        self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
            && named(&self.api, record.api)
            && named(&self.route, record.route)
            && named(&self.region, record.region)
            && self.method.as_deref().is_none_or(|method| method == record.method.as_str())
            && self.path.as_deref().is_none_or(|path| is_path(path, record.path()))
            && self.request_id.as_deref().is_none_or(|id| id == record.request_id())
    }

    fn matches_end(&self, record: &Record) -> bool {
        self.status.is_none_or(|(least, most)| (least..=most).contains(&record.status))
            && self.code.as_deref().is_none_or(|code| record.code == Some(code))
            && self.outcome.is_none_or(|outcome| outcome == record.outcome())
            && is(self.cause, record.cause)
            && is(self.fingerprint, record.fingerprint)
            && self.total_us_min.is_none_or(|least| record.total_us >= least)
    }

    /// Whether a frame of the tail may hold a record that is asked for.
    pub(super) fn may_be_in(&self, frame: &Frame) -> bool {
        let overlaps = self.may_be_within(frame.head.since, frame.head.until);
        let holds = |id: Option<Uuid>| id.is_none_or(|id| frame.may_hold(id));
        overlaps && holds(self.account.map(AccountId::uuid)) && holds(self.key.map(KeyId::uuid))
    }

    /// Whether the earliest and latest instants of some records leave a chance.
    pub(super) fn may_be_within(&self, since: UnixMs, until: UnixMs) -> bool {
        self.since.is_none_or(|own| until >= own) && self.until.is_none_or(|own| since < own)
    }

    /// A segment's columns, what picks most first.
    pub(super) fn clauses(&self) -> Vec<Clause> {
        let mut all = Vec::new();
        let ids = [
            (columns::KEY, self.key.map(KeyId::uuid)),
            (columns::ACCOUNT, self.account.map(AccountId::uuid)),
            (columns::PERSON, self.person.map(PersonId::uuid)),
        ];
        all.extend(ids.into_iter().filter_map(|(column, id)| id.map(|id| Clause::Id(column, id.into_bytes()))));
        self.clause_of_id(&mut all);
        if let Some(wanted) = self.fingerprint {
            all.push(Clause::I64(columns::FINGERPRINT, Box::new(move |own| own == i64::from(wanted))));
        }
        let texts = [
            (columns::API, &self.api),
            (columns::ROUTE, &self.route),
            (columns::REGION, &self.region),
            (columns::METHOD, &self.method),
            (columns::CODE, &self.code),
        ];
        for (column, wanted) in texts {
            if let Some(wanted) = wanted.clone() {
                all.push(Clause::Bytes(column, Box::new(move |own| own == wanted.as_bytes())));
            }
        }
        self.clauses_of_parts(&mut all);
        self.clauses_of_end(&mut all);
        if self.since.is_some() || self.until.is_some() {
            let (since, until) = (self.since.unwrap_or(UnixMs(i64::MIN)), self.until.unwrap_or(UnixMs(i64::MAX)));
            all.push(Clause::I64(columns::AT, Box::new(move |at| at >= since.0 && at < until.0)));
        }
        all
    }

    /// An id that was made here lies in two columns beside its time, or as a text where it came from elsewhere.
    fn clause_of_id(&self, all: &mut Vec<Clause>) {
        let Some(wanted) = self.request_id.clone() else { return };
        let made = Uuid::try_parse_ascii(wanted.as_bytes()).ok().filter(|id| wanted == id.simple().to_string());
        let Some(made) = made else {
            all.push(Clause::Given(wanted));
            return;
        };
        let at = id_time(made);
        let parts = columns::split_id(made, at);
        all.push(Clause::Made { at, parts, text: wanted });
    }

    fn clauses_of_parts(&self, all: &mut Vec<Clause>) {
        if let Some(wanted) = self.path.clone() {
            all.push(Clause::Path(Box::new(move |own| is_path(&wanted, own))));
        }
        if let Some(part) = self.agent.clone() {
            let is = move |own: &[u8]| std::str::from_utf8(own).is_ok_and(|own| holds(own, &part));
            all.push(Clause::Bytes(columns::AGENT, Box::new(is)));
        }
        if let Some(range) = self.address {
            let is = move |own: &[u8]| columns::address(own).is_some_and(|own: IpAddr| range.contains(&own));
            all.push(Clause::Bytes(columns::ADDRESS, Box::new(is)));
        }
    }

    fn clauses_of_end(&self, all: &mut Vec<Clause>) {
        if let Some((least, most)) = self.status {
            let range = i32::from(least)..=i32::from(most);
            all.push(Clause::I32(columns::STATUS, Box::new(move |own| range.contains(&own))));
        }
        let (source, kind, environment, cause) = (self.source, self.kind, self.environment, self.cause);
        if source.is_some() || kind.is_some() || environment.is_some() || cause.is_some() {
            let meets = move |own: i32| {
                let own = Flags::unpack(own);
                source.is_none_or(|source| source == own.source)
                    && is(kind, own.kind)
                    && is(environment, own.environment)
                    && is(cause, own.cause)
            };
            all.push(Clause::I32(columns::FLAGS, Box::new(meets)));
        }
        if let Some(outcome) = self.outcome {
            all.push(Clause::Outcome(outcome));
        }
        if let Some(least) = self.total_us_min {
            all.push(Clause::TotalUs(least));
        }
    }
}

/// The instant that an id made here begins with.
pub(super) fn id_time(id: Uuid) -> UnixMs {
    UnixMs((id.as_u128() >> 80) as i64)
}

fn is<T: PartialEq>(wanted: Option<T>, own: Option<T>) -> bool {
    wanted.is_none() || wanted == own
}

fn is_path(wanted: &str, own: &str) -> bool {
    wanted.strip_suffix('*').map_or(own == wanted, |beginning| own.starts_with(beginning))
}

fn holds(own: &str, part: &str) -> bool {
    own.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
}
