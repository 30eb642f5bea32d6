//! The files a configuration is made of: the operator's own, presets, templates, secrets kept elsewhere.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

/// The presets that ship inside the binary.
static PRESETS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../presets");

/// Largest configuration, preset or template.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;
/// Largest secret in a file of its own.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// The files that were read, by number; the operator's own is 0.
#[derive(Debug)]
pub(super) struct Sources {
    names: Vec<String>,
    files: Vec<Beside>,
}

/// Where files named in a file are looked for.
#[derive(Debug, Clone)]
enum Beside {
    Folder(PathBuf),
    Embedded(&'static Dir<'static>),
}

impl Sources {
    pub(super) fn new(name: String, folder: &Path) -> Self {
        Self { names: vec![name], files: vec![Beside::Folder(folder.to_owned())] }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The folder of the operator's file.
    pub(super) fn folder(&self) -> &Path {
        match &self.files[0] {
            Beside::Folder(folder) => folder,
            Beside::Embedded(_) => Path::new(""),
        }
    }

    /// The text of a preset and the number of its file.
    pub(super) fn preset(&mut self, name: &str) -> Result<(u16, String), String> {
        let is_path = name.contains(['/', '\\']) || name.starts_with('.');
        let beside = if is_path {
            Beside::Folder(self.folder().join(name))
        } else {
            let known = || PRESETS.dirs().filter_map(|dir| dir.path().to_str()).collect::<Vec<_>>();
            let found = PRESETS.get_dir(name).ok_or_else(|| {
                format!(
                    "no preset is called `{name}`: there are {}; a directory is written ./{name}",
                    known().join(", ")
                )
            })?;
            Beside::Embedded(found)
        };
        let text = beside.read("preset.toml")?;
        let number = u16::try_from(self.files.len()).map_err(|_| "too many presets")?;
        self.names.push(if is_path { format!("{name}/preset.toml") } else { format!("presets/{name}/preset.toml") });
        self.files.push(beside);
        Ok((number, text))
    }

    /// The text of a file that is named in file `number`.
    pub(super) fn read(&self, number: u16, name: &str) -> Result<String, String> {
        self.files.get(usize::from(number)).unwrap_or(&self.files[0]).read(name)
    }

    /// A secret: as it stands, or from where `env:NAME` or `file:PATH` says.
    pub(super) fn secret(&self, text: &str) -> Result<String, String> {
        let found = if let Some(name) = text.strip_prefix("env:") {
            std::env::var(name).map_err(|_| format!("the environment has no variable `{name}`"))?
        } else if let Some(path) = text.strip_prefix("file:") {
            read_file(&self.folder().join(path), SECRET_BYTES_MAX)?
        } else {
            text.to_owned()
        };
        let found = found.trim_end_matches(['\n', '\r']);
        if found.is_empty() { Err("the secret is empty".into()) } else { Ok(found.to_owned()) }
    }
}

impl Beside {
    fn read(&self, name: &str) -> Result<String, String> {
        match self {
            Self::Folder(folder) => read_file(&folder.join(name), FILE_BYTES_MAX),
            Self::Embedded(dir) => {
                let text = dir.get_file(dir.path().join(name)).and_then(|file| file.contents_utf8());
                text.map(str::to_owned).ok_or_else(|| format!("the preset has no file `{name}`"))
            }
        }
    }
}

/// The text of a file of bounded size.
pub(super) fn read_file(path: &Path, bytes_max: u64) -> Result<String, String> {
    let wrong = |error: std::io::Error| format!("can't read `{}`: {error}", path.display());
    let about = std::fs::metadata(path).map_err(wrong)?;
    if about.len() > bytes_max {
        return Err(format!("`{}` is larger than {bytes_max} bytes", path.display()));
    }
    std::fs::read_to_string(path).map_err(wrong)
}
