//! The cookie of a sign-in. Its name makes browsers insist on HTTPS (or loopback), on the whole site and on this very
//! host (threat T6).

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use keyward_core::secret::Secret;

/// Its name.
pub const NAME: &str = "__Host-keyward";

/// The cookie came twice, with different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

/// Reads it; `None` where there is none.
pub fn read(headers: &HeaderMap) -> Result<Option<Secret>, Ambiguous> {
    named(headers, NAME)
}

/// Reads a cookie by its name.
pub(super) fn named(headers: &HeaderMap, name: &str) -> Result<Option<Secret>, Ambiguous> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
    let (first, second) = (values.next(), values.next());
    match (first, second) {
        (_, Some(_)) => Err(Ambiguous),
        (first, None) => Ok(first.filter(|value| !value.is_empty()).map(|value| Secret::new(value.to_owned()))),
    }
}

/// Has the browser keep it for as long as it runs.
pub fn set(token: &Secret) -> (HeaderName, HeaderValue) {
    named_set(NAME, token.expose(), None)
}

/// Has the browser forget it.
pub fn clear() -> (HeaderName, HeaderValue) {
    named_set(NAME, "", Some(0))
}

pub(super) fn named_set(name: &str, value: &str, max_age_s: Option<u32>) -> (HeaderName, HeaderValue) {
    let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    let mut value = HeaderValue::from_str(&text).expect("letters, digits and underscores");
    value.set_sensitive(true);
    (SET_COOKIE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(texts: &[&str]) -> Result<Option<String>, Ambiguous> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(COOKIE, text.parse().unwrap());
        }
        read(&headers).map(|found| found.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn it_is_found_among_others_and_never_guessed() {
        assert_eq!(sent(&["a=1; __Host-keyward=kws_x; b=2"]), Ok(Some("kws_x".into())));
        assert_eq!(sent(&["a=1", "__Host-keyward=kws_x"]), Ok(Some("kws_x".into())));
        assert_eq!(sent(&["x__Host-keyward=kws_x", "keyward=kws_y", "__Host-keyward="]), Ok(None));
        assert_eq!(sent(&["__Host-keyward=a; __Host-keyward=b"]), Err(Ambiguous));
        assert_eq!(sent(&["__Host-keyward=a", "__Host-keyward=b"]), Err(Ambiguous));
    }

    #[test]
    fn it_is_out_of_reach_of_scripts_and_other_sites() {
        let both = [set(&Secret::new("kws_x".into())), clear()];
        let texts = both.each_ref().map(|(_, value)| value.to_str().unwrap());
        assert_eq!(
            texts,
            [
                "__Host-keyward=kws_x; Path=/; Secure; HttpOnly; SameSite=Lax",
                "__Host-keyward=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
