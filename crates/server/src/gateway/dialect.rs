//! How an API's errors are worded on the wire.

/// A preset's error templates, compiled.
#[derive(Debug, Clone, Default)]
pub struct Dialect;
