//! Limits, quotas and plans.

use std::collections::BTreeMap;

use keyward_core::key::Environment;
use keyward_core::limit::{Algorithm, Limit, Per};
use keyward_core::quota::{Quota, Refill};
use keyward_core::scope::Catalogue;
use keyward_core::terms::Plan;

use crate::config::fault::Faults;
use crate::config::view::Section;

/// Most limits, and most quotas, of an API or a plan.
const EACH_MAX: usize = 16;

/// The limits of each environment, and the quotas, of an API or plan.
pub(super) struct Spending {
    pub(super) live: Vec<Limit>,
    pub(super) test: Vec<Limit>,
    pub(super) quotas: Vec<Quota>,
}

/// Reads `limits` and `quotas` of a section.
pub(super) fn spending(section: &Section<'_>, faults: &mut Faults) -> Spending {
    let (limits, quotas) = (section.each("limits"), section.each("quotas"));
    for (key, count) in [("limits", limits.len()), ("quotas", quotas.len())] {
        if count > EACH_MAX {
            faults.add(section.spot(key), section.at(key), format!("at most {EACH_MAX}"));
        }
    }
    for (name, quota) in &quotas {
        if limits.iter().any(|(limit, _)| limit == name) {
            faults.add(quota.spot, quota.path.clone(), format!("a limit is called `{name}` already"));
        }
    }
    let mut all = Spending { live: Vec::new(), test: Vec::new(), quotas: Vec::new() };
    for (name, section) in &limits {
        let Some(live) = limit(name, section, faults) else { continue };
        // A plan's limits are the same for every environment.
        let environments = if section.has("environments") {
            super::api::environments(section)
        } else {
            vec![Environment::Live, Environment::Test]
        };
        if environments.contains(&Environment::Test) {
            let limit = section.whole("test_limit").and_then(|limit| u32::try_from(limit).ok()).unwrap_or(live.limit);
            all.test.push(Limit { limit, ..live.clone() });
        }
        if environments.contains(&Environment::Live) {
            all.live.push(live);
        }
    }
    all.quotas = quotas.iter().filter_map(|(name, section)| quota(name, section, faults)).collect();
    all
}

fn limit(name: &str, section: &Section<'_>, faults: &mut Faults) -> Option<Limit> {
    let window_ms = section.duration("window").as_millis() as i64;
    if window_ms % keyward_core::time::SECOND_MS != 0 {
        faults.add(section.spot("window"), section.at("window"), "a window is a whole number of seconds");
    }
    let algorithm = match section.text("algorithm") {
        Some("sliding") => Algorithm::Sliding,
        Some("gcra") => Algorithm::Gcra,
        Some(_) | None => Algorithm::Fixed,
    };
    section.text("window")?;
    let limit = u32::try_from(section.whole("limit")?).ok()?;
    Some(Limit { name: name.to_owned(), limit, window_ms, algorithm, per: per(section) })
}

fn quota(name: &str, section: &Section<'_>, faults: &mut Faults) -> Option<Quota> {
    let budget = u64::try_from(section.whole("budget")?).ok()?;
    let day = section.whole("day");
    let refill = match section.text("refill")? {
        "never" => Refill::Never,
        "daily" => Refill::Daily,
        _ => Refill::Monthly { day: day.and_then(|day| i8::try_from(day).ok()).unwrap_or(1) },
    };
    if day.is_some() && !matches!(refill, Refill::Monthly { .. }) {
        faults.add(section.spot("day"), section.at("day"), "only a monthly refill has a day");
    }
    Some(Quota { name: name.to_owned(), budget, refill, per: per(section) })
}

fn per(section: &Section<'_>) -> Per {
    match section.text("per") {
        Some("account") => Per::Account,
        Some(_) | None => Per::Key,
    }
}

/// Reads the plans of an API.
pub(super) fn plans(section: &Section<'_>, catalogue: &Catalogue, faults: &mut Faults) -> BTreeMap<String, Plan> {
    let mut plans = BTreeMap::new();
    for (name, plan) in section.each("plans") {
        let spending = spending(&plan, faults);
        let scopes = plan.has("scopes").then(|| super::api::scopes(&plan, "scopes", catalogue, faults));
        let plan = Plan { name: name.to_owned(), limits: spending.live, quotas: spending.quotas, scopes };
        plans.insert(name.to_owned(), plan);
    }
    plans
}
