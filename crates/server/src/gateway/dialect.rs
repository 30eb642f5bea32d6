//! How an API's refusals, and its keys at the keys door, are worded on the wire.
//!
//! A dialect is a few templates, compiled and tried out when the configuration is loaded. Rendering never fails
//! and never panics: should a template fail on some input after all, the default wording takes its place.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use keyward_core::time::UnixMs;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

mod trial;

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
/// The names of the templates of an error's body, of one key and of a list of keys.
const ERROR: &str = "template";
const KEY: &str = "key";
const LIST: &str = "list";

/// What a dialect is made from.
#[derive(Debug, Clone, Default)]
pub struct DialectSource {
    /// The Content-Type of refusals; by default that of a problem (RFC 9457).
    pub content_type: Option<String>,
    /// The template of a refusal's body; by default a problem.
    pub template: Option<String>,
    /// Other words for a code's message: code and template.
    pub messages: Vec<(String, String)>,
    /// The templates of the keys door, where the API has one.
    pub keys: Option<KeysSource>,
}

/// The templates of a keys door.
#[derive(Debug, Clone)]
pub struct KeysSource {
    /// The Content-Type of both.
    pub content_type: String,
    /// One key.
    pub key: String,
    /// All keys.
    pub list: String,
}

/// A template that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{template}: {why}")]
pub struct BadTemplate {
    /// `template`, `key`, `list`, or `messages.CODE`.
    pub template: String,
    /// Why.
    pub why: String,
}

/// What is known of a refusal.
#[derive(Debug, Clone, Copy)]
pub struct ErrorFacts<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: &'a str,
    /// What the caller is told.
    pub message: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// Where help is found.
    pub help_url: Option<&'a str>,
    /// How long to wait, where waiting helps.
    pub retry_after_s: Option<i64>,
    /// The scopes the request needs, where it lacks some.
    pub needed_scopes: &'a [String],
    /// The limit or quota that refused.
    pub limit: Option<&'a str>,
}

/// One key at the keys door.
#[derive(Clone, Copy)]
pub struct KeyFacts<'a> {
    /// Its id: the bare UUID with hyphens.
    pub id: &'a str,
    /// Its name, where it has one.
    pub name: Option<&'a str>,
    /// Its secret in clear, where it may be shown.
    pub secret: Option<&'a str>,
    /// When it was made.
    pub created_at: UnixMs,
}

/// A body and its Content-Type.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What to send as Content-Type.
    pub content_type: String,
    /// What to send.
    pub body: String,
}

/// An API's wording, compiled.
#[derive(Clone, Default)]
pub struct Dialect {
    templates: Option<Arc<Templates>>,
}

struct Templates {
    content_type: String,
    keys_content_type: String,
    compiled: Environment<'static>,
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.templates.iter().flat_map(|own| own.compiled.templates()).map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

impl Dialect {
    /// Compiles the templates and tries each with every kind of refusal; reports all that fail.
    pub fn compile(source: DialectSource) -> Result<Self, Vec<BadTemplate>> {
        let mut compiled = Environment::new();
        compiled.set_auto_escape_callback(|_| AutoEscape::None);
        compiled.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        compiled.add_filter("tojson", to_json);
        compiled.add_filter("hex32", hex32);
        let mut bad = Vec::new();
        let mut add = |name: String, text: String| {
            if let Err(error) = compiled.add_template_owned(name.clone(), text) {
                bad.push(BadTemplate { template: name, why: error.to_string() });
            }
        };
        let keys_content_type = source.keys.as_ref().map_or_else(|| JSON.into(), |keys| keys.content_type.clone());
        source.template.into_iter().for_each(|text| add(ERROR.into(), text));
        source.messages.into_iter().for_each(|(code, text)| add(format!("messages.{code}"), text));
        if let Some(keys) = source.keys {
            add(KEY.into(), keys.key);
            add(LIST.into(), keys.list);
        }
        let content_type = source.content_type.unwrap_or_else(|| PROBLEM.into());
        let templates = Templates { content_type, keys_content_type, compiled };
        if bad.is_empty() {
            bad = templates.try_out();
        }
        if bad.is_empty() { Ok(Self { templates: Some(Arc::new(templates)) }) } else { Err(bad) }
    }

    /// Words a refusal.
    pub fn render(&self, facts: &ErrorFacts<'_>) -> Rendered {
        let Some(own) = &self.templates else { return problem(facts, PROBLEM) };
        let message = own.message(facts);
        let facts = ErrorFacts { message: message.as_deref().unwrap_or(facts.message), ..*facts };
        match own.run(ERROR, error_context(&facts)) {
            Some(Ok(body)) => Rendered { content_type: own.content_type.clone(), body },
            None => problem(&facts, &own.content_type),
            // Tried out when it was loaded; a refusal must go out all the same.
            Some(Err(_)) => problem(&facts, PROBLEM),
        }
    }

    /// Words one key.
    pub fn render_key(&self, key: &KeyFacts<'_>) -> Rendered {
        let body = self.templates.as_ref().and_then(|own| own.run(KEY, key_context(key))?.ok());
        self.keys_rendered(body.unwrap_or_else(|| plain_key(key).to_string()))
    }

    /// Words a list of keys.
    pub fn render_keys(&self, keys: &[KeyFacts<'_>]) -> Rendered {
        let each: Vec<String> = keys.iter().map(|key| self.render_key(key).body).collect();
        let body = self.templates.as_ref().and_then(|own| own.run(LIST, context! { keys => each.clone() })?.ok());
        self.keys_rendered(body.unwrap_or_else(|| format!("{{\"results\":[{}]}}", each.join(","))))
    }

    fn keys_rendered(&self, body: String) -> Rendered {
        let content_type = self.templates.as_ref().map_or(JSON, |own| &own.keys_content_type).to_owned();
        Rendered { content_type, body }
    }
}

impl Templates {
    /// What a template writes; `None` where there is no such template.
    fn run(&self, name: &str, facts: Value) -> Option<Result<String, minijinja::Error>> {
        self.compiled.get_template(name).ok().map(|template| template.render(facts))
    }

    /// The words this dialect has for a code.
    fn message(&self, facts: &ErrorFacts<'_>) -> Option<String> {
        self.run(&format!("messages.{}", facts.code), error_context(facts))?.ok()
    }
}

/// The names an error's template sees; what is not known is none.
fn error_context(facts: &ErrorFacts<'_>) -> Value {
    context! {
        status => facts.status,
        title => title(facts.status),
        code => facts.code,
        message => facts.message,
        request_id => facts.request_id,
        help_url => facts.help_url,
        retry_after_s => facts.retry_after_s,
        needed_scopes => facts.needed_scopes.to_vec(),
        limit => facts.limit,
    }
}

fn key_context(key: &KeyFacts<'_>) -> Value {
    context! {
        id => key.id,
        name => key.name,
        secret => key.secret,
        created_at => key.created_at.rfc3339_seconds(),
    }
}

fn title(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// RFC 9457.
fn problem(facts: &ErrorFacts<'_>, content_type: &str) -> Rendered {
    #[derive(Serialize)]
    struct Problem<'a> {
        r#type: &'a str,
        title: &'a str,
        status: u16,
        detail: &'a str,
        code: &'a str,
        /// Empty where every refusal must look the same (threat T1).
        #[serde(skip_serializing_if = "str::is_empty")]
        request_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        help_url: Option<&'a str>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        needed_scopes: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<i64>,
    }
    let ErrorFacts { status, code, message, request_id, help_url, retry_after_s, needed_scopes, limit } = *facts;
    let problem = Problem {
        r#type: "about:blank",
        title: title(status),
        status,
        detail: message,
        code,
        request_id,
        help_url,
        needed_scopes,
        limit,
        retry_after_s,
    };
    let body = serde_json::to_string(&problem).expect("texts and numbers are always JSON");
    Rendered { content_type: content_type.to_owned(), body }
}

fn plain_key(key: &KeyFacts<'_>) -> serde_json::Value {
    serde_json::json!({
        "id": key.id,
        "name": key.name,
        "secret": key.secret,
        "created_at": key.created_at.rfc3339_seconds(),
    })
}

/// The filter `tojson`: any value as JSON, without the escapes that only HTML needs.
fn to_json(value: Value) -> Result<String, minijinja::Error> {
    match value.kind() {
        ValueKind::Undefined => Err(minijinja::ErrorKind::UndefinedError.into()),
        ValueKind::None => Ok("null".into()),
        ValueKind::Bool | ValueKind::Number => Ok(value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Result<Vec<_>, _> = value.try_iter()?.map(to_json).collect();
            Ok(format!("[{}]", items?.join(",")))
        }
        _ => Ok(serde_json::Value::String(value.to_string()).to_string()),
    }
}

/// The filter `hex32`: an id as exactly 32 hexadecimal digits; its own where it has them, else made from it.
fn hex32(id: &str) -> String {
    let tail = id.rsplit('_').next().unwrap_or(id);
    let digits: String = tail.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return digits.to_ascii_lowercase();
    }
    let digest = Sha256::digest(id.as_bytes());
    format!("{:032x}", u128::from_be_bytes(digest[..16].try_into().expect("sixteen of thirty-two bytes")))
}

#[cfg(test)]
mod tests;
