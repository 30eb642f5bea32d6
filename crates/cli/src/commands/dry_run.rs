//! What a change would do, as people read it.

use jiff::Timestamp;
use keyward_sdk::wire::{DryRun, Kind, TouchedKey};

use crate::output::{Cell, Output};
use crate::when::relative;

/// The keys that a change would touch.
pub(super) fn shown(run: &DryRun, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(run);
    }
    if run.keys.is_empty() {
        output.line("Nothing was changed. No key would lose anything.")?;
        return Ok(());
    }
    let now = Timestamp::now();
    let row = |key: &TouchedKey| {
        let kind = match key.kind {
            Kind::Account => "account",
            Kind::Personal => "personal",
        };
        vec![
            Cell::from(key.key_id.clone()),
            Cell::maybe(key.name.as_ref()),
            kind.into(),
            Cell::maybe(key.last_used_at.as_deref().map(|at| relative(at, now))),
            key.why.clone().into(),
        ]
    };
    output.table(&["ID", "NAME", "KIND", "LAST USED", "WOULD"], &run.keys.iter().map(row).collect::<Vec<_>>())?;
    let more = if run.more { " There may be more keys than these." } else { "" };
    output.remark(format_args!("Nothing was changed.{more}"));
    Ok(())
}
