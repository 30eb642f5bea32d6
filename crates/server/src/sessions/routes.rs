//! Routes of signing in.
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
pub mod cookie {
    use keyward_core::secret::Secret;
    pub fn read(_: &http::HeaderMap) -> Result<Option<Secret>, ()> {
        Ok(None)
    }
    pub fn set(_: &Secret) -> (http::HeaderName, http::HeaderValue) {
        (http::header::SET_COOKIE, http::HeaderValue::from_static(""))
    }
}
