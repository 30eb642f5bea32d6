//! What the demo tells a visitor, or a program.

use std::fmt::Write as _;

use keyward_server::serve::Running;
use serde_json::{Map, Value, json};

use super::Data;
use super::operator::Operator;
use super::setting::reachable;
use super::world::{Example, World};
use crate::output::{Output, Tone};

/// What there is to tell.
pub(super) struct Facts<'a> {
    pub(super) world: &'a World,
    pub(super) operator: &'a Operator,
    pub(super) running: &'a Running,
    pub(super) data: &'a Data,
    /// The URL of the inbox.
    pub(super) inbox: &'a str,
}

/// Says that the demo is ready: for programs as one JSON object on one line.
pub(super) fn ready(facts: &Facts<'_>, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return Ok(output.line(object(facts))?);
    }
    Ok(output.line(text(facts, output))?)
}

fn object(facts: &Facts<'_>) -> Value {
    let Facts { world, operator, running, inbox, .. } = facts;
    let preset = |example: &Example| {
        let facts = json!({
            "base_url": example.base_url,
            "account_id": example.account_id,
            "secret": example.secret.expose(),
            "curl": example.curl,
        });
        (example.api.to_owned(), facts)
    };
    let admin = |example: &Example| {
        let admin = example.admin.as_ref()?;
        Some(json!({ "api": example.api, "email": admin.email, "password": admin.password.expose() }))
    };
    json!({
        "gateway": world.gateway,
        "control": reachable(running.control),
        "auth": reachable(running.auth),
        "inbox": inbox,
        "operator": { "email": operator.email, "password": operator.password.expose() },
        "people": world.apis.iter().filter_map(admin).collect::<Vec<_>>(),
        "management_key": world.management_key.expose(),
        "presets": world.apis.iter().map(preset).collect::<Map<_, _>>(),
    })
}

fn text(facts: &Facts<'_>, output: Output) -> String {
    let Facts { world, operator, running, data, inbox } = facts;
    let (control, auth) = (reachable(running.control), reachable(running.auth));
    let heading = |text: &str| output.paint(text, Tone::Heading);
    let quiet = |text: &str| output.paint(text, Tone::Quiet);
    let mut out = format!(
        "{}\n\n  gateway  {}  {}\n  control  {control}  {}\n  auth     {auth}  {}\n  inbox    {inbox}  {}\n  data     {}  {}\n",
        output.paint("Keyward's demo is ready.", Tone::Good),
        world.gateway,
        quiet("where clients call the APIs"),
        quiet("dashboard and management API, with its reference at /docs"),
        quiet("decisions for other proxies: POST /v1/verify, /v1/explain"),
        quiet("the demo's mail, and buttons that move its clock"),
        data.path().display(),
        quiet(data.fate()),
    );
    // Writing to a String can't fail.
    let _ = writeln!(
        out,
        "  operator {}  {}",
        operator.email,
        quiet(&format!("signs in with the password {}", operator.password.expose()))
    );
    for (example, admin) in world.apis.iter().filter_map(|example| Some((example, example.admin.as_ref()?))) {
        let told = format!("admin of {}, password {}", example.api, admin.password.expose());
        let _ = writeln!(out, "           {}  {}", admin.email, quiet(&told));
    }
    let _ = writeln!(out, "\n{}", heading("1. Call an API"));
    for example in &world.apis {
        let _ = writeln!(out, "\n  {}\n  {}", quiet(&format!("# {}", title(example.api))), example.curl);
    }
    let program = program();
    let _ = write!(
        out,
        "\n{}\n\n  export KEYWARD_URL={control} KEYWARD_KEY={}\n  {program} keys list\n",
        heading("2. Manage it from another terminal"),
        world.management_key.expose(),
    );
    if let Some(first) = world.apis.first() {
        let _ = write!(
            out,
            "\n{}\n\n  {program} keys revoke {}\n  {}\n",
            heading("3. Revoke a key: its very next request is refused with 401"),
            first.key,
            first.curl.replacen("curl ", "curl -i ", 1),
        );
    }
    let _ = write!(
        out,
        "\n{}\n\n  {inbox}  {}\n",
        heading("4. Watch keys expire: +1 day, +30 days"),
        quiet("what its people are mailed, as it happens"),
    );
    let _ = write!(out, "\n{}", quiet("Ctrl-C ends the demo."));
    out
}

fn title(api: &str) -> &str {
    match api {
        "demo" => "a neutral API",
        "clevertap" => "the CleverTap preset: an account id and a passcode",
        "clickyid" => "the ClickyID preset: Bearer keys with scopes and an hourly limit",
        "codat" => "the Codat preset: Basic keys, which the API itself manages at /apiKeys",
        other => other,
    }
}

/// How the visitor called this program.
fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if called.contains('/') && called.chars().all(plain) { called } else { "keyward".to_owned() }
}
