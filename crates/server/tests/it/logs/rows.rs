//! Known traffic, exact rows.

use keyward_core::denial::Reason;
use keyward_core::expiry::Lifetime;
use keyward_core::key::{Environment, Kind};
use keyward_server::changes::{Actor, Reach};
use keyward_server::hygiene;
use keyward_server::keys;
use keyward_server::logs::{Cause, Filter, Outcome, Record, Source};
use serde_json::json;

use super::everything;
use crate::gateway::{Gated, scoped};
use crate::support::new_key;
use crate::support::served::serve;

const CLICKYID: &str = "[apis.clickyid]\npreset = \"clickyid\"\nupstream = \"LIVE\"\ntest_upstream = \"same\"\n";

/// The one record of a path.
fn at<'a>(records: &'a [Record], path: &str) -> &'a Record {
    let mut found = records.iter().filter(|record| record.path() == path);
    let only = found.next().unwrap_or_else(|| panic!("no row of {path}"));
    assert!(found.next().is_none(), "two rows of {path}");
    only
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_r79_r91_a_row_per_call_refused_ones_too() {
    let gated = Gated::start(CLICKYID).await;
    let account = gated.started.account("clickyid", "Acme").await;
    let made = gated.started.key(scoped(&account, "server", Environment::Live, &["validate:offers"])).await;
    let secret = made.secret.unwrap();
    let bearer = format!("Authorization: Bearer {}", secret.expose());
    let agent = "User-Agent: probe/1.0";

    assert_eq!(gated.send("GET /offers?secretly=1", &[&bearer, agent], "").status, 200);
    assert_eq!(gated.send("GET /target-groups", &[&bearer], "").status, 403);
    assert_eq!(gated.send("GET /none", &[], "").status, 401);
    assert_eq!(gated.send("GET /a%2fb", &[&bearer], "").status, 400);
    assert_eq!(gated.send("POST /validate/offer", &[&bearer], r#"{"a":1}"#).status, 200);

    let records = everything(&gated.started.app).await;
    assert_eq!(records.len(), 5);
    let names = gated.started.app.logs.names();
    let ok = at(&records, "/offers");
    assert_eq!((ok.status, ok.code, ok.outcome()), (200, None, Outcome::Success));
    assert_eq!((ok.account, ok.key, ok.kind), (Some(account.id), Some(made.key.id), Some(Kind::Account)));
    assert_eq!((ok.environment, ok.cost, ok.old_secret), (Some(Environment::Live), 1, false));
    assert_eq!((names.text(ok.api), names.text(ok.route), ok.method.as_str()), ("clickyid", "/offers", "GET"));
    assert_eq!((ok.agent(), ok.address.unwrap().to_string()), ("probe/1.0", "127.0.0.1".to_owned()));
    assert_eq!((ok.remaining, ok.source, ok.broke_off), (Some(999), Source::Gateway, false));
    assert!(ok.bytes_out > 0 && ok.upstream_us > 0 && ok.request_id().len() == 32);
    let scope = at(&records, "/target-groups");
    assert_eq!((scope.status, scope.code, scope.cost), (403, Some("insufficient_scope"), 0));
    assert_eq!((scope.key, scope.upstream_us, scope.outcome()), (Some(made.key.id), 0, Outcome::Refused));
    let none = at(&records, "/none");
    assert_eq!((none.status, none.code, none.key), (401, Some("missing_credentials"), None));
    let odd = at(&records, "/a%2fb");
    assert_eq!((odd.status, odd.code, odd.api.is_none()), (400, Some("ambiguous_path"), true));
    let post = at(&records, "/validate/offer");
    assert_eq!((post.bytes_in, post.cost, post.remaining), (7, 1, Some(998)));
    let tally = gated.started.app.logs.tally().unwrap();
    assert_eq!((tally.decided, tally.stored), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_credentials_are_told_apart_in_the_log_alone() {
    let gated = Gated::start(CLICKYID).await;
    let app = &gated.started.app;
    let account = gated.started.account("clickyid", "Acme").await;
    let key = |name: &str| scoped(&account, name, Environment::Live, &["validate:offers"]);
    let (deleted, rotated) = (gated.started.key(key("gone")).await, gated.started.key(key("turned")).await);
    let expose = |made: &keys::WithSecret| made.secret.as_ref().unwrap().expose().to_owned();
    let (dead, old) = (expose(&deleted), expose(&rotated));
    keys::delete(app, Reach::All, Actor::system(), deleted.key.id).await.unwrap();
    keys::rotate(app, Reach::All, Actor::system(), rotated.key.id, 0, None).await.unwrap();
    let mut typo = dead.clone();
    typo.replace_range(typo.len() - 1.., if typo.ends_with('0') { "1" } else { "0" });
    let unknown = gated.started.app.config.api("clickyid").unwrap().api.kinds[0]
        .format
        .generate(Environment::Live, &mut |bytes| bytes.fill(7));
    for (path, sent) in [
        ("/deleted", dead.as_str()),
        ("/replaced", &old),
        ("/checksum", &typo),
        ("/unknown", unknown.expose()),
        ("/unknown-again", unknown.expose()),
        ("/malformed", "nonsense"),
        ("/spaced", "two words"),
    ] {
        let reply = gated.send(&format!("GET {path}"), &[&format!("Authorization: Bearer {sent}")], "");
        assert_eq!((reply.status, reply.code().as_str()), (401, "invalid_credentials"), "{path}");
    }
    let records = everything(app).await;
    let cause = |path: &str| at(&records, path).cause.unwrap();
    assert_eq!(cause("/deleted"), Cause::Deleted);
    assert_eq!(cause("/replaced"), Cause::Replaced);
    assert_eq!(cause("/checksum"), Cause::Seen(Reason::Checksum));
    assert_eq!(cause("/unknown"), Cause::Seen(Reason::Unknown));
    assert_eq!(cause("/malformed"), Cause::Seen(Reason::Malformed));
    assert_eq!(cause("/spaced"), Cause::Seen(Reason::Malformed));
    // A tombstone tells whose it was; nothing else does.
    assert_eq!(at(&records, "/deleted").key, Some(deleted.key.id));
    assert_eq!(at(&records, "/deleted").account, Some(account.id));
    assert_eq!(at(&records, "/replaced").key, Some(rotated.key.id));
    assert_eq!(at(&records, "/unknown").key, None);
    let print = |path: &str| at(&records, path).fingerprint.unwrap();
    assert_eq!(print("/unknown"), print("/unknown-again"));
    assert_ne!(print("/unknown"), print("/malformed"));
    assert!(records.iter().all(|record| record.fingerprint.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_the_account_s_whose_id_came_with_it() {
    let gated = Gated::start("[apis.clevertap]\npreset = \"clevertap\"\nupstream = \"LIVE\"\n").await;
    let app = &gated.started.app;
    let (own, other) =
        (gated.started.account("clevertap", "Own").await, gated.started.account("clevertap", "Other").await);
    let theirs = gated.secret(keys::NewKey { lifetime: Lifetime::Days(9), ..new_key(&other, "k") }).await;
    let format = &app.config.api("clevertap").unwrap().api.kinds[0].format;
    let unknown = format.generate(Environment::Live, &mut |bytes| bytes.fill(7)).expose().to_owned();
    let typo = format!("{}_", &unknown[..unknown.len() - 1]);
    let (id, none) = (own.public_id.as_str(), "AAA-AAA-AAAA");
    for (path, account, secret) in [
        ("/unknown", id, &unknown),
        ("/again", id, &unknown),
        ("/typo", id, &typo),
        ("/nobody", none, &unknown),
        ("/theirs", id, &theirs),
    ] {
        let headers = format!("X-CleverTap-Account-Id: {account}\r\nX-CleverTap-Passcode: {secret}");
        let head = format!("GET {path} HTTP/1.1\r\nHost: in1.api.clevertap.com\r\n{headers}");
        let reply = gated.connect().send(&head, "");
        assert_eq!((reply.status, reply.code().as_str()), (401, "invalid_credentials"), "{path}: {}", reply.body);
    }
    let records = everything(app).await;
    let of = |path: &str| (at(&records, path).account, at(&records, path).key);
    assert_eq!([of("/unknown"), of("/again"), of("/typo")], [(Some(own.id), None); 3]);
    assert_eq!(
        [of("/nobody"), of("/theirs")],
        [(None, None); 2],
        "an id that is nobody's, and a key of another account"
    );
    let report = async |account| hygiene::report(app, Reach::All, &Actor::cli(), account, 90).await.unwrap().unknown;
    let told: Vec<_> = report(own.id).await.into_iter().map(|one| (one.name, one.requests)).collect();
    let typo = format!("invalid_credentials.{}", at(&records, "/typo").cause.unwrap().as_str());
    assert_eq!(told, [("invalid_credentials.unknown".to_owned(), 2), (typo, 1)]);
    assert_eq!(report(other.id).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_for_other_programs_are_rows_too() {
    let apis = "[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n[apis.other]\nupstream = \"http://127.0.0.1:9\"\n\
                prefixes = [\"/other\"]\n";
    let served = serve(apis).await;
    let account = served.started.account("shop", "Acme").await;
    let made = served.started.key(crate::support::new_key(&account, "server")).await;
    let secret = made.secret.unwrap();
    let auth = served.running.auth;
    let call = |api: &str, path: &str| {
        json!({
            "api": api, "secret": secret.expose(), "method": "PUT", "path": path, "client_ip": "192.0.2.7", "cost": 3,
        })
    };
    let (status, answer) = served.post(auth, "/v1/verify", &call("shop", "/a?b=c")).await;
    assert_eq!((status, answer["allow"].as_bool()), (200, Some(true)));
    let batch = json!({ "items": [call("shop", "/x"), call("other", "/y")] });
    served.post(auth, "/v1/verify", &batch).await;
    // It decides nothing.
    served.post(auth, "/v1/explain", &call("shop", "/explained")).await;

    let records = everything(&served.started.app).await;
    assert_eq!(records.len(), 3);
    let one = at(&records, "/a");
    assert_eq!((one.source, one.status, one.code, one.cost), (Source::Auth, 200, None, 3));
    assert_eq!((one.method.as_str(), one.address.unwrap().to_string()), ("PUT", "192.0.2.7".to_owned()));
    assert_eq!(Some(one.request_id()), answer["request_id"].as_str().map(str::to_owned));
    let wrong = at(&records, "/y");
    assert_eq!((wrong.status, wrong.code), (401, Some("invalid_credentials")));
    assert_eq!((wrong.cause, wrong.key), (Some(Cause::Seen(Reason::WrongAccount)), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_can_be_asked_for() {
    let gated = Gated::start(CLICKYID).await;
    let app = &gated.started.app;
    let account = gated.started.account("clickyid", "Acme").await;
    let made = gated.started.key(scoped(&account, "server", Environment::Live, &["validate:offers"])).await;
    let bearer = format!("Authorization: Bearer {}", made.secret.as_ref().unwrap().expose());
    gated.send("GET /offers", &[&bearer, "User-Agent: Probe"], "");
    gated.send("GET /target-groups", &[&bearer], "");
    gated.send("GET /else", &["Authorization: Bearer nonsense"], "");
    let all = everything(app).await;
    let (ok, bad) = (at(&all, "/offers").clone(), at(&all, "/else").clone());
    let text = |text: &str| Some(text.to_owned());
    for (filter, found) in [
        (Filter { key: Some(made.key.id), ..Filter::default() }, 2),
        (Filter { account: Some(account.id), status: Some((403, 403)), ..Filter::default() }, 1),
        (Filter { api: text("clickyid"), route: text("/offers"), ..Filter::default() }, 1),
        (Filter { outcome: Some(Outcome::Success), ..Filter::default() }, 1),
        (Filter { code: text("insufficient_scope"), ..Filter::default() }, 1),
        (Filter { cause: bad.cause, fingerprint: bad.fingerprint, ..Filter::default() }, 1),
        (Filter { agent: text("probe"), kind: Some(Kind::Account), ..Filter::default() }, 1),
        (Filter { request_id: Some(ok.request_id()), method: text("GET"), ..Filter::default() }, 1),
        (Filter { address: Some("127.0.0.0/8".parse().unwrap()), ..Filter::default() }, 3),
        (Filter { path: text("/of*"), environment: Some(Environment::Live), ..Filter::default() }, 1),
        (Filter { since: Some(ok.at), until: Some(ok.at.plus(1)), ..Filter::default() }, 3),
        (Filter { until: Some(ok.at), ..Filter::default() }, 0),
        (Filter { source: Some(Source::Auth), ..Filter::default() }, 0),
    ] {
        let count = app.logs.newest(filter.clone(), None, 100).await.unwrap().records.len();
        assert_eq!(count, found, "{filter:?}");
    }
}
