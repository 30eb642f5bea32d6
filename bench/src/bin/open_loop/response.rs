//! As much of an HTTP/1.1 response as a client of known servers needs: status, and where it ends.
//!
//! Chunked bodies are refused: no server we compare sends one, and the parser stays far cheaper than the server.

use anyhow::{Context, Result, bail, ensure};

/// The end of a response head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What the head of a response says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Status code.
    pub(crate) status: u16,
    /// Bytes of head and body together.
    pub(crate) total_bytes: usize,
    /// The server will close the connection.
    pub(crate) close: bool,
}

/// Reads the head at the start of `buffer`, or `None` while it is incomplete.
pub(crate) fn parse_head(buffer: &[u8]) -> Result<Option<Head>> {
    let Some(end) = buffer.windows(HEAD_END.len()).position(|window| window == HEAD_END) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&buffer[..end]).context("response head is not text")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    ensure!(status_line.starts_with("HTTP/1.1 "), "not HTTP/1.1: {status_line}");
    let status = status_line
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .with_context(|| format!("no status in: {status_line}"))?;
    let mut body_bytes = None;
    let mut close = false;
    for line in lines {
        let (name, value) = line.split_once(':').context("header without a colon")?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            body_bytes = Some(value.parse::<usize>().context("bad Content-Length")?);
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the response is chunked; this client reads Content-Length only");
        }
    }
    let bodyless = status == 204 || status == 304;
    let body_bytes = match body_bytes {
        Some(bytes) => bytes,
        None if bodyless => 0,
        None => bail!("the response has no Content-Length"),
    };
    Ok(Some(Head { status, total_bytes: end + HEAD_END.len() + body_bytes, close }))
}

#[cfg(test)]
mod tests {
    use super::{Head, parse_head};

    #[test]
    fn incomplete_head_asks_for_more() -> anyhow::Result<()> {
        assert_eq!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Le")?, None);
        Ok(())
    }

    #[test]
    fn length_counts_head_and_body() -> anyhow::Result<()> {
        let head = parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")?;
        assert_eq!(head, Some(Head { status: 200, total_bytes: 43, close: false }));
        Ok(())
    }

    #[test]
    fn no_content_needs_no_length() -> anyhow::Result<()> {
        let head = parse_head(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
        assert_eq!(head, Some(Head { status: 204, total_bytes: 46, close: true }));
        Ok(())
    }

    #[test]
    fn chunked_is_refused() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
