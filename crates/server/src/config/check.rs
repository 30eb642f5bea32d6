//! Compares a tree with the schema: unknown keys and wrong types are reported and taken out, what was left out is
//! filled in. Afterwards every value that is there has its type.

use std::net::SocketAddr;

use super::fault::Faults;
use super::schema::{Field, Given, Is};
use super::tree::{self, Node, Spot, Table, Value};
use super::values;

/// Most entries of one list or table.
const ENTRIES_MAX: usize = 10_000;
/// Most letters of one text.
const TEXT_BYTES_MAX: usize = 8_192;

/// Checks a table whose header stands at `at` and whose path is `path` (empty for the whole file).
pub(super) fn table(table: &mut Table, fields: &'static [Field], at: Spot, path: &str, faults: &mut Faults) {
    let mut refused: Vec<String> = Vec::new();
    let mut kept = Vec::with_capacity(fields.len());
    for (key, mut node) in std::mem::take(&mut table.0) {
        let own = join(path, &key);
        let Some(field) = fields.iter().find(|field| field.key == key) else {
            faults.add(node.spot, own, unknown(&key, fields.iter().map(|field| field.key)));
            continue;
        };
        match value(&mut node, field.is, &own, faults) {
            Ok(()) => kept.push((key, node)),
            Err(why) => {
                // Empty: each of its items was reported alone.
                if !why.is_empty() {
                    faults.add(node.spot, own, why);
                }
                refused.push(key);
            }
        }
    }
    table.0 = kept;
    for field in fields {
        if table.get(field.key).is_some() {
            continue;
        }
        match (field.given, field.is) {
            (Given::Or(default), _) => table.put(field.key, Node { spot: at, value: default_of(default, field.is) }),
            (Given::Inside, Is::Table(inner)) => {
                let mut empty = Table::default();
                self::table(&mut empty, inner, at, &join(path, field.key), faults);
                table.put(field.key, Node { spot: at, value: Value::Table(empty) });
            }
            (Given::Always(example), _) if !refused.iter().any(|key| key == field.key) => {
                faults.add(at, join(path, field.key), format!("is needed, such as {} = {example}", field.key));
            }
            (Given::Always(_) | Given::Eg(_) | Given::Inside, _) => {}
        }
    }
}

/// Adds a key to a path.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    match values::closest(key, known) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => "unknown key".into(),
    }
}

/// A default as the schema spells it; a test reads every one.
fn default_of(toml: &str, is: Is) -> Value {
    let read = tree::read(&format!("x = {toml}"), 0, &mut Faults::default());
    let mut node = read.and_then(|mut table| table.take("x")).expect("the schema's defaults are TOML");
    value(&mut node, is, "", &mut Faults::default()).expect("the schema's defaults have their types");
    unwritten(&mut node);
    node.value
}

fn unwritten(node: &mut Node) {
    node.spot = Spot::default();
    if let Value::List(items) = &mut node.value {
        items.iter_mut().for_each(unwritten);
    }
}

fn value(node: &mut Node, is: Is, path: &str, faults: &mut Faults) -> Result<(), String> {
    if let Value::List(items) = &node.value
        && items.len() > ENTRIES_MAX
    {
        return Err(format!("at most {ENTRIES_MAX} entries"));
    }
    match (is, &mut node.value) {
        (Is::Text | Is::Secret, Value::Text(text)) => plain(text),
        (Is::Flag, Value::Bool(_)) | (Is::PathOrOff, Value::Bool(false)) => Ok(()),
        (Is::PathOrOff, Value::Text(text)) => values::fixed_path(text).map(|path| *text = path),
        (Is::Whole(least, most) | Is::DaysOrNever(least, most), Value::Whole(number)) => within(*number, least, most),
        (Is::DaysOrNever(..), Value::Text(word)) if word == "never" => Ok(()),
        (Is::Duration(least, most), Value::Text(text)) => duration(text, least, most),
        (Is::Bytes(least, most), Value::Text(text)) => {
            let bytes = values::bytes(text).ok_or_else(|| expected(is, "this text"))?;
            within(bytes as i64, least as i64, most as i64)
        }
        (Is::Bytes(least, most), Value::Whole(bytes)) => within(*bytes, least as i64, most as i64),
        (Is::OneOf(words), Value::Text(word)) => one_of(word, words),
        (Is::Socket, Value::Text(text)) => {
            text.parse::<SocketAddr>().map(drop).map_err(|_| "expected an address such as \"127.0.0.1:8080\"".into())
        }
        (Is::Texts, Value::Text(_)) => {
            let text = Node { spot: node.spot, value: node.value.clone() };
            node.value = Value::List(vec![text]);
            value(node, is, path, faults)
        }
        (Is::Texts | Is::SomeOf(_) | Is::Schemes, Value::List(items)) => {
            let were = items.len();
            items_of(items, is, path, faults);
            if items.is_empty() && were > 0 { Err(String::new()) } else { Ok(()) }
        }
        (Is::Upstream(fields), Value::Text(_) | Value::List(_)) => {
            let addresses = Node { spot: node.spot, value: node.value.clone() };
            node.value = Value::Table(Table(vec![("addresses".into(), addresses)]));
            value(node, Is::Table(fields), path, faults)
        }
        (Is::Table(fields) | Is::Maybe(fields) | Is::Upstream(fields), Value::Table(inner)) => {
            table(inner, fields, node.spot, path, faults);
            Ok(())
        }
        (Is::Each(_, fields), Value::Table(inner)) => {
            each(inner, fields, path, faults);
            Ok(())
        }
        (Is::TextEach(_), Value::Table(inner)) => {
            text_each(inner, path, faults);
            Ok(())
        }
        (Is::List(fields), Value::List(items)) => {
            rows(items, fields, path, faults);
            Ok(())
        }
        (_, found) => Err(expected(is, found.kind())),
    }
}

fn plain(text: &str) -> Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("at most {TEXT_BYTES_MAX} bytes of text"));
    }
    let hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(hidden) { Err("control characters do not belong here".into()) } else { Ok(()) }
}

fn within(number: i64, least: i64, most: i64) -> Result<(), String> {
    if (least..=most).contains(&number) { Ok(()) } else { Err(format!("{number} is not within {least} and {most}")) }
}

fn one_of(word: &str, words: &[&str]) -> Result<(), String> {
    if words.contains(&word) {
        return Ok(());
    }
    let hint =
        values::closest(word, words.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Err(format!("`{word}` is none of {}{hint}", words.join(", ")))
}

fn duration(text: &str, least: u64, most: u64) -> Result<(), String> {
    let ms = values::duration_ms(text).ok_or_else(|| {
        format!("`{text}` is not a duration: expected something like \"10s\", \"1h30m\" (ms, s, m, h, d, w)")
    })?;
    if (least..=most).contains(&ms) {
        return Ok(());
    }
    Err(format!("`{text}` is not within {} and {}", spelt(least), spelt(most)))
}

/// A duration as people write it, in its largest whole unit.
pub(super) fn spelt(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let fit = units.iter().find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit));
    fit.map_or_else(|| format!("{ms}ms"), |(unit, name)| format!("{}{name}", ms / unit))
}

fn expected(is: Is, found: &str) -> String {
    format!("expected {}, found {found}", is.kind())
}

/// Checks the items of a list of texts, words or schemes.
fn items_of(items: &mut Vec<Node>, is: Is, path: &str, faults: &mut Faults) {
    items.retain_mut(|item| {
        let checked = match (is, &mut item.value) {
            (Is::Texts | Is::Schemes, Value::Text(text)) => plain(text),
            (Is::SomeOf(words), Value::Text(word)) => one_of(word, words),
            (Is::Schemes, Value::Table(pair)) => {
                pair_of_headers(pair, item.spot, path, faults);
                Ok(())
            }
            (Is::Schemes, other) => {
                Err(format!("expected a scheme as text or a pair of headers, found {}", other.kind()))
            }
            (_, other) => Err(format!("expected text, found {}", other.kind())),
        };
        checked.map_err(|why| faults.add(item.spot, path, why)).is_ok()
    });
}

fn pair_of_headers(pair: &mut Table, at: Spot, path: &str, faults: &mut Faults) {
    const PAIR: &[Field] = &[
        super::schema::field("account", Is::Text, Given::Always("\"X-Account-Id\""), "The header of the public id."),
        super::schema::field("secret", Is::Text, Given::Always("\"X-Api-Key\""), "The header of the secret."),
    ];
    table(pair, PAIR, at, path, faults);
}

fn each(inner: &mut Table, fields: &'static [Field], path: &str, faults: &mut Faults) {
    too_many(inner, path, faults);
    inner.0.retain_mut(|(name, node)| {
        let own = join(path, name);
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(good) {
            faults.add(node.spot, own, "a name has 1 to 64 of A-Z a-z 0-9 _ - .");
            return false;
        }
        match &mut node.value {
            Value::Table(table) => {
                self::table(table, fields, node.spot, &own, faults);
                true
            }
            other => {
                faults.add(node.spot, own, format!("expected a table, found {}", other.kind()));
                false
            }
        }
    });
}

fn text_each(inner: &mut Table, path: &str, faults: &mut Faults) {
    too_many(inner, path, faults);
    inner.0.retain(|(name, node)| {
        let checked = match &node.value {
            Value::Text(text) => plain(text),
            other => Err(format!("expected text, found {}", other.kind())),
        };
        checked.map_err(|why| faults.add(node.spot, join(path, name), why)).is_ok()
    });
}

fn rows(items: &mut Vec<Node>, fields: &'static [Field], path: &str, faults: &mut Faults) {
    let mut place = 0;
    items.retain_mut(|item| {
        let own = format!("{path}[{place}]");
        place += 1;
        match &mut item.value {
            Value::Table(row) => {
                table(row, fields, item.spot, &own, faults);
                true
            }
            other => {
                faults.add(item.spot, own, format!("expected a table, found {}", other.kind()));
                false
            }
        }
    });
}

fn too_many(inner: &mut Table, path: &str, faults: &mut Faults) {
    if inner.0.len() > ENTRIES_MAX {
        let spot = inner.0[ENTRIES_MAX].1.spot;
        faults.add(spot, path, format!("at most {ENTRIES_MAX} entries"));
        inner.0.truncate(ENTRIES_MAX);
    }
}

impl Is {
    /// What such a value is called.
    pub(super) fn kind(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Secret => "secret text, `env:NAME` or `file:PATH`".into(),
            Self::Flag => "true or false".into(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Duration(least, most) => format!("a duration from {} to {}", spelt(least), spelt(most)),
            Self::Bytes(least, most) => format!("a number of bytes from {least} to {most}, such as \"1MiB\""),
            Self::Texts => "a text or a list of texts".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::SomeOf(words) => format!("a list of {}", words.join(", ")),
            Self::Socket => "an address with a port".into(),
            Self::PathOrOff => "a path, or false".into(),
            Self::DaysOrNever(least, most) => format!("a number of days from {least} to {most}, or \"never\""),
            Self::Schemes => "a list of schemes".into(),
            Self::Upstream(_) => "an address, a list of addresses, or a table".into(),
            Self::Table(_) | Self::Maybe(_) => "a table".into(),
            Self::Each(..) => "tables by name".into(),
            Self::TextEach(_) => "texts by name".into(),
            Self::List(_) => "a list of tables".into(),
        }
    }
}
