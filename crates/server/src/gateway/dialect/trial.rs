//! Tries a dialect's templates out while the configuration is loaded, so that none fails on a request.

use minijinja::{Value, context};

use super::{BadTemplate, ERROR, ErrorFacts, KEY, KeyFacts, LIST, Templates, error_context, key_context};
use keyward_core::time::UnixMs;

impl Templates {
    /// Runs every template with every kind of refusal and with text that breaks careless ones.
    pub(super) fn try_out(&self) -> Vec<BadTemplate> {
        let mut bad = Vec::new();
        for (name, _) in self.compiled.templates() {
            let (samples, content_type): (Vec<Value>, &str) = match name {
                KEY => (sample_keys(), &self.keys_content_type),
                LIST => (sample_lists(self), &self.keys_content_type),
                ERROR => (sample_errors(None), &self.content_type),
                other => (sample_errors(other.strip_prefix("messages.")), "text/plain"),
            };
            let checks_json = content_type.contains("json");
            let fault = samples.into_iter().find_map(|facts| match self.run(name, facts) {
                Some(Ok(body)) if checks_json => {
                    let read = serde_json::from_str::<serde::de::IgnoredAny>(&body);
                    read.err().map(|error| format!("what it writes is not JSON ({error}); write values with |tojson"))
                }
                Some(Ok(_)) | None => None,
                Some(Err(error)) => Some(error.to_string()),
            });
            bad.extend(fault.map(|why| BadTemplate { template: name.to_owned(), why }));
        }
        bad
    }
}

/// Text that careless templates stumble over.
const NASTY: &str = "\"a\" \\ {{ b }} {% c %}\n\u{2028}é'</script>";
/// A code of each kind of refusal, with its status.
const SAMPLES: &[(&str, u16)] = &[
    ("bad_request", 400),
    ("ambiguous_path", 400),
    ("no_api", 404),
    ("ambiguous_credentials", 400),
    ("credential_in_url", 400),
    ("missing_credentials", 401),
    ("unsupported_scheme", 401),
    ("invalid_credentials", 401),
    ("https_required", 403),
    ("account_suspended", 403),
    ("key_revoked", 401),
    ("key_disabled", 401),
    ("key_expired", 401),
    ("wrong_region", 401),
    ("kind_not_accepted", 401),
    ("wrong_environment", 403),
    ("ip_not_allowed", 403),
    ("no_route", 404),
    ("insufficient_scope", 403),
    ("unsupported_media", 415),
    ("invalid_body", 422),
    ("payload_too_large", 413),
    ("body_required", 403),
    ("too_many_items", 422),
    ("rate_limited", 429),
    ("quota_exceeded", 429),
    ("upstream_unavailable", 502),
    ("auth_unavailable", 503),
    ("upstream_timeout", 504),
    ("not_found", 404),
    ("conflict", 409),
];

fn sample_errors(code: Option<&str>) -> Vec<Value> {
    let scopes = [NASTY.to_owned(), "b".to_owned()];
    let own = code.map(|code| (code, 409));
    let samples = SAMPLES.iter().copied().filter(|(known, _)| code.is_none_or(|code| code == *known));
    samples
        .chain(own)
        .flat_map(|(code, status)| {
            let bare = ErrorFacts {
                status,
                code,
                message: "a",
                request_id: "req",
                help_url: None,
                retry_after_s: None,
                needed_scopes: &[],
                limit: None,
            };
            let full = ErrorFacts {
                message: NASTY,
                request_id: NASTY,
                help_url: Some(NASTY),
                retry_after_s: Some(7),
                needed_scopes: &scopes,
                limit: Some(NASTY),
                ..bare
            };
            [error_context(&bare), error_context(&full)]
        })
        .collect()
}

fn sample_keys() -> Vec<Value> {
    let bare = KeyFacts { id: "a", name: None, secret: None, created_at: UnixMs(0) };
    let full = KeyFacts { name: Some(NASTY), secret: Some("secret"), ..bare };
    vec![key_context(&bare), key_context(&full)]
}

fn sample_lists(own: &Templates) -> Vec<Value> {
    let key = |facts| own.run(KEY, facts).and_then(Result::ok).unwrap_or_else(|| "null".into());
    let keys: Vec<String> = sample_keys().into_iter().map(key).collect();
    vec![context! { keys => Vec::<String>::new() }, context! { keys => keys }]
}
