//! What a key would lose.

use ipnet::IpNet;
use keyward_core::limit::Limit;
use keyward_core::quota::Quota;
use keyward_core::terms::{Own, Terms};
use keyward_core::time::UnixMs;

use super::KeyView;
use crate::config::ApiSetup;

/// A key under its account's plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) key: &'a KeyView,
    pub(super) plan: Option<&'a str>,
}

impl Side<'_> {
    /// What the key may do and how much.
    pub(super) fn terms(self, setup: &ApiSetup) -> Terms {
        let Self { key, plan } = self;
        let own_plan = key.plan.as_deref().or(plan).and_then(|name| setup.api.plans.get(name));
        let inherited = |name: &str| {
            let of_plan = own_plan.and_then(|plan| plan.limits.iter().find(|limit| limit.name == name));
            of_plan.or_else(|| setup.api.limits(key.environment).iter().find(|limit| limit.name == name))
        };
        let known = |name: &&String| setup.api.catalogue.set([*name]).is_ok();
        let own = Own {
            scopes: setup.api.catalogue.set(key.scopes.iter().filter(known)).unwrap_or_default(),
            addresses: key.addresses.iter().filter_map(|range| range.parse().ok()).collect(),
            limits: key.limits.iter().map(|spec| spec.to_limit(inherited(&spec.name))).collect(),
            quotas: key.quotas.iter().cloned().map(super::QuotaSpec::into_quota).collect(),
        };
        setup.api.terms(key.environment, key.plan.as_deref(), plan, own)
    }
}

/// What a key would lose between two sides, in words; `None` where it loses nothing.
pub(super) fn narrower(setup: &ApiSetup, before: Side<'_>, after: Side<'_>, now: UnixMs) -> Option<String> {
    let (was, is) = (before.terms(setup), after.terms(setup));
    let catalogue = &setup.api.catalogue;
    let kept = catalogue.names(&is.scopes).collect::<Vec<_>>();
    let lost = catalogue.names(&was.scopes).filter(|scope| !kept.contains(scope)).collect::<Vec<_>>();
    let mut all = Vec::new();
    if !lost.is_empty() {
        all.push(format!("loses the scopes {}", lost.join(", ")));
    }
    all.extend(addresses(&was.addresses, &is.addresses));
    all.extend(is.limits.iter().filter_map(|limit| lower_limit(&was.limits, limit)));
    all.extend(is.quotas.iter().filter_map(|quota| lower_quota(&was.quotas, quota)));
    let end = |key: &KeyView| key.expires_at.map_or(i64::MAX, |end| end.0);
    if let Some(at) = after.key.expires_at.filter(|_| end(after.key) < end(before.key) && end(before.key) > now.0) {
        all.push(format!("ends sooner, at {}", at.rfc3339()));
    }
    (!all.is_empty()).then(|| all.join("; "))
}

fn addresses(was: &[IpNet], is: &[IpNet]) -> Option<String> {
    if is.is_empty() {
        return None;
    }
    if was.is_empty() {
        return Some("is bound to addresses".to_owned());
    }
    let lost = was.iter().filter(|old| !is.iter().any(|new| new.contains(*old)));
    let lost = lost.map(ToString::to_string).collect::<Vec<_>>();
    (!lost.is_empty()).then(|| format!("loses the addresses {}", lost.join(", ")))
}

fn lower_limit(was: &[Limit], limit: &Limit) -> Option<String> {
    let Some(old) = was.iter().find(|old| old.name == limit.name) else {
        return Some(format!("gets the limit {}", limit.name));
    };
    let is_lower = limit.limit < old.limit || limit.window_ms > old.window_ms || limit.algorithm != old.algorithm;
    let is_shared = limit.per != old.per;
    (is_lower || is_shared).then(|| format!("gets another limit {}", limit.name))
}

fn lower_quota(was: &[Quota], quota: &Quota) -> Option<String> {
    let Some(old) = was.iter().find(|old| old.name == quota.name) else {
        return Some(format!("gets the quota {}", quota.name));
    };
    let differs = quota.budget < old.budget || quota.refill != old.refill || quota.per != old.per;
    differs.then(|| format!("gets another quota {}", quota.name))
}
