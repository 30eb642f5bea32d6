//! Usage over any stretch of time, in any step: what a plain list of the same records gives.

use keyward_core::ids::AccountId;
use keyward_core::time::{HOUR_MS, MINUTE_MS, UnixMs};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::keys::KeyView;
use keyward_server::logs::Record;
use keyward_server::usage::{self, Asked, AskedSpan, Series};
use uuid::Uuid;

use super::usage::{absorb, is_exact, is_within_two_per_cent, keys, of_account, of_key, record, traffic};
use super::world::World;
use crate::support::new_key;

on_both! {
    r76_r77_any_stretch_in_any_step_is_exact_and_its_percentiles_are_within_two_per_cent
    of_very_many_accounts_the_quiet_ones_are_told_by_the_hour
}

const STRETCHES: usize = 60;
const STEPS_S: [u32; 8] = [60, 120, 300, 420, 900, 3_600, 7_200, 86_400];

/// The same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Traffic with times of every size, from a microsecond to minutes.
fn uneven(app: &App, keys: &[KeyView], numbers: &mut Numbers) -> Vec<Record> {
    let mut records = traffic(app, keys, 3_000);
    for record in &mut records {
        let size = 1_u64 << numbers.below(28);
        record.total_us = (size + numbers.below(size)) as u32;
    }
    // As the log has it: by the ends of answers, not by their beginnings.
    for at in (1..records.len()).rev() {
        let other = at - numbers.below(20).min(at as u64) as usize;
        records.swap(at, other);
    }
    records
}

/// Checks each step and the total against the records themselves.
fn is_right<'a>(series: &Series, records: impl Iterator<Item = &'a Record> + Clone) {
    let within = |from: UnixMs, to: UnixMs| {
        let is_within = move |record: &&Record| record.at >= from && record.at < to;
        records.clone().filter(is_within)
    };
    for (step, sum) in series.steps.iter().enumerate() {
        let own = || within(series.span.at(step), series.span.at(step + 1));
        is_exact(sum, own(), true);
        if own().any(|record| record.code.is_none()) {
            is_within_two_per_cent(sum, own());
        } else {
            assert_eq!((sum.times.quantile_ms(0.5), sum.times.mean_ms()), (None, None));
        }
    }
    let all = || within(series.span.from, series.span.to);
    is_exact(&series.total, all(), true);
    if all().any(|record| record.code.is_none()) {
        is_within_two_per_cent(&series.total, all());
    }
}

async fn r76_r77_any_stretch_in_any_step_is_exact_and_its_percentiles_are_within_two_per_cent(world: World) {
    let (account, other) = (world.account("shop").await, world.account("shop").await);
    let mut own = keys(&world, &account, 2).await;
    own.push(world.make(new_key(&other, "elsewhere")).await.unwrap().key);
    let mut numbers = Numbers(7);
    let records = uneven(&world.app, &own, &mut numbers);
    let batches: Vec<&[Record]> = records.chunks(701).collect();
    absorb(&world.app, &batches).await;
    let now = world.now();
    let orders = world.app.logs.names().name("/orders");
    for nth in 0..STRETCHES {
        let from = now.plus(-(numbers.below(4 * HOUR_MS as u64) as i64) - 1);
        let to = from.plus(1 + numbers.below((now.0 - from.0) as u64) as i64);
        let step_s = STEPS_S[numbers.below(STEPS_S.len() as u64) as usize];
        let span = AskedSpan { from: Some(from), to: Some(to), step_s: Some(step_s) };
        let ask = async |asked: Asked| usage::series(&world.app, Reach::All, Asked { span, ..asked }).await.unwrap();
        let api = Asked { api: Some("shop".into()), ..Asked::default() };
        match nth % 3 {
            0 => is_right(&ask(api).await, records.iter()),
            1 => {
                let asked = Asked { route: Some("/orders".into()), ..api };
                is_right(&ask(asked).await, records.iter().filter(|record| record.route == orders));
            }
            _ => {
                let series = ask(of_account(&account)).await;
                is_right(&series, records.iter().filter(|record| record.account == Some(account.id)));
                assert_eq!(series.other, 0);
            }
        }
    }
    // Of a key, hours; how long its requests took by the day.
    let key = &own[0];
    let of = || records.iter().filter(|record| record.key == Some(key.id));
    let series = usage::series(&world.app, Reach::All, of_key(key.id)).await.unwrap();
    is_exact(&series.total, of(), false);
    is_within_two_per_cent(&series.total, of());
}

async fn of_very_many_accounts_the_quiet_ones_are_told_by_the_hour(world: World) {
    const CROWD: u128 = 2_000;
    let account = world.account("shop").await;
    let key = keys(&world, &account, 1).await.remove(0);
    let (crowded, calm) = (world.now().plus(-20 * MINUTE_MS), world.now().plus(-10 * MINUTE_MS));
    let mut records = vec![
        record(&world.app, &key, crowded, "/orders"),
        record(&world.app, &key, calm, "/orders"),
        record(&world.app, &key, calm, "/orders"),
    ];
    // Each of them asks twice in that minute.
    for nth in 0..CROWD {
        let mut one = record(&world.app, &key, crowded, "/orders");
        (one.account, one.key) = (Some(AccountId::new(Uuid::from_u128(nth + 1))), None);
        records.extend([one.clone(), one]);
    }
    absorb(&world.app, &[&records]).await;
    let ask = async |asked: Asked, step_s: u32| {
        let span = AskedSpan { step_s: Some(step_s), ..AskedSpan::default() };
        let series = usage::series(&world.app, Reach::All, Asked { span, ..asked }).await.unwrap();
        (series.total.requests, series.other)
    };
    assert_eq!(ask(of_account(&account), 60).await, (2, 1), "what its minutes lack is told");
    assert_eq!(ask(of_account(&account), 3_600).await, (3, 0));
    let api = Asked { api: Some("shop".into()), ..Asked::default() };
    assert_eq!(ask(api, 60).await, (records.len() as u64, 0), "of an API every minute is whole");
}
