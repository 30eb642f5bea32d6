//! `/metrics` in the text form that Prometheus reads. Every label is known beforehand: nobody outside can make more
//! of them (threat T20).

use std::fmt::Write as _;

use crate::app::App;
use crate::gateway::stats::Stats;

/// Everything that is counted, as text.
pub fn render(app: &App, stats: &Stats) -> String {
    let mut out = String::with_capacity(4_096);
    requests(&mut out, stats);
    sign_ins(&mut out, app);
    let epoch = *app.keyring.applied().borrow();
    for (name, help, value) in [
        ("keyward_ready", "Whether requests can be judged.", i64::from(app.is_ready())),
        ("keyward_gateway_connections", "Client connections open on the gateway.", stats.connections() as i64),
        ("keyward_keyring_secrets", "Secrets that requests are judged by.", app.keyring.len() as i64),
        ("keyward_keyring_bytes", "Bytes of the keyring's table.", app.keyring.bytes() as i64),
        ("keyward_keyring_epoch", "Changes that requests are judged by.", epoch),
        ("keyward_limit_counters", "Counters of limits and quotas in use.", app.limits.counters() as i64),
    ] {
        family(&mut out, name, "gauge", help);
        line(&mut out, name, &[], value as u64);
    }
    let name = "keyward_signals_dropped_total";
    family(&mut out, name, "counter", "Limits reached and odd refusals that nobody was told of: there were too many.");
    line(&mut out, name, &[], app.signals.dropped());
    heads(&mut out, app);
    logs(&mut out, app);
    out
}

fn logs(out: &mut String, app: &App) {
    let Some((tally, holding)) = app.logs.tally().zip(app.logs.holding()) else { return };
    for (name, kind, help, value) in [
        ("keyward_log_decisions_total", "counter", "Decisions that the request log is told of.", tally.decided),
        ("keyward_log_stored_total", "counter", "Their records that are on the disk.", tally.stored),
        ("keyward_log_records", "gauge", "Records that can be found.", holding.records),
        ("keyward_log_bytes", "gauge", "Bytes of the request log on the disk.", holding.bytes),
        ("keyward_log_failing", "gauge", "Whether it can't be written.", u64::from(tally.failing.is_some())),
    ] {
        family(out, name, kind, help);
        line(out, name, &[], value);
    }
    family(out, "keyward_log_dropped_total", "counter", "Records that were dropped, by reason.");
    for (loss, records) in &tally.dropped {
        line(out, "keyward_log_dropped_total", &[("reason", loss.as_str())], *records);
    }
}

fn heads(out: &mut String, app: &App) {
    let sinks: Vec<_> = app.heads.sinks().collect();
    for (place, (name, kind, help)) in [
        ("keyward_audit_heads_sent_total", "counter", "Signed heads of the audit that were sent."),
        ("keyward_audit_heads_failed_total", "counter", "Attempts to send one that failed."),
        ("keyward_audit_heads_waiting", "gauge", "Signed heads that wait to be sent."),
    ]
    .into_iter()
    .enumerate()
    {
        family(out, name, kind, help);
        for (sink, counts) in &sinks {
            line(out, name, &[("sink", sink)], counts[place]);
        }
    }
    if let Some(at) = app.heads.signed_at() {
        let name = "keyward_audit_head_signed_seconds";
        family(out, name, "gauge", "When the head of the audit was last signed, in unix seconds.");
        line(out, name, &[], (at.0 / 1_000) as u64);
    }
}

fn requests(out: &mut String, stats: &Stats) {
    const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    let apis = stats.snapshot();
    let name = |api: &Option<String>| api.clone().unwrap_or_default();
    family(out, "keyward_requests_total", "counter", "Answers of the gateway by API and class of status.");
    for api in &apis {
        for (class, count) in CLASSES.iter().zip(api.classes) {
            line(out, "keyward_requests_total", &[("api", &name(&api.api)), ("status", class)], count);
        }
    }
    family(out, "keyward_denials_total", "counter", "Refusals of the gateway by API and code.");
    for api in &apis {
        for (code, count) in &api.denials {
            line(out, "keyward_denials_total", &[("api", &name(&api.api)), ("code", code)], *count);
        }
    }
    family(out, "keyward_clients_gone_total", "counter", "Requests whose client broke off while sending.");
    for api in &apis {
        line(out, "keyward_clients_gone_total", &[("api", &name(&api.api))], api.client_gone);
    }
}

fn sign_ins(out: &mut String, app: &App) {
    family(out, "keyward_sign_ins_total", "counter", "Attempts of people to sign in, by how they ended.");
    for (outcome, count) in app.desk.outcomes() {
        line(out, "keyward_sign_ins_total", &[("outcome", outcome)], count);
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    out.push_str(name);
    for (place, (label, text)) in labels.iter().enumerate() {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(out, "{}{label}=\"{text}\"", if place == 0 { '{' } else { ',' });
    }
    if !labels.is_empty() {
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}
