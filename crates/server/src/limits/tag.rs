//! What a counter is called: 128 bits made of its holder and its limit. Written to the file, so never to be changed
//! without a new [`VERSION`](super::arena::VERSION).

use keyward_core::limit::{Algorithm, Limit, Per};
use keyward_core::quota::{Quota, Refill};

use super::Holder;

/// Into how many parts the counters are divided, each with a lock of its own.
pub(super) const SHARDS: usize = 512;
const SHARD_MASK: u64 = SHARDS as u64 - 1;
/// Set in `hi` of quotas, whose words need another treatment at start.
const QUOTA: u64 = SHARDS as u64;

/// Names one counter. `lo` is never 0: that is an empty slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tag {
    pub(super) lo: u64,
    /// Its lowest bits are the shard.
    pub(super) hi: u64,
}

impl Tag {
    /// Where it lives.
    pub(super) fn shard(self) -> usize {
        (self.hi & SHARD_MASK) as usize
    }

    /// Whether it counts a quota.
    pub(super) fn is_quota(self) -> bool {
        self.hi & QUOTA != 0
    }
}

/// A holder, hashed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    a: u64,
    b: u64,
}

// Digits of e: any odd numbers without a pattern would do.
const K: [u64; 6] = [
    0xADF8_5458_A2BB_4A9B,
    0xAFDC_5620_273D_3CF1,
    0xD8B9_C583_CE2D_3695,
    0xA9E1_3641_1464_33FB,
    0xCC93_9DCE_249B_3EF9,
    0x7D2F_E363_630C_75D9,
];

/// Multiplies and folds: one instruction mixes every bit of both into every bit of the result.
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

impl Owner {
    /// Ids are random, made by the server and not by callers: mixing them well is enough, no secret is needed.
    pub(super) fn new(holder: &Holder, per: Per) -> Self {
        let (id, salt) = match per {
            Per::Key => (holder.key.uuid(), 0),
            Per::Account => (holder.account.uuid(), K[5]),
        };
        let (hi, lo) = id.as_u64_pair();
        Self { a: fold(lo ^ K[0] ^ salt, hi ^ K[1]), b: fold(hi ^ K[2] ^ salt, lo ^ K[3]) }
    }

    /// Where all its counters live.
    pub(super) fn shard(self) -> usize {
        (self.a >> 32 & SHARD_MASK) as usize
    }

    /// The counter of a limit. Its number is no part of it: a limit that is changed keeps what was used.
    pub(super) fn limit(self, limit: &Limit) -> Tag {
        let class = match limit.algorithm {
            Algorithm::Fixed => 1,
            Algorithm::Sliding => 2,
            Algorithm::Gcra => 3,
        };
        self.tag(hash(&limit.name, limit.window_ms as u64, class), 0)
    }

    /// The counter of a quota; when it is renewed is a part of it, its budget is not.
    pub(super) fn quota(self, quota: &Quota) -> Tag {
        self.renewed(&quota.name, quota.refill)
    }

    pub(super) fn renewed(self, name: &str, refill: Refill) -> Tag {
        self.tag(hash(name, u64::from(refill_code(refill)), 4), QUOTA)
    }

    fn tag(self, limit: u64, class: u64) -> Tag {
        let lo = fold(self.a ^ limit, self.b ^ K[4]);
        let hi = fold(self.b ^ limit.rotate_left(32), self.a ^ K[5]);
        Tag { lo: lo.max(1), hi: (hi & !SHARD_MASK & !QUOTA) | class | self.shard() as u64 }
    }
}

/// A refill as a number: 0 never, 1 daily, 1 + day monthly.
pub(super) fn refill_code(refill: Refill) -> u32 {
    match refill {
        Refill::Never => 0,
        Refill::Daily => 1,
        Refill::Monthly { day } => 1 + day.clamp(1, 31) as u32,
    }
}

/// The refill that has this number.
pub(super) fn refill_of(code: u32) -> Option<Refill> {
    match code {
        0 => Some(Refill::Never),
        1 => Some(Refill::Daily),
        2..=32 => Some(Refill::Monthly { day: (code - 1) as i8 }),
        _ => None,
    }
}

fn hash(name: &str, number: u64, class: u64) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = fold(number ^ K[1], (bytes.len() as u64) << 8 ^ class ^ K[2]);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        hash = fold(hash ^ word(chunk), K[3]);
    }
    fold(hash ^ word(chunks.remainder()), K[4])
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use keyward_core::ids::{AccountId, KeyId};
    use uuid::Uuid;

    use super::*;

    fn limit(name: &str, window_ms: i64, algorithm: Algorithm) -> Limit {
        Limit { name: name.into(), limit: 5, window_ms, algorithm, per: Per::Key }
    }

    #[test]
    fn no_two_counters_of_many_share_a_name() {
        let mut seen = HashSet::new();
        let mut expected = 0;
        for id in 0..20_000_u128 {
            let holder = Holder { key: KeyId::new(Uuid::from_u128(id)), account: AccountId::new(Uuid::from_u128(id)) };
            for per in [Per::Key, Per::Account] {
                let owner = Owner::new(&holder, per);
                let tags = [
                    owner.limit(&limit("default", 1_000, Algorithm::Fixed)),
                    owner.limit(&limit("default", 2_000, Algorithm::Fixed)),
                    owner.limit(&limit("default", 1_000, Algorithm::Gcra)),
                    owner.limit(&limit("a longer name of it", 1_000, Algorithm::Fixed)),
                    owner.renewed("default", Refill::Never),
                    owner.renewed("default", Refill::Daily),
                    owner.renewed("default", Refill::Monthly { day: 1 }),
                ];
                expected += tags.len();
                assert!(tags.iter().all(|tag| tag.lo != 0 && tag.shard() == owner.shard()));
                seen.extend(tags);
            }
        }
        assert_eq!(seen.len(), expected);
        let halves: HashSet<u64> = seen.iter().map(|tag| tag.lo).collect();
        assert_eq!(halves.len(), expected);
    }

    #[test]
    fn holders_spread_over_all_shards() {
        let mut counts = vec![0_u32; SHARDS];
        for id in 0..SHARDS as u128 * 100 {
            let holder = Holder { key: KeyId::new(Uuid::from_u128(id)), account: AccountId::new(Uuid::nil()) };
            counts[Owner::new(&holder, Per::Key).shard()] += 1;
        }
        assert!(counts.iter().all(|count| (40..180).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_refill_and_its_number_are_one() {
        for code in 0..=32 {
            assert_eq!(refill_of(code).map(refill_code), Some(code));
        }
        assert_eq!(refill_of(33), None);
    }

    /// The file outlives the program: what a counter is called must not change unnoticed.
    #[test]
    fn names_stay_what_they_are() {
        let holder = Holder { key: KeyId::new(Uuid::from_u128(1)), account: AccountId::new(Uuid::from_u128(2)) };
        let tag = Owner::new(&holder, Per::Key).limit(&limit("default", 3_600_000, Algorithm::Fixed));
        assert_eq!((tag.lo, tag.hi), (10_832_842_458_674_933_461, 866_366_173_572_695_115));
    }
}
