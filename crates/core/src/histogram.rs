//! How long things took, in few bytes: a histogram whose buckets grow with the value.
//!
//! Up to 31 each value has a bucket of its own; from there on each doubling is cut into 32. What is told of a value is
//! the middle of its bucket, at most 1.6 % away from it. Histograms of one kind add up without loss: a day is the sum
//! of its minutes.

use crate::varint::{Reader, put};

/// Into how many parts each doubling is cut, as a power of two.
const PARTS_BITS: u32 = 5;
const PARTS: u64 = 1 << PARTS_BITS;
/// Larger values are counted as this one: 12 days in microseconds.
const VALUE_MAX: u64 = (1 << 40) - 1;
/// One more than the last bucket.
const BUCKETS: u64 = PARTS + (40 - PARTS_BITS as u64) * PARTS;

/// Counts of values. Only buckets that hold something take room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(Vec<(u16, u64)>);

const fn bucket(value: u64) -> u16 {
    let value = if value > VALUE_MAX { VALUE_MAX } else { value };
    if value < PARTS {
        return value as u16;
    }
    let shift = value.ilog2() - PARTS_BITS;
    (PARTS + shift as u64 * PARTS + ((value >> shift) & (PARTS - 1))) as u16
}

/// The middle of a bucket.
const fn middle(bucket: u16) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let shift = (bucket - PARTS) / PARTS;
    let first = (PARTS + (bucket - PARTS) % PARTS) << shift;
    first + (1 << shift) / 2
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.add(bucket(value), 1);
    }

    fn add(&mut self, bucket: u16, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(own, _)| *own) {
            Ok(at) => self.0[at].1 += count,
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// Adds everything that another one counted.
    pub fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (bucket, count) in &other.0 {
            self.add(*bucket, *count);
        }
    }

    /// How many values it counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Whether it counted nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that this share of all values (0 to 1) does not exceed, within 2 %; `None` without values.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let total = self.count();
        let rank = ((total as f64 * share).ceil() as u64).clamp(1, total.max(1));
        let mut below = 0;
        self.0.iter().find_map(|(bucket, count)| {
            below += count;
            (below >= rank).then(|| middle(*bucket))
        })
    }

    /// Writes it: the number of buckets, then the distance to each from the one before it, and its count.
    pub fn write(&self, out: &mut Vec<u8>) {
        put(out, self.0.len() as u64);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            put(out, u64::from(bucket - before));
            put(out, *count);
            before = *bucket;
        }
    }

    /// Reads what [`Self::write`] wrote; `None` where it is damaged.
    pub fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = from.number()?;
        if length > BUCKETS {
            return None;
        }
        let mut all = Vec::with_capacity(length as usize);
        let mut at = 0_u64;
        for place in 0..length {
            let step = from.number()?;
            at = at.checked_add(step).filter(|at| *at < BUCKETS && (place == 0 || step > 0))?;
            all.push((at as u16, from.number().filter(|count| *count > 0)?));
        }
        Some(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value of this rank, looked up among all of them.
    fn exact(values: &[u64], share: f64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len());
        sorted[rank - 1]
    }

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    /// Latencies as they are met: many short, some long.
    fn latency() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..100, 100_u64..20_000, 20_000_u64..5_000_000, 1_u64..VALUE_MAX]
    }

    proptest! {
        #[test]
        fn r77_every_percentile_is_within_two_per_cent(
            values in prop::collection::vec(latency(), 1..500), share in 0.0_f64..=1.0,
        ) {
            let histogram = of(&values);
            for share in [share, 0.5, 0.95, 0.99, 1.0] {
                let (told, truth) = (histogram.quantile(share).unwrap(), exact(&values, share));
                prop_assert!(told.abs_diff(truth) * 50 <= truth, "{share}: {told} for {truth}");
            }
        }

        #[test]
        fn parts_add_up_to_the_whole(
            one in prop::collection::vec(latency(), 0..200), other in prop::collection::vec(latency(), 0..200),
        ) {
            let mut sum = of(&one);
            sum.merge(&of(&other));
            prop_assert_eq!(&sum, &of(&[one.clone(), other.clone()].concat()));
            prop_assert_eq!(sum.count(), (one.len() + other.len()) as u64);
        }

        #[test]
        fn what_was_written_is_read_and_anything_else_is_no_panic(
            values in prop::collection::vec(latency(), 0..200), noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let (histogram, mut bytes) = (of(&values), Vec::new());
            histogram.write(&mut bytes);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(Histogram::read(&mut reader), Some(histogram));
            prop_assert!(reader.is_at_end());
            if let Some(read) = Histogram::read(&mut Reader::new(&noise)) {
                let mut again = Vec::new();
                read.write(&mut again);
                prop_assert_eq!(Histogram::read(&mut Reader::new(&again)), Some(read));
            }
        }
    }

    #[test]
    fn the_longest_is_counted_as_the_last_bucket() {
        let histogram = of(&[u64::MAX, VALUE_MAX]);
        assert_eq!((histogram.0.len(), u64::from(histogram.0[0].0)), (1, BUCKETS - 1));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
