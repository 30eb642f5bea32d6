//! Values that are written as text: durations, sizes, hosts, paths, addresses of upstreams.

use std::time::Duration;

use keyward_core::path;

use super::setup::UpstreamAddress;

/// Milliseconds of a duration such as `10s`, `1h30m`, `500ms`.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit_ms = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        rest = &rest[letters..];
        total = total.checked_add(number.checked_mul(unit_ms)?)?;
    }
    (!text.is_empty()).then_some(total)
}

/// A duration such as `10s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    duration_ms(text).map(Duration::from_millis)
}

/// Bytes of a size such as `32KiB`, `1MiB`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A host in one spelling: lower case, no port; `*.example.com` where wildcards are allowed.
pub(super) fn host(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let name = lower.strip_prefix("*.").unwrap_or(&lower);
    let is_v6 = name.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    if let Some(inner) = is_v6 {
        let address = inner.parse::<std::net::Ipv6Addr>().map_err(|_| format!("`{text}` is not a host"))?;
        return Ok(format!("[{address}]"));
    }
    let label = |part: &str| {
        let letters = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        letters && !part.is_empty() && part.len() <= 63 && !part.starts_with('-') && !part.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        return Ok(lower);
    }
    Err(format!("`{text}` is not a host: expected a name such as api.example.com or *.example.com, without a port"))
}

/// A fixed path in its one spelling, without a trailing slash but for `/` itself.
pub(super) fn fixed_path(text: &str) -> Result<String, String> {
    let spelt = path::canonical(text).map_err(|fault| format!("`{text}`: {fault}"))?;
    if spelt.len() > 1_024 {
        return Err("at most 1,024 letters".into());
    }
    Ok(if spelt.len() > 1 { spelt.trim_end_matches('/').to_owned() } else { spelt.into_owned() })
}

/// An upstream's address and the path put before what is forwarded.
pub(super) fn upstream(text: &str) -> Result<(UpstreamAddress, String), String> {
    let wrong = |why: &str| format!("`{text}`: {why}; expected something like http://127.0.0.1:9000");
    let uri: http::Uri = text.parse().map_err(|_| wrong("not an address"))?;
    let https = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => return Err(wrong("it begins with neither http:// nor https://")),
    };
    let authority = uri.authority().ok_or_else(|| wrong("no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("a user name does not belong here"));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(wrong("a query does not belong here"));
    }
    let name = host(authority.host()).map_err(|_| wrong("no good host"))?;
    if name.starts_with("*.") {
        return Err(wrong("no good host"));
    }
    let names_port = authority.as_str().len() > authority.host().len();
    let port = match (authority.port_u16(), names_port) {
        (Some(0), _) | (None, true) => return Err(wrong("no good port")),
        (Some(port), _) => port,
        (None, false) => {
            if https {
                443
            } else {
                80
            }
        }
    };
    let base = fixed_path(uri.path())?;
    let base = if base == "/" { String::new() } else { base };
    Ok((UpstreamAddress { https, host: name, port }, base))
}

/// The closest of `known` to a word that is none of them, where one is close.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(64).collect();
    let near = word.chars().count() / 3 + 1;
    known
        .into_iter()
        .map(|other| (distance(&word, other), other))
        .filter(|(steps, _)| *steps <= near)
        .min()
        .map(|(_, other)| other)
}

/// How many letters to add, drop or change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(duration_ms("1h30m"), Some(5_400_000));
        assert_eq!(duration_ms("500ms"), Some(500));
        for wrong in ["", "10", "s", "1 h", "1y", "-1s", "1.5s", "99999999999999999999d", "9999999999999999w"] {
            assert_eq!(duration_ms(wrong), None, "{wrong:?}");
        }
        assert_eq!((bytes("32KiB"), bytes("7"), bytes("1 MiB")), (Some(32_768), Some(7), Some(1 << 20)));
        assert_eq!((bytes("1kb"), bytes(""), bytes("99999999999999999GiB")), (None, None, None));
    }

    #[test]
    fn hosts_have_one_spelling() {
        assert_eq!(host("API.Example.com").as_deref(), Ok("api.example.com"));
        assert_eq!(host("*.example.com").as_deref(), Ok("*.example.com"));
        assert_eq!(host("[::1]").as_deref(), Ok("[::1]"));
        for wrong in ["", "a:80", "a b", "http://a", "*", "a..b", "-a", "a/b", "x.*.y"] {
            assert!(host(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn upstreams_are_addresses_with_a_base_path() {
        let (address, base) = upstream("https://api.internal/v2/").unwrap();
        assert_eq!(
            (address.https, address.host.as_str(), address.port, base.as_str()),
            (true, "api.internal", 443, "/v2")
        );
        assert_eq!(upstream("http://127.0.0.1:9000").unwrap().0.port, 9_000);
        for wrong in [
            "127.0.0.1:9000",
            "ftp://a",
            "http://",
            "http://u:p@a",
            "http://a?x=1",
            "http://a:0",
            "http://a/../b",
            "http://a:x",
        ] {
            assert!(upstream(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        assert_eq!(closest("prefixs", ["prefixes", "hosts"]), Some("prefixes"));
        assert_eq!(closest("qqqqqq", ["prefixes", "hosts"]), None);
    }
}
