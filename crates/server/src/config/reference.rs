//! The reference of every key, and a configuration as it took effect. Both come from the schema.

use super::schema::{self, Field, Given, Is};
use super::setup::Config;
use super::tree::{Node, Table, Value};

/// Every key with its type, its default or an example, and its meaning, as one commented configuration that loads.
pub fn reference() -> String {
    let mut out = String::from(
        "# Every key of Keyward's configuration. A key that has a default may be left out; a key without one is shown\n\
         # with an example. Durations are written \"10s\", \"1h30m\" (ms, s, m, h, d, w), sizes \"32KiB\", \"1MiB\".\n",
    );
    section(&mut out, "", schema::TOP);
    out
}

/// The configuration as it took effect, as TOML: defaults and presets filled in, secrets left out.
pub fn show(config: &Config) -> String {
    config.effective.clone()
}

fn section(out: &mut String, path: &str, fields: &[Field]) {
    for field in fields.iter().filter(|field| !is_inside(field)) {
        comment(out, field.doc);
        let (word, value) = match field.given {
            Given::Or(value) => ("default", value),
            Given::Eg(value) => ("optional; example", value),
            Given::Always(value) => ("needed; example", value),
            Given::Inside => continue,
        };
        comment(out, &format!("{}; {word}: {value}", capital(&field.is.kind())));
        out.push_str(field.key);
        out.push_str(" = ");
        out.push_str(value);
        out.push_str("\n\n");
    }
    for field in fields.iter().filter(|field| is_inside(field)) {
        let own = if path.is_empty() { field.key.to_owned() } else { format!("{path}.{}", field.key) };
        comment(out, field.doc);
        match field.is {
            Is::Table(inner) | Is::Maybe(inner) => header(out, &format!("[{own}]"), &own, inner),
            Is::Each(name, inner) => header(out, &format!("[{own}.{name}]"), &format!("{own}.{name}"), inner),
            Is::List(inner) => header(out, &format!("[[{own}]]"), &own, inner),
            Is::TextEach(example) => out.extend(["[", &own, "]\n", example, "\n\n"]),
            _ => {}
        }
    }
}

fn header(out: &mut String, line: &str, path: &str, inner: &[Field]) {
    out.push_str(line);
    out.push_str("\n\n");
    section(out, path, inner);
}

fn is_inside(field: &Field) -> bool {
    matches!(field.given, Given::Inside)
}

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + word.len() >= 110 {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A checked tree as TOML, without secrets.
pub(super) fn effective(top: &Table) -> String {
    let mut shown = top.clone();
    hide(&mut shown, schema::TOP);
    toml::to_string(&shown.to_toml()).unwrap_or_default()
}

fn hide(table: &mut Table, fields: &[Field]) {
    for (key, node) in &mut table.0 {
        let Some(field) = fields.iter().find(|field| field.key == key) else { continue };
        match (field.is, &mut node.value) {
            (Is::Secret, Value::Text(text)) => *text = redacted(text),
            (Is::Table(inner) | Is::Maybe(inner) | Is::Upstream(inner), Value::Table(own)) => hide(own, inner),
            (Is::Each(_, inner), Value::Table(own)) => {
                for (_, Node { value, .. }) in &mut own.0 {
                    if let Value::Table(own) = value {
                        hide(own, inner);
                    }
                }
            }
            (Is::List(inner), Value::List(rows)) => {
                for Node { value, .. } in rows {
                    if let Value::Table(own) = value {
                        hide(own, inner);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What may be shown of a secret setting: where it comes from, or what kind of store it names.
fn redacted(text: &str) -> String {
    let names_a_place = ["env:", "file:", "sqlite:"].iter().any(|scheme| text.starts_with(scheme));
    match text.split_once("://") {
        _ if names_a_place => text.to_owned(),
        Some((scheme @ ("postgres" | "postgresql"), _)) => format!("{scheme}://(hidden)"),
        Some(_) | None => "(hidden)".into(),
    }
}
