//! Where a request goes: read so strictly that nobody reads it otherwise.

use std::net::{IpAddr, Ipv6Addr};

/// Longest URL.
const URL_LETTERS_MAX: usize = 2_048;
const NAME_LETTERS_MAX: usize = 253;
const LABEL_LETTERS_MAX: usize = 63;

/// A URL, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) https: bool,
    pub(super) host: Host,
    pub(super) port: u16,
    /// With its query; begins with a slash.
    pub(super) path: String,
}

/// Whose address it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        if url.len() > URL_LETTERS_MAX {
            return Err("longer than 2,048 letters");
        }
        // A backslash is a slash to some, and a fragment is never sent.
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>')) {
            return Err("only visible ASCII, without \\ # \" < >");
        }
        let (https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err("a URL that begins with https://"),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err("a user name does not belong into it");
        }
        let (host, port) = authority_parts(authority)?;
        let port = match port {
            None if https => 443,
            None => 80,
            Some(digits) => read_port(digits)?,
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        if path.parse::<http::uri::PathAndQuery>().is_err() {
            return Err("its path has letters that must be percent-encoded");
        }
        Ok(Self { https, host, port, path })
    }

    /// What its Host header says.
    pub(super) fn authority(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        };
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

fn authority_parts(authority: &str) -> Result<(Host, Option<&str>), &'static str> {
    if let Some(inner) = authority.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or("no good host")?;
        let address: Ipv6Addr = address.parse().map_err(|_| "no good host")?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(digits),
            None if rest.is_empty() => None,
            None => return Err("no good host"),
        };
        return Ok((Host::Address(address.into()), port));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    Ok((read_host(host)?, port))
}

/// An address in its usual form or a name; nothing that some resolver would take for an address in another form
/// (`2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`).
fn read_host(host: &str) -> Result<Host, &'static str> {
    if let Ok(address) = host.parse() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let name = host.to_ascii_lowercase();
    let is_label = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=LABEL_LETTERS_MAX).contains(&label.len()) && letters && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if name.len() > NAME_LETTERS_MAX || !name.split('.').all(is_label) || is_number {
        return Err("no good host");
    }
    Ok(Host::Name(name))
}

fn read_port(digits: &str) -> Result<u16, &'static str> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain).ok_or("no good port")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> (String, u16, String) {
        let target = Target::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"));
        (target.authority(), target.port, target.path)
    }

    #[test]
    fn a_url_is_read_in_one_way() {
        let of = |authority: &str, port, path: &str| (authority.to_owned(), port, path.to_owned());
        assert_eq!(named("https://Hooks.Example.com"), of("hooks.example.com", 443, "/"));
        assert_eq!(named("https://a.example:8443/x?y=1&z=%20"), of("a.example:8443", 8_443, "/x?y=1&z=%20"));
        assert_eq!(named("https://a.example?y"), of("a.example", 443, "/?y"));
        assert_eq!(named("http://127.0.0.1:9/x"), of("127.0.0.1:9", 9, "/x"));
        assert_eq!(named("https://[2606:4700::1]/x"), of("[2606:4700::1]", 443, "/x"));
        assert_eq!(named("https://xn--bcher-kva.example/"), of("xn--bcher-kva.example", 443, "/"));
    }

    #[test]
    fn what_some_would_read_otherwise_is_refused() {
        for url in [
            "",
            "ftp://a.example",
            "HTTPS://a.example",
            "//a.example",
            "https:/a.example",
            "https://",
            "https:///x",
            "https://user@a.example",
            "https://a.example@127.0.0.1/",
            "https://user:pw@a.example/",
            "https://a.example\\@127.0.0.1/",
            "https://127.0.0.1#.a.example/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.1/",
            "https://127.0.0.1./",
            "https://127.0.0.0x1/",
            "https://017700000001/",
            "https://a.example./",
            "https://a..example/",
            "https://-a.example/",
            "https://%31%32%37.0.0.1/",
            "https://①②⑦.0.0.1/",
            "https://[::1%25eth0]/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[1.2.3.4]/",
            "https://::1/",
            "https://a.example:/",
            "https://a.example:0/",
            "https://a.example:080/",
            "https://a.example:+80/",
            "https://a.example:65536/",
            "https://a.example:1:2/",
            "https://a example/",
            "https://a.example/\r\nX: y",
            "https://a.example/\u{e9}",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
        assert!(Target::parse(&format!("https://a.example/{}", "a".repeat(2_048))).is_err());
    }
}
