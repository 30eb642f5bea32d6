//! Rust source as the tidy rules see it: code apart from comments and strings, and test code apart from the rest.

use std::path::{Path, PathBuf};

/// One source file.
pub(crate) struct Source {
    /// Its path below the repository, with `/` between the parts.
    pub(crate) path: String,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// The text with comments and the contents of strings replaced by spaces; as long as the original, line by line.
    pub(crate) code: Vec<char>,
    /// Every string literal, with the place of its first letter.
    pub(crate) strings: Vec<(usize, String)>,
    /// The stretches of `code` that are compiled for tests only.
    tests: Vec<(usize, usize)>,
}

impl Source {
    pub(crate) fn read(root: &Path, file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let path = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        Self::new(path, &text)
    }

    pub(crate) fn new(path: String, text: &str) -> Self {
        let (code, strings) = split(&text.chars().collect::<Vec<_>>());
        let tests = if is_test_file(&path) { vec![(0, code.len())] } else { test_modules(&code) };
        Self { path, lines: text.lines().count(), code, strings, tests }
    }

    /// Whether a place belongs to test code.
    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|(from, to)| (*from..*to).contains(&at))
    }

    /// The line of a place, counted from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.code[..at].iter().filter(|letter| **letter == '\n').count() + 1
    }

    /// `path:line`, for a finding.
    pub(crate) fn spot(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }

    /// Every place where `word` stands in the code with no letter, digit or `_` touching its ends (where the word
    /// itself begins or ends with one).
    pub(crate) fn find(&self, word: &str) -> Vec<usize> {
        let word = word.chars().collect::<Vec<_>>();
        let starts = (0..self.code.len()).filter(|at| self.code[*at..].starts_with(&word));
        let clear = |letter: Option<&char>, edge: char| !(is_word(edge) && letter.is_some_and(|other| is_word(*other)));
        starts
            .filter(|at| {
                let before = at.checked_sub(1).and_then(|before| self.code.get(before));
                clear(before, word[0]) && clear(self.code.get(at + word.len()), word[word.len() - 1])
            })
            .collect()
    }

    /// Every function: its name, the place of its `fn`, and how many lines it takes to its closing brace.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let named = self.find("fn").into_iter().filter_map(|at| {
            let name: String =
                self.code[at + 2..].iter().skip_while(|c| c.is_whitespace()).take_while(|c| is_word(**c)).collect();
            let open = body_of(&self.code, at)?;
            let close = closing(&self.code, open);
            (!name.is_empty()).then(|| (name, at, self.line(close) - self.line(at) + 1))
        });
        named.collect()
    }
}

/// Every file below `dir` with one of these endings, in order; build output and dependencies aside.
pub(crate) fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = std::fs::read_dir(&dir) else { continue };
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let skipped = name.starts_with('.') || name == "target" || name == "node_modules";
            if path.is_dir() && !skipped {
                dirs.push(path);
            } else if path.extension().is_some_and(|own| endings.iter().any(|ending| own == *ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// Where the body of the function at `at` opens; `None` for one that is only declared.
fn body_of(code: &[char], at: usize) -> Option<usize> {
    let mut depth = 0;
    for (place, letter) in code.iter().enumerate().skip(at) {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(place),
            ';' if depth == 0 => return None,
            _ => {}
        }
        // `fn` as a type inside somebody's parentheses.
        if depth < 0 {
            return None;
        }
    }
    None
}

/// The place of the brace that closes the one at `open`.
fn closing(code: &[char], open: usize) -> usize {
    let mut depth = 0;
    for (place, letter) in code.iter().enumerate().skip(open) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    code.len() - 1
}

fn test_modules(code: &[char]) -> Vec<(usize, usize)> {
    let mark = "#[cfg(test)]".chars().collect::<Vec<_>>();
    let starts = (0..code.len()).filter(|at| code[*at..].starts_with(&mark));
    let span = |at: usize| {
        let end = (at..code.len()).find(|place| matches!(code[*place], ';' | '{')).unwrap_or(code.len() - 1);
        (at, if code[end] == '{' { closing(code, end) } else { end })
    };
    starts.map(span).collect()
}

/// Takes comments and strings out of a text.
fn split(text: &[char]) -> (Vec<char>, Vec<(usize, String)>) {
    let mut code = text.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|letter| *letter == '\n').map_or(text.len(), |length| at + length)
        } else if rest.starts_with(&['/', '*']) {
            at + block_comment(rest)
        } else if let Some((open, hashes)) = raw_string(text, at) {
            let end = raw_end(text, open + 1, hashes);
            strings.push((open + 1, text[open + 1..end].iter().collect()));
            end + 1 + hashes
        } else if rest[0] == '"' {
            let end = quoted_end(text, at + 1, '"');
            strings.push((at + 1, text[at + 1..end].iter().collect()));
            end + 1
        } else if rest[0] == '\'' && (rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'')) {
            quoted_end(text, at + 1, '\'') + 1
        } else {
            at += 1;
            continue;
        };
        let end = end.min(text.len());
        code[at..end].iter_mut().filter(|letter| **letter != '\n').for_each(|letter| *letter = ' ');
        at = end;
    }
    (code, strings)
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Where the quote of a raw string that begins at `at` stands, and how many `#` it has.
fn raw_string(text: &[char], at: usize) -> Option<(usize, usize)> {
    if text[at] != 'r' || (at > 0 && is_word(text[at - 1]) && !matches!(text[at - 1], 'b' | 'c')) {
        return None;
    }
    let hashes = text[at + 1..].iter().take_while(|letter| **letter == '#').count();
    (text.get(at + 1 + hashes) == Some(&'"')).then_some((at + 1 + hashes, hashes))
}

fn raw_end(text: &[char], from: usize, hashes: usize) -> usize {
    let closes =
        |at: &usize| text[*at] == '"' && text[at + 1..].iter().take_while(|letter| **letter == '#').count() >= hashes;
    (from..text.len()).find(closes).unwrap_or(text.len())
}

fn quoted_end(text: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != quote {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at.min(text.len())
}
