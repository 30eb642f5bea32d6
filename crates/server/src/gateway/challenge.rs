//! `WWW-Authenticate`: how to ask again (RFC 9110 §11.6.1, RFC 6750 §3).

use http::HeaderValue;

use crate::config::{ApiSetup, Scheme};

/// An API's challenges, made ready once.
#[derive(Debug)]
pub(super) struct Challenge {
    plain: HeaderValue,
    /// Up to the scopes, where the API speaks Bearer.
    scope: Option<String>,
}

impl Challenge {
    /// Makes an API's challenges ready.
    pub(super) fn new(setup: &ApiSetup) -> Self {
        let realm = quoted(&setup.api.name);
        let word = |scheme: &Scheme| match scheme {
            Scheme::Bearer => "Bearer",
            Scheme::Basic => "Basic",
            Scheme::Header(_) | Scheme::Pair { .. } => "ApiKey",
        };
        let mut words: Vec<&str> = setup.schemes.iter().map(word).collect();
        words.dedup();
        let plain = words.iter().map(|word| format!("{word} realm={realm}")).collect::<Vec<_>>().join(", ");
        let bearer = setup.schemes.contains(&Scheme::Bearer);
        let scope = bearer.then(|| format!("Bearer realm={realm}, error=\"insufficient_scope\", scope="));
        Self { plain: HeaderValue::try_from(plain).unwrap_or(HeaderValue::from_static("ApiKey")), scope }
    }

    /// For a 401.
    pub(super) fn plain(&self) -> HeaderValue {
        self.plain.clone()
    }

    /// For a 403 for want of scopes; only Bearer has one.
    pub(super) fn scope(&self, needed: &[String]) -> Option<HeaderValue> {
        let scope = self.scope.as_ref()?;
        HeaderValue::try_from(format!("{scope}{}", quoted(&needed.join(" ")))).ok()
    }
}

fn quoted(text: &str) -> String {
    let visible = text.chars().filter(|c| matches!(c, ' '..='~'));
    let escaped: String = visible.flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;
    use crate::gateway::fixtures::setup;

    #[test]
    fn each_scheme_has_its_challenge() {
        let header = Scheme::Header(HeaderName::from_static("x-api-key"));
        let all = Challenge::new(&setup("a \"b\"").schemes(vec![Scheme::Bearer, Scheme::Basic, header]).build());
        let realm = "realm=\"a \\\"b\\\"\"";
        assert_eq!(all.plain(), format!("Bearer {realm}, Basic {realm}, ApiKey {realm}"));
        let scope = all.scope(&["a".into(), "b:c".into()]).unwrap();
        assert_eq!(scope, format!("Bearer {realm}, error=\"insufficient_scope\", scope=\"a b:c\""));
        assert_eq!(Challenge::new(&setup("x").schemes(vec![Scheme::Basic]).build()).scope(&[]), None);
    }
}
