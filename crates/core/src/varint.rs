//! Whole numbers in as few bytes as they need (LEB128), and texts behind their length: what compact rows are made of.

/// Most bytes of a number.
const NUMBER_BYTES_MAX: usize = 10;

/// Writes a number: seven bits a byte, the lowest first.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a text behind its length in bytes.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads what was written, one after the other. Whatever is not there is `None`.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the beginning of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything was read.
    pub const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next number.
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for (place, byte) in self.0.iter().take(NUMBER_BYTES_MAX).enumerate() {
            let part = u64::from(byte & 0x7F);
            let shifted = part.checked_shl(place as u32 * 7).filter(|shifted| shifted >> (place * 7) == part)?;
            number |= shifted;
            if byte & 0x80 == 0 {
                self.0 = &self.0[place + 1..];
                return Some(number);
            }
        }
        None
    }

    /// The next text.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(number: u64, text: String) {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            put_text(&mut bytes, &text);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!((reader.number(), reader.text()), (Some(number), Some(&*text)));
            prop_assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_is_cut_or_too_large_is_nothing() {
        assert_eq!(Reader::new(&[]).number(), None);
        assert_eq!(Reader::new(&[0x80]).number(), None);
        assert_eq!(Reader::new(&[0xFF; 11]).number(), None);
        assert_eq!(Reader::new(&[5, b'a']).text(), None);
        assert_eq!(Reader::new(&[1, 0xFF]).text(), None);
    }
}
