//! A configuration as a tree in which every value knows the file and line it came from, so that a preset and what
//! an operator lays over it become one tree and faults still point at the right place.

use toml::de::{DeTable, DeValue};

use super::fault::Faults;

/// Where a value stands: the number of its file, and its line (0 for values that nobody wrote).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spot {
    pub(super) file: u16,
    pub(super) line: u32,
}

impl Spot {
    pub(super) fn line(self) -> Option<usize> {
        (self.line > 0).then_some(self.line as usize)
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Bool(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What people call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "a whole number",
            Self::Fraction(_) => "a fraction",
            Self::Bool(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A table, in the order in which it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(pub(super) Vec<(String, Node)>);

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, node)| node)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let at = self.0.iter().position(|(own, _)| own == key)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn put(&mut self, key: &str, node: Node) {
        match self.0.iter_mut().find(|(own, _)| own == key) {
            Some((_, place)) => *place = node,
            None => self.0.push((key.to_owned(), node)),
        }
    }

    /// Lays `over` on this table: tables merge, everything else (lists among them) is replaced.
    pub(super) fn overlay(&mut self, over: Self) {
        for (key, node) in over.0 {
            let place = self.0.iter_mut().find(|(own, _)| *own == key).map(|(_, place)| place);
            match (place, node) {
                (Some(Node { value: Value::Table(base), spot }), Node { value: Value::Table(top), spot: top_spot }) => {
                    base.overlay(top);
                    *spot = top_spot;
                }
                (Some(place), node) => *place = node,
                (None, node) => self.0.push((key, node)),
            }
        }
    }

    /// The same as plain TOML.
    pub(super) fn to_toml(&self) -> toml::Table {
        self.0.iter().map(|(key, node)| (key.clone(), plain(&node.value))).collect()
    }
}

fn plain(value: &Value) -> toml::Value {
    match value {
        Value::Text(text) | Value::Date(text) => toml::Value::String(text.clone()),
        Value::Whole(number) => toml::Value::Integer(*number),
        Value::Fraction(number) => toml::Value::Float(*number),
        Value::Bool(yes) => toml::Value::Boolean(*yes),
        Value::List(items) => toml::Value::Array(items.iter().map(|node| plain(&node.value)).collect()),
        Value::Table(table) => toml::Value::Table(table.to_toml()),
    }
}

/// Reads TOML. Of a text with syntax errors every one is reported and nothing else is looked at.
pub(super) fn read(text: &str, file: u16, faults: &mut Faults) -> Option<Table> {
    let lines = Lines::new(text, file);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let spot = error.span().map_or(Spot { file, line: 0 }, |span| lines.at(span.start));
        faults.add(spot, "", format!("not TOML: {}", error.message().replace('\n', "; ")));
    }
    errors.is_empty().then(|| lines.table(document.get_ref()))
}

/// Turns places in a text into lines.
struct Lines {
    file: u16,
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &str, file: u16) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, starts }
    }

    fn at(&self, place: usize) -> Spot {
        Spot { file: self.file, line: self.starts.partition_point(|start| *start <= place) as u32 }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| {
            let node = Node { spot: self.at(key.span().start), value: self.value(value.get_ref()) };
            (key.get_ref().to_string(), node)
        };
        Table(table.iter().map(entry).collect())
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::Text(number.to_string()), Value::Whole),
            DeValue::Float(number) => number.as_str().parse().map_or(Value::Text(number.to_string()), Value::Fraction),
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(items) => {
                let item = |item: &toml::Spanned<DeValue<'_>>| Node {
                    spot: self.at(item.span().start),
                    value: self.value(item.get_ref()),
                };
                Value::List(items.iter().map(item).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        read(text, 0, &mut Faults::default()).unwrap()
    }

    fn line(table: &Table, path: &[&str]) -> u32 {
        let (last, way) = path.split_last().unwrap();
        let table = way.iter().fold(table, |table, key| match &table.get(key).unwrap().value {
            Value::Table(inner) => inner,
            other => panic!("{key} is {}", other.kind()),
        });
        table.get(last).unwrap().spot.line
    }

    #[test]
    fn every_value_knows_its_line() {
        let all = table("a = 1\n\n[b.c]\nd = [\n  1,\n  2]\n[[e]]\nf = 1\n[[e]]\nf = 2\n");
        assert_eq!(line(&all, &["a"]), 1);
        assert_eq!(line(&all, &["b"]), 3);
        assert_eq!(line(&all, &["b", "c"]), 3);
        assert_eq!(line(&all, &["b", "c", "d"]), 4);
        let Value::List(items) = &all.get("e").unwrap().value else { panic!() };
        assert_eq!(items.iter().map(|item| item.spot.line).collect::<Vec<_>>(), [7, 9]);
    }

    #[test]
    fn laying_over_merges_tables_and_replaces_lists() {
        let mut base = table("list = [1, 2]\nkept = 1\n[t]\na = 1\nb = 1\n");
        base.overlay(table("list = [3]\n[t]\nb = 2\nc = 3\n"));
        let merged = "list = [3]\nkept = 1\n\n[t]\na = 1\nb = 2\nc = 3\n";
        assert_eq!(toml::to_string(&base.to_toml()).unwrap(), merged);
    }

    #[test]
    fn every_syntax_error_is_reported() {
        let mut faults = Faults::default();
        assert!(read("a = \nb = 1\nc = [\nd 1\n", 0, &mut faults).is_none());
        assert!(faults.sorted(&[]).len() > 1);
    }
}
