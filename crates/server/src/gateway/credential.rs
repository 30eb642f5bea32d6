//! Finding the credential in a request: in the headers that the API declares, and nowhere else.
//!
//! Nothing is read from query, body or cookies; a key in the query is looked for only to refuse it. What is found is
//! passed on as text and never shown.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use keyward_core::denial::{Denial, Reason};
use keyward_core::key::Environment;

use crate::authorize::Presented;
use crate::config::{ApiSetup, Scheme};

const MALFORMED: Denial = Denial::InvalidCredentials(Reason::Malformed);
/// Letters after a key's prefix from which a value in a query is taken for a key.
const LETTERS_IN_URL_MIN: usize = 16;
/// Padding may be there or not (rows r81, r83: the libraries in use differ).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The credential of a request. Denials win in the order of the contract: ambiguous, in the URL, missing, scheme.
pub fn find<'a>(setup: &ApiSetup, headers: &'a HeaderMap, query: Option<&str>) -> Presented<'a> {
    let mut seen = Seen { found: None, schemes: 0, ambiguous: false, half: false, unsupported: false };
    seen.authorization(setup, headers);
    for scheme in &setup.schemes {
        match scheme {
            Scheme::Bearer | Scheme::Basic => {}
            Scheme::Header(name) => seen.header(headers, name),
            Scheme::Pair { account, secret } => seen.pair(headers, account, secret),
        }
    }
    if seen.ambiguous || seen.schemes > 1 {
        return Presented::Refused(Denial::AmbiguousCredentials);
    }
    if query.is_some_and(|query| in_query(setup, query)) {
        return Presented::Refused(Denial::CredentialInUrl);
    }
    match seen.found {
        _ if seen.half => Presented::Refused(Denial::MissingCredentials),
        _ if seen.unsupported => Presented::Refused(Denial::UnsupportedScheme),
        Some(presented) => presented,
        None => Presented::Nothing,
    }
}

/// What an `Authorization` value holds for an API; `None` where it is no business of ours.
pub fn authorization<'a>(setup: &ApiSetup, value: &'a str) -> Option<Presented<'a>> {
    let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
    let declares = |scheme: &Scheme| setup.schemes.contains(scheme);
    if word.eq_ignore_ascii_case("bearer") && declares(&Scheme::Bearer) {
        return Some(plain(rest));
    }
    if word.eq_ignore_ascii_case("basic") && declares(&Scheme::Basic) {
        return Some(basic(rest));
    }
    if setup.other_auth_passes { None } else { Some(Presented::Refused(Denial::UnsupportedScheme)) }
}

/// The headers in which an API's credentials stand.
pub fn header_names(setup: &ApiSetup) -> Vec<HeaderName> {
    let names = |scheme: &Scheme| match scheme {
        Scheme::Bearer | Scheme::Basic => vec![AUTHORIZATION],
        Scheme::Header(name) => vec![name.clone()],
        Scheme::Pair { account, secret } => vec![account.clone(), secret.clone()],
    };
    setup.schemes.iter().flat_map(names).collect()
}

/// What stands in the first header that this API reads a secret from, whatever it is: for the log's fingerprint alone.
pub(super) fn shown<'a>(setup: &ApiSetup, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let header = |scheme: &Scheme| match scheme {
        Scheme::Bearer | Scheme::Basic => headers.get(AUTHORIZATION),
        Scheme::Header(name) | Scheme::Pair { secret: name, .. } => headers.get(name),
    };
    setup.schemes.iter().find_map(header).map(HeaderValue::as_bytes)
}

/// A secret as it stands: visible ASCII, nothing around it.
fn plain(secret: &str) -> Presented<'_> {
    let whole = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if whole { credential(None, Cow::Borrowed(secret)) } else { Presented::Refused(MALFORMED) }
}

/// `base64(key)`, also of `key:` and `:key` (row r81); the key itself in place of base64 is refused (row r83).
fn basic(encoded: &str) -> Presented<'_> {
    let decoded = BASE64.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = decoded else { return Presented::Refused(MALFORMED) };
    let secret = match text.split_once(':') {
        None => text,
        Some((user, "")) => user.to_owned(),
        Some(("", password)) => password.to_owned(),
        // A name and a password: not the form of this API.
        Some(_) => return Presented::Refused(MALFORMED),
    };
    let whole = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if whole { credential(None, Cow::Owned(secret)) } else { Presented::Refused(MALFORMED) }
}

fn credential<'a>(account: Option<Cow<'a, str>>, secret: Cow<'a, str>) -> Presented<'a> {
    Presented::Credential { account, secret }
}

struct Seen<'a> {
    found: Option<Presented<'a>>,
    /// Of how many schemes anything was seen.
    schemes: u8,
    ambiguous: bool,
    half: bool,
    unsupported: bool,
}

impl<'a> Seen<'a> {
    fn authorization(&mut self, setup: &ApiSetup, headers: &'a HeaderMap) {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return };
        let authenticates = setup.schemes.iter().any(|scheme| matches!(scheme, Scheme::Bearer | Scheme::Basic));
        if authenticates && values.next().is_some() {
            self.ambiguous = true;
            return;
        }
        if setup.schemes.iter().any(|scheme| matches!(scheme, Scheme::Header(name) if name == AUTHORIZATION)) {
            return;
        }
        let presented = match value.to_str() {
            Ok("") => return,
            Ok(text) => authorization(setup, text),
            Err(_) => Some(Presented::Refused(MALFORMED)),
        };
        match presented {
            None => {}
            Some(Presented::Refused(Denial::UnsupportedScheme)) => self.unsupported = true,
            Some(presented) => self.take(presented),
        }
    }

    fn header(&mut self, headers: &'a HeaderMap, name: &HeaderName) {
        if let Some(value) = self.only(headers, name) {
            self.take(value.to_str().map_or(Presented::Refused(MALFORMED), plain));
        }
    }

    fn pair(&mut self, headers: &'a HeaderMap, account: &HeaderName, secret: &HeaderName) {
        let presented = match (self.only(headers, account), self.only(headers, secret)) {
            (None, None) => return,
            (Some(_), None) | (None, Some(_)) => {
                self.half = true;
                self.schemes += 1;
                return;
            }
            (Some(account), Some(secret)) => match (account.to_str(), secret.to_str().map(plain)) {
                (Ok(account), Ok(Presented::Credential { secret, .. })) => credential(Some(account.into()), secret),
                _ => Presented::Refused(MALFORMED),
            },
        };
        self.take(presented);
    }

    /// The one value of a header; an empty one is none.
    fn only(&mut self, headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            self.ambiguous = true;
        }
        if value.is_empty() { None } else { Some(value) }
    }

    fn take(&mut self, presented: Presented<'a>) {
        self.schemes += 1;
        self.found = Some(presented);
    }
}

/// Whether a query holds something that is, or is meant as, a key of this API.
pub fn in_query(setup: &ApiSetup, query: &str) -> bool {
    query.split('&').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        is_credential_name(setup, &decoded(name)) || is_key(setup, &decoded(value))
    })
}

fn is_credential_name(setup: &ApiSetup, name: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let of_scheme = |scheme: &Scheme| match scheme {
        Scheme::Bearer | Scheme::Basic => is("authorization"),
        Scheme::Header(name) => is(name.as_str()),
        Scheme::Pair { account, secret } => is(account.as_str()) || is(secret.as_str()),
    };
    is("api_key") || is("apikey") || is("access_token") || setup.schemes.iter().any(of_scheme)
}

fn is_key(setup: &ApiSetup, value: &str) -> bool {
    setup.api.kinds.iter().any(|rules| {
        let begins = |environment| {
            let prefix = rules.format.prefix(environment);
            !prefix.is_empty() && value.strip_prefix(prefix).is_some_and(|rest| rest.len() >= LETTERS_IN_URL_MIN)
        };
        begins(Environment::Live) || begins(Environment::Test) || rules.format.check(value).is_ok()
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte == b'%') {
        percent_encoding::percent_decode_str(text).decode_utf8_lossy()
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::fixtures::{Made, setup};

    const KEY: &str = "kw_live_abcdefghijklmnopqrstuvwxyz";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    /// `account/secret`, or the code of the refusal.
    fn found(setup: &Made, pairs: &[(&str, &str)], query: Option<&str>) -> String {
        match find(&setup.build(), &headers(pairs), query) {
            Presented::Nothing => "nothing".into(),
            Presented::Credential { account, secret } => format!("{}/{secret}", account.unwrap_or_default()),
            Presented::Refused(denial) => denial.code().into(),
        }
    }

    fn bearer() -> Made {
        setup("b").schemes(vec![Scheme::Bearer]).prefix("kw_{environment}_")
    }

    fn basic() -> Made {
        setup("c").schemes(vec![Scheme::Basic])
    }

    fn pair() -> Made {
        let name = HeaderName::from_static;
        setup("p").schemes(vec![Scheme::Pair { account: name("x-account-id"), secret: name("x-passcode") }])
    }

    #[test]
    fn r1_r2_a_pair_needs_both_in_any_case() {
        assert_eq!(found(&pair(), &[("X-Account-ID", "A"), ("x-PASSCODE", "s")], None), "A/s");
        assert_eq!(found(&pair(), &[("X-Account-Id", "A")], None), "missing_credentials");
        assert_eq!(found(&pair(), &[("X-Passcode", "s"), ("X-Account-Id", "")], None), "missing_credentials");
        assert_eq!(found(&pair(), &[], None), "nothing");
        assert_eq!(found(&pair(), &[], Some("x-account-id=A&x-passcode=s")), "credential_in_url");
        let cookie = [("Cookie", "x-account-id=A; x-passcode=s")];
        assert_eq!(found(&pair(), &cookie, None), "nothing");
    }

    #[test]
    fn r54_bearer_is_one_word_after_the_scheme() {
        let auth = |value| found(&bearer(), &[("authorization", value)], None);
        assert_eq!(auth("Bearer k"), "/k");
        assert_eq!(auth("bEARER k"), "/k");
        for malformed in ["Bearer", "Bearer ", "Bearer  k", "Bearer k ", "Bearer a b", "Bearer é"] {
            assert_eq!(auth(malformed), "invalid_credentials", "{malformed:?}");
        }
        for other in ["Basic a2V5", "k", "Digest x", "Bearerk"] {
            assert_eq!(auth(other), "unsupported_scheme", "{other:?}");
        }
        assert_eq!(auth(""), "nothing");
    }

    #[test]
    fn r81_r83_basic_takes_the_key_with_or_without_a_colon_but_not_bare() {
        let auth = |text: &str| found(&basic(), &[("authorization", text)], None);
        for text in ["key1", "key1:", ":key1"] {
            let padded = base64::engine::general_purpose::STANDARD.encode(text);
            assert_eq!(auth(&format!("Basic {padded}")), "/key1");
            assert_eq!(auth(&format!("basic {}", padded.trim_end_matches('='))), "/key1");
        }
        let encode = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
        for text in ["a:b", "", ":", "key 1", "k\u{e9}y"] {
            assert_eq!(auth(&encode(text)), "invalid_credentials", "{text:?}");
        }
        for raw in ["Basic kw_live_1", "Basic", "Basic a2V5 ", "Basic  a2V5", "Basic a-b_"] {
            assert_eq!(auth(raw), "invalid_credentials", "{raw:?}");
        }
        assert_eq!(auth("Bearer key1"), "unsupported_scheme");
    }

    #[test]
    fn a_credential_stands_once_and_in_one_place() {
        let name = HeaderName::from_static("x-api-key");
        let both = setup("both").schemes(vec![Scheme::Bearer, Scheme::Basic, Scheme::Header(name)]);
        assert_eq!(found(&both, &[("authorization", "Bearer k")], None), "/k");
        assert_eq!(found(&both, &[("x-api-key", "k")], None), "/k");
        assert_eq!(found(&both, &[("authorization", "Bearer k"), ("x-api-key", "k")], None), "ambiguous_credentials");
        assert_eq!(found(&both, &[("x-api-key", "k"), ("x-api-key", "k")], None), "ambiguous_credentials");
        let twice = [("authorization", "Bearer k"), ("authorization", "Bearer k")];
        assert_eq!(found(&both, &twice, None), "ambiguous_credentials");
        assert_eq!(found(&both, &[("x-api-key", "k"), ("authorization", "Digest k")], None), "unsupported_scheme");
    }

    #[test]
    fn other_schemes_pass_where_the_api_says_so() {
        let passing = bearer().other_auth_passes();
        assert_eq!(found(&passing, &[("authorization", "Digest k")], None), "nothing");
        assert_eq!(found(&passing, &[("authorization", "Bearer k")], None), "/k");
    }

    #[test]
    fn a_key_in_the_url_is_refused_beside_valid_headers() {
        let good = [("authorization", "Bearer k")];
        for query in [
            "api_key=1".to_owned(),
            "a=b&APIKEY=".into(),
            "access%5Ftoken=x".into(),
            "Authorization=x".into(),
            format!("q={KEY}"),
            format!("q={}", KEY.replace("_live", "%5flive")),
        ] {
            assert_eq!(found(&bearer(), &good, Some(&query)), "credential_in_url", "{query}");
        }
        for query in ["", "a=b", "kw_live_=1", "q=kw_live_short", "key=1"] {
            assert_eq!(found(&bearer(), &good, Some(query)), "/k", "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_header_and_no_query_panics(value in prop::collection::vec(any::<u8>(), 0..60), query in ".{0,60}") {
            for made in [bearer(), basic(), pair()] {
                let mut map = HeaderMap::new();
                for name in ["authorization", "x-account-id", "x-passcode"] {
                    if let Ok(value) = HeaderValue::from_bytes(&value) {
                        map.append(name, value);
                    }
                }
                let _ = find(&made.build(), &map, Some(&query));
            }
        }

        #[test]
        fn what_was_encoded_is_found(secret in "[!-9;-~]{1,60}") {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&secret);
            let presented = super::basic(&encoded);
            let whole = matches!(presented, Presented::Credential { secret: found, .. } if found == secret.as_str());
            prop_assert!(whole);
        }
    }
}
