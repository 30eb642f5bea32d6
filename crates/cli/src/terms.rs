//! Limits, quotas and lifetimes as they are written on the command line.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use keyward_sdk::wire::{Algorithm, Expires, Limit, Per, Quota, Refill};

/// The usual limit's or quota's name.
const USUAL: &str = "default";

/// When a key ends.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(crate) struct Lifetime {
    /// Ends this many times 24 hours from now.
    #[arg(long, value_name = "COUNT")]
    days: Option<u32>,
    /// Ends at this instant (2027-01-31T12:00:00Z), or when this day begins (2027-01-31, UTC).
    #[arg(long, value_name = "WHEN", value_parser = instant)]
    until: Option<String>,
    /// Never ends, as the rules of its kind understand it.
    #[arg(long)]
    forever: bool,
}

impl Lifetime {
    /// What was said of it.
    pub(crate) fn expires(&self) -> Option<Expires> {
        let days = self.days.map(Expires::Days);
        let until = || self.until.clone().map(Expires::At);
        days.or_else(until).or_else(|| self.forever.then_some(Expires::Never))
    }
}

/// An instant or a day, as RFC 3339.
pub(crate) fn instant(text: &str) -> Result<String, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_string());
    }
    let day = text.parse::<Date>().map_err(|_| "expected 2027-01-31T12:00:00Z or 2027-01-31")?;
    let at = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(at.timestamp().to_string())
}

/// `[NAME=]COUNT[/WINDOW][,fixed|sliding|gcra][,key|account]`
pub(crate) fn limit(text: &str) -> Result<Limit, String> {
    let (name, rest) = named(text);
    let mut parts = rest.split(',');
    let (count, window) = ratio(parts.next().unwrap_or_default());
    let count = count.parse().map_err(|_| format!("`{count}` is not a whole number"))?;
    let window_s = window.map(seconds).transpose()?;
    let mut limit = Limit { name: name.to_owned(), limit: count, window_s, algorithm: None, per: None };
    for word in parts {
        match word {
            "fixed" => limit.algorithm = Some(Algorithm::Fixed),
            "sliding" => limit.algorithm = Some(Algorithm::Sliding),
            "gcra" => limit.algorithm = Some(Algorithm::Gcra),
            "key" => limit.per = Some(Per::Key),
            "account" => limit.per = Some(Per::Account),
            other => return Err(format!("`{other}` is none of fixed, sliding, gcra, key, account")),
        }
    }
    Ok(limit)
}

/// `[NAME=]BUDGET/never|daily|monthly[@DAY][,key|account]`
pub(crate) fn quota(text: &str) -> Result<Quota, String> {
    let (name, rest) = named(text);
    let (rest, per) = match rest.split_once(',') {
        None => (rest, None),
        Some((rest, "key")) => (rest, Some(Per::Key)),
        Some((rest, "account")) => (rest, Some(Per::Account)),
        Some((_, other)) => return Err(format!("`{other}` is neither key nor account")),
    };
    let (budget, refill) = ratio(rest);
    let budget = budget.parse().map_err(|_| format!("`{budget}` is not a whole number"))?;
    let refill = match refill {
        Some("never") => Refill::Never,
        Some("daily") => Refill::Daily,
        Some("monthly") => Refill::Monthly { day: 1 },
        Some(other) => match other.strip_prefix("monthly@").map(str::parse) {
            Some(Ok(day @ 1..=31)) => Refill::Monthly { day },
            Some(_) | None => return Err(format!("`{other}` is none of never, daily, monthly, monthly@DAY")),
        },
        None => return Err("say when it is renewed: BUDGET/never, /daily, /monthly or /monthly@DAY".into()),
    };
    Ok(Quota { name: name.to_owned(), budget, refill, per })
}

/// A limit, as people read it.
pub(crate) fn show_limit(limit: &Limit) -> String {
    let window = limit.window_s.map_or_else(String::new, |window| format!("/{}", window_of(window)));
    let algorithm = match limit.algorithm {
        None | Some(Algorithm::Fixed) => "",
        Some(Algorithm::Sliding) => ",sliding",
        Some(Algorithm::Gcra) => ",gcra",
    };
    format!("{}={}{window}{algorithm}{}", limit.name, limit.limit, shared(limit.per))
}

/// A quota, as people read it.
pub(crate) fn show_quota(quota: &Quota) -> String {
    let refill = match quota.refill {
        Refill::Never => "never".to_owned(),
        Refill::Daily => "daily".to_owned(),
        Refill::Monthly { day } => format!("monthly@{day}"),
    };
    format!("{}={}/{refill}{}", quota.name, quota.budget, shared(quota.per))
}

const fn shared(per: Option<Per>) -> &'static str {
    match per {
        None | Some(Per::Key) => "",
        Some(Per::Account) => ",account",
    }
}

fn named(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((USUAL, text))
}

fn ratio(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(count, window)| (count, Some(window)))
}

const UNITS: [(&str, u32); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A time such as `7d`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let found = UNITS.iter().find_map(|(unit, length)| {
        let count = text.strip_suffix(unit)?;
        // `/h` alone is one hour.
        let count = if count.is_empty() { Some(1) } else { count.parse::<u32>().ok() };
        count?.checked_mul(*length)
    });
    found
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| format!("`{text}` is no window: expected something like 1h, 30s, 1d"))
}

fn window_of(seconds: u32) -> String {
    let fits = UNITS.iter().find(|(_, length)| seconds.is_multiple_of(*length));
    fits.map_or_else(|| format!("{seconds}s"), |(unit, length)| format!("{}{unit}", seconds / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_shown() {
        for text in ["default=5", "default=1000/1h", "burst=10/1s,gcra", "shared=7/2d,sliding,account"] {
            assert_eq!(limit(text).as_ref().map(show_limit).as_deref(), Ok(text));
        }
        assert_eq!(limit("5").map(|limit| limit.name).as_deref(), Ok("default"));
        assert_eq!(limit("5/h").map(|limit| limit.window_s), Ok(Some(3_600)));
    }

    #[test]
    fn quotas_are_read_as_they_are_shown() {
        for text in ["total=9/never", "default=100/daily,account", "month=5/monthly@31"] {
            assert_eq!(quota(text).as_ref().map(show_quota).as_deref(), Ok(text));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "x", "5/", "5/0s", "5/1y", "5/h,often", "5/99999999d"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        for bad in ["", "5", "5/weekly", "5/monthly@0", "5/monthly@32", "5/daily,person"] {
            assert!(quota(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(instant("2027-01-31").as_deref(), Ok("2027-01-31T00:00:00Z"));
        assert_eq!(instant("2027-01-31T12:00:00+02:00").as_deref(), Ok("2027-01-31T10:00:00Z"));
        assert!(instant("tomorrow").is_err());
    }
}
