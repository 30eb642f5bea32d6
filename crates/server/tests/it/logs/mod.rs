//! The request log: known traffic gives exact rows, and whatever happens, nothing is lost without being counted.

mod bodies;
mod canaries;
mod counted;
mod killed;
mod overload;
mod rows;
mod secrets;
mod wire;

use std::path::Path;

use keyward_core::time::UnixMs;
use keyward_server::app::App;
use keyward_server::logs::{self, Filter, Record};

/// Everything in the log, newest first.
async fn everything(app: &App) -> Vec<Record> {
    app.logs.settle().await;
    let found = app.logs.newest(Filter::default(), None, 1_000_000).await.unwrap();
    assert!(found.next.is_none());
    found.records
}

/// How many records are missing for each reason.
async fn missing(app: &App) -> Vec<(String, u64)> {
    let missing = logs::missing(app, UnixMs(0), UnixMs(i64::MAX)).await.unwrap();
    missing.into_iter().map(|own| (own.reason, own.records)).collect()
}

/// All bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(path).unwrap() });
    }
    all
}
