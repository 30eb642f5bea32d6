//! Paths beside their routes: of a path that its route's pattern explains, only what the pattern leaves open is kept.
//!
//! What is kept of such a path begins with a mark, then what stood before the pattern (an API's prefix), a mark again,
//! and the values of its parts in braces. Any other path is kept as it is.

use std::borrow::Cow;

const SHORT: char = '\u{1}';
/// Before a path that begins with a mark itself.
const ESCAPE: char = '\u{2}';

/// What is kept of a path on a route; an empty pattern is none.
pub(super) fn put(pattern: &str, path: &str, out: &mut Vec<u8>) {
    let mut begins = path.match_indices('/').filter(|_| pattern.starts_with('/'));
    let found = begins.find_map(|(at, _)| Some((at, parts(pattern, &path[at..])?)));
    match found {
        Some((at, values)) if !path[..at].contains(SHORT) => {
            out.push(SHORT as u8);
            out.extend_from_slice(&path.as_bytes()[..at]);
            out.push(SHORT as u8);
            out.extend_from_slice(values.as_bytes());
        }
        Some(_) | None => {
            if path.starts_with([SHORT, ESCAPE]) {
                out.push(ESCAPE as u8);
            }
            out.extend_from_slice(path.as_bytes());
        }
    }
}

/// The path of which this was kept.
pub(super) fn get<'a>(pattern: &str, kept: &'a str) -> Cow<'a, str> {
    if let Some(path) = kept.strip_prefix(ESCAPE) {
        return path.into();
    }
    let Some((prefix, mut values)) = kept.strip_prefix(SHORT).and_then(|rest| rest.split_once(SHORT)) else {
        return kept.into();
    };
    let mut path = prefix.to_owned();
    for part in pattern.split('/').skip(1) {
        path.push('/');
        if part.starts_with("{*") {
            path.push_str(values);
        } else if part.starts_with('{') {
            let (value, rest) = values.split_once('/').unwrap_or((values, ""));
            path.push_str(value);
            values = rest;
        } else {
            path.push_str(part);
        }
    }
    path.into()
}

/// The values of a pattern's parts in braces, with a slash between them; `None` where a path is not of this pattern.
fn parts<'a>(pattern: &str, path: &'a str) -> Option<Cow<'a, str>> {
    let mut values: Option<Cow<'a, str>> = None;
    let mut rest = path.strip_prefix('/');
    for part in pattern.split('/').skip(1) {
        let here = rest?;
        let (value, next) = match here.split_once('/') {
            _ if part.starts_with("{*") => (here, None),
            Some((value, next)) => (value, Some(next)),
            None => (here, None),
        };
        if part.starts_with('{') {
            values = Some(match values {
                None => value.into(),
                Some(before) => (before.into_owned() + "/" + value).into(),
            });
        } else if part != value {
            return None;
        }
        rest = next;
    }
    if rest.is_some() { None } else { Some(values.unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(pattern: &str, path: &str) -> String {
        let mut out = Vec::new();
        put(pattern, path, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_a_pattern_leaves_open_is_kept() {
        for (pattern, path, expected) in [
            ("/orders/{id}", "/orders/17", "\u{1}\u{1}17"),
            ("/orders/{id}", "/shop/orders/17", "\u{1}/shop\u{1}17"),
            ("/orders/{id}/lines/{line}", "/orders/17/lines/3", "\u{1}\u{1}17/3"),
            ("/orders", "/orders", "\u{1}\u{1}"),
            ("/files/{*rest}", "/files/a/b", "\u{1}\u{1}a/b"),
            ("/files/{*rest}", "/files", "/files"),
            ("/orders/{id}", "/orders", "/orders"),
            ("/orders", "/orders/", "/orders/"),
            ("", "/orders", "/orders"),
            ("", "\u{1}x", "\u{2}\u{1}x"),
        ] {
            assert_eq!(kept(pattern, path), expected, "{path} on {pattern}");
            assert_eq!(get(pattern, expected), path);
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back(
            pattern in "(/[a-b]{0,2}|/\\{x\\}){0,4}(/\\{\\*r\\})?",
            path in "[/a-b\u{1}\u{2}]{0,12}",
        ) {
            let kept = kept(&pattern, &path);
            prop_assert_eq!(get(&pattern, &kept), path);
        }
    }
}
