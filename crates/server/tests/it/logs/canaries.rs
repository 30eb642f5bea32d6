//! Ten thousand secrets, sent in every place of a request and in every form: none is in any file of the log, in an
//! export, or in usage (promise P7).

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyward_core::expiry::Lifetime;
use keyward_core::key::Environment;
use keyward_core::secret::Format;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::NewKey;
use keyward_server::management::{self, NewManagementKey};
use keyward_server::usage;
use parquet::file::reader::{ChunkReader, FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::json;

use super::secrets::{forms, hex};
use super::{bytes_below, everything};
use crate::gateway::{Gated, scoped};
use crate::support::new_key;

const APIS: &str = "trusted_proxies = [\"127.0.0.0/8\"]\n\
    [apis.shop]\nprefixes = [\"/shop\"]\nupstream = \"LIVE\"\n\
    [apis.codat]\npreset = \"codat\"\nprefixes = [\"/codat\"]\nupstream = \"LIVE\"\n\
    [apis.clickyid]\npreset = \"clickyid\"\nprefixes = [\"/clickyid\"]\nupstream = \"LIVE\"\ntest_upstream = \"same\"\n\
    [apis.clevertap]\npreset = \"clevertap\"\nprefixes = [\"/clevertap\"]\nupstream = \"LIVE\"\n";
const API_NAMES: [&str; 4] = ["shop", "codat", "clickyid", "clevertap"];
const CANARIES: usize = 10_000;
/// Of a request at the gateway, and of one at the auth listener.
const PER_REQUEST: usize = 5;
const PER_DECISION: usize = 2;
const DECISIONS_AT_ONCE: usize = 100;
const AT_GATEWAY: usize = 8_000;
const CLIENTS: usize = 4;
/// Accounts of each API, and keys of each account.
const ACCOUNTS: usize = 5;
const KEYS: usize = 4;
/// So much of a secret in a row, in whatever form, is a leak; pieces of this length are looked for at every so many
/// places of each form.
const PIECE: usize = 16;
const STEP: usize = 8;

/// A secret of a key that is there, and the API it is good for.
type Good = (&'static str, String);

async fn existing(gated: &Gated) -> Vec<Good> {
    let mut all = Vec::new();
    for api in API_NAMES {
        for nth in 0..ACCOUNTS {
            let account = gated.started.account(api, &format!("{api} {nth}")).await;
            for key in 0..KEYS {
                let name = format!("key {key}");
                let new = match api {
                    "clickyid" => scoped(&account, &name, Environment::Live, &["validate:offers"]),
                    "clevertap" => NewKey { lifetime: Lifetime::Days(10), ..new_key(&account, &name) },
                    _ => new_key(&account, &name),
                };
                all.push((api, gated.secret(new).await));
            }
        }
    }
    all
}

/// Existing ones, others of every shape that were never issued, and among these some with a typing error.
fn canaries(gated: &Gated, good: &[Good]) -> Vec<String> {
    let mut all: Vec<_> = good.iter().map(|(_, secret)| secret.clone()).collect();
    let kinds = gated.started.app.config.apis.iter().flat_map(|setup| &setup.api.kinds);
    let formats: Vec<Format> = kinds.map(|rules| rules.format.clone()).collect();
    let mut state = 1_u64;
    let mut fill = |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    };
    for nth in all.len()..CANARIES {
        let format = &formats[nth % formats.len()];
        let environment = [Environment::Live, Environment::Test][nth % 2];
        let mut secret = format.generate(environment, &mut fill).expose().to_owned();
        // Without a prefix only the checksum tells a key from any other word.
        if nth.is_multiple_of(3) && !format.prefix(environment).is_empty() {
            let last = secret.pop().unwrap();
            secret.push(if last == '0' { '1' } else { '0' });
        }
        all.push(secret);
    }
    // Neighbours are of different kinds, and every kind comes in every place.
    let spread = |nth: usize| all[nth * 3_607 % CANARIES].clone();
    (0..CANARIES).map(spread).collect()
}

/// One of a secret's forms, a different one each time.
fn form(secret: &str, nth: usize) -> String {
    let mut all = forms(secret);
    all.push(hex(secret).to_uppercase());
    all.swap_remove(nth % all.len())
}

/// A request with a canary in its path, query, credential, user agent, and in a header, body and request id; every
/// fourth is let in.
fn request(nth: usize, canaries: &[String], good: &[Good]) -> String {
    let is_good = (nth / API_NAMES.len()).is_multiple_of(4);
    let (api, own) = &good[nth * 7 % good.len()];
    let of = |place: usize| form(&canaries[place], nth / API_NAMES.len() + place);
    let (sent, other) = (&canaries[2], of(4));
    let path = match nth % 10 {
        // Across the end of what is kept of a path.
        0 => format!("/{api}/{}/{}", "p".repeat(470 + nth / 10 % 40), of(0)),
        1 => format!("/{}", of(0)),
        _ => format!("/{api}/a/{}/b", of(0)),
    };
    let host = if *api == "clevertap" { "in1.api.clevertap.com" } else { "api.example.com" };
    let credential = match nth % 7 {
        _ if is_good && *api == "codat" => format!("Authorization: Basic {}", STANDARD.encode(own)),
        _ if is_good => format!("Authorization: Bearer {own}"),
        0 => format!("X-CleverTap-Account-Id: AAA-BBB-CCCC\r\nX-CleverTap-Passcode: {sent}"),
        1 | 2 => format!("Authorization: Basic {}", STANDARD.encode(sent)),
        3 => format!("Authorization: Other {}", of(2)),
        _ => format!("Authorization: Bearer {sent}"),
    };
    let agent = match nth % 10 {
        // Likewise.
        5 => format!("{} {}", "a".repeat(150 + nth / 10 % 48), of(3)),
        _ => format!("probe {} end", of(3)),
    };
    // What a proxy may call a request is short.
    let id = if canaries[4].len() <= 48 { URL_SAFE_NO_PAD.encode(&canaries[4]) } else { canaries[4].clone() };
    let id = if nth.is_multiple_of(2) { &canaries[4] } else { &id };
    let body = format!("{{\"key\":\"{other}\"}}");
    format!(
        "POST {path}?q={} HTTP/1.1\r\nHost: {host}\r\n{credential}\r\nUser-Agent: {agent}\r\n\
         X-Request-Id: {id}\r\nCookie: k={other}\r\nX-Other: {other}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        of(1),
        body.len()
    )
}

/// Sends requests, some at a time.
fn send(gateway: SocketAddr, canaries: &[String], good: &[Good]) {
    use std::io::{Read as _, Write as _};
    let requests: Vec<_> = canaries.chunks(PER_REQUEST).enumerate().map(|(nth, own)| request(nth, own, good)).collect();
    std::thread::scope(|scope| {
        for part in requests.chunks(requests.len().div_ceil(CLIENTS)) {
            scope.spawn(move || {
                for request in part {
                    let mut stream = std::net::TcpStream::connect(gateway).unwrap();
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).unwrap();
                    assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
                }
            });
        }
    });
}

/// Has decisions made for another program.
async fn ask(auth: SocketAddr, canaries: &[String]) {
    let client = reqwest::Client::new();
    let one = |(nth, own): (usize, &[String])| {
        let path = format!("/a/{}?q={}", form(&own[0], nth), form(&own[1], nth));
        json!({ "api": API_NAMES[nth % API_NAMES.len()], "secret": own[1], "method": "GET", "path": path })
    };
    let all: Vec<_> = canaries.chunks(PER_DECISION).enumerate().map(one).collect();
    for items in all.chunks(DECISIONS_AT_ONCE) {
        let answer = client.post(format!("http://{auth}/v1/verify")).json(&json!({ "items": items }));
        assert_eq!(answer.send().await.unwrap().status(), 200);
    }
}

/// Every text and every run of bytes in a Parquet file's rows.
fn rows_of<R: ChunkReader + 'static>(file: R) -> Vec<u8> {
    let reader = SerializedFileReader::new(file).unwrap();
    let mut all = Vec::new();
    for row in reader.get_row_iter(None).unwrap() {
        for (_, field) in row.unwrap().get_column_iter() {
            match field {
                Field::Str(text) => all.extend_from_slice(text.as_bytes()),
                Field::Bytes(bytes) => all.extend_from_slice(bytes.data()),
                other => all.extend_from_slice(other.to_string().as_bytes()),
            }
            all.push(b'\n');
        }
    }
    all
}

/// What segments hold, unpacked.
fn segments(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let segments = files.filter(|path| path.extension().is_some_and(|kind| kind == "parquet"));
    segments.flat_map(|path| rows_of(std::fs::File::open(path).unwrap())).collect()
}

/// What the management API tells: the log in every format, and usage of whatever the log has.
async fn told(gated: &Gated) -> Vec<(String, Vec<u8>)> {
    let new = NewManagementKey { name: "x".into(), account: None, permissions: None, lifetime: Lifetime::Infinite };
    let made = management::create(&gated.started.app, Reach::All, Actor::cli(), new, None).await.unwrap();
    let operator = made.secret.unwrap();
    let client = reqwest::Client::new();
    let get = async |path: &str| {
        let url = format!("http://{}{path}", gated.running.control);
        let answer = client.get(url).bearer_auth(operator.expose()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap()
    };
    let mut all = Vec::new();
    for path in ["/v1/logs?limit=1000", "/v1/logs/export?format=csv", "/v1/logs/export?format=ndjson", "/v1/usage"] {
        all.push((path.to_owned(), get(path).await.to_vec()));
    }
    let path = "/v1/logs/export?format=parquet";
    all.push((path.to_owned(), rows_of(get(path).await)));
    for api in API_NAMES {
        let path = format!("/v1/usage/top?by=route&api={api}");
        all.push((path.clone(), get(&path).await.to_vec()));
    }
    let accounts: serde_json::Value = serde_json::from_slice(&get("/v1/accounts?limit=100").await).unwrap();
    for account in accounts["items"].as_array().unwrap() {
        let id = account["id"].as_str().unwrap();
        for path in [format!("/v1/usage/top?by=agent&account_id={id}&limit=50"), format!("/v1/accounts/{id}/hygiene")] {
            all.push((path.clone(), get(&path).await.to_vec()));
        }
    }
    all
}

/// What is looked for.
struct Pieces(HashSet<[u8; PIECE]>);

impl Pieces {
    fn of(canaries: &[String]) -> Self {
        let mut all = HashSet::new();
        for secret in canaries {
            for form in forms(secret).into_iter().chain([hex(secret).to_uppercase()]) {
                let form = form.trim_end_matches('=').as_bytes();
                let last = form.len() - PIECE;
                all.extend((0..last).step_by(STEP).chain([last]).map(|at| piece(&form[at..])));
            }
        }
        Self(all)
    }

    /// The first leak of some bytes.
    fn leak(&self, bytes: &[u8]) -> Option<String> {
        let mut run = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'%');
            run = if is_word { run + 1 } else { 0 };
            if run >= PIECE && self.0.contains(&piece(&bytes[at + 1 - PIECE..])) {
                return Some(String::from_utf8_lossy(&bytes[at.saturating_sub(200)..=at]).into_owned());
            }
        }
        None
    }
}

fn piece(bytes: &[u8]) -> [u8; PIECE] {
    bytes[..PIECE].try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_r79_r98_ten_thousand_secrets_are_in_no_file_and_no_export() {
    let gated = Gated::start(APIS).await;
    let app = &gated.started.app;
    let good = existing(&gated).await;
    let canaries = canaries(&gated, &good);
    assert_eq!(canaries.iter().collect::<HashSet<_>>().len(), CANARIES);
    let (first, rest) = canaries.split_at(AT_GATEWAY);
    let (gateway, auth) = (gated.running.gateway, gated.running.auth);
    let (older, newer) = first.split_at(AT_GATEWAY / 2);
    send(gateway, older, &good);
    app.logs.seal_now().await.unwrap();
    send(gateway, newer, &good);
    ask(auth, rest).await;
    let records = everything(app).await;
    assert_eq!(records.len(), AT_GATEWAY / PER_REQUEST + (CANARIES - AT_GATEWAY) / PER_DECISION);
    // What was let in and what was refused, and by a proxy's id: all of it was there to leak.
    assert!(records.iter().filter(|record| record.key.is_some()).count() > 20);
    assert!(records.iter().any(|record| record.request_id() == "[redacted]"));
    usage::settle(app).await.unwrap();

    let pieces = Pieces::of(&canaries);
    for form in forms(&canaries[7]) {
        let planted = format!("\"path\":\"/a/{form}\"");
        assert!(pieces.leak(planted.as_bytes()).is_some(), "{form} would not be found");
    }
    let mut all = told(&gated).await;
    let folder = &app.config.logs.folder;
    all.push(("the log's files".into(), bytes_below(folder)));
    all.push(("the log's segments".into(), segments(folder)));
    for file in std::fs::read_dir(&app.config.data_dir).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        // Usage is in the store.
        if file.is_file() && name.contains(".db") {
            all.push((name, std::fs::read(file).unwrap()));
        }
    }
    assert!(all.iter().filter(|(name, _)| name.contains(".db")).count() > 0, "the store was found");
    for (what, bytes) in &all {
        assert!(!bytes.is_empty(), "{what} is empty");
        assert_eq!(pieces.leak(bytes), None, "in {what}");
    }
    let holds = |what: &str, text: &str| {
        let bytes = &all.iter().find(|(name, _)| name == what).unwrap().1;
        memchr::memmem::find(bytes, text.as_bytes()).is_some()
    };
    for what in ["the log's files", "the log's segments", "/v1/logs/export?format=parquet"] {
        assert!(holds(what, "[redacted]") && holds(what, "probe"), "{what} was searched");
    }
}
