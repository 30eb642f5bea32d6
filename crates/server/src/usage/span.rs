//! Which stretch of time is asked about, in which steps, and which of the kept buckets answer it.

use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};

use super::group::GRAINS;
use crate::config::UsageSettings;
use crate::operation::{Findings, OpError};

/// Most steps of an answer.
pub(crate) const STEPS_MAX: i64 = 2_500;
/// How many steps an answer has, about, when none is asked for.
const STEPS_USUAL: i64 = 120;
/// Longest stretch.
const LENGTH_MAX_MS: i64 = 3_660 * DAY_MS;
/// Steps that suit people.
const STEPS: [i64; 9] =
    [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS];

/// What is asked for; everything may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskedSpan {
    /// From when; a day before the end unless said.
    pub from: Option<UnixMs>,
    /// Until when; now unless said.
    pub to: Option<UnixMs>,
    /// The length of a step in seconds; what suits the stretch unless said.
    pub step_s: Option<u32>,
}

/// A stretch of time in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where the first step begins.
    pub from: UnixMs,
    /// Where the last step ends.
    pub to: UnixMs,
    /// The length of a step in milliseconds.
    pub step_ms: i64,
    /// The length of the buckets that answer it.
    pub(crate) grain_ms: i64,
}

const fn down(at: i64, step: i64) -> i64 {
    at.div_euclid(step) * step
}

impl Span {
    /// Fits what is asked to what is kept. `finest_ms` is the length of the shortest buckets that can answer.
    pub(crate) fn fit(asked: AskedSpan, finest_ms: i64, kept: &UsageSettings, now: UnixMs) -> Result<Self, OpError> {
        let (from, to) = stretch(asked, now)?;
        let shortest = if finest_ms == MINUTE_MS { shortest_kept(from, kept, now) } else { finest_ms };
        let step = match asked.step_s {
            None => usual(to - from, shortest),
            Some(step_s) => {
                let step = i64::from(step_s) * 1_000;
                if step == 0 || step % finest_ms != 0 {
                    let why = format!("a whole number of {}", words(finest_ms));
                    return Err(OpError::field("/step_s", why));
                }
                if step % shortest != 0 {
                    let why = format!("that long ago counts are kept in {}: a multiple of those", words(shortest));
                    return Err(OpError::field("/step_s", why));
                }
                step
            }
        };
        let (from, to) = (down(from, step), down(to + step - 1, step));
        if (to - from) / step > STEPS_MAX {
            let why = format!("at most {STEPS_MAX} steps: a longer step, or a shorter stretch");
            return Err(OpError::field("/step_s", why));
        }
        let grain = GRAINS.into_iter().rev().find(|grain| step % grain == 0 && *grain >= finest_ms);
        let grain_ms = grain.unwrap_or(finest_ms);
        Ok(Self { from: UnixMs(from), to: UnixMs(to), step_ms: step, grain_ms })
    }

    /// The same stretch as whole days.
    pub(crate) fn days(asked: AskedSpan, now: UnixMs) -> Result<(UnixMs, UnixMs), OpError> {
        if asked.step_s.is_some() {
            return Err(OpError::field("/step_s", "this answer has no steps"));
        }
        let (from, to) = stretch(asked, now)?;
        Ok((UnixMs(down(from, DAY_MS)), UnixMs(down(to + DAY_MS - 1, DAY_MS))))
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        ((self.to.0 - self.from.0) / self.step_ms) as usize
    }

    /// When a step begins.
    pub fn at(&self, step: usize) -> UnixMs {
        UnixMs(self.from.0 + step as i64 * self.step_ms)
    }

    /// The step that an instant is in.
    pub(crate) fn step_of(&self, at: i64) -> Option<usize> {
        let is_inside = at >= self.from.0 && at < self.to.0;
        is_inside.then(|| ((at - self.from.0) / self.step_ms) as usize)
    }
}

fn stretch(asked: AskedSpan, now: UnixMs) -> Result<(i64, i64), OpError> {
    let to = asked.to.unwrap_or(now).0;
    let from = asked.from.map_or(to.saturating_sub(DAY_MS), |from| from.0);
    let mut findings = Findings::default();
    if from >= to {
        findings.note("/from", "before the end of the stretch");
    } else if to.saturating_sub(from) > LENGTH_MAX_MS {
        findings.note("/from", "at most 3,660 days before the end of the stretch");
    } else if from < 0 || to > now.0 + LENGTH_MAX_MS {
        findings.note("/to", "within ten years of now");
    }
    findings.done()?;
    Ok((from, to))
}

/// The shortest buckets that are still kept for the whole of a stretch.
fn shortest_kept(from: i64, kept: &UsageSettings, now: UnixMs) -> i64 {
    let holds = |days: u32| from >= now.0 - i64::from(days) * DAY_MS;
    match (holds(kept.minutes_days), holds(kept.hours_days)) {
        (true, _) => MINUTE_MS,
        (false, true) => HOUR_MS,
        (false, false) => DAY_MS,
    }
}

fn usual(length: i64, shortest: i64) -> i64 {
    let fits = |step: &i64| *step % shortest == 0 && length / step <= STEPS_USUAL;
    STEPS.into_iter().find(fits).unwrap_or(30 * DAY_MS)
}

const fn words(grain: i64) -> &'static str {
    match grain {
        MINUTE_MS => "minutes",
        HOUR_MS => "hours",
        _ => "days",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: UsageSettings = UsageSettings { minutes_days: 3, hours_days: 100, days_days: 800, keys_days: 100 };
    /// A quarter past ten and a bit.
    const NOW: UnixMs = UnixMs(1_772_360_123_456);

    fn fit(back_ms: i64, step_s: Option<u32>, finest: i64) -> Result<(i64, i64, usize), String> {
        let asked = AskedSpan { from: Some(NOW.plus(-back_ms)), to: None, step_s };
        let span = Span::fit(asked, finest, &KEPT, NOW).map_err(|error| match error {
            OpError::Invalid(fields) => fields[0].message.clone(),
            other => other.to_string(),
        })?;
        assert!(span.from.0 <= NOW.0 - back_ms && span.to.0 >= NOW.0 && span.from.0 % span.step_ms == 0);
        let last = span.steps() - 1;
        assert_eq!(span.step_of(span.at(last).0), Some(last));
        assert_eq!((span.step_of(span.from.0 - 1), span.step_of(span.to.0)), (None, None));
        Ok((span.step_ms / 1_000, span.grain_ms / 1_000, span.steps()))
    }

    #[test]
    fn what_is_left_out_suits_the_stretch() {
        assert_eq!(fit(HOUR_MS, None, MINUTE_MS), Ok((60, 60, 61)));
        assert_eq!(fit(DAY_MS, None, MINUTE_MS), Ok((900, 60, 97)));
        assert_eq!(fit(4 * DAY_MS, None, MINUTE_MS), Ok((3_600, 3_600, 97)));
        assert_eq!(fit(90 * DAY_MS, None, MINUTE_MS), Ok((86_400, 86_400, 91)));
        assert_eq!(fit(HOUR_MS, None, DAY_MS), Ok((86_400, 86_400, 1)));
    }

    #[test]
    fn any_step_that_is_kept_is_answered_by_the_longest_buckets_that_fit() {
        assert_eq!(fit(2 * HOUR_MS, Some(420), MINUTE_MS).map(|(step, grain, _)| (step, grain)), Ok((420, 60)));
        assert_eq!(fit(DAY_MS, Some(7_200), MINUTE_MS).map(|(step, grain, _)| (step, grain)), Ok((7_200, 3_600)));
        assert_eq!(fit(90 * DAY_MS, Some(3_600), MINUTE_MS).map(|(.., steps)| steps), Ok(2_161));
        assert_eq!(fit(DAY_MS, Some(90), MINUTE_MS), Err("a whole number of minutes".into()));
        assert_eq!(fit(DAY_MS, Some(1_800), HOUR_MS), Err("a whole number of hours".into()));
        let long_ago = "that long ago counts are kept in hours: a multiple of those";
        assert_eq!(fit(4 * DAY_MS, Some(300), MINUTE_MS), Err(long_ago.into()));
        assert!(fit(2 * DAY_MS, Some(60), MINUTE_MS).unwrap_err().starts_with("at most 2500 steps"));
    }

    #[test]
    fn a_stretch_has_a_beginning_before_its_end() {
        let fit = |from, to| Span::fit(AskedSpan { from, to, step_s: None }, MINUTE_MS, &KEPT, NOW).is_ok();
        assert!(!fit(Some(NOW), Some(NOW)) && !fit(Some(UnixMs(i64::MIN)), None) && !fit(None, Some(UnixMs(i64::MAX))));
        assert!(fit(None, None) && fit(Some(UnixMs(0)), Some(NOW)).eq(&false));
    }
}
