//! From checked tables to the [`Config`]: everything that depends on more than one value is judged here.

mod api;
mod audit;
mod clash;
mod headers;
mod keys;
mod logs;
mod mail;
mod routes;
mod sign_in;
mod spending;
mod told;
mod upstreams;
mod wording;

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;
use keyward_core::secret::Secret;

use super::fault::Faults;
use super::setup::{AuthSettings, Config, GatewaySettings, Listen};
use super::sources::Sources;
use super::view::Section;

/// Most APIs of one configuration.
const APIS_MAX: usize = 1_000;
/// Fewest letters of a service key.
const SERVICE_KEY_LETTERS_MIN: usize = 20;

/// Builds the configuration; what it returns counts only if no fault was found.
pub(super) fn config(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> Option<Config> {
    let auth = auth(top, sources, faults);
    let listen = listen(top, auth.service_key.is_some(), faults);
    let store_url = store_url(top, sources, faults);
    let gateway = gateway(top, faults);
    let named = top.each("apis");
    if named.len() > APIS_MAX {
        faults.add(top.spot("apis"), "apis", format!("at most {APIS_MAX} APIs"));
    }
    let mut apis = Vec::new();
    for (name, section) in &named {
        apis.push((api::setup(name, section, sources, faults), section.spot));
    }
    clash::find(&apis, faults);
    apis.sort_by(|a, b| a.0.api.name.cmp(&b.0.api.name));
    let place = |(place, (mut setup, _)): (usize, (super::setup::ApiSetup, _))| {
        setup.index = place as u16;
        Arc::new(setup)
    };
    let apis = apis.into_iter().enumerate().map(place).collect();
    let data_dir = sources.folder().join(top.text("data_dir").unwrap_or_default());
    let audit = audit::settings(top, &data_dir, sources, faults);
    let logs = logs::settings(top, &data_dir);
    let control_url = sign_in::control_url(top, faults);
    let sign_in = sign_in::settings(top, sources, faults);
    let mail = mail::settings(top, sources, faults);
    let (webhooks, leaks) = (told::outward(top, sources, faults), told::leaks(top, faults));
    let usage = told::usage(top);
    let (digest, effective) = (String::new(), String::new());
    Some(Config {
        data_dir,
        listen: listen?,
        store_url: store_url?,
        gateway,
        auth,
        audit,
        logs,
        control_url,
        sign_in,
        mail,
        thresholds: told::thresholds(top),
        webhooks,
        leaks,
        usage,
        apis,
        digest,
        effective,
    })
}

fn listen(top: &Section<'_>, has_service_key: bool, faults: &mut Faults) -> Option<Listen> {
    let section = top.inside("listen")?;
    let all = ["gateway", "auth", "control"].map(|key| (key, section.socket(key)));
    let insecure_auth = top.inside("auth").is_some_and(|auth| auth.flag("insecure"));
    for (place, (key, own)) in all.iter().enumerate() {
        let same = |(_, other): &&(&str, SocketAddr)| other == own && own.port() != 0;
        if let Some((other, _)) = all[..place].iter().find(same) {
            faults.add(section.spot(key), section.at(key), format!("{own} is the address of `{other}` already"));
        }
        if own.ip().to_canonical().is_loopback() {
            continue;
        }
        if *key == "auth" && !has_service_key && !insecure_auth {
            let why = "reachable from beyond loopback it needs auth.service_key, or auth.insecure = true";
            faults.add(section.spot(key), section.at(key), why);
        }
        if *key != "auth" && !section.flag("insecure_bind") {
            let why = "reachable from beyond loopback without TLS: set listen.insecure_bind = true if something in \
                       front of it speaks TLS";
            faults.add(section.spot(key), section.at(key), why);
        }
    }
    let [(_, gateway), (_, auth), (_, control)] = all;
    Some(Listen { gateway, auth, control })
}

fn auth(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> AuthSettings {
    let open = AuthSettings { service_key: None };
    let Some(section) = top.inside("auth") else { return open };
    let Some(written) = section.text("service_key") else { return open };
    let found = sources.secret(written).and_then(|key| {
        let fits = key.len() >= SERVICE_KEY_LETTERS_MIN && key.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(key)
        } else {
            Err(format!("at least {SERVICE_KEY_LETTERS_MIN} letters of printable ASCII without space"))
        }
    });
    match found {
        Ok(key) => AuthSettings { service_key: Some(Secret::new(key)) },
        Err(why) => {
            faults.add(section.spot("service_key"), section.at("service_key"), why);
            // A key was meant: what else depends on one is no fault as well.
            AuthSettings { service_key: Some(Secret::new(String::new())) }
        }
    }
}

fn store_url(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> Option<String> {
    let section = top.inside("store")?;
    let found = sources.secret(section.text("url")?).and_then(|url| {
        let file = url.strip_prefix("sqlite:").is_some_and(|file| !file.is_empty());
        let server =
            ["postgres://", "postgresql://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
        // The text may hold a password: it is not repeated.
        if file || server { Ok(url) } else { Err("expected sqlite:FILE or postgres://…".into()) }
    });
    found.map_err(|why| faults.add(section.spot("url"), section.at("url"), why)).ok()
}

fn gateway(top: &Section<'_>, faults: &mut Faults) -> GatewaySettings {
    let section = top.inside("gateway").unwrap_or_else(|| top.clone());
    let mut trusted_proxies = Vec::new();
    for (text, spot) in section.texts("trusted_proxies") {
        match range(text) {
            Ok(range) => trusted_proxies.push(range),
            Err(why) => faults.add(spot, section.at("trusted_proxies"), why),
        }
    }
    let workers = match section.count("workers") {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        said => said as usize,
    };
    GatewaySettings {
        workers,
        connections_max: section.count("connections_max") as usize,
        head_timeout: section.duration("head_timeout"),
        body_idle_timeout: section.duration("body_idle_timeout"),
        idle_timeout: section.duration("idle_timeout"),
        head_bytes_max: section.bytes("head_bytes_max"),
        headers_max: section.count("headers_max") as usize,
        uri_bytes_max: section.bytes("uri_bytes_max"),
        drain_timeout: section.duration("drain_timeout"),
        trusted_proxies,
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let one = text.parse::<std::net::IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| format!("`{text}` is neither an address nor a range such as 10.0.0.0/8"))
}
