//! The dashboard: a static single-page app, embedded in the program as it was built, compressed beforehand.
//!
//! Where it was not built (`cargo build` needs no Node) a page at `/` says so. Nothing here knows an account: the app
//! speaks with the management API like anybody else. A path of the app's own answers with the app to a browser that
//! asks for a page; programs get the problem that any unknown path is.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};

use super::pages;
use super::problem::Problem;
use crate::vault::hex;

/// What was built; empty but for a note to git where nothing was.
static BUILT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../dashboard/dist");
/// Where in there the app is.
const APP: &str = "app";
const INDEX: &str = "index.html";

/// No script but our own files', nothing from other origins, no frame around it (threat T6). Styles: the components
/// set sizes and colours on elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// Files below this have their content's hash in their name.
const HASHED: &str = "assets/";
/// So much of a file's digest is its entity tag.
const HASH_BYTES: usize = 12;

/// One file of the app.
#[derive(Debug)]
struct Asset {
    kind: &'static str,
    hash: String,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// The files of the app by their paths.
#[derive(Debug, Clone)]
pub(super) struct Assets(Arc<HashMap<&'static str, Asset>>);

impl Assets {
    /// What this program was built with.
    pub(super) fn built() -> Self {
        Self::of(&BUILT)
    }

    fn of(dir: &'static Dir<'static>) -> Self {
        let mut files = HashMap::new();
        if let Some(app) = dir.get_dir(APP) {
            collect(app, app, &mut files);
        }
        Self(Arc::new(files))
    }

    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return unknown();
        }
        let path = path.trim_start_matches('/');
        match self.0.get(path).filter(|_| path != INDEX) {
            Some(asset) => asset.answer(path, headers),
            None if path.is_empty() || is_page(path, headers) => match self.0.get(INDEX) {
                Some(index) => index.answer(INDEX, headers),
                None if path.is_empty() => pages::not_built(),
                None => unknown(),
            },
            None => unknown(),
        }
    }
}

/// Answers what no route does.
pub(super) async fn answer(State(assets): State<Assets>, request: Request) -> Response {
    assets.answer(request.method(), request.uri().path(), request.headers())
}

fn unknown() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "no_route", "Nothing answers at this path; see /docs.").into_response()
}

/// Whether a browser asks for a page of the app. The management API's paths are never one.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let is_ours = path == "v1" || path.starts_with("v1/");
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !is_ours && !path.contains('.') && accepts.contains("text/html")
}

fn collect(app: &'static Dir<'static>, dir: &'static Dir<'static>, files: &mut HashMap<&'static str, Asset>) {
    for inner in dir.dirs() {
        collect(app, inner, files);
    }
    for file in dir.files() {
        let Some(path) = file.path().to_str() else { continue };
        let Some((kind, name)) = kind(path).zip(path.strip_prefix(APP).map(|name| name.trim_start_matches('/'))) else {
            continue;
        };
        let beside = |end: &str| app.get_file(format!("{path}.{end}")).map(include_dir::File::contents);
        let plain = file.contents();
        let hash = hex(&Sha256::digest(plain)[..HASH_BYTES]);
        files.insert(name, Asset { kind, hash, plain, gzip: beside("gz"), brotli: beside("br") });
    }
}

/// The media type of a file; `None` for compressed copies and whatever else a browser has no use for.
fn kind(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

impl Asset {
    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let (encoding, bytes) = self.encoded(headers);
        let tag = format!("\"{}{}\"", self.hash, encoding.map(|name| format!("-{name}")).unwrap_or_default());
        let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let tag_value = HeaderValue::from_str(&tag).expect("hexadecimal digits and quotes");
        let shared = [
            (ETAG, tag_value),
            (CACHE_CONTROL, HeaderValue::from_static(caching)),
            (VARY, HeaderValue::from_static("accept-encoding")),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        ];
        if knows(headers, &tag) {
            return (StatusCode::NOT_MODIFIED, shared).into_response();
        }
        let mut response = (shared, bytes).into_response();
        let mut set = |name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        };
        set(CONTENT_TYPE, self.kind);
        if let Some(encoding) = encoding {
            set(CONTENT_ENCODING, encoding);
        }
        response
    }

    /// The smallest form that the client reads.
    fn encoded(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let reads = |name: &str| {
            accepted.split(',').any(|one| {
                let (coding, q) = one.split_once(';').unwrap_or((one, ""));
                let is_refused = q.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
                coding.trim().eq_ignore_ascii_case(name) && !is_refused
            })
        };
        match (self.brotli.filter(|_| reads("br")), self.gzip.filter(|_| reads("gzip"))) {
            (Some(bytes), _) => (Some("br"), bytes),
            (None, Some(bytes)) => (Some("gzip"), bytes),
            (None, None) => (None, self.plain),
        }
    }
}

fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use include_dir::{DirEntry, File};

    use super::*;

    static FILES: [DirEntry<'static>; 3] = [
        DirEntry::File(File::new("app/index.html", b"<html>")),
        DirEntry::Dir(Dir::new(
            "app/assets",
            &[
                DirEntry::File(File::new("app/assets/a-1.js", b"long")),
                DirEntry::File(File::new("app/assets/a-1.js.br", b"br")),
                DirEntry::File(File::new("app/assets/a-1.js.gz", b"gz1")),
            ],
        )),
        DirEntry::File(File::new("app/icon.svg", b"<svg/>")),
    ];
    static TOP: [DirEntry<'static>; 1] = [DirEntry::Dir(Dir::new("app", &FILES))];
    static SAMPLE: Dir<'static> = Dir::new("", &TOP);
    static EMPTY: Dir<'static> = Dir::new("", &[]);

    fn get(assets: &Assets, path: &str, sent: &[(HeaderName, &str)]) -> Response {
        let headers = sent.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assets.answer(&Method::GET, path, &headers)
    }

    fn header(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn a_browser_gets_the_app_at_any_page_and_a_program_a_problem() {
        let assets = Assets::of(&SAMPLE);
        let html = [(ACCEPT, "text/html,*/*;q=0.8")];
        for path in ["/", "/a/acct_1/keys", "/sign-in"] {
            let page = get(&assets, path, &html);
            assert_eq!((page.status(), header(&page, CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
            assert_eq!(header(&page, CACHE_CONTROL), "no-cache");
        }
        for (path, sent) in [("/a/acct_1/keys", &[][..]), ("/v1/nowhere", &html), ("/assets/gone-2.js", &html)] {
            assert_eq!(get(&assets, path, sent).status(), StatusCode::NOT_FOUND, "{path}");
        }
        let posted = assets.answer(&Method::POST, "/", &HeaderMap::new());
        assert_eq!(posted.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn scripts_come_from_us_alone_and_none_is_inline() {
        let page = get(&Assets::of(&SAMPLE), "/", &[]);
        let policy = header(&page, CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains("unsafe-eval"), "{policy}");
    }

    #[test]
    fn files_are_compressed_and_kept_for_good() {
        let assets = Assets::of(&SAMPLE);
        for (accepted, encoding, length) in
            [("gzip, deflate, br", "br", 2), ("gzip", "gzip", 3), ("br;q=0, identity", "", 4), ("", "", 4)]
        {
            let file = get(&assets, "/assets/a-1.js", &[(ACCEPT_ENCODING, accepted)]);
            assert_eq!(header(&file, CONTENT_ENCODING), encoding);
            assert_eq!(http_body::Body::size_hint(file.body()).exact(), Some(length));
            assert!(header(&file, CACHE_CONTROL).contains("immutable"));
        }
        assert_eq!(header(&get(&assets, "/icon.svg", &[]), CACHE_CONTROL), "no-cache");
        assert_eq!(get(&assets, "/assets/a-1.js.gz", &[]).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn what_a_browser_has_already_is_not_sent_again() {
        let assets = Assets::of(&SAMPLE);
        let tag = header(&get(&assets, "/", &[]), ETAG).to_owned();
        let again = get(&assets, "/", &[(IF_NONE_MATCH, &tag)]);
        assert_eq!((again.status(), header(&again, ETAG)), (StatusCode::NOT_MODIFIED, tag.as_str()));
        assert_eq!(get(&assets, "/", &[(IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn a_program_without_the_dashboard_says_so() {
        let page = get(&Assets::of(&EMPTY), "/", &[]);
        assert_eq!((page.status(), header(&page, CONTENT_TYPE)), (StatusCode::OK, "text/html; charset=utf-8"));
        assert_eq!(get(&Assets::of(&EMPTY), "/keys", &[(ACCEPT, "text/html")]).status(), StatusCode::NOT_FOUND);
    }
}
