use super::*;

fn facts() -> ErrorFacts<'static> {
    ErrorFacts {
        status: 429,
        code: "rate_limited",
        message: "He said \"no\" \\ \n é {{ 7 }}",
        request_id: "req_0192f0c1-2b3c-7def-8123-456789abcdef",
        help_url: None,
        retry_after_s: Some(9),
        needed_scopes: &[],
        limit: Some("default"),
    }
}

fn json(rendered: &Rendered) -> serde_json::Value {
    serde_json::from_str(&rendered.body).unwrap()
}

fn compile(template: &str) -> Result<Dialect, Vec<BadTemplate>> {
    let content_type = Some("application/json".into());
    Dialect::compile(DialectSource { content_type, template: Some(template.into()), ..DialectSource::default() })
}

#[test]
fn the_default_is_a_problem_with_a_code() {
    let rendered = Dialect::default().render(&facts());
    assert_eq!(rendered.content_type, "application/problem+json");
    let body = serde_json::json!({
        "type": "about:blank", "title": "Too Many Requests", "status": 429, "detail": facts().message,
        "code": "rate_limited", "request_id": facts().request_id, "limit": "default", "retry_after_s": 9,
    });
    assert_eq!(json(&rendered), body);
}

#[test]
fn a_template_writes_any_text_safely() {
    let dialect = compile(
        r#"{"e":{{ message|tojson }},"c":{{ status }},"id":"{{ request_id|hex32 }}","s":{{ needed_scopes|tojson }}}"#,
    )
    .unwrap();
    let rendered = dialect.render(&facts());
    assert_eq!(rendered.content_type, "application/json");
    let body = serde_json::json!({
        "e": facts().message, "c": 429, "id": "0192f0c12b3c7def8123456789abcdef", "s": [],
    });
    assert_eq!(json(&rendered), body);
}

#[test]
fn careless_templates_are_refused_when_they_are_loaded() {
    for (template, why) in [
        (r#"{"e":"{{ message }}"}"#, "not JSON"),
        (r#"{"e":{{ mesage|tojson }}}"#, "undefined"),
        ("{% if %}", "syntax error"),
        (r#"{"e":{% if code == "rate_limited" %}oops{% else %}1{% endif %}}"#, "not JSON"),
        (r#"{"e":{{ 1 / 0 }}}"#, ""),
        (r"{{ nothing() }}", "unknown function"),
    ] {
        let bad = compile(template).unwrap_err();
        assert_eq!(bad.len(), 1, "{template}");
        assert!(bad[0].why.contains(why), "{template}: {}", bad[0].why);
    }
}

#[test]
fn a_dialect_has_its_own_words_for_a_code() {
    let messages = vec![("rate_limited".into(), "Wait {{ retry_after_s }} s (\"{{ limit }}\").".into())];
    let source = DialectSource { messages, ..DialectSource::default() };
    let rendered = Dialect::compile(source).unwrap().render(&facts());
    assert_eq!(json(&rendered)["detail"], "Wait 9 s (\"default\").");
}

#[test]
fn ids_become_32_hexadecimal_digits() {
    assert_eq!(hex32("0192F0C1-2b3c-7def-8123-456789abcdef"), "0192f0c12b3c7def8123456789abcdef");
    for other in ["", "req_x", "zz92f0c1-2b3c-7def-8123-456789abcdef"] {
        let made = hex32(other);
        assert!(made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
    }
}
