//! `[audit]`: how the record of changes is kept and proved.

use std::path::{Path, PathBuf};

use keyward_core::secret::Secret;

use crate::config::fault::Faults;
use crate::config::setup::{AuditSettings, SinkUrl, SyslogAddress};
use crate::config::sources::Sources;
use crate::config::values;
use crate::config::view::Section;

/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 64;

pub(super) fn settings(top: &Section<'_>, data_dir: &Path, sources: &Sources, faults: &mut Faults) -> AuditSettings {
    let Some(section) = top.inside("audit") else { return AuditSettings::default() };
    let mut note = |key: &str, why: String| faults.add(section.spot(key), section.at(key), why);
    let key = section.text("key").and_then(|written| match sources.secret(written) {
        Ok(key) if key.len() == KEY_DIGITS && key.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            Some(Secret::new(key))
        }
        Ok(_) => {
            note("key", format!("expected {KEY_DIGITS} hexadecimal digits"));
            None
        }
        Err(why) => {
            note("key", why);
            None
        }
    });
    let heads_url = section.text("heads_url").and_then(|url| match sink(url) {
        Ok(url) => Some(url),
        Err(why) => {
            note("heads_url", why);
            None
        }
    });
    let heads_syslog = section.text("heads_syslog").and_then(|text| match syslog(text) {
        Ok(address) => Some(address),
        Err(why) => {
            note("heads_syslog", why);
            None
        }
    });
    let heads_file = section.text("heads_file").filter(|file| !file.is_empty());
    AuditSettings {
        key,
        keep_days: section.whole("keep_days").and_then(|days| u32::try_from(days).ok()),
        heads_every: section.duration("heads_every"),
        heads_file: heads_file.map(|file| data_dir.join(file)),
        heads_syslog,
        heads_url,
    }
}

fn sink(url: &str) -> Result<SinkUrl, String> {
    let (address, path) = values::upstream(url)?;
    let name = address.host.trim_matches(['[', ']']);
    let is_here =
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    if !address.https && !is_here {
        return Err("another machine is told by https only".into());
    }
    let path = if path.is_empty() { "/".into() } else { path };
    Ok(SinkUrl { https: address.https, host: address.host, port: address.port, path })
}

fn syslog(text: &str) -> Result<SyslogAddress, String> {
    if text.starts_with('/') {
        return Ok(SyslogAddress::Local(PathBuf::from(text)));
    }
    let port = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port {
        Some((host, 1..)) if !host.is_empty() => Ok(SyslogAddress::Remote(text.to_owned())),
        _ => Err("expected the path of a socket, such as \"/dev/log\", or HOST:PORT".into()),
    }
}
