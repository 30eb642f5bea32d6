//! The log as the management API tells it.

use keyward_core::time::UnixMs;
use keyward_server::logs::{Record, Source};
use parquet::file::reader::FileReader as _;
use parquet::record::RowAccessor as _;
use serde_json::Value;

use crate::management::Control;

/// Records of an account, one each millisecond from a moment on.
async fn put(control: &Control, account: &str, count: i64, shape: impl Fn(i64, &mut Record)) {
    let app = &control.started.app;
    let recorder = app.logs.recorder().unwrap();
    for nth in 0..count {
        recorder.decide();
        let mut record = Box::new(Record::new(UnixMs(app.clock.now().0 - 20_000 + nth), Source::Gateway));
        record.account = Some(account.parse().unwrap());
        record.status = 200;
        record.set_texts("/path", "agent", "");
        shape(nth, &mut record);
        recorder.hand_over(record);
    }
    app.logs.settle().await;
}

fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_without_a_gap_and_newest_first() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    put(&control, &account, 25, |nth, record| record.total_us = nth as u32).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = control.get(&format!("/v1/logs?limit=10{cursor}")).await.is(200).body;
        seen.extend(items(&page).iter().map(|row| row["total_us"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        // What comes meanwhile does not shift the pages.
        put(&control, &account, 1, |_, record| record.at = UnixMs(record.at.0 + 19_000)).await;
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_its_own_rows_alone() {
    let control = Control::start().await;
    let (own, other) = (control.account("clickyid", "Own").await, control.account("clickyid", "Other").await);
    put(&control, &own, 3, |_, _| {}).await;
    put(&control, &other, 4, |_, _| {}).await;
    let key = control.key_that_may(Some(own.parse().unwrap()), Some(&["logs.read"])).await;
    let rows = |query: &str| format!("/v1/logs{query}");
    let list = control.by(&key, reqwest::Method::GET, &rows(""), None).await.is(200).body;
    assert_eq!(items(&list).len(), 3);
    let foreign = control.by(&key, reqwest::Method::GET, &rows(&format!("?account_id={other}")), None).await.is(200);
    assert!(items(&foreign.body).is_empty());
    let export = control.by(&key, reqwest::Method::GET, "/v1/logs/export?format=csv", None).await.is(200).text;
    assert_eq!(export.lines().count(), 4);
    assert!(!export.contains(&other));
    assert_eq!(items(&control.get("/v1/logs").await.is(200).body).len(), 7, "the operator sees all");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_are_told_what_is_wrong() {
    let control = Control::start().await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=x", "cursor"),
        ("status=9xx", "status"),
        ("since=yesterday", "since"),
        ("key_id=acct_1", "key_id"),
        ("address=here", "address"),
        ("reason=bad", "reason"),
        ("outcome=fine", "outcome"),
        ("fingerprint=12", "fingerprint"),
        ("colour=red", "colour"),
    ] {
        assert_eq!(control.get(&format!("/v1/logs?{query}")).await.is(400).parameter(), parameter, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r79_exports_hold_every_row_and_no_formula() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let agents = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "say \"x\", y"];
    put(&control, &account, 12_000, |nth, record| {
        record.set_texts("/p", agents[nth as usize % agents.len()], "");
        record.bytes_out = nth as u64;
    })
    .await;
    let csv = control.get("/v1/logs/export?format=csv").await.is(200).text;
    assert_eq!(csv.lines().count(), 12_001);
    for agent in agents.iter().take(5) {
        assert!(csv.contains(&format!("\"'{agent}\"")), "{agent:?}");
        assert!(!csv.contains(&format!(",{agent}")), "{agent:?}");
    }
    let ndjson = control.get("/v1/logs/export").await.is(200).text;
    let rows = ndjson.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    let told: Vec<u64> = rows.iter().map(|row| row["bytes_out"].as_u64().unwrap()).collect();
    assert_eq!(told, (0..12_000).rev().collect::<Vec<_>>());

    let parquet = control.open(&control.operator, "/v1/logs/export?format=parquet").await.bytes().await.unwrap();
    let file = parquet::file::reader::SerializedFileReader::new(parquet).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 12_000);
    let place = |name: &str| {
        let columns = file.metadata().file_metadata().schema_descr();
        (0..columns.num_columns()).find(|at| columns.column(*at).name() == name).unwrap()
    };
    let first = file.get_row_iter(None).unwrap().next().unwrap().unwrap();
    assert_eq!(first.get_long(place("bytes_out")).unwrap(), 11_999);
    assert_eq!(first.get_string(place("account_id")).unwrap(), &account);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_tells_what_comes_and_ends_with_the_right_to_it() {
    let control = Control::start().await;
    let (own, other) = (control.account("clickyid", "Own").await, control.account("clickyid", "Other").await);
    let key = control.key_that_may(Some(own.parse().unwrap()), Some(&["logs.read"])).await;
    let mut stream = control.open(&key, "/v1/logs/tail?status=2xx").await;
    put(&control, &other, 2, |_, _| {}).await;
    put(&control, &own, 2, |nth, record| record.status = if nth == 0 { 500 } else { 204 }).await;
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
    let row: Value = serde_json::from_str(data).unwrap();
    assert_eq!((row["status"].as_u64(), row["account_id"].as_str()), (Some(204), Some(own.as_str())));
    assert!(text.starts_with("event: row"), "{text}");
    let own_key = control.by(&key, reqwest::Method::GET, "/v1/whoami", None).await.is(200);
    control.delete(&format!("/v1/management-keys/{}", own_key.text_of("management_key_id"))).await.is(200);
    // No more than what was on its way: then it ends.
    while let Some(more) = stream.chunk().await.unwrap() {
        assert!(!String::from_utf8_lossy(&more).contains("event: row"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_the_log_adds_up() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    put(&control, &account, 50, |_, _| {}).await;
    let status = control.get("/v1/logs/status").await.is(200).body;
    let number = |name: &str| status[name].as_u64().unwrap();
    assert_eq!((number("decided"), number("stored"), number("under_way"), number("records")), (50, 50, 0, 50));
    assert!(status["failing"].is_null() && number("bytes") > 0 && status["oldest"].is_string());
    let app = &control.started.app;
    let metrics = keyward_server::metrics::render(app, &keyward_server::gateway::stats::Stats::new(&app.config));
    for line in ["keyward_log_decisions_total 50", "keyward_log_dropped_total{reason=\"queue_full\"} 0"] {
        assert!(metrics.contains(line), "{line}");
    }
}
