//! Secrets: their shape, their making, their digest (rows r53, r55, r56, r75).
//!
//! A secret is `prefix + random part + checksum`, all of `[A-Za-z0-9_]` so that a double click selects it. The
//! checksum (CRC-32 over prefix and random part) is for scanners and cheap refusals, not for security.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::key::Environment;

/// A secret in clear. It has no `Debug`, `Display` or `Serialize`; whoever shows it says [`Secret::expose`].
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: only for digesting, sealing, or showing it to somebody who may see it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The letters of a random part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// `0-9a-f`
    Hex,
    /// `0-9A-Za-z`
    Base62,
    /// `0-9A-Z`
    Base36Upper,
}

impl Alphabet {
    const fn letters(self) -> &'static [u8] {
        match self {
            Self::Hex => b"0123456789abcdef",
            Self::Base62 => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Base36Upper => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        }
    }

    const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base62 => byte.is_ascii_alphanumeric(),
            Self::Base36Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        }
    }

    /// How many letters a CRC-32 takes.
    const fn check_letters(self) -> usize {
        match self {
            Self::Hex => 8,
            Self::Base62 => 6,
            Self::Base36Upper => 7,
        }
    }
}

/// The shape of one kind's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    prefix_live: String,
    prefix_test: String,
    alphabet: Alphabet,
    letters: usize,
}

/// Why a shape is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFormat {
    /// Fewer than 128 random bits.
    #[error("{letters} letters leave {bits} random bits beside the checksum; at least 128 are needed")]
    TooShort {
        /// Letters after the prefix.
        letters: usize,
        /// Random bits they hold.
        bits: u32,
    },
    /// More letters than anybody should have to send.
    #[error("at most 200 letters")]
    TooLong,
    /// The prefix has other letters than `[A-Za-z0-9_]`, or is too long.
    #[error("a prefix has at most 32 of A-Z a-z 0-9 _ (and once {{environment}})")]
    Prefix,
}

/// Why a text is not a secret of a format; both look alike to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misshapen {
    /// Wrong prefix, length or letters.
    Malformed,
    /// The right shape with a wrong checksum: a typing error or a made-up key.
    Checksum,
}

impl Format {
    /// A shape: `prefix` may hold `{environment}`, which becomes `live` or `test`; `letters` follow it, the
    /// checksum among them.
    pub fn new(prefix: &str, alphabet: Alphabet, letters: usize) -> Result<Self, BadFormat> {
        let named = |environment: &str| prefix.replacen("{environment}", environment, 1);
        let (prefix_live, prefix_test) = (named("live"), named("test"));
        let word = |text: &str| text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !word(&prefix_live) || !word(&prefix_test) {
            return Err(BadFormat::Prefix);
        }
        if letters > 200 {
            return Err(BadFormat::TooLong);
        }
        let random = letters.saturating_sub(alphabet.check_letters());
        let bits = (random as f64 * (alphabet.letters().len() as f64).log2()) as u32;
        if bits < 128 {
            return Err(BadFormat::TooShort { letters, bits });
        }
        Ok(Self { prefix_live, prefix_test, alphabet, letters })
    }

    /// What secrets of this environment begin with; may be empty.
    pub fn prefix(&self, environment: Environment) -> &str {
        match environment {
            Environment::Live => &self.prefix_live,
            Environment::Test => &self.prefix_test,
        }
    }

    /// How many letters follow the prefix.
    pub fn letters(&self) -> usize {
        self.letters
    }

    /// Makes a secret from random bytes that `fill` supplies (the operating system's generator in production).
    pub fn generate(&self, environment: Environment, fill: &mut dyn FnMut(&mut [u8])) -> Secret {
        let letters = self.alphabet.letters();
        let prefix = self.prefix(environment);
        let random_end = prefix.len() + self.letters - self.alphabet.check_letters();
        // Bytes at or above the largest multiple are dropped: every letter stays equally likely.
        let fair = 256 - 256 % letters.len();
        let mut text = String::with_capacity(prefix.len() + self.letters);
        text.push_str(prefix);
        let mut bytes = [0_u8; 64];
        while text.len() < random_end {
            fill(&mut bytes);
            for byte in bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair) {
                if text.len() < random_end {
                    text.push(char::from(letters[byte % letters.len()]));
                }
            }
        }
        bytes.zeroize();
        let check = checksum(self.alphabet, text.as_bytes());
        text.extend(check[..self.alphabet.check_letters()].iter().copied().map(char::from));
        Secret(text)
    }

    /// Whether `text` has this shape and a right checksum. Says nothing of whether such a key exists.
    pub fn check(&self, text: &str) -> Result<(), Misshapen> {
        let fits = |prefix: &str| text.len() == prefix.len() + self.letters && text.starts_with(prefix);
        let prefix = match (fits(&self.prefix_live), fits(&self.prefix_test)) {
            (true, _) => &self.prefix_live,
            (false, true) => &self.prefix_test,
            (false, false) => return Err(Misshapen::Malformed),
        };
        let bytes = text.as_bytes();
        if !bytes[prefix.len()..].iter().all(|byte| self.alphabet.holds(*byte)) {
            return Err(Misshapen::Malformed);
        }
        let (body, check) = bytes.split_at(bytes.len() - self.alphabet.check_letters());
        if checksum(self.alphabet, body)[..check.len()] == *check { Ok(()) } else { Err(Misshapen::Checksum) }
    }

    /// What may be shown of a secret afterwards: its prefix and its last four letters.
    pub fn hint(&self, secret: &Secret, environment: Environment) -> String {
        let text = secret.expose();
        format!("{}…{}", self.prefix(environment), &text[text.len().saturating_sub(4)..])
    }
}

fn checksum(alphabet: Alphabet, body: &[u8]) -> [u8; 8] {
    let letters = alphabet.letters();
    let mut rest = crc32fast::hash(body) as usize;
    let mut out = [0_u8; 8];
    for place in out[..alphabet.check_letters()].iter_mut().rev() {
        *place = letters[rest % letters.len()];
        rest /= letters.len();
    }
    out
}

/// What the store and the keyring know a secret by: `HMAC-SHA-256(pepper, SHA-256(secret))`.
pub type Digest = [u8; 32];

/// A pepper made ready: the key of the digest's HMAC, with both of its blocks already hashed.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

impl Pepper {
    /// Prepares a pepper.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"))
    }

    /// The digest of a secret in clear.
    pub fn digest(&self, secret: &str) -> Digest {
        self.digest_of_hash(&Sha256::digest(secret.as_bytes()).into())
    }

    /// The digest from the secret's SHA-256, as imported tables hold it.
    pub fn digest_of_hash(&self, sha256: &[u8; 32]) -> Digest {
        let mut mac = self.0.clone();
        mac.update(sha256);
        mac.finalize().into_bytes().into()
    }

    /// A short keyed fingerprint of anything that was sent as a credential, from its SHA-256: it lets two log rows be
    /// compared and reveals nothing. Shown as 8 hexadecimal digits.
    pub fn fingerprint(&self, sha256: &[u8; 32]) -> u32 {
        let mut mac = self.0.clone();
        mac.update(b"fingerprint\0");
        mac.update(sha256);
        let digest = mac.finalize().into_bytes();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }
}

/// The SHA-256 of anything that was sent as a credential.
pub fn sha256(sent: &[u8]) -> [u8; 32] {
    Sha256::digest(sent).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counting() -> impl FnMut(&mut [u8]) {
        let mut state = 0x9E37_79B9_u32;
        move |bytes| {
            for byte in bytes {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (state >> 24) as u8;
            }
        }
    }

    #[test]
    fn r55_r56_the_prefix_tells_the_environment_and_forty_hex_follow() {
        let format = Format::new("ck_{environment}_", Alphabet::Hex, 40).unwrap();
        for (environment, prefix) in [(Environment::Live, "ck_live_"), (Environment::Test, "ck_test_")] {
            let secret = format.generate(environment, &mut counting());
            let rest = secret.expose().strip_prefix(prefix).unwrap();
            assert_eq!(rest.len(), 40);
            assert!(rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
            assert_eq!(format.check(secret.expose()), Ok(()));
        }
    }

    #[test]
    fn fewer_than_128_random_bits_are_refused() {
        assert_eq!(Format::new("", Alphabet::Hex, 39), Err(BadFormat::TooShort { letters: 39, bits: 124 }));
        assert!(Format::new("", Alphabet::Hex, 40).is_ok());
        assert_eq!(Format::new("a-b", Alphabet::Hex, 40), Err(BadFormat::Prefix));
        assert!(Format::new("", Alphabet::Base62, 28).is_ok());
        assert!(Format::new("", Alphabet::Base62, 27).is_err());
    }

    #[test]
    fn r53_a_hint_is_the_prefix_and_four_letters() {
        let format = Format::new("kw_{environment}_", Alphabet::Base62, 32).unwrap();
        let secret = format.generate(Environment::Live, &mut counting());
        let hint = format.hint(&secret, Environment::Live);
        assert_eq!(hint.chars().count(), "kw_live_".len() + 1 + 4);
        assert!(secret.expose().ends_with(&hint[hint.len() - 4..]));
    }

    #[test]
    fn a_digest_depends_on_the_pepper_and_matches_the_imported_hash() {
        let (one, two) = (Pepper::new(&[1; 32]), Pepper::new(&[2; 32]));
        assert_ne!(one.digest("a"), two.digest("a"));
        assert_eq!(one.digest("a"), one.digest_of_hash(&Sha256::digest(b"a").into()));
        let sent = sha256(b"a");
        assert_eq!(one.fingerprint(&sent), one.fingerprint(&sent));
        assert_ne!(one.fingerprint(&sent), two.fingerprint(&sent));
        assert_ne!(one.fingerprint(&sent).to_be_bytes(), one.digest("a")[..4]);
    }

    proptest! {
        #[test]
        fn r75_one_wrong_letter_never_passes_the_checksum(at in 8_usize..48, letter in 0_usize..16) {
            let format = Format::new("ck_{environment}_", Alphabet::Hex, 40).unwrap();
            let good = format.generate(Environment::Live, &mut counting());
            let mut bytes = good.expose().as_bytes().to_vec();
            let other = Alphabet::Hex.letters()[letter];
            prop_assume!(bytes[at] != other);
            bytes[at] = other;
            prop_assert_eq!(format.check(std::str::from_utf8(&bytes).unwrap()), Err(Misshapen::Checksum));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let format = Format::new("kw_{environment}_", Alphabet::Base62, 32).unwrap();
            let _ = format.check(&text);
        }
    }
}
