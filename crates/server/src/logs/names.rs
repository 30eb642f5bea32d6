//! Names that many records share, each kept once under a small number.
//!
//! Every API, route and region of the configuration is named when the program starts; what an earlier configuration
//! named comes back with the records it is in. Numbers are of this process only and never written down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The number of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Name(u32);

impl Name {
    /// No name at all: the empty text.
    pub const NONE: Self = Self(0);
    /// Stands for all that found no place any more.
    pub const OTHER: Self = Self(1);

    pub(super) const fn number(self) -> usize {
        self.0 as usize
    }

    /// Whether it stands for nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// Most names that are kept; from there on all new ones are `other` (threat T20).
const NAMES_MAX: usize = 100_000;
/// Most codes beside those that are known beforehand.
const CODES_MAX: usize = 200;
/// What is told where there is no place for a name any more.
const OTHER: &str = "other";

/// All names.
#[derive(Debug)]
pub struct Names {
    /// By number.
    all: boxcar::Vec<Box<str>>,
    numbers: Mutex<HashMap<Box<str>, Name>>,
    codes: Mutex<Vec<&'static str>>,
}

impl Names {
    /// A table that knows these codes.
    pub fn new(codes: impl IntoIterator<Item = &'static str>) -> Self {
        let names =
            Self { all: boxcar::Vec::new(), numbers: Mutex::default(), codes: Mutex::new(codes.into_iter().collect()) };
        names.name("");
        names.name(OTHER);
        names
    }

    /// The number of a text, which gets one if it has none. Not for a request's way: it takes a lock.
    pub fn name(&self, text: &str) -> Name {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = numbers.get(text) {
            return *name;
        }
        if numbers.len() >= NAMES_MAX {
            return Name::OTHER;
        }
        let name = Name(self.all.push(text.into()) as u32);
        numbers.insert(text.into(), name);
        name
    }

    /// The number of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).get(text).copied()
    }

    /// The text of a number.
    pub fn text(&self, name: Name) -> &str {
        self.all.get(name.0 as usize).map_or("", |text| text)
    }

    /// A code that was read from disk, as one that lives as long as the program. Unknown ones are kept for good, so
    /// there is a bound.
    pub fn code(&self, text: &str) -> &'static str {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = codes.iter().find(|code| **code == text) {
            return code;
        }
        if codes.len() >= CODES_MAX {
            return OTHER;
        }
        let code: &'static str = Box::leak(Box::from(text));
        codes.push(code);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let names = Names::new(["key_expired"]);
        let (a, b) = (names.name("a"), names.name("b"));
        assert_eq!((names.name("a"), names.text(a), names.text(b)), (a, "a", "b"));
        assert_eq!((names.text(Name::NONE), names.name("")), ("", Name::NONE));
        assert_eq!((names.find("b"), names.find("c")), (Some(b), None));
    }

    #[test]
    fn codes_from_disk_are_bounded() {
        let names = Names::new(["key_expired"]);
        assert_eq!(names.code("key_expired"), "key_expired");
        for number in 0..CODES_MAX {
            names.code(&format!("code_{number}"));
        }
        assert_eq!((names.code("code_1"), names.code("one_more")), ("code_1", "other"));
    }
}
