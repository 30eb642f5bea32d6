//! What the keyring could have been: random hits in other maps of a million 64-byte entries, and in its own table.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::RwLock;

use criterion::{Criterion, criterion_group, criterion_main};
use keyward_bench::{mix, world};

const COUNT: usize = 1_000_000;

/// Digests are hashes already.
#[derive(Default)]
struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks_exact(8) {
            self.0 = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

type Pass = BuildHasherDefault<PassThrough>;
type Entry = [u64; 6];

fn tag(number: usize) -> u128 {
    u128::from(mix(number as u64)) | u128::from(mix(!(number as u64))) << 64
}

fn bench(c: &mut Criterion) {
    let mut state = 0;
    let mut draw = move || {
        state += 1;
        mix(state) as usize % COUNT
    };

    let papaya: papaya::HashMap<u128, Entry, Pass> = papaya::HashMap::with_capacity_and_hasher(COUNT, Pass::default());
    for number in 0..COUNT {
        papaya.pin().insert(tag(number), [number as u64; 6]);
    }
    c.bench_function("structures/papaya", |b| b.iter(|| black_box(papaya.pin().get(&tag(draw())).copied())));
    drop(papaya);

    let shards: Vec<RwLock<hashbrown::HashMap<u128, Entry, Pass>>> = (0..256).map(|_| RwLock::default()).collect();
    for number in 0..COUNT {
        let tag = tag(number);
        shards[(tag >> 120) as usize].write().expect("no panic").insert(tag, [number as u64; 6]);
    }
    c.bench_function("structures/256 locked hashbrown maps", |b| {
        b.iter(|| {
            let tag = tag(draw());
            black_box(shards[(tag >> 120) as usize].read().expect("no panic").get(&tag).copied())
        });
    });
    drop(shards);

    let plain: HashMap<u128, Entry, Pass> = (0..COUNT).map(|number| (tag(number), [number as u64; 6])).collect();
    c.bench_function("structures/one unshared map (floor)", |b| b.iter(|| black_box(plain.get(&tag(draw())).copied())));
    drop(plain);

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(world(COUNT)).expect("a ward");
    let digests: Vec<_> =
        (0..COUNT).map(|number| world.ward.vault.pepper().digest(world.secrets.get(number))).collect();
    c.bench_function("structures/keyring (with account and terms)", |b| {
        b.iter(|| black_box(world.ward.keyring.lookup(&digests[draw()])));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
