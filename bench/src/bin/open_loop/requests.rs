//! The requests: one template, and a key drawn at random for each.
//!
//! Keys have one width, so that a line is found by multiplication and the template's Content-Length stays right.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

/// Stands for the key in a template.
const PLACEHOLDER: &[u8] = b"{key}";

/// A request cut in two at its key, and all the keys.
pub(crate) struct Requests {
    head: Vec<u8>,
    tail: Vec<u8>,
    keys: Vec<u8>,
    width: usize,
    count: u64,
}

impl Requests {
    /// Reads a template and a file of keys.
    pub(crate) fn load(template: &Path, keys: &Path) -> Result<Self> {
        let template_bytes = fs::read(template).with_context(|| format!("cannot read {}", template.display()))?;
        let at = template_bytes
            .windows(PLACEHOLDER.len())
            .position(|window| window == PLACEHOLDER)
            .context("the template has no {key}")?;
        let (head, rest) = template_bytes.split_at(at);
        let key_bytes = fs::read(keys).with_context(|| format!("cannot read {}", keys.display()))?;
        let width = key_bytes.iter().position(|&byte| byte == b'\n').context("the key file has no complete line")?;
        let line = width + 1;
        ensure!(width > 0, "the first key is empty");
        ensure!(key_bytes.len() % line == 0, "the keys are not all {width} bytes wide");
        Ok(Self {
            head: head.to_vec(),
            tail: rest[PLACEHOLDER.len()..].to_vec(),
            width,
            count: (key_bytes.len() / line) as u64,
            keys: key_bytes,
        })
    }

    /// A source of requests with its own sequence of keys.
    pub(crate) fn chooser(self: &Arc<Self>, seed: u64) -> Chooser {
        Chooser { requests: Arc::clone(self), state: seed }
    }
}

/// Draws keys from the whole set by SplitMix64: quick, and the same again for the same seed.
pub(crate) struct Chooser {
    requests: Arc<Requests>,
    state: u64,
}

impl Chooser {
    /// Writes the next request into `buffer`, replacing what it held.
    pub(crate) fn write_next(&mut self, buffer: &mut Vec<u8>) {
        let number = self.next_number() % self.requests.count;
        let start = number as usize * (self.requests.width + 1);
        buffer.clear();
        buffer.extend_from_slice(&self.requests.head);
        buffer.extend_from_slice(&self.requests.keys[start..start + self.requests.width]);
        buffer.extend_from_slice(&self.requests.tail);
    }

    fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
