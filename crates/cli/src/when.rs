//! Instants as people say them.

use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An RFC 3339 instant seen from `now`: `in 12 days`, `3 hours ago`. Whatever else is given back as it is.
pub(crate) fn relative(text: &str, now: Timestamp) -> String {
    let Ok(at) = text.parse::<Timestamp>() else { return text.to_owned() };
    let away = at.duration_since(now);
    let span = spoken(away.abs());
    match (span, away > SignedDuration::ZERO) {
        (None, _) => "now".into(),
        (Some(span), true) => format!("in {span}"),
        (Some(span), false) => format!("{span} ago"),
    }
}

/// The largest unit that fits, rounded to the nearest: 11 days and 23 hours are 12 days.
fn spoken(away: SignedDuration) -> Option<String> {
    let seconds = away.as_secs();
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")];
    let (length, name) = units.into_iter().find(|(length, _)| seconds >= *length)?;
    let count = (seconds + length / 2) / length;
    Some(format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_by_their_distance() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a timestamp");
        let cases = [
            ("2026-12-04T11:59:00Z", "in 12 days"),
            ("2026-11-22T12:00:00.4Z", "now"),
            ("2026-11-22T12:00:01Z", "in 1 second"),
            ("2026-11-22T09:00:00Z", "3 hours ago"),
            ("2026-11-22T11:58:50Z", "1 minute ago"),
            ("soon", "soon"),
        ];
        for (at, told) in cases {
            assert_eq!(relative(at, now), told, "{at}");
        }
    }
}
