//! Which passwords are refused: short ones and those that are guessed first. What letters they are made of is
//! nobody's business.

use std::collections::HashSet;

/// Fewest letters.
const CHARS_MIN: usize = 12;
/// Largest size in bytes: hashing must not become a way to keep us busy.
pub(super) const BYTES_MAX: usize = 1_024;
/// Fewest letters that must be left beside a person's own words.
const OWN_REST_MIN: usize = 8;
/// Shortest of a person's own words that counts.
const OWN_WORD_MIN: usize = 4;
/// So much put before and after a common password does not make it another.
const AFFIX_MAX: usize = 6;
/// Fewest different letters.
const DIFFERENT_MIN: usize = 5;
const COMMON: &str = include_str!("common.txt");
const ROWS: [&str; 5] = ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"];

/// Refuses what is too large as it was sent: what it becomes is of no matter, and working on it must not keep us busy.
pub(super) fn check_size(sent: &str) -> Result<(), String> {
    if sent.len() > BYTES_MAX { Err(format!("at most {BYTES_MAX} bytes")) } else { Ok(()) }
}

/// Says what is wrong with a password; `own` are the address and the name of its person.
pub(super) fn judge(password: &str, own: &[&str]) -> Result<(), String> {
    if password.chars().count() < CHARS_MIN {
        return Err(format!("at least {CHARS_MIN} letters; several words are a good choice"));
    }
    if password.len() > BYTES_MAX {
        return Err(format!("at most {BYTES_MAX} bytes"));
    }
    let lower = password.to_lowercase();
    let different = lower.chars().collect::<HashSet<_>>().len();
    if different < DIFFERENT_MIN || is_run(&lower) {
        return Err("letters in a row, or the same ones again and again, are guessed first".into());
    }
    if is_common(&lower) {
        return Err("one of the passwords that are guessed first".into());
    }
    if leans_on(&lower, own) {
        return Err("mostly your own name or address".into());
    }
    Ok(())
}

/// Whether most letters follow their neighbour in the alphabet or on a keyboard.
fn is_run(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let beside = |pair: &&[char]| {
        pair[0] == pair[1]
            || ROWS.iter().any(|row| {
                let place = |letter| row.chars().position(|own| own == letter);
                matches!((place(pair[0]), place(pair[1])), (Some(a), Some(b)) if a.abs_diff(b) == 1)
            })
    };
    let steps = letters.windows(2).filter(beside).count();
    4 * steps >= 3 * (letters.len() - 1)
}

fn is_common(lower: &str) -> bool {
    let (once, list) = (repeated(lower), lines());
    let listed = |text: &str| !text.is_empty() && list.binary_search(&text).is_ok();
    [lower, once].into_iter().any(|text| {
        let core = text.trim_matches(|letter: char| !letter.is_alphabetic() && !"@$!".contains(letter));
        let bare = text.trim_matches(|letter: char| !letter.is_alphabetic());
        let is_listed = |part: &str| {
            let added = text.chars().count() - part.chars().count();
            added <= AFFIX_MAX && (listed(part) || listed(&plain(part)))
        };
        [text, core, bare].into_iter().any(is_listed)
    })
}

/// What a text repeats (`passwordpassword` is one `password`), or itself.
fn repeated(text: &str) -> &str {
    let lengths = text.char_indices().map(|(at, _)| at).skip(1);
    let unit =
        lengths.filter(|at| text.len().is_multiple_of(*at)).find(|at| text[..*at].repeat(text.len() / at) == text);
    unit.map_or(text, |at| &text[..at])
}

/// Letters instead of the signs that stand for them.
fn plain(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

fn lines() -> Vec<&'static str> {
    COMMON.lines().filter(|line| !line.starts_with('#')).collect()
}

fn leans_on(lower: &str, own: &[&str]) -> bool {
    let whole: Vec<String> = own.iter().map(|text| text.to_lowercase()).collect();
    let parts = whole.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    let words = whole.iter().map(String::as_str).chain(parts).chain(["keyward"]);
    let words = words.filter(|word| word.chars().count() >= OWN_WORD_MIN);
    let rest = words.fold(lower.to_owned(), |rest, word| rest.replace(word, ""));
    rest != lower && rest.chars().count() < OWN_REST_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_long_ones() {
        let lines = lines();
        assert!(lines.len() > 8_000 && lines.is_sorted());
        assert!(lines.iter().filter(|line| line.len() >= CHARS_MIN).count() > 200);
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for bad in [
            "short",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "ababababababab",
            "123123123123123",
            "abcdefghijklmnop",
            "qwertyuiop[]as",
            "1qaz2wsx3edc",
            "passwordpassword",
            "Password12345!",
            "P@ssw0rd!2345",
            "letmein letmein ",
            "administrator1",
            "championship",
            "ada.lovelace@example.com",
            "Lovelace1843",
            "keyward-2026",
        ] {
            assert!(judge(bad, &["ada.lovelace@example.com", "Ada Lovelace"]).is_err(), "{bad}");
        }
        assert!(judge(&"long words ".repeat(100), &[]).is_err(), "too long to hash");
    }

    #[test]
    fn what_is_hard_to_guess_passes_whatever_it_is_made_of() {
        for good in [
            "correct horse battery staple",
            "tremendous oatmeal",
            "8351749202665104",
            "vier gelbe Schirme",
            "четыре жёлтых зонта",
            "ada says that the engine weaves",
            "kX9#mP2$vL5@",
        ] {
            assert_eq!(judge(good, &["ada.lovelace@example.com", "Ada Lovelace"]), Ok(()), "{good}");
        }
    }
}
