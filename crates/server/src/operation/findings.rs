//! Everything that is wrong with what was sent, not only the first thing.

use std::fmt::Display;

use super::OpError;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where, as a JSON pointer into what was sent.
    pub pointer: String,
    /// What the rule wants.
    pub message: String,
}

/// Broken rules found so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<FieldError>);

impl Findings {
    /// Notes a broken rule.
    pub fn note(&mut self, pointer: impl Into<String>, message: impl Display) {
        self.0.push(FieldError { pointer: pointer.into(), message: message.to_string() });
    }

    /// The value, or a note of why there is none.
    pub fn take<T>(&mut self, pointer: &str, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|why| self.note(pointer, why)).ok()
    }

    /// Refuses when anything was found.
    pub fn done(self) -> Result<(), OpError> {
        if self.0.is_empty() { Ok(()) } else { Err(OpError::Invalid(self.0)) }
    }
}
