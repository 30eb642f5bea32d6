//! What differs between two effective configurations, setting by setting: however the files are laid out.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// Settings that are only so in the old one, with `-` before them, and only so in the new one, with `+`; sorted.
pub(super) fn settings(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (flat(old), flat(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut lines = Vec::new();
    for path in paths {
        let (was, is) = (old.get(path), new.get(path));
        if was != is {
            lines.extend(was.map(|value| format!("-{path} = {value}")));
            lines.extend(is.map(|value| format!("+{path} = {value}")));
        }
    }
    lines
}

/// Every setting by its path. A text that is no configuration has none.
fn flat(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (key, value) in text.parse::<Table>().unwrap_or_default() {
        add(&mut all, key, value);
    }
    all
}

fn add(all: &mut BTreeMap<String, String>, path: String, value: Value) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                add(all, format!("{path}.{key}"), value);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (place, item) in items.into_iter().enumerate() {
                add(all, format!("{path}[{place}]"), item);
            }
        }
        leaf => drop(all.insert(path, leaf.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn only_what_differs_is_shown() {
        let old = "a = 1\nb = ['x']\n[c]\nd = true\n[[e.f]]\ng = 'one'\n[[e.f]]\ng = 'two'\n";
        let new = "b = ['x', 'y']\na = 1\n[[e.f]]\ng = 'one'\n[[e.f]]\ng = 'three'\n[c]\nd = true\nh = 2.5\n";
        let shown =
            ["-b = [\"x\"]", "+b = [\"x\", \"y\"]", "+c.h = 2.5", "-e.f[1].g = \"two\"", "+e.f[1].g = \"three\""];
        assert_eq!(settings(old, new), shown);
    }

    #[test]
    fn another_layout_is_no_difference() {
        assert_eq!(settings("[a]\nb = 1\nc = 2", "a = { c = 2, b = 1 }"), <[String; 0]>::default());
    }
}
