//! Reads a checked table: [`super::check`] has made sure that every value has its type.

use std::net::SocketAddr;
use std::time::Duration;

use super::check::join;
use super::tree::{Node, Spot, Table, Value};
use super::values;

/// A checked table and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    pub(super) table: &'a Table,
    pub(super) spot: Spot,
    pub(super) path: String,
}

impl<'a> Section<'a> {
    fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Where a key stands, or the table where the key was left out.
    pub(super) fn spot(&self, key: &str) -> Spot {
        self.node(key).map(|node| node.spot).filter(|spot| spot.line > 0).unwrap_or(self.spot)
    }

    /// The path of a key.
    pub(super) fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match &self.node(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.node(key), Some(Node { value: Value::Bool(true), .. }))
    }

    pub(super) fn whole(&self, key: &str) -> Option<i64> {
        match self.node(key)?.value {
            Value::Whole(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn count(&self, key: &str) -> u32 {
        self.whole(key).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    pub(super) fn bytes(&self, key: &str) -> usize {
        let written = self.text(key).and_then(values::bytes);
        let bytes = written.or_else(|| self.whole(key).and_then(|number| u64::try_from(number).ok()));
        bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0)
    }

    pub(super) fn duration(&self, key: &str) -> Duration {
        self.text(key).and_then(values::duration).unwrap_or_default()
    }

    pub(super) fn socket(&self, key: &str) -> SocketAddr {
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(unset)
    }

    /// The texts of a list, each with its place.
    pub(super) fn texts(&self, key: &str) -> Vec<(&'a str, Spot)> {
        let own = self.spot(key);
        let text = |item: &'a Node| match &item.value {
            Value::Text(text) => Some((text.as_str(), if item.spot.line > 0 { item.spot } else { own })),
            _ => None,
        };
        self.items(key).iter().filter_map(text).collect()
    }

    pub(super) fn items(&self, key: &str) -> &'a [Node] {
        match self.node(key).map(|node| &node.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// A table inside, where it is there.
    pub(super) fn inside(&self, key: &str) -> Option<Self> {
        let node = self.node(key)?;
        match &node.value {
            Value::Table(table) => Some(Self { table, spot: node.spot, path: self.at(key) }),
            _ => None,
        }
    }

    /// The named tables inside.
    pub(super) fn each(&self, key: &str) -> Vec<(&'a str, Self)> {
        let Some(inner) = self.inside(key) else { return Vec::new() };
        let named = |(name, node): &'a (String, Node)| match &node.value {
            Value::Table(table) => {
                Some((name.as_str(), Self { table, spot: node.spot, path: join(&inner.path, name) }))
            }
            _ => None,
        };
        inner.table.0.iter().filter_map(named).collect()
    }

    /// The named texts inside, each with its place.
    pub(super) fn text_each(&self, key: &str) -> Vec<(&'a str, &'a str, Spot)> {
        let Some(inner) = self.inside(key) else { return Vec::new() };
        let named = |(name, node): &'a (String, Node)| match &node.value {
            Value::Text(text) => Some((name.as_str(), text.as_str(), node.spot)),
            _ => None,
        };
        inner.table.0.iter().filter_map(named).collect()
    }

    /// The tables of a list.
    pub(super) fn list(&self, key: &str) -> Vec<Self> {
        let row = |(place, item): (usize, &'a Node)| match &item.value {
            Value::Table(table) => Some(Self { table, spot: item.spot, path: format!("{}[{place}]", self.at(key)) }),
            _ => None,
        };
        self.items(key).iter().enumerate().filter_map(row).collect()
    }
}
