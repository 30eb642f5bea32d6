//! The configuration: one TOML file, whose APIs may begin from presets.
//!
//! A file is read into a tree, presets are laid under it, the tree is compared with the [`schema`] and judged as a
//! whole. Every fault is reported at once with its file, line and reason; nothing starts while there is one.

mod build;
mod check;
mod fault;
mod reference;
mod schema;
mod setup;
mod sources;
mod tree;
mod values;
mod view;

use std::path::Path;

use sha2::{Digest as _, Sha256};

pub use fault::ConfigError;
pub use reference::{reference, show};
pub use setup::*;

use fault::Faults;
use sources::Sources;
use tree::{Node, Table, Value};
use view::Section;

/// Stack of the thread that reads a configuration: the compiler of expressions recurses.
const STACK_BYTES: usize = 64 << 20;

/// Reads a configuration and everything it names.
pub fn load(path: &Path) -> Result<Config, Vec<ConfigError>> {
    let name = path.display().to_string();
    let text = sources::read_file(path, sources::FILE_BYTES_MAX)
        .map_err(|why| vec![ConfigError { file: name.clone(), line: None, path: String::new(), why }])?;
    let folder = path.parent().unwrap_or(Path::new(""));
    read(&text, Sources::new(name, folder))
}

/// Reads a configuration from its text; files it names are looked for in `base_dir`.
pub fn parse(text: &str, base_dir: &Path) -> Result<Config, Vec<ConfigError>> {
    read(text, Sources::new(String::new(), base_dir))
}

fn read(text: &str, sources: Sources) -> Result<Config, Vec<ConfigError>> {
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("config".into()).stack_size(STACK_BYTES);
        let handle = reader.spawn_scoped(scope, || read_here(text, sources));
        let wrong =
            |why: &str| vec![ConfigError { file: String::new(), line: None, path: String::new(), why: why.into() }];
        let handle = handle.map_err(|error| wrong(&format!("no thread to read it on: {error}")))?;
        handle.join().unwrap_or_else(|_| Err(wrong("reading it failed; this is a fault of Keyward")))
    })
}

fn read_here(text: &str, mut sources: Sources) -> Result<Config, Vec<ConfigError>> {
    let mut faults = Faults::default();
    let Some(mut top) = tree::read(text, 0, &mut faults) else { return Err(faults.sorted(sources.names())) };
    lay_presets(&mut top, &mut sources, &mut faults);
    let spot = tree::Spot { file: 0, line: 0 };
    check::table(&mut top, schema::TOP, spot, "", &mut faults);
    let section = Section { table: &top, spot, path: String::new() };
    let built = build::config(&section, &sources, &mut faults);
    match built {
        Some(mut config) if faults.is_empty() => {
            config.effective = reference::effective(&top);
            let digest = Sha256::digest(config.effective.as_bytes());
            config.digest = hex(&digest);
            Ok(config)
        }
        Some(_) | None => Err(faults.sorted(sources.names())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// Lays every API that names a preset over it.
fn lay_presets(top: &mut Table, sources: &mut Sources, faults: &mut Faults) {
    let Some((_, Node { value: Value::Table(apis), .. })) = top.0.iter_mut().find(|(key, _)| key == "apis") else {
        return;
    };
    for (name, node) in &mut apis.0 {
        let Value::Table(own) = &mut node.value else { continue };
        let Some(Node { value: Value::Text(preset), spot }) = own.get("preset").cloned() else { continue };
        let path = format!("apis.{name}.preset");
        let (file, text) = match sources.preset(&preset) {
            Ok(found) => found,
            Err(why) => {
                faults.add(spot, path, why);
                continue;
            }
        };
        let Some(mut base) = tree::read(&text, file, faults) else { continue };
        if let Some(nested) = base.take("preset") {
            faults.add(nested.spot, path, "a preset can't begin from another one");
        }
        base.overlay(std::mem::take(own));
        *own = base;
    }
}

#[cfg(test)]
mod tests;
