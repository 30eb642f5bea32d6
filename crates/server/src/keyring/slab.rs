//! Values that many entries share, each under a small number: accounts, terms, persons.
//!
//! Readers fetch by number without locks. Numbers of values that nobody uses any more are given out again, so a
//! reader must check that the entry it took the number from still holds (`Found::still_holds`).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// The readers' side.
pub(super) struct Slab<T>(boxcar::Vec<ArcSwapOption<T>>);

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self(boxcar::Vec::new())
    }

    pub(super) fn get(&self, number: u32) -> Option<Arc<T>> {
        self.0.get(number as usize)?.load_full()
    }
}

/// The writer's side: which number a name has, and how many use it.
pub(super) struct Numbers<K> {
    by_name: HashMap<K, u32>,
    uses: Vec<(u32, Option<K>)>,
    free: Vec<u32>,
}

impl<K: Clone + Eq + Hash> Numbers<K> {
    pub(super) fn new() -> Self {
        Self { by_name: HashMap::new(), uses: Vec::new(), free: Vec::new() }
    }

    pub(super) fn get(&self, name: &K) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// One more use of a name. `make` gives its value when it is new.
    pub(super) fn take<T>(&mut self, slab: &Slab<T>, name: &K, make: impl FnOnce() -> T) -> u32 {
        if let Some(number) = self.get(name) {
            self.uses[number as usize].0 += 1;
            return number;
        }
        let value = Some(Arc::new(make()));
        let number = if let Some(number) = self.free.pop() {
            slab.0[number as usize].store(value);
            self.uses[number as usize] = (1, Some(name.clone()));
            number
        } else {
            self.uses.push((1, Some(name.clone())));
            slab.0.push(ArcSwapOption::new(value)) as u32
        };
        self.by_name.insert(name.clone(), number);
        number
    }

    /// Gives a name another value; its number stays.
    pub(super) fn replace<T>(&mut self, slab: &Slab<T>, name: &K, value: T) -> Option<u32> {
        let number = self.get(name)?;
        slab.0[number as usize].store(Some(Arc::new(value)));
        Some(number)
    }

    /// One use less; a value that nobody uses goes.
    pub(super) fn give_back<T>(&mut self, slab: &Slab<T>, number: u32) {
        let Some(use_of) = self.uses.get_mut(number as usize) else { return };
        use_of.0 = use_of.0.saturating_sub(1);
        if use_of.0 == 0
            && let Some(name) = use_of.1.take()
        {
            self.by_name.remove(&name);
            slab.0[number as usize].store(None);
            self.free.push(number);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}
