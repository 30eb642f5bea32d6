//! Secrets come in through standard input, never as arguments: those are in the shell's history and in everybody's
//! list of processes.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Longest secret or credential that is read.
const BYTES_MAX: u64 = 16 << 10;

/// One line of standard input. At a terminal it asks, and shows nothing of what is typed.
pub(crate) fn secret(what: &str) -> anyhow::Result<String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return typed(what);
    }
    let mut text = String::new();
    stdin.lock().take(BYTES_MAX + 1).read_to_string(&mut text).with_context(|| format!("the {what} can't be read"))?;
    one_line(&text, what)
}

/// Asks at the terminal; anything but `yes` is a no. Without a terminal nobody can be asked.
pub(crate) fn confirmed(question: &str) -> anyhow::Result<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(false);
    }
    ask(&format!("{question} Type yes to go on: "))?;
    let mut answer = String::new();
    stdin.lock().take(BYTES_MAX).read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn typed(what: &str) -> anyhow::Result<String> {
    ask(&format!("{what}: "))?;
    let mut text = String::new();
    let silence = Silence::begin()?;
    let read = io::stdin().lock().take(BYTES_MAX + 1).read_line(&mut text);
    drop(silence);
    ask("\n")?;
    read.with_context(|| format!("the {what} can't be read"))?;
    one_line(&text, what)
}

fn ask(text: &str) -> io::Result<()> {
    let mut out = io::stderr().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn one_line(text: &str, what: &str) -> anyhow::Result<String> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.len() as u64 > BYTES_MAX {
        bail!("the {what} is longer than {BYTES_MAX} bytes");
    }
    if line.contains('\n') {
        bail!("the {what} has more than one line");
    }
    Ok(line.to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin()).context("the terminal can't be asked")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &silent).context("the terminal can't be silenced")?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // Nothing better can be done when the terminal is gone.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_at_most_one_line_break() {
        assert_eq!(one_line("ck_live_x\n", "secret").expect("a line"), "ck_live_x");
        assert_eq!(one_line("ck_live_x\r\n", "secret").expect("a line"), "ck_live_x");
        assert_eq!(one_line(" spaced ", "secret").expect("a line"), " spaced ");
        assert!(one_line("a\nb\n", "secret").is_err());
    }
}
