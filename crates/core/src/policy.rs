//! What an account demands of its keys, beyond what their kind does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{DAY_MS, UnixMs};

/// Most days of a policy's longest lifetime.
pub const LIFETIME_DAYS_MAX: u32 = 3_650;

/// What becomes of a key whose secret was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposed {
    /// Those concerned are told.
    #[default]
    Warn,
    /// They are told, and the key is switched off.
    Contain,
    /// They are told, and the key is revoked.
    Revoke,
}

impl Exposed {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Contain => "contain",
            Self::Revoke => "revoke",
        }
    }
}

/// An account's demands. The default demands nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Most days until a key ends; a key that never ends is above any number.
    pub lifetime_days_max: Option<u32>,
    /// Whether every key must end some day.
    pub expiry_required: bool,
    /// Whether every key must be bound to addresses.
    pub addresses_required: bool,
    /// The only scopes a key may have; `None` is all of them.
    pub scopes_max: Option<Vec<String>>,
    /// Scopes that a second admin must approve.
    pub approval_scopes: Vec<String>,
    /// What becomes of a key whose secret was published.
    #[serde(default)]
    pub exposed: Exposed,
}

/// What of a key is asked for; a part that is left out is not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposed<'a> {
    /// When it would end, `Some(None)` being never.
    pub end: Option<Option<UnixMs>>,
    /// How many address ranges it would be bound to.
    pub addresses: Option<usize>,
    /// The scopes it would have.
    pub scopes: Option<Vec<&'a str>>,
}

/// A demand that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// It would never end.
    Endless,
    /// It would end too late.
    TooLong {
        /// Most days.
        days_max: u32,
    },
    /// It would be usable from anywhere.
    AnyAddress,
    /// It would have a scope that no key may have.
    Scope(String),
}

impl Breach {
    /// The member of a request that is at fault.
    pub const fn pointer(&self) -> &'static str {
        match self {
            Self::Endless | Self::TooLong { .. } => "/expires",
            Self::AnyAddress => "/addresses",
            Self::Scope(_) => "/scopes",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endless => f.write_str("the account's policy wants every key to end some day"),
            Self::TooLong { days_max } => write!(f, "the account's policy lets a key live for {days_max} days at most"),
            Self::AnyAddress => f.write_str("the account's policy wants every key bound to addresses"),
            Self::Scope(scope) => write!(f, "the account's policy gives no key the scope {scope}"),
        }
    }
}

impl Policy {
    /// Every demand that this does not meet at `now`.
    pub fn judge(&self, proposed: &Proposed<'_>, now: UnixMs) -> Vec<Breach> {
        let end = proposed.end.and_then(|end| self.judge_end(end, now));
        let bound = proposed.addresses.filter(|count| self.addresses_required && *count == 0);
        let above = |scope: &&&str| self.scopes_max.as_ref().is_some_and(|most| most.iter().all(|one| one != **scope));
        let scopes = proposed.scopes.iter().flatten().filter(above);
        end.into_iter()
            .chain(bound.map(|_| Breach::AnyAddress))
            .chain(scopes.map(|scope| Breach::Scope((*scope).to_owned())))
            .collect()
    }

    fn judge_end(&self, end: Option<UnixMs>, now: UnixMs) -> Option<Breach> {
        match (end, self.lifetime_days_max) {
            (None, Some(days_max)) => Some(Breach::TooLong { days_max }),
            (None, None) => self.expiry_required.then_some(Breach::Endless),
            (Some(end), Some(days_max)) => {
                (end.since(now) > i64::from(days_max) * DAY_MS).then_some(Breach::TooLong { days_max })
            }
            (Some(_), None) => None,
        }
    }

    /// Those of these scopes that a second admin must approve.
    pub fn awaiting_approval<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        scopes.into_iter().filter(|scope| self.approval_scopes.iter().any(|one| one == scope)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn end(end: Option<UnixMs>) -> Proposed<'static> {
        Proposed { end: Some(end), ..Proposed::default() }
    }

    #[test]
    fn a_policy_that_demands_nothing_is_met_by_anything() {
        let all = Proposed { end: Some(None), addresses: Some(0), scopes: Some(vec!["a"]) };
        assert_eq!(Policy::default().judge(&all, NOW), []);
        assert!(Policy::default().awaiting_approval(["a"]).is_empty());
    }

    #[test]
    fn the_last_permitted_millisecond_is_permitted() {
        let policy = Policy { lifetime_days_max: Some(30), ..Policy::default() };
        let last = NOW.plus_days(30);
        assert_eq!(policy.judge(&end(Some(last)), NOW), []);
        assert_eq!(policy.judge(&end(Some(last.plus(1))), NOW), [Breach::TooLong { days_max: 30 }]);
        assert_eq!(policy.judge(&end(None), NOW), [Breach::TooLong { days_max: 30 }], "never is longer than 30 days");
    }

    #[test]
    fn an_end_may_be_demanded_without_saying_which() {
        let policy = Policy { expiry_required: true, ..Policy::default() };
        assert_eq!(policy.judge(&end(None), NOW), [Breach::Endless]);
        assert_eq!(policy.judge(&end(Some(NOW.plus_days(9_000))), NOW), []);
    }

    #[test]
    fn every_breach_is_named_and_what_is_not_asked_for_is_not_judged() {
        let policy = Policy {
            expiry_required: true,
            addresses_required: true,
            scopes_max: Some(vec!["read".into()]),
            ..Policy::default()
        };
        let asked = Proposed { end: Some(None), addresses: Some(0), scopes: Some(vec!["read", "write", "pay"]) };
        let breaches = policy.judge(&asked, NOW);
        let pointers = breaches.iter().map(Breach::pointer).collect::<Vec<_>>();
        assert_eq!(pointers, ["/expires", "/addresses", "/scopes", "/scopes"]);
        assert!(breaches[3].to_string().ends_with("scope pay"));
        assert_eq!(policy.judge(&Proposed::default(), NOW), []);
        assert_eq!(policy.judge(&Proposed { addresses: Some(1), ..Proposed::default() }, NOW), []);
    }

    #[test]
    fn only_listed_scopes_await_approval() {
        let policy = Policy { approval_scopes: vec!["pay".into(), "refund".into()], ..Policy::default() };
        assert_eq!(policy.awaiting_approval(["read", "refund", "pay"]), ["refund", "pay"]);
    }
}
