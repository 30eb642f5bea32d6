//! Where requests go.

use std::collections::BTreeMap;

use crate::config::fault::Faults;
use crate::config::setup::Upstream;
use crate::config::values;
use crate::config::view::Section;

/// Most addresses of one upstream.
const ADDRESSES_MAX: usize = 64;

/// The upstreams of an API by name: `live`, `test` where there is one, and those that routes name.
pub(super) fn all(section: &Section<'_>, faults: &mut Faults) -> BTreeMap<String, Upstream> {
    let mut all = BTreeMap::new();
    let live = section.inside("upstream").map(|inner| upstream(&inner, faults));
    if let Some(inner) = section.inside("test_upstream") {
        let is_same = matches!(inner.texts("addresses").as_slice(), [("same", _)]);
        let test = if is_same { live.clone() } else { Some(upstream(&inner, faults)) };
        all.extend(test.map(|test| ("test".to_owned(), test)));
    }
    all.extend(live.map(|live| ("live".to_owned(), live)));
    for (name, inner) in section.each("upstreams") {
        if matches!(name, "live" | "test") {
            let why =
                format!("`{name}` is declared as `{}`", if name == "live" { "upstream" } else { "test_upstream" });
            faults.add(inner.spot, inner.path.clone(), why);
            continue;
        }
        all.insert(name.to_owned(), upstream(&inner, faults));
    }
    all
}

fn upstream(section: &Section<'_>, faults: &mut Faults) -> Upstream {
    let written = section.texts("addresses");
    if written.len() > ADDRESSES_MAX || (written.is_empty() && section.has("addresses")) {
        let why = format!("from 1 to {ADDRESSES_MAX} addresses");
        faults.add(section.spot("addresses"), section.at("addresses"), why);
    }
    let mut addresses = Vec::new();
    let mut base_path: Option<String> = None;
    for (text, spot) in written.into_iter().take(ADDRESSES_MAX) {
        let (address, base) = match values::upstream(text) {
            Ok(found) => found,
            Err(why) => {
                faults.add(spot, section.at("addresses"), why);
                continue;
            }
        };
        if base_path.get_or_insert_with(|| base.clone()) != &base {
            faults.add(spot, section.at("addresses"), "equal addresses have the same path");
        }
        if addresses.contains(&address) {
            faults.add(spot, section.at("addresses"), format!("`{text}` stands twice"));
        } else {
            addresses.push(address);
        }
    }
    // Even a faulty upstream counts as declared: whoever names it is no second fault.
    Upstream {
        addresses,
        base_path: base_path.unwrap_or_default(),
        connect_timeout: section.duration("connect_timeout"),
        response_timeout: section.duration("response_timeout"),
    }
}
