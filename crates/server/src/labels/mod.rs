//! Labels: what operators hang on accounts and keys to find them by: external ids, tags, metadata.

mod store;

use keyward_core::name::Name;
use serde_json::Value;

use crate::db::Conn;
use crate::operation::Findings;

/// Most bytes of a metadata object as text.
pub const METADATA_BYTES_MAX: usize = 4_096;
/// Most tags.
pub const TAGS_MAX: usize = 50;
/// Most characters of a tag.
pub const TAG_CHARS_MAX: usize = 100;
/// Most characters of an external id.
pub const EXTERNAL_ID_CHARS_MAX: usize = 200;
/// A plain member of metadata can be filtered by when its name and its value have at most this many bytes: both
/// engines bound what an index row may hold.
pub const INDEXED_BYTES_MAX: usize = 500;

/// Tags and metadata as the store keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) metadata: Option<String>,
    pub(crate) tags: String,
}

/// Tags in the order given, each once, as the store keeps them.
pub(crate) fn tags(tags: &[String], findings: &mut Findings) -> String {
    if tags.len() > TAGS_MAX {
        findings.note("/tags", format!("at most {TAGS_MAX} tags"));
        return String::new();
    }
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for (at, tag) in tags.iter().enumerate() {
        let tag = findings.take(&format!("/tags/{at}"), Name::parse(tag, TAG_CHARS_MAX));
        let is_new = |tag: &Name| !kept.iter().any(|other| other == tag.as_str());
        if let Some(tag) = tag.filter(is_new) {
            kept.push(tag.as_str().to_owned());
        }
    }
    serde_json::to_string(&kept).unwrap_or_default()
}

/// A metadata object as the store keeps it.
pub(crate) fn metadata(metadata: Option<&Value>, findings: &mut Findings) -> Option<String> {
    let metadata = metadata?;
    let text = metadata.to_string();
    if !metadata.is_object() {
        findings.note("/metadata", "a JSON object");
    } else if text.len() > METADATA_BYTES_MAX {
        findings.note("/metadata", format!("at most {METADATA_BYTES_MAX} bytes as text"));
    }
    Some(text)
}

/// The operator's own id, as given: it is compared byte for byte.
pub(crate) fn external_id(id: Option<&str>, findings: &mut Findings) -> Option<String> {
    let id = id?;
    let name = findings.take("/external_id", Name::parse(id, EXTERNAL_ID_CHARS_MAX))?;
    if name.as_str() != id {
        findings.note("/external_id", "no space at the ends, none doubled, and in Unicode's composed form (NFC)");
    }
    Some(id.to_owned())
}

/// The tags of a row.
pub(crate) fn read_tags(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The metadata of a row.
pub(crate) fn read_metadata(text: Option<&str>) -> Option<Value> {
    serde_json::from_str(text?).ok()
}

/// Keeps what a filter looks at in step with an object's labels.
pub(crate) async fn keep(conn: &mut Conn, owner: &str, labels: &Labels) -> sqlx::Result<()> {
    store::forget(conn, owner).await?;
    store::keep(conn, owner, &attributes(labels)).await
}

/// Drops what a filter looks at.
pub(crate) async fn forget(conn: &mut Conn, owner: &str) -> sqlx::Result<()> {
    store::forget(conn, owner).await
}

/// How a tag is named among the attributes.
pub(crate) const TAG: &str = "tag";

/// How a member of metadata is named among the attributes.
pub(crate) fn member(name: &str) -> String {
    format!("metadata.{name}")
}

fn attributes(labels: &Labels) -> Vec<(String, String)> {
    let tags = read_tags(&labels.tags).into_iter().map(|tag| (TAG.to_owned(), tag));
    let Some(Value::Object(members)) = read_metadata(labels.metadata.as_deref()) else { return tags.collect() };
    let plain = members.iter().filter_map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let fits = name.len() <= INDEXED_BYTES_MAX && text.len() <= INDEXED_BYTES_MAX;
        // PostgreSQL's text holds no NUL.
        let storable = !name.contains('\0') && !text.contains('\0');
        (fits && storable).then(|| (member(name), text))
    });
    tags.chain(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_are_kept_once_and_bounded() {
        let mut findings = Findings::default();
        let kept = tags(&["gold".into(), " eu  west ".into(), "gold".into()], &mut findings);
        assert!(findings.done().is_ok());
        assert_eq!(read_tags(&kept), ["gold", "eu west"]);
        for bad in [vec!["x".repeat(101)], vec![String::new()], vec!["a\u{202E}b".into()], vec!["t".into(); 51]] {
            let mut findings = Findings::default();
            tags(&bad, &mut findings);
            assert!(findings.done().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn metadata_is_an_object_of_at_most_4_kb() {
        let is_fine = |value: Value| {
            let mut findings = Findings::default();
            metadata(Some(&value), &mut findings);
            findings.done().is_ok()
        };
        assert!(is_fine(json!({"a": {"deep": [1, 2]}})));
        assert!(!is_fine(json!([1])));
        assert!(!is_fine(json!("text")));
        assert!(is_fine(json!({"a": "x".repeat(METADATA_BYTES_MAX - 8)})));
        assert!(!is_fine(json!({"a": "x".repeat(METADATA_BYTES_MAX - 7)})));
    }

    #[test]
    fn only_plain_members_that_fit_an_index_are_filtered_by() {
        let metadata = json!({"a": "x", "b": 7, "c": true, "d": null, "e": [1], "f": "\0", "g": "y".repeat(501)});
        let labels = Labels { metadata: Some(metadata.to_string()), tags: r#"["t"]"#.into() };
        let names: Vec<_> = attributes(&labels).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["tag=t", "metadata.a=x", "metadata.b=7", "metadata.c=true"]);
    }
}
