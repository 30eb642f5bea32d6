//! Words by which people look for a key.

use keyward_core::name::Name;

use crate::operation::OpError;

/// Most words of one search, and most characters of all together.
const WORDS_MAX: usize = 8;
const CHARS_MAX: usize = 200;
/// Shorter words are not looked for in visible parts of secrets, or in ids: chance puts them into many of those.
const HINT_MIN: usize = 4;
const ID_MIN: usize = 8;

/// A word as the store looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The pattern of `like … escape '\'` for folded names.
    pub(super) folded: String,
    /// The same for other texts in lower case.
    pub(super) lower: String,
    /// Whether visible parts of secrets are looked at too.
    pub(super) may_be_hint: bool,
    /// Whether ids are looked at too.
    pub(super) may_be_id: bool,
    /// Whether scopes are looked at too: none holds a sign of the JSON in which they are kept.
    pub(super) may_be_scope: bool,
}

/// The words of a search; `None` where no text can hold one of them.
pub(super) fn words(text: &str) -> Result<Option<Vec<Word>>, OpError> {
    let found: Vec<&str> = text.split_whitespace().collect();
    if found.len() > WORDS_MAX || text.chars().count() > CHARS_MAX {
        let why = format!("at most {WORDS_MAX} words and {CHARS_MAX} characters");
        return Err(OpError::field("/search", why));
    }
    Ok(found.into_iter().map(word).collect())
}

fn word(text: &str) -> Option<Word> {
    let name = Name::parse(text, CHARS_MAX).ok()?;
    let length = text.chars().count();
    Some(Word {
        folded: pattern(name.folded()),
        lower: pattern(&name.as_str().to_lowercase()),
        may_be_hint: length >= HINT_MIN,
        may_be_id: length >= ID_MIN,
        may_be_scope: !text.contains(['[', ']', '"', ',']),
    })
}

fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Option<Vec<(String, bool)>> {
        let words = words(text).unwrap()?;
        Some(words.into_iter().map(|word| (word.lower, word.may_be_hint)).collect())
    }

    #[test]
    fn words_are_patterns_that_mean_nothing_but_themselves() {
        assert_eq!(patterns(" CI  Berlin "), Some(vec![("%ci%".into(), false), ("%berlin%".into(), true)]));
        assert_eq!(patterns(r"50%_\"), Some(vec![(r"%50\%\_\\%".into(), true)]));
        let [word] = &words("ﬁ…").unwrap().unwrap()[..] else { panic!("one word") };
        assert_eq!((&*word.folded, &*word.lower), ("%fi...%", "%ﬁ…%"), "only names are folded");
        assert_eq!(patterns("  "), Some(vec![]));
        assert_eq!(patterns("a\0b"), None);
        assert_eq!(patterns("\u{202E}"), None);
    }

    #[test]
    fn a_search_is_bounded() {
        assert!(words(&"a ".repeat(WORDS_MAX)).is_ok() && words(&"a ".repeat(WORDS_MAX + 1)).is_err());
        assert!(words(&"a".repeat(CHARS_MAX)).is_ok() && words(&"a".repeat(CHARS_MAX + 1)).is_err());
    }
}
