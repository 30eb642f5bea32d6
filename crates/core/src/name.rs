//! Names people give to things, in one spelling (threat T5).

use unicode_normalization::UnicodeNormalization;

/// A name as it is shown, and the form by which two names are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    shown: String,
    folded: String,
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing but space.
    #[error("a name is needed")]
    Empty,
    /// More characters than allowed.
    #[error("at most {0} characters")]
    TooLong(usize),
    /// Control, bidirectional or invisible characters.
    #[error("control, direction and invisible characters are not allowed")]
    Character,
}

impl Name {
    /// Normalises (NFC, trimmed, runs of space become one) and checks a name.
    pub fn parse(text: &str, chars_max: usize) -> Result<Self, BadName> {
        if text.chars().any(is_hidden) {
            return Err(BadName::Character);
        }
        let shown = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        if shown.is_empty() {
            return Err(BadName::Empty);
        }
        if shown.chars().count() > chars_max {
            return Err(BadName::TooLong(chars_max));
        }
        let folded = shown.nfkc().flat_map(char::to_lowercase).collect();
        Ok(Self { shown, folded })
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form in which names that look alike but for case are equal.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r19_names_differ_by_more_than_case_and_space() {
        let folded = |text| Name::parse(text, 50).unwrap().folded().to_owned();
        assert_eq!(folded("Partner  A"), folded(" partner a "));
        assert_eq!(folded("Ｐartner A"), folded("partner a"));
        assert_eq!(Name::parse("  Partner   A", 50).unwrap().as_str(), "Partner A");
        assert_eq!(Name::parse("  ", 50), Err(BadName::Empty));
        assert_eq!(Name::parse("abc", 2), Err(BadName::TooLong(2)));
        for hidden in ["a\u{202E}b", "a\0", "a\u{200B}b", "a\nb"] {
            assert_eq!(Name::parse(hidden, 50), Err(BadName::Character));
        }
    }
}
