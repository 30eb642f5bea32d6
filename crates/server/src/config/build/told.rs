//! `[webhooks]` and `[leaks]`: whom we may tell, and whose reports we believe. `[usage]`: how long counts are kept.

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::super::fault::Faults;
use super::super::setup::{LeakSettings, OutwardSettings, UsageSettings};
use super::super::sources::Sources;
use super::super::view::Section;
use super::range;
use crate::leaks::PublicKey;
use crate::signals::Thresholds;

/// Most keys of GitHub's.
const GITHUB_KEYS_MAX: usize = 100;

pub(super) fn usage(top: &Section<'_>) -> UsageSettings {
    let section = top.inside("usage").unwrap_or_else(|| top.clone());
    let days = |key: &str| section.whole(key).and_then(|days| u32::try_from(days).ok()).unwrap_or_default();
    UsageSettings {
        minutes_days: days("minutes_days"),
        hours_days: days("hours_days"),
        days_days: days("days_days"),
        keys_days: days("keys_days"),
    }
}

pub(super) fn outward(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> OutwardSettings {
    let section = top.inside("webhooks").unwrap_or_else(|| top.clone());
    let (mut allow, mut ports, mut authorities) = (Vec::new(), Vec::new(), Vec::new());
    for (text, spot) in section.texts("allow") {
        match range(text) {
            Ok(range) => allow.push(range),
            Err(why) => faults.add(spot, section.at("allow"), why),
        }
    }
    for (text, spot) in section.texts("ports") {
        match text.parse::<u16>() {
            Ok(port @ 1..) => ports.push(port),
            Ok(0) | Err(_) => faults.add(spot, section.at("ports"), format!("`{text}` is no port, 1 to 65535")),
        }
    }
    for (file, spot) in section.texts("authorities") {
        match authorities_of(sources, file) {
            Ok(found) => authorities.extend(found),
            Err(why) => faults.add(spot, section.at("authorities"), why),
        }
    }
    OutwardSettings {
        allow,
        ports,
        loopback: section.flag("loopback"),
        authorities,
        connect_timeout: section.duration("connect_timeout"),
        timeout: section.duration("timeout"),
    }
}

fn authorities_of(sources: &Sources, file: &str) -> Result<Vec<Vec<u8>>, String> {
    let text = sources.read(0, file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found.iter().map(|certificate| certificate.to_vec()).collect()),
        Ok(_) | Err(_) => Err(format!("`{file}` holds no certificates as PEM")),
    }
}

pub(super) fn thresholds(top: &Section<'_>) -> Thresholds {
    let section = top.inside("notices").unwrap_or_else(|| top.clone());
    let count = |key| section.whole(key).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    Thresholds {
        unknown_keys: count("unknown_keys"),
        revoked_key: count("revoked_key"),
        window_ms: i64::try_from(section.duration("window").as_millis()).unwrap_or(i64::MAX),
    }
}

pub(super) fn leaks(top: &Section<'_>, faults: &mut Faults) -> LeakSettings {
    let section = top.inside("leaks").unwrap_or_else(|| top.clone());
    let mut github_keys = Vec::new();
    for key in section.list("github_keys") {
        let id = key.text("id").unwrap_or_default();
        match PublicKey::parse(id, key.text("key").unwrap_or_default()) {
            Some(read) => github_keys.push(read),
            None => faults.add(key.spot("key"), key.at("key"), "expected a public key of P-256 as PEM"),
        }
    }
    if github_keys.len() > GITHUB_KEYS_MAX {
        faults.add(section.spot("github_keys"), section.at("github_keys"), format!("at most {GITHUB_KEYS_MAX} keys"));
    }
    let url = section.text("github_keys_url").filter(|url| !url.is_empty());
    LeakSettings { github: section.flag("github"), github_keys, github_keys_url: url.map(str::to_owned) }
}
