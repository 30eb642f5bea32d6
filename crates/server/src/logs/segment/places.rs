//! Where an id stands in a column. Its place in the column's dictionary is looked up once; of the rows only their places
//! are read and compared, so that no id is made of any other row.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::Result;

const ID_BYTES: usize = 16;
/// Widest place there is, in bits.
const WIDTH_MAX: u8 = 32;

/// The rows of a group whose column holds this id; `None` where the column is written in a way that is not known here.
pub(super) fn of_id(pages: &mut impl PageReader, id: &[u8; ID_BYTES]) -> Result<Option<Vec<u32>>> {
    let (mut wanted, mut found, mut before) = (None, Vec::new(), 0);
    while let Some(page) = pages.get_next_page()? {
        match page {
            Page::DictionaryPage { buf, .. } => {
                let place = buf.as_chunks::<ID_BYTES>().0.iter().position(|own| own == id);
                wanted = place.and_then(|place| u32::try_from(place).ok());
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = (def_levels_byte_len + rep_levels_byte_len) as usize;
                let Some(data) = buf.get(levels..) else { return Ok(None) };
                let is_read = match (encoding, wanted) {
                    (Encoding::RLE_DICTIONARY, None) => Some(()),
                    (Encoding::RLE_DICTIONARY, Some(wanted)) => each(data, num_values, |row, place| {
                        if place == wanted {
                            found.push(before + row);
                        }
                    }),
                    (Encoding::PLAIN, _) => {
                        let here = (before..).zip(data.as_chunks::<ID_BYTES>().0).filter(|(_, own)| *own == id);
                        found.extend(here.map(|(row, _)| row));
                        Some(())
                    }
                    (_, _) => None,
                };
                if is_read.is_none() {
                    return Ok(None);
                }
                before += num_values;
            }
            Page::DataPage { .. } => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Hands over so many places of the dictionary, as they lie in a page: runs of one place, or places packed to bits.
/// `None` where the bytes end too soon.
fn each(data: &[u8], count: u32, mut with: impl FnMut(u32, u32)) -> Option<()> {
    let (width, mut rest) = data.split_first()?;
    if *width > WIDTH_MAX {
        return None;
    }
    let width = usize::from(*width);
    let mut row = 0;
    while row < count {
        let header = number(&mut rest)?;
        let (here, length) = (header >> 1, count - row);
        if here == 0 {
            return None;
        }
        if header & 1 == 0 {
            let (bytes, next) = rest.split_at_checked(width.div_ceil(8))?;
            let place = little_endian(bytes);
            let length = u32::try_from(here).map_or(length, |here| here.min(length));
            (row..row + length).for_each(|row| with(row, place as u32));
            (row, rest) = (row + length, next);
        } else {
            // In groups of eight; the last one may end with the bytes.
            let bytes = usize::try_from(here).ok()?.checked_mul(width)?;
            let (packed, next) = rest.split_at(bytes.min(rest.len()));
            let length =
                here.checked_mul(8).and_then(|here| u32::try_from(here).ok()).map_or(length, |own| own.min(length));
            for at in 0..length {
                with(row + at, unpacked(packed, at as usize, width)?);
            }
            (row, rest) = (row + length, next);
        }
    }
    Some(())
}

/// The number at a place among numbers of so many bits.
fn unpacked(packed: &[u8], at: usize, width: usize) -> Option<u32> {
    let first = at * width;
    let end = (first + width).div_ceil(8);
    let bytes = packed.get(first / 8..end)?;
    Some((little_endian(bytes) >> (first % 8) & ((1 << width) - 1)) as u32)
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Seven bits a byte, the lowest first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut sum = 0;
    for place in 0..10 {
        let (byte, next) = rest.split_first()?;
        *rest = next;
        sum |= u64::from(byte & 0x7F) << (7 * place);
        if *byte < 0x80 {
            return Some(sum);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::each;

    fn places(data: &[u8], count: u32) -> Option<Vec<u32>> {
        let mut all = Vec::new();
        each(data, count, |row, place| {
            assert_eq!(row as usize, all.len());
            all.push(place);
        })?;
        Some(all)
    }

    #[test]
    fn runs_and_packed_places_are_read() {
        // Three bits each: a run of five fours, then 0 to 7 packed, as the format's own description has them.
        let data = [3, 10, 4, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(places(&data, 13), Some(vec![4, 4, 4, 4, 4, 0, 1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(places(&data, 7), Some(vec![4, 4, 4, 4, 4, 0, 1]));
        assert_eq!(places(&data[..5], 13), None, "they end too soon");
        // A dictionary of one needs no bits.
        assert_eq!(places(&[0, 6], 3), Some(vec![0, 0, 0]));
        assert_eq!(places(&[33, 2, 0], 1), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_go_on_for_ever(data in prop::collection::vec(any::<u8>(), 0..60), count in 0_u32..200) {
            if let Some(all) = places(&data, count) {
                prop_assert!(all.len() <= count as usize);
            }
        }
    }
}
