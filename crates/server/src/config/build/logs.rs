//! `[logs]`: how the request log is kept.

use std::path::Path;

use crate::config::setup::LogSettings;
use crate::config::view::Section;

pub(super) fn settings(top: &Section<'_>, data_dir: &Path) -> LogSettings {
    let section = top.inside("logs").unwrap_or_else(|| top.clone());
    LogSettings {
        folder: data_dir.join(section.text("dir").unwrap_or_default()),
        flush_every: section.duration("flush_every"),
        keep_days: section.whole("keep_days").and_then(|days| u32::try_from(days).ok()),
        bytes_max: section.bytes("size_max") as u64,
    }
}
