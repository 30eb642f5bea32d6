//! Where people reach us, how they sign in, and who else may vouch for them.

use keyward_core::secret::Secret;

use super::super::fault::Faults;
use super::super::setup::{Provider, SignInSettings};
use super::super::sources::Sources;
use super::super::view::Section;

/// Most providers of identities.
const PROVIDERS_MAX: usize = 20;

/// What links begin with.
pub(super) fn control_url(top: &Section<'_>, faults: &mut Faults) -> Option<String> {
    let section = top.inside("control")?;
    let url = section.text("url")?.trim_end_matches('/');
    if !is_origin(url) {
        let why = "expected an origin such as https://keys.example.com, without a path";
        faults.add(section.spot("url"), section.at("url"), why);
    }
    Some(url.to_owned())
}

/// Everything about signing in.
pub(super) fn settings(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> SignInSettings {
    let section = top.inside("sign_in").unwrap_or_else(|| top.clone());
    let ms = |key| i64::try_from(section.duration(key).as_millis()).unwrap_or(i64::MAX);
    let (idle_ms, lifetime_ms) = (ms("idle_timeout"), ms("lifetime"));
    let named = section.each("sso");
    if !named.is_empty() && !cfg!(feature = "sso") {
        faults.add(section.spot("sso"), section.at("sso"), "this program was built without single sign-on");
    }
    if named.len() > PROVIDERS_MAX {
        faults.add(section.spot("sso"), section.at("sso"), format!("at most {PROVIDERS_MAX} providers"));
    }
    let mut sso: Vec<_> = named.iter().filter_map(|(name, inner)| provider(name, inner, sources, faults)).collect();
    sso.sort_by(|a, b| a.name.cmp(&b.name));
    SignInSettings { idle_ms, lifetime_ms, sso }
}

fn provider(name: &str, section: &Section<'_>, sources: &Sources, faults: &mut Faults) -> Option<Provider> {
    let issuer = section.text("issuer")?.to_owned();
    if !is_issuer(&issuer) {
        let why = "expected https://…, or http:// of a loopback address";
        faults.add(section.spot("issuer"), section.at("issuer"), why);
    }
    let mut domains = Vec::new();
    for (text, spot) in section.texts("domains") {
        if text.contains(['@', '/', ' ']) || !text.contains('.') {
            faults.add(spot, section.at("domains"), format!("`{text}` is no domain such as example.com"));
        }
        domains.push(text.to_lowercase());
    }
    let secret = sources.secret(section.text("client_secret")?);
    let secret = secret.map_err(|why| faults.add(section.spot("client_secret"), section.at("client_secret"), why));
    Some(Provider {
        name: name.to_owned(),
        title: section.text("title").unwrap_or(name).to_owned(),
        issuer,
        client_id: section.text("client_id")?.to_owned(),
        client_secret: Secret::new(secret.ok()?),
        domains,
    })
}

fn is_origin(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

fn is_issuer(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.strip_prefix("https://").is_some_and(|r| !r.is_empty());
    };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
