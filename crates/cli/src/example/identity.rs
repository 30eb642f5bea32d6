//! Who is calling, as the gateway says it in its `X-Keyward-*` headers.

use axum::http::HeaderMap;
use serde::Serialize;

/// The identity the gateway attached to a request. Fields it did not send are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Caller {
    /// `X-Keyward-Account-Id`.
    pub(crate) account_id: String,
    /// `X-Keyward-Account-Name`, percent-decoded.
    pub(crate) account_name: String,
    /// `X-Keyward-Key-Id`.
    pub(crate) key_id: String,
    /// `X-Keyward-Key-Kind`.
    pub(crate) key_kind: String,
    /// `X-Keyward-Person-Id`; empty for an account's key.
    pub(crate) person_id: String,
    /// `X-Keyward-Scopes`, split at the spaces.
    pub(crate) scopes: Vec<String>,
    /// `X-Keyward-Environment`.
    pub(crate) environment: String,
    /// `X-Keyward-Region`.
    pub(crate) region: String,
}

impl Caller {
    /// Reads the identity headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Self {
            account_id: text("x-keyward-account-id"),
            account_name: percent_decoded(&text("x-keyward-account-name")),
            key_id: text("x-keyward-key-id"),
            key_kind: text("x-keyward-key-kind"),
            person_id: text("x-keyward-person-id"),
            scopes: text("x-keyward-scopes").split_whitespace().map(str::to_owned).collect(),
            environment: text("x-keyward-environment"),
            region: text("x-keyward-region"),
        }
    }

    /// The account's name, or words for a caller without one (a public route).
    pub(crate) fn display_name(&self) -> &str {
        if self.account_name.is_empty() { "stranger" } else { &self.account_name }
    }
}

/// Undoes percent-encoding. A `%` that starts no escape stays; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        let (byte, after) = match escape {
            Some((high, low)) => (high << 4 | low, &tail[2..]),
            None => (*first, tail),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_stray_percent_signs_stay() {
        assert_eq!(percent_decoded("Caf%C3%A9%20M%C3%BCller"), "Café Müller");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }

    #[test]
    fn scopes_are_split_and_absent_headers_are_empty() {
        let mut headers = HeaderMap::new();
        headers.insert("x-keyward-scopes", "a:b c:d".parse().expect("a header value"));
        let caller = Caller::of(&headers);
        assert_eq!(caller.scopes, ["a:b", "c:d"]);
        assert_eq!(caller.display_name(), "stranger");
    }
}
