//! Scopes: what a key may do, as words of its API's catalogue (rows r51, r60).

use serde::{Deserialize, Serialize};

/// One entry of an API's catalogue of scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The word itself: printable ASCII without space, quote or backslash (RFC 6749 §3.3).
    pub name: String,
    /// What it permits, for people.
    #[serde(default)]
    pub description: String,
}

/// The scopes an API knows; their order gives each its place in a [`ScopeSet`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue(Vec<Scope>);

/// Scopes that an API's catalogue does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope: {}", .0.join(", "))]
pub struct UnknownScopes(pub Vec<String>);

impl Catalogue {
    /// Builds a catalogue; the caller has checked that names are unique and well formed.
    pub fn new(scopes: Vec<Scope>) -> Self {
        Self(scopes)
    }

    /// Its entries, in order.
    pub fn scopes(&self) -> &[Scope] {
        &self.0
    }

    /// The set of these names, or all those that are unknown.
    pub fn set<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<ScopeSet, UnknownScopes> {
        let mut set = ScopeSet::default();
        let mut unknown = Vec::new();
        for name in names {
            match self.0.iter().position(|scope| scope.name == name.as_ref()) {
                Some(place) => set.insert(place),
                None => unknown.push(name.as_ref().to_owned()),
            }
        }
        if unknown.is_empty() { Ok(set) } else { Err(UnknownScopes(unknown)) }
    }

    /// The names in a set, in catalogue order.
    pub fn names<'a>(&'a self, set: &'a ScopeSet) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().enumerate().filter(|(place, _)| set.has(*place)).map(|(_, scope)| scope.name.as_str())
    }
}

/// Whether a word may name a scope.
pub fn is_scope_name(text: &str) -> bool {
    let token = |b: u8| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    !text.is_empty() && text.len() <= 100 && text.bytes().all(token)
}

/// A set of places in one API's catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(Vec<u64>);

impl ScopeSet {
    fn insert(&mut self, place: usize) {
        let word = place / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (place % 64);
    }

    /// Whether it holds this place.
    pub fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether it holds all of `needed`.
    pub fn covers(&self, needed: &Self) -> bool {
        let word = |at: usize| self.0.get(at).copied().unwrap_or(0);
        needed.0.iter().enumerate().all(|(at, need)| need & !word(at) == 0)
    }

    /// What both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(count: usize) -> Catalogue {
        Catalogue::new((0..count).map(|n| Scope { name: format!("s{n}"), description: String::new() }).collect())
    }

    #[test]
    fn sets_cover_and_meet_beyond_one_word() {
        let catalogue = catalogue(130);
        let has = catalogue.set(["s0", "s70", "s129"]).unwrap();
        assert!(has.covers(&catalogue.set(["s129"]).unwrap()));
        assert!(has.covers(&ScopeSet::default()));
        assert!(!has.covers(&catalogue.set(["s1"]).unwrap()));
        assert!(!catalogue.set(["s0"]).unwrap().covers(&has));
        let both = has.and(&catalogue.set(["s70", "s1"]).unwrap());
        assert_eq!(catalogue.names(&both).collect::<Vec<_>>(), ["s70"]);
    }

    #[test]
    fn r51_unknown_scopes_are_named_all_at_once() {
        assert_eq!(catalogue(2).set(["s0", "x", "y"]), Err(UnknownScopes(vec!["x".into(), "y".into()])));
    }

    #[test]
    fn scope_names_fit_a_header() {
        assert!(is_scope_name("validate:target-groups"));
        for wrong in ["", "a b", "a\"b", "a\\b", "é", "a\n"] {
            assert!(!is_scope_name(wrong), "{wrong:?}");
        }
    }
}
