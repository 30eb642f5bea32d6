//! The rules of keys: what may be written on one, and what it becomes in the store.

use std::net::IpAddr;

use ipnet::IpNet;
use keyward_core::expiry::Lifetime;
use keyward_core::key::{Environment, KeyState, KindRules, Naming};
use keyward_core::limit::{LIMIT_MAX, Limit, WINDOW_MS_MAX};
use keyward_core::name::Name;
use keyward_core::policy::{Breach, Policy, Proposed};
use keyward_core::quota::{BUDGET_MAX, Quota, Refill};
use keyward_core::terms::{Own, Terms};
use keyward_core::time::UnixMs;

use super::row::KeyRow;
use super::{LimitSpec, QuotaSpec};
use crate::accounts::AccountView;
use crate::changes::Reach;
use crate::config::ApiSetup;
use crate::operation::{Findings, OpError};
use crate::people;

/// Most address ranges, own limits and own quotas of a key.
const ADDRESSES_MAX: usize = 100;
const LIMITS_MAX: usize = 8;
/// Most addresses without a sign-in that are told of a key.
const CONTACTS_MAX: usize = 10;
/// A range with fewer bits than this binds a key to nothing, where a policy wants it bound: half the world is no address.
const BOUND_BITS_V4: u8 = 8;
const BOUND_BITS_V6: u8 = 19;
const LIMIT_NAME_LETTERS_MAX: usize = 50;

/// Everything that the rules for one key depend on.
pub(super) struct Ground<'a> {
    pub(super) setup: &'a ApiSetup,
    pub(super) kind: &'a KindRules,
    pub(super) account: &'a AccountView,
    pub(super) reach: Reach,
    pub(super) now: UnixMs,
    pub(super) policy: &'a Policy,
}

/// Which parts of a key a request asks for; the policy judges these.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) lifetime: bool,
    pub(super) addresses: bool,
    pub(super) scopes: bool,
}

impl Asked {
    /// The whole key.
    pub(super) const ALL: Self = Self { lifetime: true, addresses: true, scopes: true };
}

/// What a policy judges of a row.
fn proposed(row: &KeyRow, asked: Asked) -> Proposed<'_> {
    Proposed {
        end: asked.lifetime.then_some(row.expires_at.map(UnixMs)),
        addresses: asked.addresses.then(|| bound(&row.addresses)),
        scopes: asked.scopes.then(|| row.scopes.split_whitespace().collect()),
    }
}

/// To how many ranges a key is bound: to none where one is so wide that it binds to nothing.
fn bound(addresses: &str) -> usize {
    let ranges = addresses.split_whitespace().filter_map(|text| text.parse::<IpNet>().ok());
    let is_narrow = |range: &IpNet| match range {
        IpNet::V4(v4) => v4.prefix_len() >= BOUND_BITS_V4,
        IpNet::V6(v6) => v6.prefix_len() >= BOUND_BITS_V6,
    };
    let (narrow, wide): (Vec<_>, Vec<_>) = ranges.partition(is_narrow);
    if wide.is_empty() { narrow.len() } else { 0 }
}

impl Ground<'_> {
    /// Writes a name on a row; blank is none where a name is optional.
    pub(super) fn name(&self, row: &mut KeyRow, name: Option<&str>, findings: &mut Findings) {
        let asked = match self.kind.naming {
            Naming::Required => Some(name.unwrap_or_default()),
            Naming::Optional => name.filter(|name| !name.trim().is_empty()),
        };
        let name = asked.and_then(|name| findings.take("/name", Name::parse(name, self.kind.name_chars_max)));
        row.name = name.as_ref().map(|name| name.as_str().to_owned());
        row.name_folded = name.map(|name| name.folded().to_owned());
        let is_kept = self.kind.unique_names && row.state != KeyState::Revoked.as_str();
        row.name_unique = row.name_folded.clone().filter(|_| is_kept);
    }

    /// Writes the end of a lifetime that begins now.
    pub(super) fn lifetime(&self, row: &mut KeyRow, lifetime: Lifetime, findings: &mut Findings) {
        if let Some(end) = findings.take("/expires", self.kind.expiry.end(lifetime, self.now)) {
            row.expires_at = end.map(|end| end.0);
        }
    }

    /// Writes scopes, in the catalogue's order.
    pub(super) fn scopes(&self, row: &mut KeyRow, scopes: &[String], findings: &mut Findings) {
        let catalogue = &self.setup.api.catalogue;
        for (at, scope) in scopes.iter().enumerate() {
            if let Err(unknown) = catalogue.set([scope]) {
                findings.note(format!("/scopes/{at}"), unknown);
            }
        }
        if scopes.is_empty() && self.kind.scopes_required {
            findings.note("/scopes", "at least one scope must be chosen");
        }
        let set = catalogue.set(scopes).unwrap_or_default();
        row.scopes = catalogue.names(&set).collect::<Vec<_>>().join(" ");
    }

    /// Whether the scopes of a row stay below the ceiling of its plan.
    pub(super) fn ceiling(&self, row: &KeyRow, findings: &mut Findings) {
        let plan = row.plan.as_deref().or(self.account.plan.as_deref());
        let Some(plan) = plan.and_then(|name| self.setup.api.plans.get(name)) else { return };
        let Some(ceiling) = &plan.scopes else { return };
        let above = |scope: &&str| self.setup.api.catalogue.set([scope]).is_ok_and(|set| !ceiling.covers(&set));
        for scope in row.scopes.split_whitespace().filter(above) {
            findings.note("/scopes", format!("{scope} is above what the plan {} allows", plan.name));
        }
    }

    /// Writes address ranges in their canonical form, each once.
    pub(super) fn addresses(row: &mut KeyRow, addresses: &[String], findings: &mut Findings) {
        if addresses.len() > ADDRESSES_MAX {
            findings.note("/addresses", format!("at most {ADDRESSES_MAX} addresses"));
            return;
        }
        let mut ranges: Vec<IpNet> = Vec::with_capacity(addresses.len());
        for (at, text) in addresses.iter().enumerate() {
            match range(text) {
                Some(range) if ranges.contains(&range) => {}
                Some(range) => ranges.push(range),
                None => findings.note(format!("/addresses/{at}"), "an IP address or a range such as 192.0.2.0/24"),
            }
        }
        row.addresses = ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    }

    /// Writes the addresses that are told of the key too, each once and in lower case.
    pub(super) fn contacts(row: &mut KeyRow, contacts: &[String], findings: &mut Findings) {
        if contacts.len() > CONTACTS_MAX {
            findings.note("/contacts", format!("at most {CONTACTS_MAX} addresses"));
            return;
        }
        let mut kept: Vec<String> = Vec::with_capacity(contacts.len());
        for (at, text) in contacts.iter().enumerate() {
            match people::mailbox(text) {
                Ok(email) if kept.contains(&email) => {}
                Ok(email) => kept.push(email),
                Err(why) => findings.note(format!("/contacts/{at}"), why),
            }
        }
        row.contacts = kept.join(" ");
    }

    /// Writes the key's own limits.
    pub(super) fn limits(row: &mut KeyRow, limits: &[LimitSpec], findings: &mut Findings) {
        names("/limits", limits.iter().map(|limit| limit.name.as_str()), findings);
        let window_s_max = (WINDOW_MS_MAX / 1_000) as u32;
        for (at, limit) in limits.iter().enumerate() {
            if !(1..=LIMIT_MAX).contains(&limit.limit) {
                findings.note(format!("/limits/{at}/limit"), format!("a whole number from 1 to {LIMIT_MAX}"));
            }
            if limit.window_s.is_some_and(|window_s| !(1..=window_s_max).contains(&window_s)) {
                findings.note(format!("/limits/{at}/window_s"), format!("a whole number from 1 to {window_s_max}"));
            }
        }
        row.limits = serde_json::to_string(limits).unwrap_or_default();
    }

    /// Writes the key's own quotas.
    pub(super) fn quotas(row: &mut KeyRow, quotas: &[QuotaSpec], findings: &mut Findings) {
        names("/quotas", quotas.iter().map(|quota| quota.name.as_str()), findings);
        for (at, quota) in quotas.iter().enumerate() {
            if !(1..=BUDGET_MAX).contains(&quota.budget) {
                findings.note(format!("/quotas/{at}/budget"), format!("a whole number from 1 to {BUDGET_MAX}"));
            }
            if matches!(quota.refill, Refill::Monthly { day } if !(1..=31).contains(&day)) {
                findings.note(format!("/quotas/{at}/refill"), "a day from 1 to 31");
            }
        }
        row.quotas = serde_json::to_string(quotas).unwrap_or_default();
    }

    /// Writes the key's own plan.
    pub(super) fn plan(&self, row: &mut KeyRow, plan: Option<&str>, findings: &mut Findings) {
        if plan.is_some_and(|plan| !self.setup.api.plans.contains_key(plan)) {
            findings.note("/plan", "no such plan in the configuration");
        }
        row.plan = plan.map(str::to_owned);
    }

    /// Refuses what is asked for where the account's policy does not permit it.
    pub(super) fn obeys(&self, row: &KeyRow, asked: Asked) -> Result<(), OpError> {
        let mut findings = Findings::default();
        for breach in self.policy.judge(&proposed(row, asked), self.now) {
            findings.note(breach.pointer(), &breach);
        }
        findings.done()
    }

    /// Refuses a new secret for a key that the account's policy would no longer permit: it must be edited first.
    pub(super) fn obeys_as_it_is(&self, row: &KeyRow) -> Result<(), OpError> {
        let breaches = self.policy.judge(&proposed(row, Asked::ALL), self.now);
        if breaches.is_empty() {
            return Ok(());
        }
        let all = breaches.iter().map(Breach::to_string).collect::<Vec<_>>().join("; ");
        Err(OpError::conflict("policy_breached", format!("{all}; edit the key first")))
    }

    /// Whether the account's approval is needed for what a row asks for and `before` did not have.
    pub(super) fn needs_approval(&self, row: &KeyRow, before: Option<&KeyRow>) -> bool {
        let had = before.map_or("", |before| &before.scopes);
        let added = row.scopes.split_whitespace().filter(|scope| had.split_whitespace().all(|old| old != *scope));
        !self.policy.awaiting_approval(added).is_empty()
    }

    /// Whether the key asks for more than its account has. Nobody grants more than they have (threat T4): only the
    /// operator raises a limit or a quota of the API or of the account's plan, or gives a key its own plan.
    pub(super) fn exceeds_grantor(&self, row: &KeyRow, environment: Environment) -> sqlx::Result<bool> {
        if self.reach == Reach::All {
            return Ok(false);
        }
        let api = &self.setup.api;
        let granted = api.terms(environment, None, self.account.plan.as_deref(), Own::default());
        let raises_limit = row.limits()?.iter().any(|spec| exceeds_limit(spec, &granted));
        let raises_quota = row.quotas()?.into_iter().any(|spec| exceeds_quota(&spec.into_quota(), &granted));
        Ok(raises_limit || raises_quota)
    }
}

fn exceeds_limit(spec: &LimitSpec, granted: &Terms) -> bool {
    // A limit of a new name only narrows what the others allow.
    let Some(own) = granted.limits.iter().find(|limit| limit.name == spec.name) else { return false };
    let Limit { limit, window_ms, algorithm, per, .. } = spec.to_limit(Some(own));
    limit > own.limit || window_ms < own.window_ms || algorithm != own.algorithm || per != own.per
}

fn exceeds_quota(asked: &Quota, granted: &Terms) -> bool {
    let Some(own) = granted.quotas.iter().find(|quota| quota.name == asked.name) else { return false };
    asked.budget > own.budget || asked.refill != own.refill || asked.per != own.per
}

fn names<'a>(pointer: &str, names: impl ExactSizeIterator<Item = &'a str>, findings: &mut Findings) {
    if names.len() > LIMITS_MAX {
        findings.note(pointer, format!("at most {LIMITS_MAX}"));
        return;
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut seen: Vec<&str> = Vec::new();
    for (at, name) in names.enumerate() {
        if !(1..=LIMIT_NAME_LETTERS_MAX).contains(&name.len()) || !name.bytes().all(is_letter) {
            let wanted = format!("1 to {LIMIT_NAME_LETTERS_MAX} of A-Z a-z 0-9 . _ -");
            findings.note(format!("{pointer}/{at}/name"), wanted);
        } else if seen.contains(&name) {
            findings.note(format!("{pointer}/{at}/name"), "twice");
        }
        seen.push(name);
    }
}

/// A single address is a range of one; IPv4 written as IPv6 is IPv4, as callers' addresses are compared.
fn range(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let range = text.parse::<IpNet>().ok()?.trunc();
    match range {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
            Some(v4) => IpNet::new(v4.into(), v6.prefix_len() - 96).ok(),
            None => Some(range),
        },
        IpNet::V4(_) | IpNet::V6(_) => Some(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_one_spelling() {
        let shown = |text: &str| range(text).map(|range| range.to_string());
        assert_eq!(shown("192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(shown("192.0.2.7/24").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(shown("2001:DB8:0::1").as_deref(), Some("2001:db8::1/128"));
        assert_eq!(shown("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(shown("::ffff:192.0.2.0/120").as_deref(), Some("192.0.2.0/24"));
        for bad in ["", "192.0.2", "192.0.2.0/33", "example.com", " 192.0.2.7", "192.0.2.7 192.0.2.8"] {
            assert_eq!(range(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_limits_are_words_and_differ() {
        let is_fine = |list: &[&str]| {
            let mut findings = Findings::default();
            names("/limits", list.iter().copied(), &mut findings);
            findings.done().is_ok()
        };
        assert!(is_fine(&["default", "per-second"]));
        assert!(!is_fine(&["default", "default"]));
        assert!(!is_fine(&["a\"b"]));
        assert!(!is_fine(&[""]));
        assert!(!is_fine(&["a", "b", "c", "d", "e", "f", "g", "h", "i"]));
    }
}
