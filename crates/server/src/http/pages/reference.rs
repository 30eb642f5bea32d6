//! The reference page: the OpenAPI document, rendered once, on the server (row r80).

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::OpenApi;

const TEMPLATE: &str = include_str!("reference.html");

#[derive(Serialize)]
struct Page {
    groups: Vec<Group>,
    document: Value,
}

#[derive(Serialize)]
struct Group {
    name: String,
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    method: String,
    path: String,
    anchor: String,
    says: Value,
}

/// The page for a document.
pub(super) fn render(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).expect("the document has text keys");
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.add_filter("prose", prose);
    let template = environment.template_from_str(TEMPLATE).expect("a test renders this template");
    let page = minijinja::Value::from(Serde(Page { groups: groups(&document), document }));
    template.render(page).expect("a test renders this template")
}

/// Text of the document as HTML: escaped, and what stands between backticks as code.
fn prose(text: Option<String>) -> minijinja::Value {
    let text = text.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let pieces = text.split('`').enumerate();
    let html = pieces.map(|(at, piece)| if at % 2 == 1 { format!("<code>{piece}</code>") } else { piece.to_owned() });
    minijinja::Value::from_safe_string(html.collect::<Vec<_>>().concat())
}

fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    for (path, method, operation) in operations {
        let name = operation["tags"][0].as_str().unwrap_or("other");
        let entry = Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            anchor: format!("{method}{}", path.replace(['/', '{', '}'], "-")),
            says: operation.clone(),
        };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.operations.push(entry),
            None => groups.push(Group { name: name.to_owned(), operations: vec![entry] }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    #[test]
    fn r80_every_operation_and_schema_is_in_the_reference() {
        let document = crate::http::document();
        let page = super::render(&document).replace("&#x2f;", "/");
        let json = serde_json::to_value(&document).unwrap();
        for (path, item) in json["paths"].as_object().unwrap() {
            assert!(page.contains(&format!(">{path}</span>")), "{path}");
            for (_, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{path}");
            }
        }
        for name in json["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("<article id=\"{name}\">")), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http://"));
        assert!(!page.contains("undefined") && !page.contains(">none<"));
    }
}
