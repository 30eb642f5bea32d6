//! One meaning per path (threat T10): what we match is what the upstream receives.
//!
//! Anything two programs might read differently is refused, never repaired: dot segments, `//`, backslashes,
//! encoded slashes, NUL, raw `#`, broken or overlong escapes. Escapes of plain letters are decoded, all others
//! are spelt in capitals; the result is both matched and forwarded.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It does not begin with `/`.
    #[error("the path must begin with /")]
    NotAbsolute,
    /// `.` or `..` as a segment, also encoded or with `;parameters`.
    #[error("the path has a dot segment")]
    DotSegment,
    /// An empty segment.
    #[error("the path has an empty segment (//)")]
    EmptySegment,
    /// `\`, NUL, `#`, a control, a space or a byte outside ASCII, raw or encoded where that hides a separator.
    #[error("the path has a character that servers read differently")]
    Character,
    /// `%` without two hexadecimal digits, or escapes that are not UTF-8 (overlong forms among them).
    #[error("the path has a broken escape")]
    Escape,
}

/// The one spelling of a path, without its query. `Cow::Borrowed` when it had that spelling already.
pub fn canonical(path: &str) -> Result<Cow<'_, str>, PathFault> {
    if !path.starts_with('/') {
        return Err(PathFault::NotAbsolute);
    }
    let plain = path.bytes().all(is_plain);
    let spelt = if plain { Cow::Borrowed(path) } else { Cow::Owned(respell(path)?) };
    let dots = |segment: &str| {
        let name = segment.split(';').next().and_then(|name| name.split("%3B").next());
        matches!(name, Some("." | ".."))
    };
    if spelt.split('/').any(dots) {
        return Err(PathFault::DotSegment);
    }
    if spelt.contains("//") {
        return Err(PathFault::EmptySegment);
    }
    Ok(spelt)
}

/// Bytes that stand for themselves everywhere (RFC 3986 `pchar` and `/`, without `%`).
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'/' | b'-'
                | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn respell(path: &str) -> Result<String, PathFault> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'%' {
            let value = escape_at(bytes, at).ok_or(PathFault::Escape)?;
            // `%252F` becomes `%2F` for whoever decodes twice.
            let escapes_an_escape = value == b'%' && escape_at(bytes, at + 2).is_some();
            match value {
                b'/' | b'\\' | 0..=0x1F | 0x7F => return Err(PathFault::Character),
                _ if escapes_an_escape => return Err(PathFault::Character),
                _ if is_unreserved(value) => out.push(char::from(value)),
                _ => {
                    let _ = write!(out, "%{value:02X}");
                }
            }
            decoded.push(value);
            at += 3;
        } else if is_plain(byte) {
            out.push(char::from(byte));
            decoded.push(byte);
            at += 1;
        } else {
            return Err(PathFault::Character);
        }
    }
    // Overlong forms and lone surrogates are not UTF-8: refused with every other broken escape.
    if std::str::from_utf8(&decoded).is_err() {
        return Err(PathFault::Escape);
    }
    Ok(out)
}

fn escape_at(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*bytes.get(at + 1)?)?, digit(*bytes.get(at + 2)?)?);
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_paths_pass_untouched() {
        for path in
            ["/", "/a", "/a/", "/1/events.json", "/a;v=1/b", "/a:b@c", "/..a/b..", "/%C3%A9", "/100%25", "/a%23b"]
        {
            assert_eq!(canonical(path), Ok(Cow::Borrowed(path)), "{path}");
        }
    }

    #[test]
    fn two_spellings_become_one() {
        assert_eq!(canonical("/%41%2d%e9".replace("%e9", "%c3%a9").as_str()).unwrap(), "/A-%C3%A9");
        assert_eq!(canonical("/a%20b").unwrap(), "/a%20b");
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        use PathFault::{Character, DotSegment, EmptySegment, Escape, NotAbsolute};
        for (path, fault) in [
            ("", NotAbsolute),
            ("a", NotAbsolute),
            ("*", NotAbsolute),
            ("/..", DotSegment),
            ("/a/../b", DotSegment),
            ("/./a", DotSegment),
            ("/a/..;x/b", DotSegment),
            ("/%2e%2e/a", DotSegment),
            ("/.%2E", DotSegment),
            ("//", EmptySegment),
            ("//a", EmptySegment),
            ("/a//b", EmptySegment),
            ("/a%2fb", Character),
            ("/a%2Fb", Character),
            ("/a\\b", Character),
            ("/a%5cb", Character),
            ("/a%00", Character),
            ("/a\0", Character),
            ("/a#b", Character),
            ("/a b", Character),
            ("/é", Character),
            ("/a%252fb", Character),
            ("/a%0d%0ab", Character),
            ("/%", Escape),
            ("/%4", Escape),
            ("/%zz", Escape),
            ("/%c0%af", Escape),
            ("/%ff", Escape),
        ] {
            assert_eq!(canonical(path), Err(fault), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent_and_never_panics(path in "/[\\x00-\\x7F]{0,40}") {
            if let Ok(once) = canonical(&path) {
                prop_assert_eq!(canonical(&once), Ok(Cow::Borrowed(&*once)));
            }
        }
    }
}
