//! Roles and permissions: what a person or a management key may see and do in an account.

use std::fmt;

/// A part of an account that can be seen or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// Keys of the account, and their secrets where their kind permits.
    Keys,
    /// People, their roles and their personal keys.
    People,
    /// Counts.
    Usage,
    /// Single requests.
    Logs,
    /// The account itself: accepted keys, policies, management keys.
    Settings,
    /// The audit.
    Audit,
}

impl Area {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Keys, Self::People, Self::Usage, Self::Logs, Self::Settings, Self::Audit];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::People => "people",
            Self::Usage => "usage",
            Self::Logs => "logs",
            Self::Settings => "settings",
            Self::Audit => "audit",
        }
    }
}

/// What may be done in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

impl Deed {
    const ALL: [Self; 2] = [Self::Read, Self::Write];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One thing that may be done: `keys.write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permission {
    /// Where.
    pub area: Area,
    /// What.
    pub deed: Deed,
}

impl Permission {
    /// To look at an area.
    pub const fn read(area: Area) -> Self {
        Self { area, deed: Deed::Read }
    }

    /// To change an area.
    pub const fn write(area: Area) -> Self {
        Self { area, deed: Deed::Write }
    }

    /// Reads `keys.write`.
    pub fn parse(text: &str) -> Option<Self> {
        all().find(|one| one.to_string() == text)
    }

    const fn bit(self) -> u16 {
        1 << (self.area as u16 * 2 + self.deed as u16)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.area.as_str(), self.deed.as_str())
    }
}

fn all() -> impl Iterator<Item = Permission> {
    Area::ALL.into_iter().flat_map(|area| Deed::ALL.map(|deed| Permission { area, deed }))
}

/// A word that is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no permission: `*`, or keys, people, usage, logs, settings or audit, each with .read or .write")]
pub struct BadPermission(pub String);

/// A set of permissions. Whoever may change an area may look at it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u16);

impl Permissions {
    /// Everything.
    pub const ALL: Self = Self(0x0FFF);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// The set of these words; `*` is everything.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, BadPermission> {
        words.into_iter().try_fold(Self::NONE, |set, word| match word {
            "*" => Ok(Self::ALL),
            _ => Permission::parse(word).map(|one| set.with(one)).ok_or_else(|| BadPermission(word.into())),
        })
    }

    /// This set and one more.
    #[must_use]
    pub const fn with(self, one: Permission) -> Self {
        let look = Permission::read(one.area).bit();
        Self(self.0 | one.bit() | look)
    }

    /// Whether this may be done.
    pub const fn allow(self, one: Permission) -> bool {
        self.0 & one.bit() != 0
    }

    /// Whether everything that `other` allows is allowed (threat T4: nobody grants more than they have).
    pub const fn cover(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What either allows.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many things it allows.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Its words, shortest form: `*` for everything, no `.read` beside a `.write`.
    pub fn words(self) -> Vec<String> {
        if self == Self::ALL {
            return vec!["*".into()];
        }
        let is_said = |one: &Permission| match one.deed {
            Deed::Read => self.allow(*one) && !self.allow(Permission::write(one.area)),
            Deed::Write => self.allow(*one),
        };
        all().filter(is_said).map(|one| one.to_string()).collect()
    }
}

/// The roles of APIs that name none of their own: name, title, what for, permissions.
pub const BUILT_IN: [(&str, &str, &str, &[&str]); 4] = [
    ("admin", "Admin", "Everything in the account.", &["*"]),
    ("developer", "Developer", "Keys, usage and logs.", &["keys.write", "usage.read", "logs.read"]),
    ("member", "Member", "Sees keys, usage and logs.", &["keys.read", "usage.read", "logs.read"]),
    ("viewer", "Viewer", "Sees usage.", &["usage.read"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_change_may_look() {
        let set = Permissions::parse(["keys.write"]).unwrap();
        assert!(set.allow(Permission::read(Area::Keys)) && set.allow(Permission::write(Area::Keys)));
        assert!(!set.allow(Permission::read(Area::People)));
        assert_eq!(set.words(), ["keys.write"]);
    }

    #[test]
    fn a_set_covers_what_it_holds_and_nothing_else() {
        let (all, some) = (Permissions::ALL, Permissions::parse(["keys.read", "audit.read"]).unwrap());
        assert!(all.cover(some) && some.cover(some) && some.cover(Permissions::NONE) && !some.cover(all));
        assert!(!some.cover(Permissions::parse(["keys.write"]).unwrap()));
    }

    #[test]
    fn every_permission_has_a_word_and_the_whole_is_a_star() {
        let words: Vec<String> = all().map(|one| one.to_string()).collect();
        assert_eq!(words.len(), 12);
        assert_eq!(Permissions::parse(words.iter().map(String::as_str)), Ok(Permissions::ALL));
        assert_eq!(Permissions::ALL.words(), ["*"]);
        for bad in ["", "keys", "keys.", "keys.reveal", "Keys.read", "* "] {
            assert_eq!(Permissions::parse([bad]), Err(BadPermission(bad.into())));
        }
    }

    #[test]
    fn the_built_in_roles_are_readable_and_the_first_is_an_admin() {
        let sets: Vec<_> =
            BUILT_IN.iter().map(|(.., words)| Permissions::parse(words.iter().copied()).unwrap()).collect();
        assert_eq!(sets[0], Permissions::ALL);
    }
}
