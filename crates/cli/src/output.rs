//! What is written to standard output: for people, or JSON for programs; colours for terminals only.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::args::Colour;

/// The space between two columns.
const GAP: usize = 2;

/// What a text means, and so how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// All is well.
    Good,
    /// Needs a look.
    Careful,
    /// Refused, ended, failed.
    Bad,
    /// Less important.
    Quiet,
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(anstyle::Color::Ansi(colour)));
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Good => colour(AnsiColor::Green),
            Self::Careful => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red),
            Self::Quiet => Style::new().dimmed(),
        }
    }
}

/// One cell of a table, or one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text with a meaning.
    pub(crate) fn new(text: impl Display, tone: Tone) -> Self {
        Self { text: text.to_string(), tone }
    }

    /// A text, or a dash where there is none.
    pub(crate) fn maybe(text: Option<impl Display>) -> Self {
        text.map_or_else(|| Self::new("–", Tone::Quiet), |text| Self::new(text, Tone::Plain))
    }

    /// Texts with spaces between them, or a dash.
    pub(crate) fn list(texts: &[String]) -> Self {
        Self::maybe((!texts.is_empty()).then(|| texts.join(" ")))
    }

    /// Its text in its tone.
    pub(crate) fn painted(&self, output: Output) -> String {
        output.paint(&self.text, self.tone)
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }
}

/// Where and how to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    colours: bool,
    colours_stderr: bool,
}

impl Output {
    /// Writes JSON or text; colours are for terminals unless somebody insists.
    pub(crate) fn new(colour: Colour, json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colours = |is_terminal: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && !unwanted,
        };
        Self { json, colours: colours(io::stdout().is_terminal()), colours_stderr: colours(io::stderr().is_terminal()) }
    }

    /// Whether standard error may be coloured.
    pub(crate) const fn colours_stderr(self) -> bool {
        self.colours_stderr
    }

    /// Whether programs read this.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// A text in its tone.
    pub(crate) fn paint(self, text: impl Display, tone: Tone) -> String {
        painted(&text.to_string(), tone, self.colours)
    }

    /// The same for standard error.
    pub(crate) fn paint_stderr(self, text: impl Display, tone: Tone) -> String {
        painted(&text.to_string(), tone, self.colours_stderr)
    }

    /// Writes a line.
    #[expect(clippy::unused_self, reason = "whoever writes was given this to write with")]
    pub(crate) fn line(self, text: impl Display) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Writes a remark for people beside the result: to standard error, so that the result stays clean.
    #[expect(clippy::unused_self, reason = "whoever writes was given this to write with")]
    pub(crate) fn remark(self, text: impl Display) {
        // Nobody can be told that standard error is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes JSON: indented for terminals, on one line for programs.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = if io::stdout().is_terminal() {
            serde_json::to_string_pretty(value)?
        } else {
            serde_json::to_string(value)?
        };
        Ok(self.line(text)?)
    }

    /// Writes a table with aligned columns; the last one is as long as it needs.
    pub(crate) fn table(self, headings: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
        let headings: Vec<Cell> = headings.iter().map(|text| Cell::new(text, Tone::Heading)).collect();
        let widest = |column: usize| {
            let cells = rows.iter().chain([&headings]).filter_map(|row| row.get(column));
            cells.map(Cell::width).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(widest).collect();
        for row in [&headings].into_iter().chain(rows) {
            self.line(self.row(row, &widths))?;
        }
        Ok(())
    }

    /// Writes named values below each other.
    pub(crate) fn facts(self, facts: &[(&str, Cell)]) -> io::Result<()> {
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in facts {
            let name = Cell::new(name, Tone::Quiet);
            self.line(format!("  {}", self.row(&[name, value.clone()], &[width, 0])))?;
        }
        Ok(())
    }

    fn row(self, cells: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
            line.push_str(&painted(&cell.text, cell.tone, self.colours));
            if place + 1 < cells.len() {
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + GAP));
            }
        }
        line
    }
}

/// A text from elsewhere can't move the cursor or change colours: control characters are shown as `?`.
fn painted(text: &str, tone: Tone, colours: bool) -> String {
    let hidden = |letter: char| letter.is_control() && letter != '\n';
    let text = text.replace(hidden, "?");
    if !colours || tone == Tone::Plain {
        return text;
    }
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Output {
        Output::new(Colour::Never, false)
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = plain().row(&["né".into(), "x".into()], &[4, 1]);
        assert_eq!(row, "né    x");
    }

    #[test]
    fn nothing_from_elsewhere_reaches_the_terminal_as_a_control_character() {
        assert_eq!(plain().paint("a\u{1b}[31mb", Tone::Bad), "a?[31mb");
    }

    #[test]
    fn colours_are_there_when_somebody_insists() {
        let output = Output::new(Colour::Always, false);
        assert_eq!(output.paint("ok", Tone::Good), "\u{1b}[32mok\u{1b}[0m");
        assert_eq!(plain().paint("ok", Tone::Good), "ok");
    }
}
