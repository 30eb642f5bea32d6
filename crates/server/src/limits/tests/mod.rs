//! What the limits promise, tried: rows of the behaviours, naive oracles, many threads, kills.

mod file;
mod hammer;
mod kill;
mod oracle;
mod rows;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::{Algorithm, Limit, Per};
use keyward_core::quota::{Quota, Refill};
use keyward_core::terms::Terms;
use keyward_core::time::UnixMs;
use uuid::Uuid;

use super::{Holder, Limits, Refused};
use crate::authorize::Statuses;

/// 2026-03-01T10:30:00Z, in the middle of an hour.
const START: UnixMs = UnixMs(1_772_361_000_000);

fn holder(key: u128, account: u128) -> Holder {
    Holder { key: KeyId::new(Uuid::from_u128(key)), account: AccountId::new(Uuid::from_u128(account)) }
}

fn limit(name: &str, limit: u32, window_ms: i64, algorithm: Algorithm, per: Per) -> Limit {
    Limit { name: name.into(), limit, window_ms, algorithm, per }
}

fn fixed(most: u32, window_ms: i64) -> Limit {
    limit("default", most, window_ms, Algorithm::Fixed, Per::Key)
}

fn quota(name: &str, budget: u64, refill: Refill, per: Per) -> Quota {
    Quota { name: name.into(), budget, refill, per }
}

fn terms(limits: impl Into<Vec<Limit>>, quotas: impl Into<Vec<Quota>>) -> Terms {
    Terms { limits: limits.into(), quotas: quotas.into(), ..Terms::default() }
}

/// Takes once; `Ok` tells what is left of each.
fn take(limits: &Limits, who: Holder, terms: &Terms, cost: u32, now: UnixMs) -> Result<Vec<u64>, Refused> {
    let mut statuses = Statuses::new();
    limits.take(who, terms, cost, now, &mut statuses)?;
    Ok(statuses.iter().map(|status| status.remaining).collect())
}

fn peek(limits: &Limits, who: Holder, terms: &Terms, now: UnixMs) -> Vec<u64> {
    let mut statuses = Statuses::new();
    limits.peek(who, terms, now, &mut statuses);
    statuses.iter().map(|status| status.remaining).collect()
}
