//! G3: `authorize` in process, limit taken: random keys out of a million, one hot key, unknown keys.
//!
//! `KEYWARD_BENCH_KEYS` chooses how many keys (default 1,000,000).

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_bench::{Secrets, World, mix, world};
use keyward_core::decide::Request;
use keyward_server::authorize::{Attempt, Body, Outcome, Presented};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn allowed(world: &World, secret: &str) -> bool {
    let setup = &world.config.apis[0];
    let attempt = Attempt {
        setup,
        presented: Presented::Credential { account: None, secret: Cow::Borrowed(secret) },
        request: Request {
            region: None,
            address: None,
            https: None,
            route: setup.api.routes.find("GET", "/v1/things"),
        },
        body: Body::Unread,
        items: None,
        cost: None,
        spend: true,
    };
    matches!(world.ward.authorize(&attempt).outcome, Outcome::Allow)
}

fn unknown_secrets(world: &World, count: usize) -> Vec<String> {
    let format = &world.config.apis[0].api.kinds[0].format;
    let make = |_| format.generate(keyward_core::key::Environment::Live, &mut keyward_server::vault::random);
    (0..count).map(make).map(|secret| secret.expose().to_owned()).collect()
}

fn draw<'a>(secrets: &'a Secrets, state: &mut u64) -> &'a str {
    *state += 1;
    secrets.get(mix(*state) as usize % secrets.count())
}

fn bench(c: &mut Criterion) {
    let count = std::env::var("KEYWARD_BENCH_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(world(count)).expect("a ward");
    let per_key = world.ward.keyring.bytes() as f64 / count as f64;
    println!("{count} keys, {per_key:.1} B a key in the keyring's table");
    let mut state = 0;
    c.bench_function(&format!("authorize/random of {count}"), |b| {
        b.iter(|| assert!(black_box(allowed(&world, draw(&world.secrets, &mut state)))));
    });
    let hot = world.secrets.get(0).to_owned();
    c.bench_function("authorize/hot key", |b| b.iter(|| assert!(black_box(allowed(&world, &hot)))));
    let unknown = unknown_secrets(&world, 10_000);
    c.bench_function("authorize/unknown key", |b| {
        b.iter(|| {
            state += 1;
            assert!(!black_box(allowed(&world, &unknown[mix(state) as usize % unknown.len()])));
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
