//! The OpenAPI 3.1 document, made from the routes themselves.

use keyward_sdk::wire;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

const SECURITY: &str = "management_key";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Keyward management API",
        description = "Make, watch and withdraw API keys. Times are RFC 3339 in UTC; lists are paged by `limit` and \
                       `cursor`; unknown members and parameters are refused; every error is a problem (RFC 9457) with \
                       a stable `code`. An object out of reach answers exactly as a missing one. A reply to a change \
                       says in `effective` since when every node judges by it. Creates take an `Idempotency-Key`: the \
                       same one again within 24 hours returns the same object, without its secret. Edits take `If-Match` \
                       with the `ETag` that was read.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(wire::Problem))
)]
struct Frame;

/// The document without its paths.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// Adds what all operations share: how they are authenticated and how they fail.
pub(super) fn finish(document: &mut utoipa::openapi::OpenApi) {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A management key, `kwm_…`, made with `keyward` or `POST /v1/management-keys`."))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SECURITY, SecurityScheme::Http(scheme));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
        for operation in operations.into_iter().flatten() {
            share(operation);
        }
    }
}

fn share(operation: &mut Operation) {
    operation.security = Some(vec![SecurityRequirement::new(SECURITY, Vec::<String>::new())]);
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusal = ResponseBuilder::new()
        .description("Refused: a problem with a stable `code`.")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".into(), refusal.into());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const REFRESH: &str = "UPDATE_OPENAPI=1 cargo test -p keyward-server --lib the_checked_in_document";

    #[test]
    fn the_checked_in_document_is_what_the_routes_say() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
        let fresh = serde_json::to_string_pretty(&crate::http::document()).unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(&file, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == fresh, "openapi.json is stale; refresh it with: {REFRESH}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(crate::http::document()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{method} {path} shares the name {name}");
            }
        }
    }
}
