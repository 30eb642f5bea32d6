//! Lists a page at a time, newest first. A cursor names the last row shown, so that rows which come or go between
//! two pages never shift the others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::OpError;

/// Most rows of a page.
const PAGE_MAX: u32 = 200;
const CURSOR_LETTERS_MAX: usize = 200;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most rows, 1 to 200.
    pub limit: u32,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 50, cursor: None }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// The last row of a page: its instant (or epoch) and its id, which together order a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: i64,
    pub(crate) id: String,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > CURSOR_LETTERS_MAX {
            return None;
        }
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, id) = plain.split_once(' ')?;
        let is_word = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_word.then_some(())?;
        Some(Self { at: at.parse().ok()?, id: id.to_owned() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.at, self.id)))
    }
}

impl Page {
    /// One row more than the page holds: whether it comes tells whether there is another page.
    pub(crate) fn fetch(&self) -> Result<(i64, Option<Cursor>), OpError> {
        if !(1..=PAGE_MAX).contains(&self.limit) {
            return Err(OpError::field("/limit", format!("a whole number from 1 to {PAGE_MAX}")));
        }
        let cursor = match &self.cursor {
            None => None,
            Some(text) => Some(Cursor::parse(text).ok_or_else(|| OpError::field("/cursor", "not a cursor"))?),
        };
        Ok((i64::from(self.limit) + 1, cursor))
    }

    /// The page, of what [`Page::fetch`] said to read.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Paged<T> {
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| cursor(last).to_string());
        Paged { items, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor { at: 1_700_000_000_000, id: "key_01900000000070008000000000000000".into() };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let long = "A".repeat(CURSOR_LETTERS_MAX + 1);
        for bad in ["", "x", "%", "bm90IGEgY3Vyc29y", &URL_SAFE_NO_PAD.encode("5 a\0b"), &long] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_has_1_to_200_rows() {
        let page = |limit| Page { limit, cursor: None }.fetch().is_ok();
        assert_eq!([page(0), page(1), page(200), page(201)], [false, true, true, false]);
    }
}
