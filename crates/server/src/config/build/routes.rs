//! Routes and what their bodies must satisfy.

use std::collections::BTreeMap;

use keyward_core::body::{BadExpression, BodyRule, Expression};
use keyward_core::route::{Access, Route, Routes};
use keyward_core::scope::Catalogue;

use crate::config::fault::Faults;
use crate::config::setup::Upstream;
use crate::config::values;
use crate::config::view::Section;

/// Most routes of an API.
const ROUTES_MAX: usize = 5_000;

/// Reads the routes of an API.
pub(super) fn routes(
    section: &Section<'_>,
    catalogue: &Catalogue,
    upstreams: &BTreeMap<String, Upstream>,
    faults: &mut Faults,
) -> Routes {
    let rows = section.list("routes");
    if rows.len() > ROUTES_MAX {
        faults.add(section.spot("routes"), section.at("routes"), format!("at most {ROUTES_MAX} routes"));
        return Routes::default();
    }
    let mut good: Vec<Route> = Vec::new();
    for row in &rows {
        let Some(route) = route(row, catalogue, upstreams, faults) else { continue };
        if let Some(twin) = good.iter().find(|other| hides(other, &route)) {
            let why = format!("never reached: an earlier route takes {} already", twin.pattern);
            faults.add(row.spot, row.path.clone(), why);
            continue;
        }
        // Each alone first, so that a fault is told of the row that has it.
        if let Err(bad) = Routes::new(vec![route.clone()]) {
            faults.add(row.spot("path"), row.at("path"), bad.to_string());
            continue;
        }
        good.push(route);
    }
    match Routes::new(good.clone()) {
        Ok(routes) => routes,
        Err(bad) => {
            // The first row that does not go with those before it.
            let clash = (1..=good.len()).find(|count| Routes::new(good[..*count].to_vec()).is_err());
            let row =
                clash.and_then(|count| rows.iter().find(|row| row.text("path") == Some(&good[count - 1].pattern)));
            let row = row.unwrap_or(section);
            faults.add(row.spot("path"), row.path.clone(), bad.to_string());
            Routes::default()
        }
    }
}

/// Whether `earlier` takes every request of `later`.
fn hides(earlier: &Route, later: &Route) -> bool {
    let all_methods = earlier.methods.is_empty();
    let each_method = !later.methods.is_empty() && later.methods.iter().all(|method| earlier.methods.contains(method));
    earlier.pattern == later.pattern && (all_methods || each_method)
}

fn route(
    row: &Section<'_>,
    catalogue: &Catalogue,
    upstreams: &BTreeMap<String, Upstream>,
    faults: &mut Faults,
) -> Option<Route> {
    let mut methods = Vec::new();
    for (text, spot) in row.texts("methods") {
        let upper = text.to_ascii_uppercase();
        match http::Method::from_bytes(upper.as_bytes()) {
            Ok(http::Method::TRACE | http::Method::CONNECT) | Err(_) => {
                faults.add(spot, row.at("methods"), format!("`{text}` is no method that can be served"));
            }
            Ok(_) => methods.push(upper),
        }
    }
    let access = access(row);
    let scopes = super::api::scopes(row, "scopes", catalogue, faults);
    if access == Access::Public && !scopes.is_empty() {
        faults.add(row.spot("scopes"), row.at("scopes"), "a public route looks at no key, so it can't need scopes");
    }
    let upstream = row.text("upstream");
    if let Some(name) = upstream.filter(|name| !upstreams.contains_key(*name)) {
        let known = upstreams.keys().map(String::as_str);
        let hint = values::closest(name, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        faults.add(row.spot("upstream"), row.at("upstream"), format!("no upstream is called `{name}`{hint}"));
    }
    let body = row.inside("body").map(|section| body(&section, faults));
    Some(Route {
        pattern: pattern(row, faults)?,
        methods,
        access,
        scopes,
        environments: match super::api::environments(row) {
            both if both.len() == 2 => Vec::new(),
            some => some,
        },
        cost: row.count("cost"),
        body,
        upstream: upstream.map(str::to_owned),
        log_bytes_max: row.bytes("log_bodies"),
    })
}

/// A pattern, whose fixed parts must be spelt as requests' paths are once they are canonical.
fn pattern(row: &Section<'_>, faults: &mut Faults) -> Option<String> {
    let text = row.text("path")?;
    let fixed: Vec<&str> = text.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
    let fixed = fixed.join("/");
    match keyward_core::path::canonical(&fixed) {
        Ok(spelt) if *spelt == fixed => Some(text.to_owned()),
        Ok(spelt) => {
            faults.add(row.spot("path"), row.at("path"), format!("requests spell it {spelt}"));
            None
        }
        Err(fault) => {
            faults.add(row.spot("path"), row.at("path"), fault.to_string());
            None
        }
    }
}

/// Reads `access`.
pub(super) fn access(section: &Section<'_>) -> Access {
    match section.text("access") {
        Some("optional") => Access::Optional,
        Some("public") => Access::Public,
        Some(_) | None => Access::Required,
    }
}

/// The compiler draws the expression below its message: one line is enough beside the line of the file.
fn first_line(bad: BadExpression) -> String {
    bad.to_string().lines().next().unwrap_or_default().to_owned()
}

fn body(section: &Section<'_>, faults: &mut Faults) -> BodyRule {
    let mut compile = |key: &str| {
        let text = section.text(key)?;
        let compiled = Expression::compile(text.trim()).map_err(first_line);
        compiled.map_err(|bad| faults.add(section.spot(key), section.at(key), format!("not an expression: {bad}"))).ok()
    };
    let (scopes, items, cost, require) = (compile("scopes"), compile("items"), compile("cost"), compile("require"));
    let items_max = section.whole("items_max").and_then(|most| u64::try_from(most).ok());
    if items_max.is_some() && section.text("items").is_none() {
        faults.add(section.spot("items_max"), section.at("items_max"), "`items` must say how to count them");
    }
    let said = section.text("require_message");
    if said.is_some() && section.text("require").is_none() {
        faults.add(
            section.spot("require_message"),
            section.at("require_message"),
            "there is no `require` to go with it",
        );
    }
    let require_message = said.unwrap_or("The body does not fit this route.").to_owned();
    BodyRule { scopes, items, items_max, cost, require, require_message, bytes_max: section.bytes("bytes_max") }
}
