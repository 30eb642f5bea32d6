//! What went wrong with a request, before a preset puts it into its own words; and the readers that find it out.

use std::collections::HashMap;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Query,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// The largest JSON body an example upstream reads.
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A refusal: an HTTP status and a sentence for the caller. Each preset renders it in its own error format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The HTTP status of the answer, a 4xx.
    pub(crate) status: StatusCode,
    /// What is wrong and what would be right.
    pub(crate) detail: String,
    /// JSON pointer of the field that is wrong, if it is one.
    pub(crate) pointer: Option<&'static str>,
}

impl Fault {
    /// A refusal with this status.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), pointer: None }
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: nothing there.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 422: understood, but this field has a value that is not accepted.
    pub(crate) fn field(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into(), pointer: Some(pointer) }
    }
}

/// The decoded query parameters; of a repeated one the last counts.
pub(crate) fn parameters(uri: &Uri) -> Result<HashMap<String, String>, Fault> {
    Query::try_from_uri(uri)
        .map(|Query(map)| map)
        .map_err(|_| Fault::bad("the query string is not valid percent-encoded UTF-8"))
}

/// A whole number from the query string, or the default where it is absent.
pub(crate) fn number(parameters: &HashMap<String, String>, name: &str, default: u64) -> Result<u64, Fault> {
    match parameters.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Fault::bad(format!("`{name}` must be a whole number"))),
    }
}

/// The body as JSON; an empty body is `null`.
pub(crate) async fn json(body: Body) -> Result<Value, Fault> {
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let detail = format!("the body broke off or is larger than {BODY_BYTES_MAX} bytes");
        Fault::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    if bytes.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| Fault::bad(format!("the body is not valid JSON: {error}")))
}

/// A fault as a problem document (RFC 9457); a wrong field is named by its JSON pointer.
pub(crate) struct Problem(Fault);

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Fault { status, detail, pointer } = self.0;
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Refused"),
            "status": status.as_u16(),
            "detail": detail,
        });
        if let Some(pointer) = pointer {
            body["errors"] = json!([{"pointer": pointer, "detail": body["detail"]}]);
        }
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_defaulted_or_refused() {
        let given = parameters(&Uri::from_static("/x?ms=20&bad=-1")).expect("a valid query");
        assert_eq!(number(&given, "ms", 5), Ok(20));
        assert_eq!(number(&given, "absent", 5), Ok(5));
        assert_eq!(number(&given, "bad", 5).map_err(|fault| fault.status), Err(StatusCode::BAD_REQUEST));
    }
}
