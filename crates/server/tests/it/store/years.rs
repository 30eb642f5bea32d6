//! A thousand keys through five years.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use keyward_core::role::Permissions;
use keyward_core::time::DAY_MS;
use keyward_server::changes::Reach;
use keyward_server::keys::{self};
use keyward_server::notices::{self, Kind, NoticeFilter};
use keyward_server::operation::Page;

use super::notices::key_for;
use super::world::World;

on_both! {
    a_thousand_keys_are_told_of_through_five_years_by_two_nodes_at_once
}

/// A number from 0 that is any, and the same in each run.
fn any(seed: u64, below: u64) -> u64 {
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xD1B5_4A32_D192_ED03) % below
}

async fn a_thousand_keys_are_told_of_through_five_years_by_two_nodes_at_once(world: World) {
    const YEARS_DAYS: i64 = 5 * 365;
    let (one, two) = (world.beside().await, world.beside().await);
    let mut accounts = Vec::new();
    for _ in 0..10 {
        accounts.push(world.account("clevertap").await);
    }
    // What is expected of each: key, end, and the days before it.
    let mut expected = BTreeSet::new();
    let (app, accounts) = (&world.app, &accounts);
    let made = (0..1_000_u64).map(|number| async move {
        let days = 1 + any(number, 1_700) as u32;
        let account = &accounts[number as usize % accounts.len()];
        (days, key_for(app, account, &format!("k{number}"), days).await)
    });
    // Many at once share a commit.
    let made: Vec<_> = futures_util::stream::iter(made).buffer_unordered(64).collect().await;
    for (days, key) in made {
        let end = key.expires_at.unwrap();
        let marks = [30, 7, 1].into_iter().filter(|mark| *mark < days).map(|mark| mark.to_string());
        expected.extend(marks.chain(["ended".into()]).map(|mark| (key.id.to_string(), end.0, mark)));
    }
    for _ in 0..YEARS_DAYS {
        world.pass(DAY_MS);
        let (here, there) = tokio::join!(keys::remind_once(&one), keys::remind_once(&two));
        here.unwrap();
        there.unwrap();
    }
    let dump = world.dump().await;
    assert_eq!(dump.iter().find(|(table, _)| table == "reminder").unwrap().1, "", "all are over");
    let mut told = Vec::new();
    for account in accounts {
        for kind in [Kind::KeyExpiring, Kind::KeyExpired] {
            let mut page = Page { limit: 200, cursor: None };
            loop {
                let filter = NoticeFilter { account: Some(account.id), kinds: vec![kind], ..NoticeFilter::default() };
                let found = notices::list(&one, Reach::All, Permissions::ALL, filter, page).await.unwrap();
                for notice in &found.items {
                    let end = notice.facts["expires_at"].as_str().unwrap();
                    let end = keyward_core::time::UnixMs::parse_rfc3339(end).unwrap();
                    let mark = notice.facts["days"].as_u64().map_or_else(|| "ended".into(), |days| days.to_string());
                    let due = end.0 - notice.facts["days"].as_i64().unwrap_or(0) * DAY_MS;
                    assert!((0..DAY_MS).contains(&(notice.at.0 - due)), "told within the day");
                    told.push((notice.key.unwrap().to_string(), end.0, mark));
                }
                let Some(next) = found.next_cursor else { break };
                page = Page { limit: 200, cursor: Some(next) };
            }
        }
    }
    assert_eq!(told.len(), expected.len(), "none twice");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected, "none lost");
}
