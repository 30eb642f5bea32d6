//! One request and the beginning of its answer.

use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Answered, Outgoing, Unanswered};

/// Largest head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 100;
const AGENT: &str = concat!("Keyward/", env!("CARGO_PKG_VERSION"));

pub(super) async fn exchange<S>(
    stream: S,
    authority: &str,
    path: &str,
    outgoing: Outgoing,
) -> Result<Answered, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = request(authority, path, &outgoing)?;
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Unanswered::Broken)?;
    // Ends with this set, also when the caller's time is up.
    let mut driving = tokio::task::JoinSet::new();
    driving.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|_| Unanswered::Broken)?;
    let status = answer.status().as_u16();
    if outgoing.read_max == 0 {
        return Ok(Answered { status, body: vec![], cut: true });
    }
    let (mut body, mut incoming, mut cut) = (Vec::new(), answer.into_body(), false);
    while let Some(frame) = incoming.frame().await {
        let Some(piece) = frame.map_err(|_| Unanswered::Broken)?.into_data().ok() else { continue };
        let room = outgoing.read_max - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            cut = true;
            break;
        }
    }
    Ok(Answered { status, body, cut })
}

fn request(authority: &str, path: &str, outgoing: &Outgoing) -> Result<Request<Full<Bytes>>, Unanswered> {
    let method = if outgoing.body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json, */*;q=0.1")
        .header(CONNECTION, "close");
    if outgoing.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    for (name, value) in &outgoing.headers {
        request = request.header(*name, value);
    }
    let body = Bytes::from(outgoing.body.clone().unwrap_or_default());
    request.body(Full::new(body)).map_err(|_| Unanswered::Url("its path has letters that must be percent-encoded"))
}
