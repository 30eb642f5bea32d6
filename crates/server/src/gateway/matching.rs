//! Which API a request is for: by host, then by the longest path prefix.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{ApiSetup, Config};

/// The hosts and prefixes of all APIs, made ready once.
#[derive(Debug, Default)]
pub struct Table {
    exact: HashMap<String, Vec<Place>>,
    /// By what stands after the `*`, the longest first.
    wildcards: Vec<(String, Vec<Place>)>,
    any: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    prefix: String,
    setup: Arc<ApiSetup>,
    region: Option<String>,
}

/// The API that answers.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// It.
    pub setup: &'a Arc<ApiSetup>,
    /// The region whose host was called.
    pub region: Option<&'a str>,
    /// The prefix that matched; empty for `/`.
    pub prefix: &'a str,
}

impl Table {
    /// Makes a configuration's hosts and prefixes ready.
    pub fn new(config: &Config) -> Self {
        let mut table = Self::default();
        for setup in &config.apis {
            let places = |region: Option<&String>| {
                let place = |prefix: &String| Place {
                    prefix: prefix.clone(),
                    setup: Arc::clone(setup),
                    region: region.cloned(),
                };
                setup.prefixes.iter().map(place).collect::<Vec<_>>()
            };
            if setup.hosts.is_empty() {
                table.any.extend(places(None));
            }
            for host in &setup.hosts {
                let region = setup.api.regions.iter().find(|(_, hosts)| hosts.contains(host)).map(|(name, _)| name);
                match host.strip_prefix('*') {
                    None => table.exact.entry(host.clone()).or_default().extend(places(region)),
                    Some(suffix) => match table.wildcards.iter_mut().find(|(known, _)| known == suffix) {
                        Some((_, known)) => known.extend(places(region)),
                        None => table.wildcards.push((suffix.to_owned(), places(region))),
                    },
                }
            }
        }
        let longest_first = |places: &mut Vec<Place>| places.sort_by_key(|place| std::cmp::Reverse(place.prefix.len()));
        table.exact.values_mut().for_each(longest_first);
        table.wildcards.iter_mut().for_each(|(_, places)| longest_first(places));
        table.wildcards.sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
        longest_first(&mut table.any);
        table
    }

    /// The API of a host (as [`host_of`] gives it) and a canonical path: an exact host before a wildcard, a wildcard
    /// before APIs of any host; of those, the longest prefix that ends where a segment ends.
    pub fn find(&self, host: &str, path: &str) -> Option<Found<'_>> {
        let wildcards = self.wildcards.iter().filter(|(suffix, _)| {
            let label_bytes = host.len().saturating_sub(suffix.len());
            label_bytes > 0 && host.ends_with(suffix.as_str())
        });
        self.exact
            .get(host)
            .into_iter()
            .chain(wildcards.map(|(_, places)| places))
            .chain([&self.any])
            .find_map(|places| places.iter().find(|place| has_prefix(path, &place.prefix)))
            .map(|place| Found {
                setup: &place.setup,
                region: place.region.as_deref(),
                prefix: place.prefix.strip_suffix('/').unwrap_or(&place.prefix),
            })
    }
}

fn has_prefix(path: &str, prefix: &str) -> bool {
    if prefix == "/" {
        return true;
    }
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path without a prefix that [`Table::find`] found.
pub fn without_prefix<'a>(path: &'a str, prefix: &str) -> &'a str {
    match path.strip_prefix(prefix) {
        Some("") | None => "/",
        Some(rest) => rest,
    }
}

/// A Host header or authority without its port and final dot, in lower case.
pub fn host_of(authority: &str) -> Cow<'_, str> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let host = match authority[after_bracket..].find(':') {
        Some(colon) => &authority[..after_bracket + colon],
        None => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::fixtures::{config, setup};

    fn table() -> Table {
        let regions = [("in1", vec!["in1.api.example.com"]), ("eu1", vec!["api.example.com", "eu1.api.example.com"])];
        Table::new(&config(vec![
            setup("regional")
                .hosts(&["in1.api.example.com", "api.example.com", "eu1.api.example.com"])
                .regions(&regions),
            setup("wild").hosts(&["*.example.com"]),
            setup("wilder").hosts(&["*.api.example.com"]).prefixes(&["/deep"]),
            setup("any").prefixes(&["/a", "/a/b", "/c"]),
            setup("longer").prefixes(&["/a/b/c"]),
        ]))
    }

    fn found(host: &str, path: &str) -> String {
        let table = table();
        table.find(host, path).map_or("-".into(), |found| {
            format!("{} {} {}", found.setup.api.name, found.prefix, found.region.unwrap_or("-"))
        })
    }

    #[test]
    fn r11_the_host_gives_api_and_region() {
        assert_eq!(found("in1.api.example.com", "/x"), "regional  in1");
        assert_eq!(found("api.example.com", "/x"), "regional  eu1");
        assert_eq!(found("www.example.com", "/x"), "wild  -");
        assert_eq!(found("v2.api.example.com", "/deep/x"), "wilder /deep -");
        assert_eq!(found("v2.api.example.com", "/x"), "wild  -");
        assert_eq!(found("example.com", "/x"), "-");
        assert_eq!(found(".example.com", "/x"), "-");
    }

    #[test]
    fn prefixes_end_where_segments_end() {
        assert_eq!(found("h", "/a"), "any /a -");
        assert_eq!(found("h", "/a/b/d"), "any /a/b -");
        assert_eq!(found("h", "/a/b/c"), "longer /a/b/c -");
        assert_eq!(found("h", "/ab"), "-");
        assert_eq!(found("h", "/"), "-");
        assert_eq!(
            (without_prefix("/a", "/a"), without_prefix("/a/", "/a"), without_prefix("/x", "")),
            ("/", "/", "/x")
        );
    }

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        for (header, host) in [
            ("Example.COM", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com.:80", "example.com"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host_of(header), host);
        }
    }

    proptest! {
        #[test]
        fn no_host_panics(host in ".{0,20}", path in "/.{0,20}") {
            let _ = table().find(&host_of(&host), &path);
        }
    }
}
