//! Takes what looks like one of our secrets out of paths, user agents and foreign request ids, before anything is
//! written down (promise P7): as it is, percent-encoded, in base64 or in hexadecimal.
//!
//! It judges by shape alone, so it also takes out keys that do not exist.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use keyward_core::key::Environment;
use keyward_core::secret::Format;

use super::record::{Kept, Record, Texts};
use crate::config::Config;

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";
/// Letters after a prefix from which a word is taken for a secret.
const LETTERS_MIN: usize = 12;
/// Shortest word that can hold a secret in any form.
const WORD_MIN: usize = 16;

/// The shapes of all secrets that are configured.
#[derive(Debug)]
pub(super) struct Redactor {
    formats: Vec<Format>,
    prefixes: Vec<String>,
    /// Whether any has no prefix to know it by.
    any_bare: bool,
}

impl Redactor {
    pub(super) fn new(config: &Config) -> Self {
        let kinds = config.apis.iter().flat_map(|setup| &setup.api.kinds);
        Self::of(kinds.map(|rules| rules.format.clone()).collect())
    }

    fn of(formats: Vec<Format>) -> Self {
        let both = |format: &Format| [Environment::Live, Environment::Test].map(|own| format.prefix(own).to_owned());
        let mut prefixes = formats.iter().flat_map(both).collect::<Vec<_>>();
        prefixes.sort_unstable();
        prefixes.dedup();
        let any_bare = prefixes.iter().any(String::is_empty);
        prefixes.retain(|prefix| !prefix.is_empty());
        Self { formats, prefixes, any_bare }
    }

    /// Cleans a record's texts and bodies.
    pub(super) fn clean(&self, record: &mut Record) {
        if let Some(bodies) = &mut record.bodies {
            self.clean_body(&mut bodies.request);
            self.clean_body(&mut bodies.answer);
        }
        let texts = &record.texts;
        let path = self.cleaned(texts.path(), texts.path_cut);
        let agent = self.cleaned(texts.agent(), texts.agent_cut);
        let id = self.cleaned(texts.id(), false);
        if path.is_some() || agent.is_some() || id.is_some() {
            let path = path.as_deref().unwrap_or(texts.path());
            let agent = agent.as_deref().unwrap_or(texts.agent());
            record.texts = Texts::new(path, agent, id.as_deref().unwrap_or(texts.id()));
        }
    }

    /// Only text can be looked through: of anything else nothing stays.
    fn clean_body(&self, kept: &mut Kept) {
        let valid = match std::str::from_utf8(&kept.bytes) {
            Ok(_) => kept.bytes.len(),
            // A letter that was cut in two is no fault.
            Err(error) if error.error_len().is_none() && kept.cut => error.valid_up_to(),
            Err(_) => 0,
        };
        kept.cut |= valid < kept.bytes.len();
        kept.bytes.truncate(valid);
        if let Some(cleaned) = self.cleaned(kept.text(), kept.cut) {
            kept.bytes = cleaned.into_bytes();
        }
    }

    /// A text without its secrets; `None` if there are none in it. `cut`: it went on behind its end.
    fn cleaned(&self, text: &str, cut: bool) -> Option<String> {
        if longest_word(text) < WORD_MIN && !text.contains('%') {
            return None;
        }
        if text.contains('%') {
            let whole = if cut { without_half_escape(text) } else { text };
            let plain = percent_encoding::percent_decode_str(whole).decode_utf8_lossy();
            if self.cleaned_plain(&plain, cut).is_some() {
                return Some(REDACTED.into());
            }
        }
        self.cleaned_plain(text, cut)
    }

    fn cleaned_plain(&self, text: &str, cut: bool) -> Option<String> {
        let mut out = String::new();
        let mut kept = 0;
        for (from, word) in words(text) {
            let at_end = cut && from + word.len() == text.len();
            if self.is_secret(word, at_end) {
                out.push_str(&text[kept..from]);
                out.push_str(REDACTED);
                kept = from + word.len();
            }
        }
        if kept == 0 {
            return None;
        }
        out.push_str(&text[kept..]);
        Some(out)
    }

    /// Whether a word is, holds or encodes a secret.
    fn is_secret(&self, word: &str, cut: bool) -> bool {
        if word.len() < WORD_MIN {
            // Of a secret that was cut off, as much may be there.
            return cut && (self.any_bare || self.prefixes.iter().any(|prefix| word.contains(prefix.as_str())));
        }
        if self.is_shown(word, cut) {
            return true;
        }
        let in_base64 = (0..4).any(|from| {
            let rest = word.get(from..).unwrap_or_default().trim_end_matches('=');
            // Of what was cut in the middle of a group, the whole groups can be read.
            let whole = &rest[..rest.len() - rest.len() % 4];
            [rest, whole].into_iter().any(|text| {
                let decoded = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
                decoded.is_ok_and(|bytes| self.shows(&bytes, cut))
            })
        });
        in_base64
            || (0..2)
                .any(|from| unhex(word.get(from..).unwrap_or_default()).is_some_and(|bytes| self.shows(&bytes, cut)))
    }

    fn shows(&self, bytes: &[u8], cut: bool) -> bool {
        // Whatever is no letter separates words.
        let text: String = bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { ' ' }).collect();
        words(&text).any(|(_, word)| self.is_shown(word, cut))
    }

    fn is_shown(&self, word: &str, cut: bool) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let begins = |prefix: &String| {
            word.match_indices(prefix.as_str()).any(|(at, _)| {
                let letters = word.as_bytes()[at + prefix.len()..].iter().take_while(|byte| is_letter(byte)).count();
                letters >= LETTERS_MIN || cut
            })
        };
        if self.prefixes.iter().any(begins) {
            return true;
        }
        if !self.any_bare {
            return false;
        }
        // Without a prefix only the checksum tells: it may begin anywhere.
        let runs = word.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let mut runs = runs.filter(|run| run.len() >= WORD_MIN);
        runs.any(|run| cut && word.ends_with(run) || self.holds_bare(run))
    }

    fn holds_bare(&self, run: &str) -> bool {
        self.formats.iter().any(|format| {
            let letters = format.letters();
            let places = run.len().checked_sub(letters).map_or(0, |last| last + 1);
            (0..places).any(|from| format.check(&run[from..from + letters]).is_ok())
        })
    }
}

/// Runs of letters that keys, base64 and hexadecimal are made of, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        let from = rest + bytes[rest..].iter().position(|byte| is_word(*byte))?;
        let length = bytes[from..].iter().position(|byte| !is_word(*byte)).unwrap_or(bytes.len() - from);
        rest = from + length;
        Some((from, &text[from..rest]))
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'=')
}

/// A text without an escape that was cut off at its end: what stands before it is the text's end.
fn without_half_escape(text: &str) -> &str {
    let is_escape = |back: &usize| text.len().checked_sub(*back).is_some_and(|at| text.as_bytes()[at] == b'%');
    (1..=2).find(is_escape).map_or(text, |back| &text[..text.len() - back])
}

fn longest_word(text: &str) -> usize {
    words(text).map(|(_, word)| word.len()).max().unwrap_or(0)
}

fn unhex(word: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, _) = word.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use keyward_core::secret::Alphabet;
    use proptest::prelude::*;

    use super::*;

    fn formats() -> [Format; 2] {
        [
            Format::new("kw_{environment}_", Alphabet::Base62, 36).unwrap(),
            Format::new("", Alphabet::Base62, 40).unwrap(),
        ]
    }

    fn secret(format: &Format, seed: u64) -> String {
        let mut state = seed;
        let mut fill = |bytes: &mut [u8]| {
            for byte in bytes {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        };
        format.generate(Environment::Live, &mut fill).expose().to_owned()
    }

    fn forms(secret: &str) -> Vec<String> {
        let hex = |text: &str| crate::vault::hex(text.as_bytes());
        vec![
            secret.to_owned(),
            secret.replace('_', "%5f"),
            hex(secret).as_bytes().chunks(2).flat_map(|pair| ['%', char::from(pair[0]), char::from(pair[1])]).collect(),
            STANDARD.encode(secret),
            STANDARD.encode(format!("{secret}:")),
            URL_SAFE.encode(format!(":{secret}")),
            STANDARD.encode(format!("user:{secret}")),
            hex(secret),
            hex(secret).to_uppercase(),
        ]
    }

    proptest! {
        #[test]
        fn no_form_of_a_secret_stays(seed: u64, bare: bool, before in "[a-z]{0,3}", after in "[/?. ][a-z]{0,9}") {
            let redactor = Redactor::of(formats().to_vec());
            let secret = secret(&formats()[usize::from(bare)], seed);
            for form in forms(&secret) {
                let text = format!("/{before}/{form}{after}");
                let cleaned = redactor.cleaned(&text, false);
                prop_assert!(cleaned.as_deref().is_some_and(|text| !text.contains(&form)), "{} -> {:?}", text, cleaned);
            }
        }

        #[test]
        fn a_secret_that_was_cut_goes_too(seed: u64, bare: bool, kept in 9_usize..36) {
            let redactor = Redactor::of(formats().to_vec());
            let secret = secret(&formats()[usize::from(bare)], seed);
            let cleaned = redactor.cleaned(&format!("/a-long-enough-word/{}", &secret[..kept]), true);
            prop_assert_eq!(cleaned.as_deref(), Some("/a-long-enough-word/[redacted]"));
        }

        #[test]
        fn a_secret_that_was_cut_within_an_escape_goes_too(seed: u64, bare: bool, kept in 27_usize..108) {
            let redactor = Redactor::of(formats().to_vec());
            let escape = |byte: u8| format!("%{byte:02x}");
            let escaped: String = secret(&formats()[usize::from(bare)], seed).bytes().map(escape).collect();
            let cleaned = redactor.cleaned(&format!("/a/{}", &escaped[..kept]), true);
            prop_assert_eq!(cleaned.as_deref(), Some(REDACTED));
        }

        #[test]
        fn any_text_is_looked_at_without_panic(text in "\\PC{0,80}", cut: bool) {
            let _ = Redactor::of(formats().to_vec()).cleaned(&text, cut);
        }
    }

    #[test]
    fn everyday_texts_stay() {
        let redactor = Redactor::of(formats().to_vec());
        for text in [
            "/orders/0190aaaa-bbbb-7ccc-dddd-0123456789ab/lines",
            "/users/0190aaaabbbb7cccdddd0123456789ab",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "/a%20b",
            "/kw_live_docs",
        ] {
            assert_eq!(redactor.cleaned(text, false), None, "{text}");
        }
    }
}
