//! kill -9 while records pour in: what is decided is stored, dropped, or a gap that is known exactly (promise P6).
//!
//! The child is this very test binary, told by an environment variable to be one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::app::{App, ClockChoice};
use keyward_server::changes::Reach;
use keyward_server::clock::Clock;
use keyward_server::logs::{Record, Source};
use keyward_server::usage::{self, Asked, AskedSpan};

use super::{everything, missing};
use crate::support::{START, parse};

const PLACE: &str = "KEYWARD_TESTS_LOG_AT";
const APIS: &str = "[logs]\nflush_every = \"20ms\"\n[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n";
const LOOPS: usize = 50;
const THREADS: u64 = 2;
/// Decisions between two words of the child.
const STEP: u64 = 64;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

async fn open(place: &Path) -> App {
    let text = format!("data_dir = {:?}\n{APIS}", place.display().to_string());
    App::start(parse(&text, place), ClockChoice::Given(Clock::manual(START))).await.unwrap()
}

/// Not a test of its own: records and tells how many, until it is killed.
#[tokio::test]
async fn the_recorder_that_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let app = open(Path::new(&place)).await;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let app = &app;
            scope.spawn(move || {
                let recorder = app.logs.recorder().unwrap();
                let mut out = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
                for nth in 1.. {
                    recorder.decide();
                    let mut record = Box::new(Record::new(UnixMs(START.0 + nth), Source::Gateway));
                    record.set_texts("/killed", "", "");
                    recorder.hand_over(record);
                    if (nth as u64).is_multiple_of(STEP) {
                        // A pipe holds few lines: no child gets far ahead of its parent.
                        out.write_all(format!("!{thread} {nth}{:500}\n", "").as_bytes()).unwrap();
                        // A steady stream, so that kills find the writer at every one of its steps.
                        std::thread::park_timeout(PAUSE);
                    }
                }
            });
        }
    });
}

fn spawn(place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "logs::killed::the_recorder_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a child after so many words; how many decisions it told of at least, and could have made at most.
fn killed_after(mut child: Child, words: usize) -> (u64, u64) {
    let mut told = [0; THREADS as usize];
    let mut heard = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Some((_, word)) = line.as_ref().unwrap().rsplit_once('!') else { continue };
        let Some((thread, nth)) = word.trim().split_once(' ') else { continue };
        let (Ok(thread), Ok(nth)) = (thread.parse::<usize>(), nth.trim().parse::<u64>()) else { continue };
        told[thread] = nth;
        heard += 1;
        if heard == words {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let least: u64 = told.iter().sum();
    (least, least + THREADS * STEP)
}

/// What the one process that was killed had counted, as its file tells it.
fn counted(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut left = files.filter(|file| file.extension().is_some_and(|kind| kind == "counts"));
    let bytes = std::fs::read(left.next().unwrap()).unwrap();
    assert!(left.next().is_none(), "what earlier ones left was accounted for");
    // A line of eight words for each thread, behind two lines of the file's own; decisions are the first word.
    let words = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect::<Vec<_>>();
    words.chunks(8).skip(2).map(|line| line[0]).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_gap_is_known_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let (mut least, mut most, mut decided) = (0, 0, 0);
    for round in 0..LOOPS {
        let child = spawn(folder.path());
        let words = 1 + (round * 7_919) % 150;
        let (told, possible) = tokio::task::spawn_blocking(move || killed_after(child, words)).await.unwrap();
        (least, most) = (least + told, most + possible);
        decided += counted(&folder.path().join("logs"));
    }
    let app = open(folder.path()).await;
    let records = everything(&app).await;
    let gaps = missing(&app).await;
    let lost: u64 = gaps.iter().map(|(_, records)| records).sum();
    // Every decision is there or counted as missing, to the last one.
    assert_eq!(records.len() as u64 + lost, decided, "{} stored, missing {gaps:?}", records.len());
    assert!((least..=most).contains(&decided), "{least} to {most} were told of, {decided} counted");
    assert!(!records.is_empty() && lost > 0, "kills found the writer before and after its writes");
    assert!(records.iter().all(|record| record.path() == "/killed"));
    // What the log has is counted, each row once, whatever of it was counted before a kill.
    let days = AskedSpan { from: Some(START), to: Some(START.plus(DAY_MS)), step_s: Some(86_400) };
    let of_no_api = Asked { api: Some(String::new()), span: days, ..Asked::default() };
    let counted = usage::series(&app, Reach::All, of_no_api).await.unwrap();
    assert_eq!(counted.total.requests, records.len() as u64, "usage equals the log");
    let told: u64 = counted.whole.lost.iter().map(|(_, records)| records).sum();
    assert_eq!(told, lost, "usage tells what is missing");
}
