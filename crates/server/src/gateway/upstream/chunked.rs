//! Chunked bodies as upstreams send them (RFC 9112 §7.1). Extensions and trailers are dropped.

use bytes::{Buf, Bytes, BytesMut};

/// Longest line of a size, an extension or a trailer.
const LINE_BYTES_MAX: usize = 8_192;

/// Where in a chunked body the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Chunked {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailer,
    End,
}

/// What could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    More,
    End,
}

/// The stream is not chunked as it said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Chunked {
    /// Takes the next piece off the buffer.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> Result<Piece, Broken> {
        loop {
            match *self {
                Self::End => return Ok(Piece::End),
                Self::Data(left) if buffer.is_empty() => {
                    debug_assert!(left > 0, "an empty chunk is the end");
                    return Ok(Piece::More);
                }
                Self::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                    let rest = left - taken as u64;
                    *self = if rest == 0 { Self::DataEnd } else { Self::Data(rest) };
                    return Ok(Piece::Data(buffer.split_to(taken).freeze()));
                }
                Self::Size | Self::DataEnd | Self::Trailer => {
                    let Some(end) = memchr::memchr(b'\n', buffer) else {
                        return if buffer.len() > LINE_BYTES_MAX { Err(Broken) } else { Ok(Piece::More) };
                    };
                    let next = self.line(buffer[..end].strip_suffix(b"\r").ok_or(Broken)?)?;
                    buffer.advance(end + 1);
                    *self = next;
                }
            }
        }
    }

    fn line(self, line: &[u8]) -> Result<Self, Broken> {
        match self {
            Self::Size => {
                let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let size = std::str::from_utf8(&line[..digits]).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
                let extension = line[digits..].trim_ascii_start();
                match size {
                    Some(_) if !extension.is_empty() && extension[0] != b';' => Err(Broken),
                    Some(0) => Ok(Self::Trailer),
                    Some(size) => Ok(Self::Data(size)),
                    None => Err(Broken),
                }
            }
            Self::DataEnd if line.is_empty() => Ok(Self::Size),
            Self::DataEnd => Err(Broken),
            Self::Trailer if line.is_empty() => Ok(Self::End),
            Self::Trailer | Self::Data(_) | Self::End => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(parts: &[&[u8]]) -> Result<(Vec<u8>, bool), Broken> {
        let (mut state, mut buffer, mut out) = (Chunked::default(), BytesMut::new(), Vec::new());
        for part in parts {
            buffer.extend_from_slice(part);
            loop {
                match state.take(&mut buffer)? {
                    Piece::Data(data) => out.extend_from_slice(&data),
                    Piece::More => break,
                    Piece::End => return Ok((out, true)),
                }
            }
        }
        Ok((out, false))
    }

    #[test]
    fn chunks_become_one_body_without_extensions_and_trailers() {
        let whole = b"3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nT: v\r\n\r\n";
        assert_eq!(read(&[whole]), Ok((b"abc0123456789".to_vec(), true)));
        assert_eq!(read(&[b"3\r\nabc\r\n0\r\n"]), Ok((b"abc".to_vec(), false)));
    }

    #[test]
    fn what_is_not_chunked_is_broken() {
        for wrong in [&b"x\r\n"[..], b"\r\n", b"3\nabc", b"3\r\nabcd\r\n", b"3 4\r\n", b"11111111111111111\r\n"] {
            assert_eq!(read(&[wrong]), Err(Broken), "{:?}", String::from_utf8_lossy(wrong));
        }
    }

    proptest! {
        #[test]
        fn where_reads_end_makes_no_difference(cut in 0_usize..40) {
            let whole = b"3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nT: v\r\n\r\n";
            let (a, b) = whole.split_at(cut.min(whole.len()));
            prop_assert_eq!(read(&[a, b]), Ok((b"abc0123456789".to_vec(), true)));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&[&bytes]);
        }
    }
}
