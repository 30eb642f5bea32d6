//! Where requests begin and end in a stream of bytes, read strictly (threat T11). Pure.
//!
//! Refused: bare LF, obs-fold, `Content-Length` beside `Transfer-Encoding`, a repeated `Content-Length`, codings
//! other than `chunked`, `Transfer-Encoding` in HTTP/1.0, a missing or repeated Host, `#` in the target. What hyper
//! refuses by itself (spaces before a colon, control characters, broken chunks) is left to it.

/// What is wrong with a head, and with which of the connection's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its number, from 0.
    pub head: u64,
    /// What is wrong.
    pub why: &'static str,
}

/// Where in a message the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Between two messages.
    Between,
    /// Inside a head.
    Head,
    /// Inside a body.
    Body,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    RequestLine,
    Field,
    /// So many bytes of body are to come.
    Sized(u64),
    ChunkSize,
    /// So many bytes of this chunk, its line end included.
    Chunk(u64),
    Trailer,
    /// Nothing is looked at any more: a fault was found.
    Lost,
}

/// Longest line that is kept for a look; longer ones are looked at in their beginning only, which is enough.
const LINE_BYTES_MAX: usize = 64;
/// Longest line of a head that is kept; a head as long as this is refused before.
const HEAD_LINE_BYTES_MAX: usize = 1 << 20;

/// Follows one connection's requests.
#[derive(Debug, Default)]
pub(super) struct Framing {
    at: At,
    heads: u64,
    /// The beginning of the present line, when a read ended inside it.
    line: Vec<u8>,
    /// Whether the last byte seen of the present line was CR.
    cr: bool,
    /// Whether the present line has any byte yet.
    line_begun: bool,
    length: Option<u64>,
    chunked: bool,
    hosts: u8,
    http_10: bool,
}

impl Framing {
    /// Heads that came in whole.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Where the stream stands.
    pub(super) fn stage(&self) -> Stage {
        match self.at {
            At::RequestLine if !self.line_begun => Stage::Between,
            At::RequestLine | At::Field => Stage::Head,
            At::Sized(_) | At::ChunkSize | At::Chunk(_) | At::Trailer | At::Lost => Stage::Body,
        }
    }

    /// Looks at the next bytes of the stream. After a fault it looks no more.
    pub(super) fn look_at(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            bytes = match &mut self.at {
                At::Lost => return Ok(()),
                At::Sized(left) | At::Chunk(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        self.at = if matches!(self.at, At::Sized(_)) { At::RequestLine } else { At::ChunkSize };
                    }
                    &bytes[taken..]
                }
                At::RequestLine | At::Field | At::ChunkSize | At::Trailer => match self.take_line(bytes) {
                    Ok(rest) => rest,
                    Err(why) => {
                        self.at = At::Lost;
                        return Err(Fault { head: self.heads, why });
                    }
                },
            };
        }
        Ok(())
    }

    fn take_line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], &'static str> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.keep(bytes);
            self.cr = bytes.last() == Some(&b'\r');
            self.line_begun = true;
            return Ok(&[]);
        };
        let (part, rest) = (&bytes[..end], &bytes[end + 1..]);
        let cr = part.last().map_or(self.cr && self.line_begun, |last| *last == b'\r');
        if !cr {
            return Err("a line ends in LF without CR");
        }
        let part = part.strip_suffix(b"\r").unwrap_or(part);
        if self.line.is_empty() {
            self.line_begun = false;
            self.line(part)?;
        } else {
            self.keep(part);
            self.line_begun = false;
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            self.line(&line)?;
        }
        self.cr = false;
        Ok(rest)
    }

    fn keep(&mut self, part: &[u8]) {
        let room = match self.at {
            // What is judged must be whole: a line cut short would be read otherwise than hyper reads it.
            At::RequestLine | At::Field => HEAD_LINE_BYTES_MAX.saturating_sub(self.line.len()),
            _ => LINE_BYTES_MAX.saturating_sub(self.line.len()),
        };
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// One whole line, without its end.
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        match self.at {
            // hyper skips empty lines before a request line, as RFC 9112 §2.2 asks.
            At::RequestLine if line.is_empty() => Ok(()),
            At::RequestLine => self.request_line(line),
            At::Field if line.is_empty() => self.head_ends(),
            At::Field => self.field(line),
            At::ChunkSize => self.chunk_size(line),
            At::Trailer => {
                if line.is_empty() {
                    self.at = At::RequestLine;
                }
                Ok(())
            }
            At::Sized(_) | At::Chunk(_) | At::Lost => Ok(()),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        (self.length, self.chunked, self.hosts) = (None, false, 0);
        self.http_10 = line.ends_with(b"HTTP/1.0");
        self.at = At::Field;
        if memchr::memchr(b'#', line).is_some() { Err("the target has a fragment (#)") } else { Ok(()) }
    }

    fn field(&mut self, line: &[u8]) -> Result<(), &'static str> {
        // Nearly all fields are told apart by their first byte.
        match line[0] | 0x20 {
            b'h' if is_named(line, b"host").is_some() => {
                self.hosts = self.hosts.saturating_add(1);
                Ok(())
            }
            b'c' => is_named(line, b"content-length").map_or(Ok(()), |value| self.content_length(value)),
            b't' => is_named(line, b"transfer-encoding").map_or(Ok(()), |value| self.transfer_encoding(value)),
            // SP | 0x20 and HT | 0x20.
            b' ' | b')' if matches!(line[0], b' ' | b'\t') => Err("a header is folded over two lines"),
            _ => Ok(()),
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.length.is_some() {
            return Err("Content-Length stands twice");
        }
        let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
        if !digits {
            return Err("Content-Length is not a number");
        }
        self.length = Some(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.http_10 {
            return Err("HTTP/1.0 has no Transfer-Encoding");
        }
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err("Transfer-Encoding other than chunked");
        }
        self.chunked = true;
        Ok(())
    }

    fn head_ends(&mut self) -> Result<(), &'static str> {
        self.at = match (self.chunked, self.length) {
            (true, Some(_)) => return Err("Content-Length beside Transfer-Encoding"),
            (true, None) => At::ChunkSize,
            (false, None | Some(0)) => At::RequestLine,
            (false, Some(length)) => At::Sized(length),
        };
        if self.hosts > 1 {
            return Err("Host stands twice");
        }
        if self.hosts == 0 && !self.http_10 {
            return Err("Host is missing");
        }
        self.heads += 1;
        Ok(())
    }

    fn chunk_size(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = line.get(..digits).and_then(|hex| std::str::from_utf8(hex).ok());
        if digits > 16 {
            return Err("a chunk without a size");
        }
        let Some(size) = size.and_then(|hex| u64::from_str_radix(hex, 16).ok()) else {
            return Err("a chunk without a size");
        };
        self.at = match size {
            0 => At::Trailer,
            size => At::Chunk(size.checked_add(2).ok_or("a chunk without a size")?),
        };
        Ok(())
    }
}

/// The value, without the spaces around it, if the field has this name.
fn is_named<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (own, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    own.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &[u8] = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nhost:x\r\n\r\n\
        POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nt: v\r\n\r\nGET";

    fn fault(head: &str) -> Option<&'static str> {
        Framing::default().look_at(head.as_bytes()).err().map(|fault| fault.why)
    }

    #[test]
    fn what_two_programs_read_differently_is_refused() {
        let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
        for head in [
            post("Content-Length: 1\r\nTransfer-Encoding: chunked"),
            post("Transfer-Encoding: chunked\r\nContent-Length: 1"),
            post("Content-Length: 1\r\nContent-Length: 1"),
            post("Content-Length: 1, 1"),
            post("Content-Length: +1"),
            post("Transfer-Encoding: gzip, chunked"),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            post("Transfer-Encoding: xchunked"),
            post("A: b\n C: d"),
            post("A: b\r\n c"),
            post("A: b\r\n\tc"),
            post("Host: x"),
            "GET / HTTP/1.1\nHost: x\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nHost: x\r\n\n".into(),
            "GET / HTTP/1.1\r\nA: b\r\n\r\n".into(),
            "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n".into(),
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
        ] {
            assert!(fault(&head).is_some(), "{head:?}");
        }
        assert_eq!(fault("GET / HTTP/1.0\r\n\r\n"), None);
    }

    #[test]
    fn requests_are_told_apart() {
        let mut framing = Framing::default();
        assert_eq!(framing.look_at(GOOD), Ok(()));
        assert_eq!((framing.heads(), framing.stage()), (3, Stage::Head));
    }

    #[test]
    fn a_padded_line_cut_by_a_read_is_judged_whole() {
        let mut framing = Framing::default();
        let first = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length:{}1", " ".repeat(60));
        assert_eq!(framing.look_at(first.as_bytes()), Ok(()));
        assert_eq!(framing.look_at(b"2\r\n\r\n"), Ok(()));
        assert_eq!(framing.look_at(b"GET /\nhere\nGET / HTTP/1.1\r\n"), Ok(()), "twelve bytes of body, then a head");
        assert_eq!(framing.stage(), Stage::Head);
        let mut framing = Framing::default();
        let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(framing.look_at(head), Ok(()));
        let zeros = format!("{}5\r\n", "0".repeat(70));
        assert!(framing.look_at(zeros.as_bytes()).is_err());
    }

    #[test]
    fn a_fault_names_its_request() {
        let mut framing = Framing::default();
        assert_eq!(framing.look_at(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n\r\n").unwrap_err().head, 1);
    }

    proptest! {
        #[test]
        fn where_reads_end_makes_no_difference(cuts in prop::collection::vec(1_usize..9, 0..60)) {
            let mut framing = Framing::default();
            let mut rest = GOOD;
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                prop_assert_eq!(framing.look_at(now), Ok(()));
                rest = later;
            }
            prop_assert_eq!(framing.look_at(rest), Ok(()));
            prop_assert_eq!((framing.heads(), framing.stage()), (3, Stage::Head));
        }

        #[test]
        fn no_bytes_panic(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let mut framing = Framing::default();
            for part in parts {
                let _ = framing.look_at(&part);
            }
        }
    }
}
