//! `[mail]`: how mail goes out.

use keyward_core::secret::Secret;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, TlsParameters};

use crate::config::fault::Faults;
use crate::config::sources::{Sources, read_file};
use crate::config::values;
use crate::config::view::Section;
use crate::mail::{Login, MailSettings, Security, Server, Templates};

const CA_BYTES_MAX: u64 = 1 << 20;

pub(super) fn settings(top: &Section<'_>, sources: &Sources, faults: &mut Faults) -> Option<MailSettings> {
    let section = top.inside("mail")?;
    let mut note = |key: &str, why: String| faults.add(section.spot(key), section.at(key), why);
    let host = section.text("host")?;
    let host = values::host(host).map_err(|why| note("host", why)).unwrap_or_default();
    let host = host.trim_matches(['[', ']']).to_owned();
    let from = match section.text("from")?.parse::<Mailbox>() {
        Ok(from) => Some(from),
        Err(error) => {
            note("from", format!("expected something like Keyward <keyward@example.com>: {error}"));
            None
        }
    };
    let word = section.text("security")?;
    let security = security(word, &host, &section, sources).map_err(|(key, why)| note(key, why)).ok();
    let login = login(&section, sources).map_err(|(key, why)| note(key, why)).ok().flatten();
    let templates = match section.text("templates") {
        None => Templates::default(),
        Some(dir) => Templates::load(&sources.folder().join(dir)).unwrap_or_else(|all| {
            for bad in all {
                note("templates", format!("{dir}/{bad}"));
            }
            Templates::default()
        }),
    };
    let default_port = match word {
        "tls" => 465,
        "none" => 25,
        _ => 587,
    };
    let port = section.whole("port").and_then(|port| u16::try_from(port).ok()).unwrap_or(default_port);
    let from = from?;
    let hello = from.email.domain().to_owned();
    let server = Server { host, port, security: security?, login, hello, timeout: section.duration("timeout") };
    Some(MailSettings { server, from, templates })
}

type Wrong = (&'static str, String);

fn security(word: &str, host: &str, section: &Section<'_>, sources: &Sources) -> Result<Security, Wrong> {
    if word == "none" {
        let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !is_here {
            return Err(("security", "in the clear only to a server on this machine: use starttls or tls".into()));
        }
        return Ok(Security::None);
    }
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(file) = section.text("ca_file") {
        let pem = read_file(&sources.folder().join(file), CA_BYTES_MAX).map_err(|why| ("ca_file", why))?;
        let no_certificate = || ("ca_file", format!("`{file}` holds no certificate in PEM"));
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(no_certificate());
        }
        tls = tls.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(|_| no_certificate())?);
    }
    let tls = tls.build().map_err(|error| ("ca_file", format!("can't be used: {error}")))?;
    Ok(if word == "tls" { Security::Tls(tls) } else { Security::StartTls(tls) })
}

fn login(section: &Section<'_>, sources: &Sources) -> Result<Option<Login>, Wrong> {
    match (section.text("username"), section.text("password")) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(("username", "a username needs a password".into())),
        (None, Some(_)) => Err(("password", "a password needs a username".into())),
        (Some(username), Some(written)) => {
            let password = sources.secret(written).map_err(|why| ("password", why))?;
            Ok(Some(Login { username: username.to_owned(), password: Secret::new(password) }))
        }
    }
}
