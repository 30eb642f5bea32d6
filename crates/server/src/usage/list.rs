//! A short list of who or what was met, with counts: the addresses, programs and routes of one key. It has a bound,
//! so that nobody grows it without end by calling themselves something else each time (threat T20): beyond it the one
//! with the fewest requests makes room and goes into what all others counted together.

use keyward_core::varint::{Reader, put, put_text};

/// Most entries that are told apart.
pub(crate) const ENTRIES_MAX: usize = 32;

/// How often, how often in vain, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    pub(crate) requests: u64,
    /// Those of them that were refused.
    pub(crate) refused: u64,
    /// When the last one came, in unix milliseconds.
    pub(crate) last: i64,
}

/// What was met how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List<K> {
    entries: Vec<(K, Hits)>,
    other: Hits,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self { entries: Vec::new(), other: Hits::default() }
    }
}

impl Hits {
    /// One request.
    pub(crate) const fn once(at: i64, refused: bool) -> Self {
        Self { requests: 1, refused: refused as u64, last: at }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.refused += other.refused;
        self.last = self.last.max(other.last);
    }

    fn write(self, out: &mut Vec<u8>) {
        for number in [self.requests, self.refused, self.last.max(0) as u64] {
            put(out, number);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let [requests, refused, last] = [from.number()?, from.number()?, from.number()?];
        Some(Self { requests, refused, last: i64::try_from(last).ok()? })
    }
}

impl<K> List<K> {
    /// Counts hits of one.
    pub(crate) fn note<B>(&mut self, name: &B, hits: Hits)
    where
        K: PartialEq<B>,
        B: ToOwned<Owned = K> + ?Sized,
    {
        if let Some((_, own)) = self.entries.iter_mut().find(|(own, _)| own == name) {
            own.merge(hits);
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            let least = |at: &usize| (self.entries[*at].1.requests, self.entries[*at].1.last);
            if let Some(at) = (0..self.entries.len()).min_by_key(least) {
                let (_, gone) = self.entries.swap_remove(at);
                self.other.merge(gone);
            }
        }
        self.entries.push((name.to_owned(), hits));
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, Hits)> {
        self.entries.iter().map(|(name, hits)| (name, *hits))
    }

    /// What those counted together that found no place.
    pub(crate) const fn other(&self) -> Hits {
        self.other
    }

    /// The same under other names.
    pub(crate) fn named<N: PartialEq>(&self, name: impl Fn(&K) -> N) -> List<N> {
        let entries = self.entries.iter().map(|(own, hits)| (name(own), *hits)).collect();
        List { entries, other: self.other }
    }
}

impl List<String> {
    /// Adds everything that another list counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, hits) in other.iter() {
            self.note(name.as_str(), hits);
        }
        self.other.merge(other.other);
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put(out, self.entries.len() as u64);
        for (name, hits) in &self.entries {
            put_text(out, name);
            hits.write(out);
        }
        self.other.write(out);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = from.number().filter(|length| *length <= ENTRIES_MAX as u64)?;
        let mut entries = Vec::with_capacity(length as usize);
        for _ in 0..length {
            entries.push((from.text()?.to_owned(), Hits::read(from)?));
        }
        Some(Self { entries, other: Hits::read(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_calls_themselves_anew_each_time_pushes_out_only_others_of_their_kind() {
        let mut list = List::<String>::default();
        for at in 0..50 {
            list.note("steady", Hits::once(at, at % 2 == 0));
        }
        for at in 0..1_000 {
            list.note(format!("attempt {at}").as_str(), Hits::once(at, true));
        }
        assert_eq!(list.iter().count(), ENTRIES_MAX);
        let steady = list.iter().find(|(name, _)| *name == "steady").map(|(_, hits)| hits);
        assert_eq!(steady, Some(Hits { requests: 50, refused: 25, last: 49 }));
        let all: u64 = list.iter().map(|(_, hits)| hits.requests).sum();
        assert_eq!(all + list.other().requests, 1_050);
    }

    #[test]
    fn lists_add_up_and_come_back_from_bytes() {
        let mut list = List::<String>::default();
        list.note("a", Hits::once(5, false));
        list.note("b", Hits::once(7, true));
        let mut sum = list.clone();
        sum.merge(&list);
        assert_eq!(sum.iter().next(), Some((&"a".to_owned(), Hits { requests: 2, refused: 0, last: 5 })));
        let mut bytes = Vec::new();
        sum.write(&mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(List::read(&mut reader), Some(sum));
        assert!(reader.is_at_end());
        assert_eq!(List::read(&mut Reader::new(&bytes[..bytes.len() - 1])), None);
    }
}
