//! kill -9, again and again: nothing that anybody was told of is forgotten, and the limit holds across it all.
//!
//! The child is this very test binary, told by an environment variable to be one.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use keyward_core::time::HOUR_MS;

use super::*;

const FILE: &str = "KEYWARD_TEST_COUNTERS";
const FIRST_KEY: &str = "KEYWARD_TEST_FIRST_KEY";
const THREADS: u128 = 4;
const MOST: u32 = 20_000;

fn shared_terms() -> Terms {
    let limits = [
        limit("fixed", MOST, HOUR_MS, Algorithm::Fixed, Per::Key),
        limit("slide", MOST, HOUR_MS, Algorithm::Sliding, Per::Account),
        limit("even", MOST, HOUR_MS, Algorithm::Gcra, Per::Key),
    ];
    terms(limits, [quota("budget", u64::from(MOST), Refill::Never, Per::Account)])
}

fn own_terms() -> Terms {
    terms([fixed(1, HOUR_MS), limit("slide", 1, HOUR_MS, Algorithm::Sliding, Per::Key)], [])
}

/// Not a test of its own: takes and tells until it is killed, or refused.
#[test]
fn child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let first_key: u128 = std::env::var(FIRST_KEY).unwrap().parse().unwrap();
    let limits = Limits::open(Path::new(&file)).unwrap();
    let (shared, own) = (shared_terms(), own_terms());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (limits, shared, own) = (&limits, &shared, &own);
            scope.spawn(move || {
                // Not `println!`: that is captured. Not buffered: what was told was told.
                let mut out = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
                for key in (first_key + thread..).step_by(THREADS as usize) {
                    if take(limits, holder(0, 0), shared, 1, START).is_err() {
                        return;
                    }
                    take(limits, holder(key + 1, 1), own, 1, START).unwrap();
                    // Long lines, so that a pipe holds few and no child gets far ahead of its parent.
                    out.write_all(format!("!{key}{:500}\n", "").as_bytes()).unwrap();
                }
            });
        }
        // Syncing and settling outgrown tables goes on beside it; one thread ends it by using up what is left.
        scope.spawn(|| {
            while peek(&limits, holder(0, 0), &shared, START)[0] > 0 {
                limits.sync().unwrap();
            }
        });
    });
}

fn spawn(file: &Path, first_key: u128) -> Child {
    let name = format!("{}::child", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name.as_str(), "--exact", "--nocapture", "--test-threads=1"]);
    command.env(FILE, file).env(FIRST_KEY, first_key.to_string());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// The keys that a child told of: all of them, or until it was killed after the first `until`.
fn told(mut child: Child, until: Option<usize>) -> Vec<u128> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut keys = Vec::new();
    for line in lines {
        // The test runner writes there as well.
        keys.extend(line.unwrap().rsplit_once('!').and_then(|(_, key)| key.trim().parse::<u128>().ok()));
        if until == Some(keys.len()) {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    keys
}

#[test]
fn killed_at_any_moment_nothing_that_was_told_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters");
    let (mut all, mut spare) = (Vec::new(), 0);
    for round in 0..25 {
        let first_key = round * 1_000_000;
        let until = 1 + (round as usize * 7_919) % 400;
        let keys = told(spawn(&file, first_key), Some(until));
        assert!(keys.len() >= until);
        all.extend(keys);
        spare += THREADS as u64;
        let limits = Limits::open(&file).unwrap();
        let left = peek(&limits, holder(0, 0), &shared_terms(), START);
        let told = all.len() as u64;
        for left in left {
            let used = u64::from(MOST) - left;
            assert!(used >= told, "{used} counted, {told} told");
            // At most one request of each thread was under way at each kill.
            assert!(used <= told + spare, "{used} counted, {told} told");
        }
        for key in &all {
            assert_eq!(peek(&limits, holder(key + 1, 1), &own_terms(), START), [0, 0]);
        }
    }
    all.extend(told(spawn(&file, 900_000_000), None));
    assert!(all.len() <= MOST as usize && all.len() as u64 + spare >= u64::from(MOST), "{} of {MOST}", all.len());
}
