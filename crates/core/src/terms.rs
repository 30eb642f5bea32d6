//! Terms: what one key may do and how much, after API defaults, plan and the key's own settings are put together.

use ipnet::IpNet;

use crate::limit::Limit;
use crate::quota::Quota;
use crate::scope::ScopeSet;

/// What one key may do and how much. Many keys share the same terms; the keyring keeps each only once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The scopes it holds, already cut to its plan's ceiling.
    pub scopes: ScopeSet,
    /// The addresses it may be used from; empty means from anywhere.
    pub addresses: Vec<IpNet>,
    /// Every limit that applies to it.
    pub limits: Vec<Limit>,
    /// Every quota that applies to it.
    pub quotas: Vec<Quota>,
}

/// A named set of limits, quotas and a ceiling of scopes, given to accounts or keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Limits that replace the API's of the same name or join them.
    pub limits: Vec<Limit>,
    /// Quotas, likewise.
    pub quotas: Vec<Quota>,
    /// The most scopes a key under this plan can hold; `None` is no ceiling.
    pub scopes: Option<ScopeSet>,
}

/// What a key says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// The scopes chosen for it.
    pub scopes: ScopeSet,
    /// The addresses it may be used from.
    pub addresses: Vec<IpNet>,
    /// Its own limits.
    pub limits: Vec<Limit>,
    /// Its own quotas.
    pub quotas: Vec<Quota>,
}

impl Terms {
    /// Puts defaults, plan and the key's own settings together: of the same name, the more special one counts.
    pub fn new(limits: &[Limit], quotas: &[Quota], plan: Option<&Plan>, own: Own) -> Self {
        let mut terms =
            Self { scopes: own.scopes, addresses: own.addresses, limits: limits.to_vec(), quotas: quotas.to_vec() };
        if let Some(plan) = plan {
            overlay(&mut terms.limits, &plan.limits, |limit| &limit.name);
            overlay(&mut terms.quotas, &plan.quotas, |quota| &quota.name);
            if let Some(ceiling) = &plan.scopes {
                terms.scopes = terms.scopes.and(ceiling);
            }
        }
        overlay(&mut terms.limits, &own.limits, |limit| &limit.name);
        overlay(&mut terms.quotas, &own.quotas, |quota| &quota.name);
        terms
    }
}

fn overlay<T: Clone>(base: &mut Vec<T>, special: &[T], name: impl Fn(&T) -> &str) {
    for item in special {
        match base.iter_mut().find(|other| name(other) == name(item)) {
            Some(place) => *place = item.clone(),
            None => base.push(item.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{Algorithm, Per};
    use crate::scope::{Catalogue, Scope};

    fn limit(name: &str, limit: u32) -> Limit {
        Limit { name: name.into(), limit, window_ms: 1_000, algorithm: Algorithm::Fixed, per: Per::Key }
    }

    #[test]
    fn r52_the_more_special_limit_of_a_name_counts() {
        let plan = Plan { limits: vec![limit("default", 20), limit("burst", 2)], ..Plan::default() };
        let own = Own { limits: vec![limit("default", 5)], ..Own::default() };
        let terms = Terms::new(&[limit("default", 1_000), limit("daily", 9)], &[], Some(&plan), own);
        assert_eq!(terms.limits, [limit("default", 5), limit("daily", 9), limit("burst", 2)]);
    }

    #[test]
    fn a_plan_cuts_scopes_to_its_ceiling() {
        let scope = |name: &str| Scope { name: name.into(), description: String::new() };
        let catalogue = Catalogue::new(vec![scope("a"), scope("b")]);
        let plan = Plan { scopes: catalogue.set(["a"]).ok(), ..Plan::default() };
        let own = Own { scopes: catalogue.set(["a", "b"]).unwrap(), ..Own::default() };
        assert_eq!(Terms::new(&[], &[], Some(&plan), own).scopes, catalogue.set(["a"]).unwrap());
    }
}
