//! Who and what had the most requests on some days.
//!
//! Routes come from an API's or account's daily buckets, keys and accounts from sums of their rows. Addresses and
//! programs come from the short lists that each key's day has: no scan of the log, and a bound on rows.

use std::collections::HashMap;

use keyward_core::time::{DAY_MS, UnixMs};

use super::cells::{Cells, is_refusal};
use super::day::KeyDay;
use super::list::{Hits, List};
use super::series::{Asked, Whole, Whom, whole, whom};
use super::span::Span;
use super::store;
use crate::app::App;
use crate::changes::Reach;
use crate::operation::{OpError, damaged};

/// Most entries of an answer.
const ENTRIES_MAX: u32 = 100;
/// Most rows that are read for one answer.
const ROWS_MAX: i64 = 20_000;
/// Longest stretch of an answer that looks at every key of an API.
const WIDE_DAYS_MAX: i64 = 31;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Keys.
    Key,
    /// Routes.
    Route,
    /// Accounts.
    Account,
    /// Clients' addresses.
    Address,
    /// Clients' programs.
    Agent,
}

/// One of the many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// A key's or account's id, a route's pattern, an address or a program.
    pub name: String,
    /// How many requests.
    pub requests: u64,
    /// Those of them that were refused.
    pub refused: u64,
    /// When the last one came, where that is kept.
    pub last_at: Option<UnixMs>,
}

/// The many.
#[derive(Debug, Clone, PartialEq)]
pub struct Top {
    /// From which day, and until which.
    pub days: (UnixMs, UnixMs),
    /// Those with the most requests, most first.
    pub items: Vec<Counted>,
    /// Requests of those that are not told apart.
    pub other: u64,
    /// Whether more rows would have had to be read than are for one answer.
    pub truncated: bool,
    /// How complete it is.
    pub whole: Whole,
}

/// Who or what had the most requests. Stretches are whole days.
pub async fn top(app: &App, reach: Reach, asked: Asked, by: By, limit: u32) -> Result<Top, OpError> {
    if !(1..=ENTRIES_MAX).contains(&limit) {
        return Err(OpError::field("/limit", format!("a whole number from 1 to {ENTRIES_MAX}")));
    }
    if asked.route.is_some() || asked.only.outcome.is_some() || asked.only.environment.is_some() {
        return Err(OpError::field("/by", "this list takes no condition on routes, environments or outcomes"));
    }
    let days = Span::days(asked.span, app.clock.now())?;
    let whom = whom(app, reach, &asked).await?;
    let waiting_ms = app.usage.store_for_reader(app).await?;
    let mut top = match by {
        By::Route => routes(app, &whom, days).await?,
        By::Key => keys(app, &whom, &asked, days, limit).await?,
        By::Account => accounts(app, reach, &whom, &asked, days, limit).await?,
        By::Address | By::Agent => callers(app, &whom, by, days).await?,
    };
    top.items.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.name.cmp(&b.name)));
    let cut: u64 = top.items.iter().skip(limit as usize).map(|item| item.requests).sum();
    top.other += cut;
    top.items.truncate(limit as usize);
    top.whole = whole(app, waiting_ms, days.0, days.1).await?;
    Ok(top)
}

fn empty(days: (UnixMs, UnixMs)) -> Top {
    let whole = Whole { as_of: days.0, lost: vec![] };
    Top { days, items: vec![], other: 0, truncated: false, whole }
}

async fn routes(app: &App, whom: &Whom, days: (UnixMs, UnixMs)) -> Result<Top, OpError> {
    let mut all = HashMap::<String, Counted>::new();
    let mut note = |name: String, requests: u64, refused: u64, last: Option<i64>| {
        let new = || Counted { name: name.clone(), requests: 0, refused: 0, last_at: None };
        let own = all.entry(name.clone()).or_insert_with(new);
        own.requests += requests;
        own.refused += refused;
        own.last_at = own.last_at.max(last.map(UnixMs));
    };
    let mut top = empty(days);
    match whom {
        Whom::Subjects(subjects) => {
            for subject in subjects {
                for (route, bytes) in store::routes(&mut app.db.conn().await?, subject, days.0.0, days.1.0).await? {
                    let cells = Cells::read(&bytes).ok_or_else(|| damaged("a bucket of usage"))?;
                    let refused = cells.iter().filter(|(_, outcome, _)| is_refusal(outcome));
                    let refused = refused.map(|(.., cell)| cell.requests).sum();
                    note(route, cells.requests(), refused, None);
                }
            }
        }
        Whom::Key(key) => {
            let rows = store::keys(&mut app.db.conn().await?, &[key.id.to_string()], days.0.0, days.1.0).await?;
            for row in rows {
                let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
                for (route, hits) in day.routes.iter() {
                    note(route.clone(), hits.requests, hits.refused, Some(hits.last));
                }
                top.other += day.routes.other().requests;
            }
        }
    }
    top.items = all.into_values().collect();
    Ok(top)
}

async fn keys(app: &App, whom: &Whom, asked: &Asked, days: (UnixMs, UnixMs), limit: u32) -> Result<Top, OpError> {
    let account = match whom {
        Whom::Key(_) => return Err(OpError::field("/by", "one key is given")),
        Whom::Subjects(subjects) => subjects.first().and_then(|subject| subject.parse().ok()),
    };
    refuse_wide(account.is_some(), days)?;
    let mut conn = app.db.conn().await?;
    let stretch = (days.0.0, days.1.0);
    let rows = store::top_keys(&mut conn, stretch, account, asked.api.as_deref(), i64::from(limit)).await?;
    let counted = |(name, requests, refused): (String, i64, i64)| Counted {
        name,
        requests: requests as u64,
        refused: refused as u64,
        last_at: None,
    };
    Ok(Top { items: rows.into_iter().map(counted).collect(), ..empty(days) })
}

async fn accounts(
    app: &App,
    reach: Reach,
    whom: &Whom,
    asked: &Asked,
    days: (UnixMs, UnixMs),
    limit: u32,
) -> Result<Top, OpError> {
    if reach != Reach::All {
        return Err(OpError::operator_only("compare accounts"));
    }
    if matches!(whom, Whom::Key(_)) || asked.account.is_some() {
        return Err(OpError::field("/by", "one account is given"));
    }
    refuse_wide(false, days)?;
    let mut conn = app.db.conn().await?;
    let rows = store::top_accounts(&mut conn, (days.0.0, days.1.0), asked.api.as_deref(), i64::from(limit)).await?;
    let counted =
        |(name, requests): (String, i64)| Counted { name, requests: requests as u64, refused: 0, last_at: None };
    Ok(Top { items: rows.into_iter().map(counted).collect(), ..empty(days) })
}

fn refuse_wide(is_narrow: bool, days: (UnixMs, UnixMs)) -> Result<(), OpError> {
    if is_narrow || days.1.0 - days.0.0 <= WIDE_DAYS_MAX * DAY_MS {
        return Ok(());
    }
    Err(OpError::field("/from", format!("at most {WIDE_DAYS_MAX} days, or name an account")))
}

async fn callers(app: &App, whom: &Whom, by: By, days: (UnixMs, UnixMs)) -> Result<Top, OpError> {
    let stretch = (days.0.0, days.1.0);
    let mut conn = app.db.conn().await?;
    let rows = match whom {
        Whom::Key(key) => store::keys(&mut conn, &[key.id.to_string()], days.0.0, days.1.0).await?,
        Whom::Subjects(subjects) => match subjects.first().and_then(|subject| subject.parse().ok()) {
            Some(account) => store::of_account(&mut conn, account, stretch, ROWS_MAX).await?,
            None => return Err(OpError::field("/account_id", "callers are told of one account or key at a time")),
        },
    };
    let truncated = rows.len() as i64 >= ROWS_MAX;
    let mut all = HashMap::<String, Hits>::new();
    let mut other = 0;
    for row in rows {
        let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
        let list: &List<String> = if by == By::Address { &day.addresses } else { &day.agents };
        for (name, hits) in list.iter() {
            all.entry(name.clone()).or_default().merge(hits);
        }
        other += list.other().requests;
    }
    let items = all.into_iter().map(|(name, hits)| Counted::of(name, hits)).collect();
    Ok(Top { items, other, truncated, ..empty(days) })
}

impl Counted {
    pub(crate) fn of(name: String, hits: Hits) -> Self {
        Self { name, requests: hits.requests, refused: hits.refused, last_at: Some(UnixMs(hits.last)) }
    }
}
