//! One API.

use std::collections::BTreeMap;

use keyward_core::api::Api;
use keyward_core::key::Environment;
use keyward_core::scope::{Catalogue, Scope, ScopeSet, is_scope_name};

use super::{keys, routes, spending, wording};
use crate::config::fault::Faults;
use crate::config::setup::{ApiSetup, Preflight, RateHeaders, Upstream};
use crate::config::sources::Sources;
use crate::config::values;
use crate::config::view::Section;

/// Most scopes of an API.
const SCOPES_MAX: usize = 1_000;
/// Fewest letters or digits that vary in accounts' public ids.
const ID_PLACES_MIN: usize = 6;

/// Reads one API; where there are faults it is not whole.
pub(super) fn setup(name: &str, section: &Section<'_>, sources: &Sources, faults: &mut Faults) -> ApiSetup {
    let catalogue = catalogue(section, faults);
    let upstreams = super::upstreams::all(section, faults);
    let environments = served(section, &upstreams, faults);
    let regions = regions(section, faults);
    let default_region = default_region(section, &regions, faults);
    let spending = spending::spending(section, faults);
    let identity_headers = super::headers::identity(section, faults);
    let api = Api {
        name: name.to_owned(),
        kinds: keys::kinds(section, &catalogue, faults),
        environments,
        routes: routes::routes(section, &catalogue, &upstreams, faults),
        limits_live: spending.live,
        limits_test: spending.test,
        quotas: spending.quotas,
        plans: spending::plans(section, &catalogue, faults),
        regions,
        require_https: section.flag("require_https"),
        catalogue,
    };
    let keys_door = wording::keys_door(section, faults);
    let holder_door = holder_door(section, keys_door.as_deref(), faults);
    ApiSetup {
        index: 0,
        preset: section.text("preset").map(str::to_owned),
        hosts: hosts(section, &api.regions, faults),
        prefixes: prefixes(section, faults),
        keep_prefix: section.flag("keep_prefix"),
        preserve_host: section.flag("preserve_host"),
        upstreams,
        schemes: super::headers::schemes(section, faults),
        preflight: preflight(section, faults),
        other_auth_passes: section.text("other_auth") == Some("pass"),
        rate_headers: match section.text("rate_headers") {
            Some("upstream") => RateHeaders::Upstream,
            Some("off") => RateHeaders::Off,
            Some(_) | None => RateHeaders::Ours,
        },
        forward_credential: section.flag("forward_credential"),
        identity_needs_metadata: super::headers::needs_metadata(&identity_headers),
        identity_headers,
        dialect: wording::dialect(section, sources, faults).unwrap_or_default(),
        help_url: address(section, "help_url", faults),
        url: address(section, "url", faults),
        example: example(section, faults),
        holder_door,
        keys_door,
        access: routes::access(section),
        public_id_pattern: public_id_pattern(section, faults),
        default_region,
        words: wording::words(section),
        roles: wording::roles(section, faults),
        api,
    }
}

fn catalogue(section: &Section<'_>, faults: &mut Faults) -> Catalogue {
    let written = section.text_each("scopes");
    if written.len() > SCOPES_MAX {
        faults.add(section.spot("scopes"), section.at("scopes"), format!("at most {SCOPES_MAX} scopes"));
    }
    let mut scopes = Vec::new();
    for (name, description, spot) in written.into_iter().take(SCOPES_MAX) {
        if is_scope_name(name) {
            scopes.push(Scope { name: name.to_owned(), description: description.to_owned() });
        } else {
            let why =
                format!("`{name}` can't name a scope: up to 100 of printable ASCII without space, quote or backslash");
            faults.add(spot, section.at("scopes"), why);
        }
    }
    Catalogue::new(scopes)
}

/// The set of the scopes named at `key`; unknown ones are reported.
pub(super) fn scopes(section: &Section<'_>, key: &str, catalogue: &Catalogue, faults: &mut Faults) -> ScopeSet {
    let mut known = Vec::new();
    for (name, spot) in section.texts(key) {
        if catalogue.scopes().iter().any(|scope| scope.name == name) {
            known.push(name);
            continue;
        }
        let near = values::closest(name, catalogue.scopes().iter().map(|scope| scope.name.as_str()));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        faults.add(spot, section.at(key), format!("the API has no scope `{name}`{hint}"));
    }
    catalogue.set(known).unwrap_or_default()
}

/// The environments named at `environments`, live first.
pub(super) fn environments(section: &Section<'_>) -> Vec<Environment> {
    let named = section.texts("environments");
    [Environment::Live, Environment::Test]
        .into_iter()
        .filter(|environment| named.iter().any(|(word, _)| *word == environment.as_str()))
        .collect()
}

/// The environments of an API. Test traffic never reaches the live upstream unless somebody said so (row r59).
fn served(section: &Section<'_>, upstreams: &BTreeMap<String, Upstream>, faults: &mut Faults) -> Vec<Environment> {
    let has_test_upstream = upstreams.contains_key("test");
    if !section.has("environments") {
        let test = has_test_upstream.then_some(Environment::Test);
        return std::iter::once(Environment::Live).chain(test).collect();
    }
    let served = environments(section);
    if served.is_empty() {
        faults.add(section.spot("environments"), section.at("environments"), "at least one of live, test");
    }
    if served.contains(&Environment::Test) && !has_test_upstream && !section.has("test_upstream") {
        let why = "is needed for test keys: an address, or \"same\" for the live upstream; or set environments = \
                   [\"live\"]";
        faults.add(section.spot("test_upstream"), section.at("test_upstream"), why);
    }
    served
}

fn regions(section: &Section<'_>, faults: &mut Faults) -> BTreeMap<String, Vec<String>> {
    let mut regions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, region) in section.each("regions") {
        let mut hosts = Vec::new();
        for (text, spot) in region.texts("hosts") {
            let other =
                |host: &String| regions.iter().find(|(_, hosts)| hosts.contains(host)).map(|(name, _)| name.clone());
            match values::host(text) {
                Ok(host) => match other(&host) {
                    Some(other) => {
                        let why = format!("{host} is a host of region `{other}` already");
                        faults.add(spot, region.at("hosts"), why);
                    }
                    None => hosts.push(host),
                },
                Err(why) => faults.add(spot, region.at("hosts"), why),
            }
        }
        if hosts.is_empty() && region.items("hosts").is_empty() && region.has("hosts") {
            faults.add(region.spot("hosts"), region.at("hosts"), "a region has at least one host");
        }
        regions.insert(name.to_owned(), hosts);
    }
    regions
}

fn default_region(
    section: &Section<'_>,
    regions: &BTreeMap<String, Vec<String>>,
    faults: &mut Faults,
) -> Option<String> {
    let said = section.text("default_region");
    match said {
        Some(name) if !regions.contains_key(name) => {
            let known = regions.keys().cloned().collect::<Vec<_>>().join(", ");
            let known =
                if known.is_empty() { "no region is declared".to_owned() } else { format!("there are {known}") };
            faults.add(
                section.spot("default_region"),
                section.at("default_region"),
                format!("no region `{name}`: {known}"),
            );
            None
        }
        Some(name) => Some(name.to_owned()),
        None if regions.len() == 1 => regions.keys().next().cloned(),
        None => None,
    }
}

fn hosts(section: &Section<'_>, regions: &BTreeMap<String, Vec<String>>, faults: &mut Faults) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for (text, spot) in section.texts("hosts") {
        match values::host(text) {
            Ok(host) if hosts.contains(&host) => faults.add(spot, section.at("hosts"), format!("{host} stands twice")),
            Ok(host) => hosts.push(host),
            Err(why) => faults.add(spot, section.at("hosts"), why),
        }
    }
    for host in regions.values().flatten() {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    hosts
}

fn prefixes(section: &Section<'_>, faults: &mut Faults) -> Vec<String> {
    let mut prefixes: Vec<String> = Vec::new();
    for (text, spot) in section.texts("prefixes") {
        match values::fixed_path(text) {
            Ok(prefix) if prefixes.contains(&prefix) => {
                faults.add(spot, section.at("prefixes"), format!("{prefix} stands twice"));
            }
            Ok(prefix) => prefixes.push(prefix),
            Err(why) => faults.add(spot, section.at("prefixes"), why),
        }
    }
    if section.items("prefixes").is_empty() && section.has("prefixes") {
        faults.add(section.spot("prefixes"), section.at("prefixes"), "at least one; \"/\" is every path");
    }
    prefixes
}

fn preflight(section: &Section<'_>, faults: &mut Faults) -> Preflight {
    let mut origins = Vec::new();
    for (text, spot) in section.texts("cors_origins") {
        if text == "*" || is_origin(text) {
            origins.push(text.to_owned());
        } else {
            let why = format!("`{text}` is not an origin such as https://app.example.com, without a path");
            faults.add(spot, section.at("cors_origins"), why);
        }
    }
    let preflight = match section.text("preflight") {
        Some("forward") => Preflight::Forward,
        Some("check") => Preflight::Check,
        Some(_) | None => return Preflight::Answer { origins },
    };
    if !origins.is_empty() {
        faults.add(section.spot("cors_origins"), section.at("cors_origins"), "only used with preflight = \"answer\"");
    }
    preflight
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let good_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_lowercase() || b"+-.".contains(&b));
    let (name, port) = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')).unwrap_or((authority, "1"));
    good_scheme
        && values::host(name).is_ok_and(|host| host == name && !host.starts_with('*'))
        && port.parse::<u16>().is_ok()
}

/// An http(s) address for people.
fn address(section: &Section<'_>, key: &str, faults: &mut Faults) -> Option<String> {
    let url = section.text(key)?;
    let parsed = url.parse::<http::Uri>().ok();
    let fits = parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if !fits {
        faults.add(section.spot(key), section.at(key), format!("`{url}` is not an http(s) address"));
    }
    Some(url.to_owned())
}

/// The path of a request that shows whether a key works.
fn example(section: &Section<'_>, faults: &mut Faults) -> String {
    let path = section.text("example").unwrap_or("/");
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && !b"'\"\\`$<>#".contains(&b));
    if !path.starts_with('/') || !plain {
        let why = format!("`{path}` is not a path with an optional query that can be pasted into a shell");
        faults.add(section.spot("example"), section.at("example"), why);
    }
    path.to_owned()
}

fn holder_door(section: &Section<'_>, keys_door: Option<&str>, faults: &mut Faults) -> Option<String> {
    let door = section.text("holder_door")?;
    if door == "/" {
        faults.add(section.spot("holder_door"), section.at("holder_door"), "the door can't stand at the root");
    }
    if keys_door == Some(door) {
        faults.add(section.spot("holder_door"), section.at("holder_door"), "the keys door stands there already");
    }
    Some(door.to_owned())
}

fn public_id_pattern(section: &Section<'_>, faults: &mut Faults) -> Option<String> {
    let pattern = section.text("account_id")?;
    let fits = pattern.len() <= 64
        && pattern.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && pattern.bytes().filter(|b| *b == b'X').count() >= ID_PLACES_MIN;
    if !fits {
        let why = format!("up to 64 of A-Z a-z 0-9 - _, of which at least {ID_PLACES_MIN} are X");
        faults.add(section.spot("account_id"), section.at("account_id"), why);
    }
    Some(pattern.to_owned())
}
