//! What the demo tells a visitor, or a program.

use std::fmt::Write as _;

use keyward_server::serve::Running;
use serde_json::{Map, Value, json};

use super::Data;
use super::operator::Operator;
use super::setting::reachable;
use super::world::{Example, World};
use crate::output::{Output, Tone};

/// Says that the demo is ready: for programs as one JSON object on one line.
pub(super) fn ready(
    world: &World,
    operator: &Operator,
    running: &Running,
    data: &Data,
    output: Output,
) -> anyhow::Result<()> {
    let (control, auth) = (reachable(running.control), reachable(running.auth));
    if output.is_json() {
        return Ok(output.line(object(world, operator, &control, &auth))?);
    }
    Ok(output.line(text(world, operator, &control, &auth, data, output))?)
}

fn object(world: &World, operator: &Operator, control: &str, auth: &str) -> Value {
    let preset = |example: &Example| {
        let facts = json!({
            "base_url": example.base_url,
            "account_id": example.account_id,
            "secret": example.secret.expose(),
            "curl": example.curl,
        });
        (example.api.to_owned(), facts)
    };
    json!({
        "gateway": world.gateway,
        "control": control,
        "auth": auth,
        "operator": { "email": operator.email, "password": operator.password.expose() },
        "management_key": world.management_key.expose(),
        "presets": world.apis.iter().map(preset).collect::<Map<_, _>>(),
    })
}

fn text(world: &World, operator: &Operator, control: &str, auth: &str, data: &Data, output: Output) -> String {
    let heading = |text: &str| output.paint(text, Tone::Heading);
    let quiet = |text: &str| output.paint(text, Tone::Quiet);
    let mut out = format!(
        "{}\n\n  gateway  {}  {}\n  control  {control}  {}\n  auth     {auth}  {}\n  data     {}  {}\n",
        output.paint("Keyward's demo is ready.", Tone::Good),
        world.gateway,
        quiet("where clients call the APIs"),
        quiet("management API, with its reference at /docs"),
        quiet("decisions for other proxies: POST /v1/verify, /v1/explain"),
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
