//! What a webhook can be told of, and where it may be.

use crate::app::App;
use crate::notices::Kind;
use crate::operation::Findings;

/// Everything.
const ALL: &str = "*";
const KINDS_MAX: usize = 50;

/// Whether webhooks are told of this kind at all: what is for one person alone is not, nor what others were folded into,
/// nor what concerns no account.
pub(super) fn is_told(kind: Kind) -> bool {
    !matches!(kind, Kind::Invitation | Kind::PasswordReset | Kind::Digest | Kind::UnknownKeys)
}

/// Whether these words name the kind.
pub(super) fn wants(words: &str, kind: Kind) -> bool {
    words.split(' ').any(|word| names(word, kind.as_str()))
}

/// Whether a word names a kind: its own, `*`, or the beginning of several, such as `person.*`.
fn names(word: &str, kind: &str) -> bool {
    let beginning = word.strip_suffix('*').filter(|start| start.ends_with('.'));
    word == ALL || word == kind || beginning.is_some_and(|start| kind.starts_with(start))
}

/// The words as they are kept.
pub(super) fn kinds(words: &[String], findings: &mut Findings) -> String {
    if words.is_empty() || words.len() > KINDS_MAX {
        findings.note("/kinds", format!("1 to {KINDS_MAX} words, or \"*\" for everything"));
    }
    let told = || Kind::ALL.iter().filter(|kind| is_told(**kind)).map(|kind| kind.as_str());
    for (at, word) in words.iter().enumerate().take(KINDS_MAX) {
        if !told().any(|kind| names(word, kind)) {
            let known = told().collect::<Vec<_>>().join(", ");
            findings.note(format!("/kinds/{at}"), format!("none of {known}, nor such as person.* or *"));
        }
    }
    let mut kept: Vec<&str> = words.iter().map(String::as_str).collect();
    kept.sort_unstable();
    kept.dedup();
    kept.join(" ")
}

/// Notes what is wrong with a URL; what its name resolves to is judged each time something is sent.
pub(super) fn url(app: &App, url: &str, findings: &mut Findings) {
    if let Err(why) = app.outward.check(url) {
        findings.note("/url", why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_kind_or_several() {
        assert!(wants("*", Kind::LimitReached));
        assert!(wants("limit.reached person.*", Kind::PersonAdded));
        assert!(!wants("limit.reached person.*", Kind::KeyCreated));
        assert!(!wants("key.*", Kind::LimitReached));
        for wrong in ["", "key", "key.", "ke*", "key.cre*", "**", ".*", "invitation", "key.created "] {
            let mut findings = Findings::default();
            kinds(&[wrong.to_owned()], &mut findings);
            assert!(findings.done().is_err(), "{wrong:?}");
        }
        assert!(!is_told(Kind::Digest) && !is_told(Kind::UnknownKeys));
        assert!(!is_told(Kind::PasswordReset) && !is_told(Kind::Invitation));
    }

    #[test]
    fn words_are_kept_once() {
        let words = ["person.*", "key.created", "person.*"].map(str::to_owned);
        assert_eq!(kinds(&words, &mut Findings::default()), "key.created person.*");
    }
}
