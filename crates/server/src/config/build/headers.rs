//! Headers: where a credential may stand, and what the upstream is told of the caller.

use http::HeaderName;

use crate::config::fault::Faults;
use crate::config::setup::{IdentityField, Scheme};
use crate::config::tree::{Spot, Value};
use crate::config::values;
use crate::config::view::Section;

/// Most identity headers beside our own.
const IDENTITY_MAX: usize = 32;

/// What every upstream is always told, whatever a client sent under these names.
const ALWAYS: [(&str, IdentityField); 8] = [
    ("x-keyward-account-id", IdentityField::AccountId),
    ("x-keyward-account-name", IdentityField::AccountName),
    ("x-keyward-key-id", IdentityField::KeyId),
    ("x-keyward-key-kind", IdentityField::KeyKind),
    ("x-keyward-person-id", IdentityField::PersonId),
    ("x-keyward-scopes", IdentityField::Scopes),
    ("x-keyward-environment", IdentityField::Environment),
    ("x-keyward-region", IdentityField::Region),
];

/// Headers that carry the message itself or are ours to set: never a credential, never an identity.
const RESERVED: [&str; 20] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "keep-alive",
    "forwarded",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-prefix",
];

/// Reads `schemes`.
pub(super) fn schemes(section: &Section<'_>, faults: &mut Faults) -> Vec<Scheme> {
    let mut schemes: Vec<Scheme> = Vec::new();
    let mut taken: Vec<HeaderName> = Vec::new();
    let path = section.at("schemes");
    for item in section.items("schemes") {
        let spot = if item.spot.line > 0 { item.spot } else { section.spot("schemes") };
        let scheme = match &item.value {
            Value::Text(text) => scheme(text, spot, &path, &mut taken, faults),
            Value::Table(pair) => {
                let pair = Section { table: pair, spot: item.spot, path: path.clone() };
                let mut name = |key: &str| credential_header(pair.text(key)?, spot, &path, &mut taken, faults);
                let (account, secret) = (name("account"), name("secret"));
                account.zip(secret).map(|(account, secret)| Scheme::Pair { account, secret })
            }
            _ => None,
        };
        match scheme {
            Some(scheme) if schemes.contains(&scheme) => faults.add(spot, path.clone(), "this scheme stands twice"),
            scheme => schemes.extend(scheme),
        }
    }
    if section.has("schemes") && section.items("schemes").is_empty() {
        faults.add(section.spot("schemes"), path, "at least one scheme");
    }
    schemes
}

fn scheme(text: &str, spot: Spot, path: &str, taken: &mut Vec<HeaderName>, faults: &mut Faults) -> Option<Scheme> {
    match text {
        "bearer" => Some(Scheme::Bearer),
        "basic" => Some(Scheme::Basic),
        other => {
            if let Some(name) = other.strip_prefix("header:") {
                return credential_header(name.trim(), spot, path, taken, faults).map(Scheme::Header);
            }
            let why = format!(
                "`{other}` is no scheme: expected bearer, basic, header:NAME or {{ account = NAME, secret = NAME }}"
            );
            faults.add(spot, path, why);
            None
        }
    }
}

fn credential_header(
    text: &str,
    spot: Spot,
    path: &str,
    taken: &mut Vec<HeaderName>,
    faults: &mut Faults,
) -> Option<HeaderName> {
    let name = header(text).map_err(|why| faults.add(spot, path, why)).ok()?;
    if taken.contains(&name) {
        faults.add(spot, path, format!("`{name}` has a part in two schemes, so nobody can tell which is meant"));
        return None;
    }
    taken.push(name.clone());
    Some(name)
}

/// A header whose value we read or write.
fn header(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| format!("`{text}` is not the name of a header"))?;
    let spelling = name.as_str();
    if RESERVED.contains(&spelling) || spelling.starts_with("x-keyward-") {
        return Err(format!("`{text}` has another meaning already"));
    }
    // Servers read `_` and `.` as `-`: such a name would be an alias of another (threat T8).
    if spelling.contains(['_', '.']) {
        return Err(format!("`{text}`: names with _ or . are read differently by different servers"));
    }
    Ok(name)
}

/// Our own identity headers and those of `identity_headers`.
pub(super) fn identity(section: &Section<'_>, faults: &mut Faults) -> Vec<(HeaderName, IdentityField)> {
    let mut all: Vec<(HeaderName, IdentityField)> =
        ALWAYS.into_iter().map(|(name, field)| (HeaderName::from_static(name), field)).collect();
    let written = section.text_each("identity_headers");
    if written.len() > IDENTITY_MAX {
        let why = format!("at most {IDENTITY_MAX} headers");
        faults.add(section.spot("identity_headers"), section.at("identity_headers"), why);
    }
    for (name, field, spot) in written.into_iter().take(IDENTITY_MAX) {
        let path = super::super::check::join(&section.at("identity_headers"), name);
        match (header(name), self::field(field)) {
            (Ok(name), Ok(_)) if all.iter().any(|(other, _)| *other == name) => {
                faults.add(spot, path, "this header stands twice");
            }
            (Ok(name), Ok(field)) => all.push((name, field)),
            (name, field) => {
                for why in [name.err(), field.err()].into_iter().flatten() {
                    faults.add(spot, path.clone(), why);
                }
            }
        }
    }
    all
}

fn field(text: &str) -> Result<IdentityField, String> {
    const PLAIN: [(&str, IdentityField); 10] = [
        ("account.id", IdentityField::AccountId),
        ("account.public_id", IdentityField::AccountPublicId),
        ("account.name", IdentityField::AccountName),
        ("account.external_id", IdentityField::AccountExternalId),
        ("account.region", IdentityField::Region),
        ("key.id", IdentityField::KeyId),
        ("key.kind", IdentityField::KeyKind),
        ("key.scopes", IdentityField::Scopes),
        ("key.environment", IdentityField::Environment),
        ("person.id", IdentityField::PersonId),
    ];
    if let Some(name) = text.strip_prefix("account.metadata.").filter(|name| !name.is_empty()) {
        return Ok(IdentityField::AccountMetadata(name.to_owned()));
    }
    let found = PLAIN.into_iter().find(|(word, _)| *word == text).map(|(_, field)| field);
    found.ok_or_else(|| {
        let near = values::closest(text, PLAIN.iter().map(|(word, _)| *word));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        format!("`{text}` is nothing that is known of a caller{hint}")
    })
}

/// Whether any header needs an account's metadata.
pub(super) fn needs_metadata(headers: &[(HeaderName, IdentityField)]) -> bool {
    headers.iter().any(|(_, field)| matches!(field, IdentityField::AccountMetadata(_)))
}
