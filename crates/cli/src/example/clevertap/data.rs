//! The example data: 500 people and 20 events on each day of 2026, all computed from their numbers.

use std::{collections::BTreeSet, ops::RangeInclusive};

use jiff::civil::{Date, DateTime, date};
use serde_json::{Map, Value, json};

use crate::example::noise;

/// The days that have data.
pub(crate) const DAYS: RangeInclusive<Date> = date(2026, 1, 1)..=date(2026, 12, 31);
/// How many people there are; number 0 is jack@gmail.com.
pub(crate) const PROFILES: u32 = 500;

const EVENTS_PER_DAY: u32 = 20;
const SECONDS_PER_SLOT: u32 = 86_400 / EVENTS_PER_DAY;
const FIRST_NAMES: [&str; 8] = ["Ann", "Ben", "Chloe", "Dev", "Elif", "Femi", "Grace", "Hiro"];
const LAST_NAMES: [&str; 8] = ["Okafor", "Silva", "Novak", "Rao", "Lind", "Moreau", "Tanaka", "Weber"];
const PLATFORMS: [&str; 3] = ["Android", "iOS", "Web"];
const PRODUCTS: [&str; 4] = ["Casio Chronograph Watch", "Trail Running Shoes", "Desk Lamp", "Travel Mug"];

/// The name of the event in this slot of a day.
fn name_of_slot(slot: u32) -> &'static str {
    match slot {
        0..12 => "App Launched",
        12..17 => "Product viewed",
        _ => "Charged",
    }
}

fn name_of(event: u32) -> &'static str {
    name_of_slot(event % EVENTS_PER_DAY)
}

/// Whose event it is. Jack opens the app first thing every third day.
fn owner_of(event: u32) -> u32 {
    let jacks = event.is_multiple_of(3 * EVENTS_PER_DAY);
    if jacks { 0 } else { (noise::scatter(u64::from(event)) % u64::from(PROFILES)) as u32 }
}

fn time_of(event: u32) -> DateTime {
    let (day, slot) = (event / EVENTS_PER_DAY, event % EVENTS_PER_DAY);
    let within = (noise::scatter(u64::from(event) ^ 0x7157) % u64::from(SECONDS_PER_SLOT)) as u32;
    let midnight = DAYS.start().to_datetime(jiff::civil::Time::midnight());
    let seconds = i64::from(day) * 86_400 + i64::from(slot * SECONDS_PER_SLOT + within);
    midnight.saturating_add(jiff::SignedDuration::from_secs(seconds))
}

/// The numbers of the events with this name (empty: any) on these days, oldest first.
pub(crate) fn events(name: &str, days: RangeInclusive<Date>) -> impl Iterator<Item = u32> + use<'_> {
    let first = (*days.start()).max(*DAYS.start());
    let last = (*days.end()).min(*DAYS.end());
    let range = if first <= last { day_number(first)..day_number(last) + 1 } else { 0..0 };
    range
        .flat_map(|day| (0..EVENTS_PER_DAY).map(move |slot| day * EVENTS_PER_DAY + slot))
        .filter(move |event| name.is_empty() || name_of(*event) == name)
}

/// The numbers of the people who have such an event on these days.
pub(crate) fn profiles_with(name: &str, days: RangeInclusive<Date>) -> BTreeSet<u32> {
    events(name, days).map(owner_of).collect()
}

/// Days since 1 January of a day that lies within [`DAYS`].
fn day_number(day: Date) -> u32 {
    u32::try_from(day.day_of_year() - 1).unwrap_or(0)
}

fn email_of(profile: u32) -> String {
    match profile {
        0 => "jack@gmail.com".to_owned(),
        n => format!("user{n}@example.com"),
    }
}

fn identity_of(profile: u32) -> String {
    (6_264_372_124_u64 + u64::from(profile)).to_string()
}

fn object_id_of(profile: u32) -> String {
    noise::uuid(&format!("profile/{profile}"))
}

fn name_of_profile(profile: u32) -> String {
    match profile {
        0 => "Jack Montana".to_owned(),
        n => {
            let n = noise::scatter(u64::from(n)) as usize;
            format!("{} {}", FIRST_NAMES[n % FIRST_NAMES.len()], LAST_NAMES[(n >> 8) % LAST_NAMES.len()])
        }
    }
}

fn platform_of(profile: u32) -> &'static str {
    PLATFORMS[profile as usize % PLATFORMS.len()]
}

/// The person with this `email`, `identity` or `objectId`. An address is found as an identity too, as in the
/// published samples.
pub(crate) fn find_profile(name: &str, value: &str) -> Option<u32> {
    let same_email = |profile: u32| email_of(profile).eq_ignore_ascii_case(value);
    (0..PROFILES).find(|&profile| match name {
        "email" => same_email(profile),
        "identity" => identity_of(profile) == value || same_email(profile),
        "objectId" => object_id_of(profile) == value,
        _ => false,
    })
}

/// What `/1/events.json` shows of an event.
pub(crate) fn event_record(event: u32) -> Value {
    let owner = owner_of(event);
    let n = noise::scatter(u64::from(event) ^ 0xe7e7) as usize;
    let product = PRODUCTS[n % PRODUCTS.len()];
    let price = 5 + (n >> 8) % 95;
    let properties = match name_of(event) {
        "App Launched" => json!({"CT Source": "Mobile", "CT App Version": format!("6.{}", event / 2_000)}),
        "Product viewed" => json!({"Product name": product, "Price": price, "Currency": "EUR"}),
        _ => json!({"Amount": price, "Currency": "EUR", "Items": [{"Product name": product, "Quantity": 1 + n % 3}]}),
    };
    json!({
        "profile": {
            "objectId": object_id_of(owner),
            "platform": platform_of(owner),
            "email": email_of(owner),
            "name": name_of_profile(owner),
            "identity": identity_of(owner),
        },
        "ts": time_of(event).strftime("%Y%m%d%H%M%S").to_string().parse::<u64>().unwrap_or_default(),
        "event_name": name_of(event),
        "event_props": properties,
    })
}

/// What `/1/profile.json` and `/1/profiles.json` show of a person.
pub(crate) fn profile_record(profile: u32) -> Value {
    let n = noise::scatter(u64::from(profile) ^ 0x9e0f);
    json!({
        "email": email_of(profile),
        "name": name_of_profile(profile),
        "identity": identity_of(profile),
        "profileData": {"Customer type": if n.is_multiple_of(3) { "Gold" } else { "Silver" }, "Age": 20 + n % 50},
        "events": history(profile),
        "platformInfo": [{
            "platform": platform_of(profile),
            "os_version": format!("{}.{}", 14 + n % 5, n % 4),
            "app_version": "6.1.3",
            "objectId": object_id_of(profile),
        }],
    })
}

/// Per event name: how often, first and last time in epoch seconds.
fn history(profile: u32) -> Value {
    let mut summary: Map<String, Value> = Map::new();
    for event in events("", DAYS).filter(|event| owner_of(*event) == profile) {
        let at = jiff::tz::TimeZone::UTC.to_timestamp(time_of(event)).map_or(0, jiff::Timestamp::as_second);
        let entry = summary.entry(name_of(event)).or_insert_with(|| json!({"count": 0, "first_seen": at}));
        entry["count"] = (entry["count"].as_u64().unwrap_or(0) + 1).into();
        entry["last_seen"] = at.into();
    }
    summary.into()
}

/// The event's number of occurrences per day or per `key`, for counts by group.
pub(crate) fn daily_counts<K: Ord>(
    name: &str,
    days: RangeInclusive<Date>,
    key: impl Fn(Date) -> K,
) -> std::collections::BTreeMap<K, u64> {
    let mut counts = std::collections::BTreeMap::new();
    for event in events(name, days) {
        *counts.entry(key(time_of(event).date())).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jack_has_a_profile_and_opened_the_app_throughout_the_year() {
        let jack = find_profile("email", "Jack@Gmail.com").expect("Jack is known");
        assert_eq!(find_profile("objectId", &object_id_of(jack)), Some(jack));
        assert_eq!(find_profile("email", "nobody@example.com"), None);
        let launched = &profile_record(jack)["events"]["App Launched"];
        assert!(launched["count"].as_u64() >= Some(122));
        assert!(launched["first_seen"].as_i64() < launched["last_seen"].as_i64());
    }

    #[test]
    fn events_are_in_order_on_their_days_and_in_their_year() {
        let march = date(2026, 3, 1)..=date(2026, 3, 31);
        let times: Vec<DateTime> = events("App Launched", march.clone()).map(time_of).collect();
        assert_eq!(times.len(), 31 * 12);
        assert!(times.is_sorted());
        assert!(times.iter().all(|time| march.contains(&time.date())));
        assert_eq!(events("", date(2025, 6, 1)..=date(2025, 7, 1)).count(), 0);
        assert_eq!(events("", date(2020, 1, 1)..=date(2030, 1, 1)).count(), 365 * 20);
    }
}
