//! A notice in words. One shared layout for text and one for HTML; each kind is a small file of blocks: a subject, a
//! lead, what to do then, a button. All of them ship inside the binary; a file of the same name in the operator's
//! directory takes the place of one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use keyward_core::time::UnixMs;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::facts::{Facts, Reader, capital};
use super::letter::{Letter, one_line};
use super::look::samples;
use crate::notices::{Kind, Raised};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/mail/templates");

const HTML: &str = "layout.html";
const TEXT: &str = "layout.txt";
const TEST: &str = "test.jinja";
/// Largest template of an operator's.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// The texts of all mails, compiled and tried out.
#[derive(Debug, Clone)]
pub struct Templates {
    built_in: Arc<Environment<'static>>,
    /// With the operator's own.
    own: Option<Arc<Environment<'static>>>,
}

/// A template that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct BadTemplate {
    /// Which file.
    pub file: String,
    /// Its line, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: String,
}

type Fault = minijinja::Error;

impl Default for Templates {
    fn default() -> Self {
        let texts = built_in_texts();
        let compiled = compile(&texts).expect("the built-in templates compile; a test tries them out");
        Self { built_in: Arc::new(compiled), own: None }
    }
}

impl Templates {
    /// The built-in texts with those of a directory in their place, each tried out with every kind of notice.
    pub fn load(dir: &Path) -> Result<Self, Vec<BadTemplate>> {
        let mut texts = built_in_texts();
        let mut bad = Vec::new();
        for (name, text) in read_dir(dir)? {
            match text {
                _ if !texts.contains_key(&name) => bad.push(unknown(name, texts.keys())),
                Ok(text) => drop(texts.insert(name, text)),
                Err(why) => bad.push(BadTemplate { file: name, line: None, why }),
            }
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let own = compile(&texts).map_err(|error| vec![blame(&error)])?;
        let bad = try_out(&own);
        if !bad.is_empty() {
            return Err(bad);
        }
        Ok(Self { own: Some(Arc::new(own)), ..Self::default() })
    }

    /// A notice in words. Should an operator's template fail on what a trial did not think of, the built-in one takes
    /// its place: the notice must go out all the same.
    pub(super) fn write(&self, notice: &Raised, reader: &Reader, link: Option<&str>, now: UnixMs) -> Letter {
        let facts = Facts::of(notice, reader, now);
        self.either(|templates| letter(templates, &facts, link))
    }

    /// A mail that only shows that mail arrives.
    pub(super) fn write_test(&self, home: &str, now: UnixMs) -> Letter {
        let reader = Reader::operator(Some(home.to_owned()));
        let facts = context! { home, at => now.rfc3339_seconds() };
        self.either(|templates| {
            let said = blocks(templates, TEST, facts.clone())?;
            lay_out(templates, &said, &reader, context! { tone => "calm", button_url => "" })
        })
    }

    fn either(&self, write: impl Fn(&Environment<'static>) -> Result<Letter, Fault>) -> Letter {
        if let Some(own) = &self.own {
            match write(own) {
                Ok(letter) => return letter,
                Err(error) => tracing::error!(%error, "a template of mails failed; the built-in one is used"),
            }
        }
        write(&self.built_in).unwrap_or_else(|error| {
            tracing::error!(%error, "a built-in template of mails failed");
            let text = "Something happened that you wanted to be told of; its text can't be shown.";
            Letter { subject: "A notice from Keyward".into(), text: text.into(), html: format!("<p>{text}</p>") }
        })
    }
}

/// What a kind's file says.
struct Said {
    subject: String,
    lead: String,
    then: String,
    button: String,
}

fn letter(templates: &Environment<'static>, facts: &Facts<'_>, link: Option<&str>) -> Result<Letter, Fault> {
    let said = blocks(templates, &file_of(facts.kind), facts.context(link))?;
    let mut items = Vec::new();
    for item in facts.items().iter().filter_map(|item| facts.item(item)) {
        let said = blocks(templates, &file_of(item.kind), item.context(None))?;
        items.push(context! {
            title => said.subject, lead => said.lead, at => item.raised(), tone => tone(item.kind),
        });
    }
    let home = facts.reader.home.as_deref();
    let more = context! {
        tone => tone(facts.kind),
        rows => Serde(facts.rows()),
        items,
        // A link that works once, or else the front door.
        button_url => link.or(home).unwrap_or_default(),
        is_once => link.is_some(),
        ..facts.context(link)
    };
    lay_out(templates, &said, facts.reader, more)
}

fn file_of(kind: Kind) -> String {
    format!("{}.jinja", kind.as_str())
}

fn blocks(templates: &Environment<'static>, file: &str, facts: Value) -> Result<Said, Fault> {
    let template = templates.get_template(file)?;
    template.render_captured(facts)?.with_state_mut(|state| {
        let mut block = |name: &str| state.render_block(name);
        Ok(Said {
            subject: one_line(&block("subject")?),
            lead: flowing(&block("lead")?),
            then: flowing(&block("then")?),
            button: one_line(&block("button")?),
        })
    })
}

/// Lines of a template's source are not lines of the text.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lay_out(templates: &Environment<'static>, said: &Said, reader: &Reader, more: Value) -> Result<Letter, Fault> {
    let Said { subject, lead, then, button } = said;
    let all = context! { subject, lead, then, button, words => reader.words.clone(), ..more };
    let text = templates.get_template(TEXT)?.render(&all)?;
    let html = templates.get_template(HTML)?.render(&all)?;
    Ok(Letter { subject: subject.clone(), text: format!("{}\n", text.trim()), html })
}

/// How a mail looks: what is wrong stands out.
const fn tone(kind: Kind) -> &'static str {
    match kind {
        Kind::KeyExposed | Kind::RevokedKeyUsed | Kind::UnknownKeys => "bad",
        Kind::KeyExpiring | Kind::KeyExpired | Kind::LimitReached | Kind::WebhookDisabled => "careful",
        Kind::KeyCreated
        | Kind::KeyRevoked
        | Kind::KeyRotated
        | Kind::KeyRevealed
        | Kind::KeyPickedUp
        | Kind::PersonAdded
        | Kind::PersonJoined
        | Kind::PersonChanged
        | Kind::PersonRemoved
        | Kind::Invitation
        | Kind::PasswordReset
        | Kind::Digest => "calm",
    }
}

fn built_in_texts() -> BTreeMap<String, String> {
    let text = |file: &include_dir::File<'_>| {
        let name = file.path().to_str()?.to_owned();
        Some((name, file.contents_utf8()?.to_owned()))
    };
    BUILT_IN.files().filter_map(text).collect()
}

fn compile(texts: &BTreeMap<String, String>) -> Result<Environment<'static>, Fault> {
    let mut templates = Environment::new();
    let escape = |name: &str| if name == HTML { AutoEscape::Html } else { AutoEscape::None };
    templates.set_auto_escape_callback(escape);
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    templates.add_filter("capital", |text: String| capital(&text));
    templates.add_filter("wrap", wrap);
    templates.add_filter("pad", |text: String, letters: usize| format!("{text:<letters$}"));
    for (name, text) in texts {
        templates.add_template_owned(name.clone(), text.clone())?;
    }
    Ok(templates)
}

/// Breaks a text into lines of so many letters, those after the first with something before them.
fn wrap(text: String, letters: usize, before: Option<String>) -> String {
    let gap = format!("\n{}", before.unwrap_or_default());
    let mut room = letters;
    let mut lines = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let needs = word.chars().count() + 1;
        if lines.is_empty() {
            room = (letters + 1).saturating_sub(needs);
        } else if needs <= room {
            lines.push(' ');
            room -= needs;
        } else {
            lines.push_str(&gap);
            room = (letters + 1).saturating_sub(needs);
        }
        lines.push_str(word);
    }
    lines
}

/// Every kind with facts of every sort, once with all there are and once with none.
fn try_out(templates: &Environment<'static>) -> Vec<BadTemplate> {
    let mut bad: Vec<BadTemplate> = Vec::new();
    for sample in samples() {
        let facts = Facts::of(&sample.notice, &sample.reader, sample.now);
        if let Err(error) = letter(templates, &facts, sample.link.as_deref()) {
            bad.push(blame(&error));
        }
    }
    if let Err(error) = blocks(templates, TEST, context! { home => "", at => "" }) {
        bad.push(blame(&error));
    }
    bad.dedup();
    bad
}

fn blame(error: &Fault) -> BadTemplate {
    let why = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    BadTemplate { file: error.name().unwrap_or_default().to_owned(), line: error.line(), why }
}

fn unknown<'a>(file: String, known: impl Iterator<Item = &'a String>) -> BadTemplate {
    let known: Vec<&str> = known.map(String::as_str).collect();
    BadTemplate { why: format!("no mail is made of such a file; there are {}", known.join(", ")), line: None, file }
}

type Read = Vec<(String, Result<String, String>)>;

fn read_dir(dir: &Path) -> Result<Read, Vec<BadTemplate>> {
    let wrong = |error: std::io::Error| {
        vec![BadTemplate { file: ".".into(), line: None, why: format!("can't be read: {error}") }]
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let about = entry.metadata().map_err(wrong)?;
        let text = match about.len() {
            ..=FILE_BYTES_MAX => {
                std::fs::read_to_string(entry.path()).map_err(|error| format!("can't be read: {error}"))
            }
            _ => Err(format!("is larger than {FILE_BYTES_MAX} bytes")),
        };
        files.push((name, text));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_text_goes_with_all_facts_and_with_none() {
        let templates = Templates::default();
        assert_eq!(try_out(&templates.built_in), []);
        let names: Vec<_> = templates.built_in.templates().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names.len(), Kind::ALL.len() + 3, "{names:?}");
    }

    #[test]
    fn what_a_fact_holds_is_text_in_every_mail() {
        let templates = Templates::default();
        for sample in samples() {
            let link = sample.link.as_deref();
            let letter = templates.write(&sample.notice, &sample.reader, link, sample.now);
            let kind = sample.notice.kind.as_str();
            assert!(!letter.html.contains("<script") && !letter.html.contains("</td><script"), "{kind}");
            assert!(!letter.subject.contains(['\r', '\n', '\u{2028}']), "{kind}");
            assert!(!letter.text.contains(['\r', '\u{2028}']), "{kind}");
        }
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrap("one two three".into(), 7, None), "one two\nthree");
        assert_eq!(wrap("one two three".into(), 3, Some("  ".into())), "one\n  two\n  three");
        assert_eq!(wrap(String::new(), 3, None), "");
    }
}
