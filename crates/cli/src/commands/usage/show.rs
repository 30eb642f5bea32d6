//! Usage as people read it.

use jiff::Timestamp;
use keyward_sdk::wire::{
    Callers, Hygiene, HygieneKey, Met, Usage, UsageCount, UsagePoint, UsageSum, UsageTop, UsageWhole,
};

use crate::output::{Cell, Output, Tone};
use crate::when::relative;

pub(super) fn top(top: &UsageTop, output: Output) -> anyhow::Result<()> {
    let UsageTop { items, other, truncated, whole, .. } = top;
    counts(items, *other, output)?;
    if *truncated {
        output.remark("There is more than one answer may read: ask for fewer days.");
    }
    remark(whole, output);
    Ok(())
}

pub(super) fn series(usage: &Usage, output: Output) -> anyhow::Result<()> {
    let total = &usage.total;
    let outcomes: Vec<String> = total.outcomes.iter().map(|(word, count)| format!("{word} {count}")).collect();
    output.facts(&[
        ("requests", total.requests.to_string().into()),
        ("success", rate(total)),
        ("outcomes", Cell::list(&outcomes)),
        ("p50 p95 p99", Cell::from(format!("{} {} {}", ms(total.p50_ms), ms(total.p95_ms), ms(total.p99_ms)))),
        ("from", usage.from.clone().into()),
        ("to", usage.to.clone().into()),
        ("each step", spoken(usage.step_s).into()),
        ("requests over time", Cell::new(sparkline(usage), Tone::Good)),
    ])?;
    if !usage.points.is_empty() {
        output.line("")?;
        let rows: Vec<_> = usage.points.iter().map(row).collect();
        output.table(&["WHEN", "REQUESTS", "SUCCESS", "P50", "P95", "P99"], &rows)?;
    }
    if let Some(other) = usage.other {
        output.remark(format_args!("{other} more requests are counted by the hour only: ask for steps of 1h."));
    }
    remark(&usage.whole, output);
    Ok(())
}

fn row(UsagePoint { at, sum }: &UsagePoint) -> Vec<Cell> {
    vec![
        at.clone().into(),
        sum.requests.to_string().into(),
        rate(sum),
        ms(sum.p50_ms).into(),
        ms(sum.p95_ms).into(),
        ms(sum.p99_ms).into(),
    ]
}

fn rate(sum: &UsageSum) -> Cell {
    let tone = |rate: f64| if rate < 0.95 { Tone::Careful } else { Tone::Plain };
    sum.success_rate.map_or_else(|| Cell::maybe(None::<String>), |rate| Cell::new(percent(rate), tone(rate)))
}

/// Rounded down: what is not perfect is not called so.
fn percent(rate: f64) -> String {
    format!("{:.1} %", (rate * 1_000.0).floor() / 10.0)
}

fn ms(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") })
}

fn spoken(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(length, unit)| format!("{}{unit}", seconds / length))
}

/// Widest sparkline, in letters.
const SPARKS_MAX: usize = 100;
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The steps as a line of bars; several steps share one where there are many. A step without requests is a space.
fn sparkline(usage: &Usage) -> String {
    let (Ok(from), Ok(to)) = (usage.from.parse::<Timestamp>(), usage.to.parse::<Timestamp>()) else {
        return String::new();
    };
    let step = i64::try_from(usage.step_s).unwrap_or(i64::MAX).max(1);
    let steps = usize::try_from((to.as_second() - from.as_second()) / step).unwrap_or(0).max(1);
    let shared = steps.div_ceil(SPARKS_MAX);
    let mut bars = vec![0_u64; steps.div_ceil(shared)];
    for point in &usage.points {
        let Ok(at) = point.at.parse::<Timestamp>() else { continue };
        let place = usize::try_from((at.as_second() - from.as_second()) / step).unwrap_or(0) / shared;
        if let Some(bar) = bars.get_mut(place) {
            *bar += point.sum.requests;
        }
    }
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &u64| match count {
        0 => ' ',
        count => SPARKS[((count * SPARKS.len() as u64).div_ceil(most) as usize - 1).min(SPARKS.len() - 1)],
    };
    bars.iter().map(bar).collect()
}

fn counts(items: &[UsageCount], other: u64, output: Output) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let row = |item: &UsageCount| {
        vec![
            Cell::from(item.requests.to_string()),
            item.refused.to_string().into(),
            Cell::maybe(item.last_at.as_deref().map(|at| relative(at, now))),
            if item.name.is_empty() { Cell::new("(none)", Tone::Quiet) } else { item.name.clone().into() },
            Cell::maybe(item.title.as_ref()),
        ]
    };
    let mut rows: Vec<_> = items.iter().map(row).collect();
    if other > 0 {
        let none = || Cell::maybe(None::<String>);
        rows.push(vec![other.to_string().into(), none(), none(), Cell::new("(others)", Tone::Quiet), none()]);
    }
    Ok(output.table(&["REQUESTS", "REFUSED", "LAST", "WHAT", "NAME"], &rows)?)
}

pub(super) fn callers(callers: &Callers, output: Output) -> anyhow::Result<()> {
    let now = Timestamp::now();
    output.facts(&[
        ("requests", callers.requests.to_string().into()),
        ("refused", callers.refused.to_string().into()),
        ("last accepted", Cell::maybe(callers.last_used_at.as_deref().map(|at| relative(at, now)))),
    ])?;
    let lists = [("Addresses", &callers.addresses), ("Programs", &callers.agents), ("Routes", &callers.routes)];
    for (title, Met { items, other }) in lists {
        if !items.is_empty() {
            output.line(format_args!("\n{}", output.paint(title, Tone::Heading)))?;
            counts(items, *other, output)?;
        }
    }
    remark(&callers.whole, output);
    Ok(())
}

pub(super) fn hygiene(hygiene: &Hygiene, output: Output) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let row = |key: &HygieneKey| {
        let last = key.last_used_at.as_deref().map_or_else(|| "never".to_owned(), |at| relative(at, now));
        vec![Cell::from(key.key_id.clone()), Cell::maybe(key.name.as_ref()), last.into(), found(key).into()]
    };
    if hygiene.keys.is_empty() && hygiene.arriving.is_empty() && hygiene.unknown.is_empty() {
        output.line("Everything is tidy.")?;
    }
    if !hygiene.keys.is_empty() {
        let rows: Vec<_> = hygiene.keys.iter().map(row).collect();
        output.table(&["ID", "NAME", "LAST USED", "FOUND"], &rows)?;
    }
    if !hygiene.arriving.is_empty() {
        output.line(format_args!("\n{}", output.paint("Still arriving", Tone::Heading)))?;
        let rows = hygiene.arriving.iter().map(|key| {
            vec![
                Cell::from(key.key_id.clone()),
                Cell::maybe(key.name.as_ref()),
                Cell::maybe(key.last_at.as_deref().map(|at| relative(at, now))),
                key.requests.to_string().into(),
                key.outcome.clone().into(),
                Cell::list(&key.addresses.iter().flatten().map(|one| one.name.clone()).collect::<Vec<_>>()),
            ]
        });
        output.table(&["ID", "NAME", "LAST", "REQUESTS", "OUTCOME", "FROM"], &rows.collect::<Vec<_>>())?;
    }
    if !hygiene.unknown.is_empty() {
        output.line(format_args!("\n{}", output.paint("With keys that are none", Tone::Heading)))?;
        let rows = hygiene.unknown.iter().map(|one| {
            vec![Cell::from(one.outcome.clone()), one.requests.to_string().into(), Cell::maybe(one.last_on.as_ref())]
        });
        output.table(&["OUTCOME", "REQUESTS", "LAST ON"], &rows.collect::<Vec<_>>())?;
    }
    if hygiene.more {
        output.remark("There may be more than this.");
    }
    Ok(())
}

fn found(key: &HygieneKey) -> String {
    let unused = format!("never needed {}", key.unused_scopes.join(" "));
    let all = [
        (key.idle, "idle"),
        (key.rotation_done, "rotation can be completed"),
        (key.no_expiry, "never ends"),
        (key.no_addresses, "works from anywhere"),
        (!key.unused_scopes.is_empty(), unused.as_str()),
    ];
    all.iter().filter(|(is_so, _)| *is_so).map(|(_, words)| *words).collect::<Vec<_>>().join(", ")
}

/// What is missing is said, so that nothing is lost silently.
fn remark(whole: &UsageWhole, output: Output) {
    for loss in &whole.lost {
        let text = format!("{} requests of this time or near it are not counted: {}.", loss.records, loss.reason);
        output.remark(output.paint_stderr(text, Tone::Careful));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_has_a_bar_for_each_step_or_for_several() {
        let usage = |step_s: u64, to: &str| Usage {
            from: "2026-03-01T00:00:00Z".into(),
            to: to.into(),
            step_s,
            whole: UsageWhole { as_of: String::new(), complete: true, lost: vec![] },
            other: None,
            total: UsageSum::default(),
            points: [("2026-03-01T00:00:00Z", 8), ("2026-03-01T02:00:00Z", 1)]
                .map(|(at, requests)| UsagePoint { at: at.into(), sum: UsageSum { requests, ..UsageSum::default() } })
                .into(),
        };
        assert_eq!(sparkline(&usage(3_600, "2026-03-01T04:00:00Z")), "█ ▁ ");
        assert_eq!(sparkline(&usage(60, "2026-03-01T10:00:00Z")).chars().count(), 100);
    }

    #[test]
    fn what_is_not_perfect_is_not_called_so() {
        assert_eq!([1.0, 0.9999, 0.0].map(percent), ["100.0 %", "99.9 %", "0.0 %"]);
    }
}
