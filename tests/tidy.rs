//! Rules of the house that a reader should be able to rely on, kept by a test and not by memory.
//!
//! Each test names one rule of ARCHITECTURE.md, looks at the whole tree and reports every place that breaks it.

#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use source::{Source, files};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// The behaviours are numbered from 1 to this.
const ROWS: u32 = 103;

const SERVER: &str = "crates/server/src/";
/// What has operations, SQL and routes of its own.
const DOMAINS: [&str; 17] = [
    "accounts",
    "apis",
    "audit",
    "hygiene",
    "keys",
    "leaks",
    "live",
    "logs",
    "mail",
    "management",
    "outbox",
    "people",
    "policies",
    "roles",
    "sessions",
    "usage",
    "webhooks",
];
/// What answers requests from memory.
const DATA_PLANE: [&str; 4] = ["gateway/", "auth/", "limits/", "authorize.rs"];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root = |dir: &&Path| dir.join("ARCHITECTURE.md").exists();
    here.ancestors().find(is_root).expect("the repository has an ARCHITECTURE.md at its root").to_owned()
}

fn sources_below(dir: &str) -> Vec<Source> {
    let root = root();
    files(&root.join(dir), &["rs"]).iter().map(|file| Source::read(&root, file)).collect()
}

fn all_sources() -> Vec<Source> {
    ["crates", "bench", "tests"].into_iter().flat_map(sources_below).collect()
}

/// The path of a file of the server crate below its `src`; `None` for any other.
fn in_server(source: &Source) -> Option<&str> {
    source.path.strip_prefix(SERVER)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn report(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

/// Every place in code that is not a test's where one of `words` stands, as a finding.
fn outside_tests(source: &Source, words: &[&str]) -> Vec<String> {
    let name = |word: &&str| {
        let places = source.find(word).into_iter().filter(|at| !source.is_test(*at));
        places.map(|at| format!("{}: {word}", source.spot(at))).collect::<Vec<_>>()
    };
    words.iter().flat_map(name).collect()
}

#[test]
fn core_is_pure() {
    const IMPURE: [&str; 14] = [
        "tokio",
        "sqlx",
        "hyper",
        "axum",
        "reqwest",
        "getrandom",
        "rand",
        "async",
        "await",
        "SystemTime",
        "Instant",
        "std::fs",
        "std::env",
        "now()",
    ];
    let sources = sources_below("crates/core/src");
    assert!(sources.len() > 10, "core was not found");
    let findings: Vec<_> = sources.iter().flat_map(|source| outside_tests(source, &IMPURE)).collect();
    report("core has no async, I/O, clock or randomness: time and random bytes are passed in", &findings);
}

/// The names of one of our crates' dependencies, development ones among them.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(manifest)).unwrap_or_else(|error| panic!("{manifest}: {error}"));
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']).ends_with("dependencies");
        } else if let (true, Some((name, _))) = (inside, line.split_once(['=', '.'])) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

#[test]
fn crates_depend_inwards_only() {
    let allowed: [(&str, &[&str]); 5] = [
        ("crates/core/Cargo.toml", &[]),
        ("crates/sdk/Cargo.toml", &[]),
        ("crates/server/Cargo.toml", &["keyward-core", "keyward-sdk"]),
        ("crates/cli/Cargo.toml", &["keyward-core", "keyward-sdk", "keyward-server"]),
        ("bench/Cargo.toml", &["keyward-core", "keyward-sdk", "keyward-server"]),
    ];
    let mut findings = Vec::new();
    for (manifest, ours) in allowed {
        let others = dependencies(manifest).into_iter();
        let wrong = others.filter(|name| name.starts_with("keyward") && !ours.contains(&name.as_str()));
        findings.extend(wrong.map(|name| format!("{manifest}: {name}")));
    }
    report("a crate depends on those nearer the core only", &findings);
}

fn is_sql(text: &str) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let begins = |start: &str| text.starts_with(start);
    begins("select ") && (text.contains(" from ") || text.contains('('))
        || begins("insert into ")
        || begins("delete from ")
        || begins("update ") && text.contains(" set ")
        || begins("with ") && text.contains(" as (")
        || ["create table ", "create index ", "alter table ", "drop table ", "pragma "]
            .iter()
            .any(|start| begins(start))
}

#[test]
fn only_store_files_hold_sql() {
    let mut findings = Vec::new();
    for source in all_sources().iter().filter(|source| file_name(&source.path) != "store.rs") {
        // The benches fill a store directly, with a million keys.
        if source.path.starts_with("bench/") {
            continue;
        }
        let sql = source.strings.iter().filter(|(at, text)| is_sql(text) && !source.is_test(*at));
        findings.extend(sql.map(|(at, _)| source.spot(*at)));
    }
    report("SQL stands in files named store.rs and in migrations", &findings);
}

#[test]
fn only_the_edge_names_http() {
    let at_the_edge = |path: &str| {
        let part = |part: &str| matches!(part, "routes" | "routes.rs");
        // `config` parses the names of headers and the addresses of upstreams, once, so that nobody else does;
        // `serve` hands the routes to their listener.
        let edge = ["gateway/", "auth/", "http/", "config/", "serve.rs"];
        edge.iter().any(|start| path.starts_with(start)) || path.split('/').any(part)
    };
    let mut findings = Vec::new();
    for source in sources_below("crates/server/src") {
        if in_server(&source).is_some_and(at_the_edge) {
            continue;
        }
        findings.extend(outside_tests(&source, &["axum", "hyper", "tower_http", "http_body_util", "utoipa_axum"]));
        let ours = |at: usize| at >= 2 && source.code[at - 2..at] == [':', ':'];
        let places = source.find("http::").into_iter().filter(|at| !ours(*at) && !source.is_test(*at));
        findings.extend(places.map(|at| format!("{}: http::", source.spot(at))));
    }
    report("only routes, gateway, auth and http know HTTP types", &findings);
}

#[test]
fn a_domain_is_entered_through_its_mod() {
    let mut findings = Vec::new();
    for source in sources_below("crates/server/src") {
        let own = in_server(&source).and_then(|path| path.split('/').next()).unwrap_or_default().to_owned();
        for at in source.find("store") {
            let before: String = source.code[..at].iter().rev().take(60).take_while(|c| !c.is_whitespace()).collect();
            let path: String = before.chars().rev().collect();
            let published = source.code[..at].ends_with(&[' ', 'm', 'o', 'd', ' '])
                && source.code[..at].iter().rev().take_while(|letter| **letter != '\n').any(|letter| *letter == 'p');
            let foreign = path.contains("crate::") && !path.contains(&format!("crate::{own}::"));
            let inward = path.ends_with("::") && foreign;
            if (inward || published) && !source.is_test(at) {
                findings.push(source.spot(at));
            }
        }
    }
    report("a domain's store is its own; others go through its mod.rs", &findings);
}

#[test]
fn the_data_plane_does_not_know_the_store() {
    let mut findings = Vec::new();
    for source in sources_below("crates/server/src") {
        let Some(path) = in_server(&source) else { continue };
        if DATA_PLANE.iter().any(|part| path.starts_with(part)) {
            findings.extend(outside_tests(&source, &["sqlx", "on_db", "Db", "crate::db", "crate::changes::Tx"]));
        }
    }
    report("gateway, auth, limits and authorize never reach the database", &findings);
}

#[test]
fn the_router_alone_knows_all_domains() {
    let mut findings = Vec::new();
    for source in sources_below("crates/server/src/http") {
        if source.path.ends_with("http/router.rs") {
            continue;
        }
        let known = |domain: &&&str| source.find(&format!("crate::{domain}")).iter().any(|at| !source.is_test(*at));
        let known = DOMAINS.iter().filter(known).copied().collect::<Vec<_>>();
        if known.len() > 1 {
            findings.push(format!("{}: {}", source.path, known.join(", ")));
        }
    }
    report("http/router.rs alone knows all domains", &findings);
}

#[test]
fn time_comes_from_the_clock() {
    let mut findings = Vec::new();
    for source in sources_below("crates/server/src") {
        if in_server(&source) != Some("clock.rs") {
            let words = ["SystemTime::now", "Timestamp::now", "Zoned::now", "ClockId"];
            findings.extend(outside_tests(&source, &words));
        }
    }
    report("the server's time is read in clock.rs", &findings);
}

#[test]
fn files_and_functions_stay_short() {
    let root = root();
    let mut findings = Vec::new();
    for source in all_sources() {
        if source.lines > FILE_LINES_MAX {
            findings.push(format!("{}: {} lines", source.path, source.lines));
        }
        let long = source.functions().into_iter().filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX);
        findings.extend(long.map(|(name, at, lines)| format!("{}: {name} has {lines} lines", source.spot(at))));
    }
    let scripts =
        ["crates", "bench", "tests", "scripts"].map(|dir| files(&root.join(dir), &["py", "mjs", "rb", "sh", "lua"]));
    for file in scripts.iter().flatten() {
        let lines = std::fs::read_to_string(file).map_or(0, |text| text.lines().count());
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}: {lines} lines", file.display()));
        }
    }
    report("no file over 400 lines, no function over 70", &findings);
}

#[test]
fn nothing_is_left_for_later() {
    let mut findings = Vec::new();
    for source in all_sources() {
        for word in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
            findings.extend(source.find(word).into_iter().map(|at| format!("{}: {word}", source.spot(at))));
        }
        let naps = source.find("sleep(").into_iter().filter(|at| source.is_test(*at));
        findings.extend(naps.map(|at| format!("{}: a test that sleeps", source.spot(at))));
    }
    report("no unfinished code, no ignored test, no test that sleeps", &findings);
}

/// The rows at the head of a name: `r12_r13_both` gives 12 and 13.
fn rows_of(name: &str) -> Vec<u32> {
    let row = |part: &str| part.strip_prefix('r').and_then(|digits| digits.parse().ok());
    name.strip_prefix("test_").unwrap_or(name).split(['_', ' ']).map_while(row).collect()
}

/// The rows of docs/behaviours.md, and those of them that it calls proved.
fn documented_rows() -> (Vec<u32>, BTreeSet<u32>) {
    let text = std::fs::read_to_string(root().join("docs/behaviours.md")).expect("docs/behaviours.md is there");
    let mut rows = Vec::new();
    let mut proved = BTreeSet::new();
    for line in text.lines() {
        let cells = line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
        let Some(row) = cells[0].strip_prefix("r").and_then(|digits| digits.parse().ok()) else { continue };
        rows.push(row);
        if cells.get(1) == Some(&"✔") {
            proved.insert(row);
        }
    }
    (rows, proved)
}

/// Every row that a test of ours names, with where.
fn tested_rows() -> Vec<(u32, String)> {
    let mut tested = Vec::new();
    for source in all_sources() {
        for (name, at, _) in source.functions() {
            tested.extend(rows_of(&name).into_iter().map(|row| (row, source.spot(at))));
        }
    }
    let elsewhere =
        [("tests", &["py", "mjs", "rb", "sh"][..]), ("dashboard/journeys", &["ts"]), ("dashboard/src", &["ts"])];
    for file in elsewhere.into_iter().flat_map(|(dir, endings)| files(&root().join(dir), endings)) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for (line, text) in text.lines().enumerate() {
            let starts = text.match_indices('r').map(|(at, _)| at);
            let begins_word = |at: &usize| !text[..*at].ends_with(|letter: char| letter.is_alphanumeric());
            let rows = starts.filter(begins_word).flat_map(|at| rows_of(&text[at..]).into_iter().take(1));
            tested.extend(rows.map(|row| (row, format!("{}:{}", file.display(), line + 1))));
        }
    }
    tested
}

#[test]
fn every_code_is_documented() {
    let file = root().join("crates/core/src/denial.rs");
    let source = Source::read(&root(), &file);
    let written = std::fs::read_to_string(root().join("docs/codes.md")).expect("docs/codes.md is there");
    let (_, from, lines) =
        source.functions().into_iter().find(|(name, ..)| name == "code").expect("denials have codes");
    let until = source.line(from) + lines;
    let codes = source.strings.iter().filter(|(at, _)| *at > from && source.line(*at) < until);
    let codes = codes.map(|(_, code)| code.clone()).collect::<Vec<_>>();
    assert!(codes.len() > 20, "the codes were not found");
    let missing = codes.into_iter().filter(|code| !written.contains(&format!("`{code}`"))).collect::<Vec<_>>();
    report("docs/codes.md explains every code", &missing);
}

#[test]
fn every_row_is_written_down_once() {
    let (rows, _) = documented_rows();
    assert_eq!(
        rows,
        (1..=ROWS).collect::<Vec<_>>(),
        "docs/behaviours.md has the rows 1 to {ROWS}, each once, in order"
    );
}

#[test]
fn a_test_names_rows_that_exist() {
    let (rows, _) = documented_rows();
    let unknown = tested_rows().into_iter().filter(|(row, _)| !rows.contains(row));
    let findings = unknown.map(|(row, spot)| format!("{spot}: r{row}")).collect::<Vec<_>>();
    report("a test carries only rows of docs/behaviours.md", &findings);
}

#[test]
fn a_row_called_proved_has_a_test() {
    let (_, proved) = documented_rows();
    let tested = tested_rows().into_iter().map(|(row, _)| row).collect::<BTreeSet<_>>();
    let findings = proved.difference(&tested).map(|row| format!("r{row}")).collect::<Vec<_>>();
    report("a row with a check mark in docs/behaviours.md has a test that carries its name", &findings);
}

#[test]
fn the_reader_of_sources_is_not_fooled() {
    let text = r##"
        // fn not_one() { todo!() }
        fn first<'a>(x: &'a str) -> char { let _ = "} fn no() {"; let _ = r#"a " }"#; '}' }
        #[cfg(test)]
        mod tests { fn r17_second() { thread::sleep(1) } }
        trait T { fn declared(&self); }
    "##;
    let source = Source::new("crates/x/src/a.rs".into(), text);
    let names = source.functions().into_iter().map(|(name, ..)| name).collect::<Vec<_>>();
    assert_eq!(names, ["first", "r17_second"]);
    assert!(source.find("todo!").is_empty());
    assert!(source.find("sleep(").iter().all(|at| source.is_test(*at)));
    assert_eq!(source.strings.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["} fn no() {", "a \" }"]);
    assert_eq!((rows_of("r12_r13_both"), rows_of("test_r9_x"), rows_of("read")), (vec![12, 13], vec![9], vec![]));
}
