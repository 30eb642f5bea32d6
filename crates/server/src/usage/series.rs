//! What happened in each step of a stretch of time.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};

use super::cells::Cells;
use super::day::KeyDay;
use super::group::{ALL_ROUTES, api_subject};
use super::span::{AskedSpan, Span};
use super::store::{self, Stretch};
use super::sum::{Only, Sum};
use crate::app::App;
use crate::changes::Reach;
use crate::keys::{self, KeyView};
use crate::operation::{OpError, damaged};
use crate::{accounts, logs};

/// What is asked for; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this key.
    pub key: Option<KeyId>,
    /// Of this API.
    pub api: Option<String>,
    /// On this route; the empty text is what no route of the API matched.
    pub route: Option<String>,
    /// Of this environment or outcome.
    pub only: Only,
    /// When.
    pub span: AskedSpan,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// When, in which steps.
    pub span: Span,
    /// All steps together.
    pub total: Sum,
    /// Each step.
    pub steps: Vec<Sum>,
    /// Requests of the account in the hours of this stretch that are counted in hours only: so many accounts were
    /// active at once that its minutes are not told apart.
    pub other: u64,
    /// How complete it is.
    pub whole: Whole,
}

/// How complete an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Until when everything is in it that the log has.
    pub as_of: UnixMs,
    /// Records that were decided in or about that time and are not in the log, by reason, whoever's they were.
    pub lost: Vec<(String, u64)>,
}

/// Whose requests.
pub(super) enum Whom {
    /// Those of APIs or of an account, by the names of their buckets.
    Subjects(Vec<String>),
    /// Those of a key.
    Key(Box<KeyView>),
}

/// What happened, step by step.
pub async fn series(app: &App, reach: Reach, asked: Asked) -> Result<Series, OpError> {
    let whom = whom(app, reach, &asked).await?;
    let finest = match (&whom, &asked.route) {
        (Whom::Key(_), Some(_)) => {
            return Err(OpError::field(
                "/route",
                "counts of a key are not kept per route; see its callers, or the log",
            ));
        }
        (Whom::Key(_), None) => HOUR_MS,
        (Whom::Subjects(subjects), Some(_)) if !is_api(subjects) => DAY_MS,
        (Whom::Subjects(_), _) => MINUTE_MS,
    };
    let (now, kept) = (app.clock.now(), &app.config.usage);
    let span = Span::fit(asked.span, finest, kept, now)?;
    let waiting_ms = app.usage.store_for_reader(app).await?;
    let mut steps = vec![Sum::default(); span.steps()];
    let (mut total, mut other) = (Sum::default(), 0);
    match &whom {
        Whom::Subjects(subjects) => {
            for subject in subjects {
                of_subject(app, subject, asked.route.as_deref(), &asked.only, &span, &mut steps).await?;
                if span.grain_ms == MINUTE_MS && !is_api(subjects) {
                    other += in_hours_only(app, subject, &span, now).await?;
                }
            }
            for step in &steps {
                total.merge(step);
            }
        }
        Whom::Key(key) => of_key(app, key, &asked.only, &span, &mut steps, &mut total).await?,
    }
    Ok(Series { span, total, steps, other, whole: whole(app, waiting_ms, span.from, span.to).await? })
}

/// How complete an answer about a stretch is.
pub(super) async fn whole(app: &App, waiting_ms: i64, from: UnixMs, to: UnixMs) -> Result<Whole, OpError> {
    let missing = logs::missing(app, from, to).await?.into_iter();
    let lost = missing.map(|missing| (missing.reason, missing.records)).collect();
    Ok(Whole { as_of: app.clock.now().plus(-waiting_ms), lost })
}

fn is_api(subjects: &[String]) -> bool {
    subjects.iter().all(|subject| subject.starts_with("api:"))
}

/// Whose requests are asked for, as far as the caller may ask (threat T3).
pub(super) async fn whom(app: &App, reach: Reach, asked: &Asked) -> Result<Whom, OpError> {
    let within = match reach {
        Reach::All => None,
        Reach::Account(own) => Some(own),
    };
    let account = asked.account.or(within.filter(|_| asked.key.is_none()));
    let known = match account {
        Some(account) => Some(accounts::get(app, reach, account).await?),
        None => None,
    };
    let elsewhere = |api: &str| asked.api.as_deref().is_some_and(|asked| asked != api);
    let other_api = || OpError::field("/api", "that account or key is of another API");
    if let Some(id) = asked.key {
        let key = keys::get(app, reach, id).await?;
        if account.is_some_and(|account| account != key.account) {
            return Err(OpError::field("/key_id", "the key is another account's"));
        }
        return if elsewhere(&key.api) { Err(other_api()) } else { Ok(Whom::Key(Box::new(key))) };
    }
    if let Some(account) = known {
        return if elsewhere(&account.api) {
            Err(other_api())
        } else {
            Ok(Whom::Subjects(vec![account.id.to_string()]))
        };
    }
    Ok(Whom::Subjects(match &asked.api {
        Some(api) => vec![api_subject(api)],
        // What reached no API is told under no name.
        None => app.config.apis.iter().map(|setup| api_subject(&setup.api.name)).chain([api_subject("")]).collect(),
    }))
}

async fn of_subject(
    app: &App,
    subject: &str,
    route: Option<&str>,
    only: &Only,
    span: &Span,
    steps: &mut [Sum],
) -> Result<(), OpError> {
    let route = route.unwrap_or(ALL_ROUTES);
    let stretch = Stretch { subject, route, grain: span.grain_ms, from: span.from.0, to: span.to.0 };
    for (at, bytes) in store::buckets(&mut app.db.conn().await?, stretch).await? {
        let cells = Cells::read(&bytes).ok_or_else(|| damaged("a bucket of usage"))?;
        if let Some(step) = span.step_of(at) {
            steps[step].add(&cells, only);
        }
    }
    Ok(())
}

/// What the hours of a stretch hold of a subject and their minutes do not, as far as minutes are still kept.
async fn in_hours_only(app: &App, subject: &str, span: &Span, now: UnixMs) -> Result<u64, OpError> {
    let kept = now.0 - i64::from(app.config.usage.minutes_days) * DAY_MS;
    let hour = |at: i64| at.div_euclid(HOUR_MS) * HOUR_MS;
    let (from, to) = (hour(span.from.0.max(kept + HOUR_MS - 1)), hour(span.to.0 + HOUR_MS - 1));
    let stretch = |grain| Stretch { subject, route: ALL_ROUTES, grain, from, to };
    let mut conn = app.db.conn().await?;
    // In this order: what is stored in between is seen in the minutes.
    let hours = store::requests(&mut conn, stretch(HOUR_MS)).await?;
    Ok(hours.saturating_sub(store::requests(&mut conn, stretch(MINUTE_MS)).await?))
}

async fn of_key(
    app: &App,
    key: &KeyView,
    only: &Only,
    span: &Span,
    steps: &mut [Sum],
    total: &mut Sum,
) -> Result<(), OpError> {
    let first_day = span.from.0.div_euclid(DAY_MS) * DAY_MS;
    let rows = store::keys(&mut app.db.conn().await?, &[key.id.to_string()], first_day, span.to.0).await?;
    for row in rows {
        let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
        let mut part = Sum::default();
        let mut is_whole = true;
        for (hour, outcome, requests) in &day.hours {
            let Some(step) = span.step_of(row.day + i64::from(*hour) * HOUR_MS) else {
                is_whole = false;
                continue;
            };
            if only.takes(Some(key.environment), outcome) {
                steps[step].count(outcome, *requests);
                part.count(outcome, *requests);
            } else {
                is_whole = false;
            }
        }
        // How long requests took is kept by day, of all outcomes together.
        let is_timed = !day.latency.is_empty();
        part.times.blurred = is_timed && !is_whole && part.requests > 0;
        if is_whole {
            (part.times.took_us, part.times.latency) = (day.took_us, day.latency.clone());
        }
        if let Some(step) = span.step_of(row.day).filter(|_| span.step_ms % DAY_MS == 0) {
            steps[step].times.merge(&part.times);
        }
        total.merge(&part);
    }
    Ok(())
}
