//! Tells another server something, once: a POST on a connection of its own.

use std::io;

use http::header::{CONTENT_TYPE, HOST};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::config::SinkUrl;
use crate::gateway::upstream::connector;

/// Posts JSON; anything but a 2xx is a failure. The caller sets the time limit.
pub async fn post_json(to: &SinkUrl, json: String) -> io::Result<()> {
    let name = to.host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((name, to.port)).await?;
    let status = if to.https {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        exchange(connector().connect(name, stream).await?, to, json).await?
    } else {
        exchange(stream, to, json).await?
    };
    if status.is_success() { Ok(()) } else { Err(io::Error::other(format!("it answered {status}"))) }
}

async fn exchange<S>(stream: S, to: &SinkUrl, json: String) -> io::Result<StatusCode>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let host = if to.host.contains(':') { format!("[{}]", to.host.trim_matches(['[', ']'])) } else { to.host.clone() };
    let request = Request::post(&to.path)
        .header(HOST, format!("{host}:{}", to.port))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(json)))
        .map_err(io::Error::other)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Ends with the sender; what the answer says besides its status is not read.
    let connection = tokio::spawn(connection);
    let status = sender.send_request(request).await.map(|answer| answer.status()).map_err(io::Error::other);
    connection.abort();
    status
}
