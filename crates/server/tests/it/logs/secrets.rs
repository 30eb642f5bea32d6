//! No secret in the log, in whatever form and wherever it was sent (promise P7, row r98).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{bytes_below, everything};
use crate::gateway::Gated;
use crate::support::new_key;

const APIS: &str = "[apis.shop]\nprefixes = [\"/shop\"]\nupstream = \"LIVE\"\n\
                    [apis.codat]\npreset = \"codat\"\nprefixes = [\"/codat\"]\nupstream = \"LIVE\"\n";
const ROUNDS: usize = 20;

pub(super) fn hex(text: &str) -> String {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

pub(super) fn forms(secret: &str) -> Vec<String> {
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{secret}:")),
        URL_SAFE_NO_PAD.encode(secret),
        hex(secret),
        hex(secret).as_bytes().chunks(2).flat_map(|pair| ['%', char::from(pair[0]), char::from(pair[1])]).collect(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_r79_r98_no_form_of_a_secret_is_in_the_log() {
    let gated = Gated::start(APIS).await;
    let app = &gated.started.app;
    let mut canaries = Vec::new();
    for (api, scheme) in [("shop", "Bearer"), ("codat", "Basic")] {
        let account = gated.started.account(api, api).await;
        for round in 0..ROUNDS / 4 {
            let secret = gated.secret(new_key(&account, &format!("key {round}"))).await;
            let sent = if scheme == "Basic" { STANDARD.encode(&secret) } else { secret.clone() };
            let good = format!("Authorization: {scheme} {sent}");
            for form in forms(&secret) {
                let agent = format!("User-Agent: probe {form} end");
                gated.send(&format!("GET /{api}/a/{form}/b?q={form}"), &[&good, &agent], "");
                gated.send(&format!("GET /{api}/a?x={form}"), &[&format!("Authorization: {scheme} {form}")], "");
                gated.send(&format!("GET /{form}"), &[&format!("Authorization: Other {form}")], "");
                gated.send(&format!("POST /{api}/{form}"), &[&good], &format!("{{\"k\":\"{form}\"}}"));
                gated.send(&format!("{} /{api}/odd%2f{form}", "GET"), &[&good], "");
            }
            canaries.push(secret);
        }
    }
    let records = everything(app).await;
    assert!(records.len() >= 5 * 6 * canaries.len(), "{}", records.len());
    let told = format!("{records:?}");
    let folder = app.config.logs.folder.clone();
    // With segments, too.
    app.logs.seal_now().await.unwrap();
    let mut bytes = bytes_below(&folder);
    bytes.extend_from_slice(told.as_bytes());
    let found = app.logs.newest(keyward_server::logs::Filter::default(), None, 100_000).await.unwrap();
    bytes.extend(found.records.iter().flat_map(|record| format!("{record:?}\n").into_bytes()));
    let holds = |needle: &str| memchr::memmem::find(&bytes, needle.as_bytes()).is_some();
    for secret in &canaries {
        for form in forms(secret).into_iter().chain([hex(secret).to_uppercase()]) {
            assert!(!holds(&form), "{form} is in the log");
            assert!(!holds(form.trim_end_matches('=')), "{form} is in the log");
        }
    }
    assert!(holds("/shop/a"), "the log was searched");
}
