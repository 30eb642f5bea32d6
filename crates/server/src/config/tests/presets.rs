use super::*;
use crate::gateway::dialect::{ErrorFacts, KeyFacts};
use keyward_core::time::UnixMs;

fn preset(name: &str) -> std::sync::Arc<ApiSetup> {
    let text = format!("[apis.x]\npreset = '{name}'\nupstream = 'http://127.0.0.1:9'\ntest_upstream = 'same'\n");
    good(&text).api("x").unwrap().clone()
}

fn error(setup: &ApiSetup, status: u16, code: &str, message: &str) -> serde_json::Value {
    let facts = ErrorFacts {
        status,
        code,
        message,
        request_id: "0192f0c1-2b3c-7def-8123-456789abcdef",
        help_url: None,
        retry_after_s: None,
        needed_scopes: &[],
        limit: None,
    };
    serde_json::from_str(&setup.dialect.render(&facts).body).unwrap()
}

#[test]
fn r2_r13_r17_r20_r21_clevertap() {
    let setup = preset("clevertap");
    let [Scheme::Pair { account, secret }] = setup.schemes.as_slice() else { panic!() };
    assert_eq!((account.as_str(), secret.as_str()), ("x-clevertap-account-id", "x-clevertap-passcode"));
    let regions: Vec<_> = setup.api.regions.keys().map(String::as_str).collect();
    assert_eq!(regions, ["aps3", "eu1", "in1", "mec1", "sg1", "us1"]);
    assert_eq!(setup.api.regions["eu1"], ["eu1.api.clevertap.com", "api.clevertap.com"]);
    assert!(setup.hosts.contains(&"in1.api.clevertap.com".to_owned()));
    let account = setup.api.kind(Kind::Account).unwrap();
    assert_eq!((account.count_max, account.naming, account.unique_names), (100, Naming::Required, true));
    assert_eq!(
        (account.visibility, account.expiry.days_max, account.expiry.infinite_days),
        (Visibility::Once, 3_650, None)
    );
}

#[test]
fn r36_r39_r40_r41_clevertap_user_passcodes() {
    let setup = preset("clevertap");
    let personal = setup.api.kind(Kind::Personal).unwrap();
    assert_eq!((personal.visibility, personal.count_max), (Visibility::Owner, 1));
    assert_eq!((personal.expiry.days_min, personal.expiry.days_max, personal.expiry.required), (1, 365, true));
    assert_eq!(personal.expiry.infinite_days, Some(3_650));
    let text = "[apis.x]\npreset='clevertap'\nupstream='http://h'\n[apis.x.keys.personal]\ninfinite='never'\n";
    let never = good(text).api("x").unwrap().api.kind(Kind::Personal).unwrap().expiry.clone();
    assert_eq!((never.infinite_days, never.days_max), (None, 365));
}

#[test]
fn r30_clevertap_errors_have_the_envelope() {
    let body = error(&preset("clevertap"), 401, "key_expired", "The key has expired.");
    assert_eq!(body["status"], "fail");
    assert_eq!(body["code"], 401);
    assert!(body["error"].as_str().unwrap().contains("passcode has expired"));
}

#[test]
fn r56_r59_r65_clickyid_keys_and_limits() {
    let setup = preset("clickyid");
    let rules = setup.api.kind(Kind::Account).unwrap();
    assert_eq!(rules.format.prefix(Environment::Test), "ck_test_");
    assert!(rules.scopes_required && rules.naming == Naming::Required);
    let limit = |environment| setup.api.limits(environment).iter().map(|l| (l.limit, l.window_ms)).collect::<Vec<_>>();
    assert_eq!(limit(Environment::Live), [(1_000, 3_600_000)]);
    assert_eq!(limit(Environment::Test), [(10_000, 3_600_000)]);
}

#[test]
fn r61_r62_clickyid_routes_need_their_scopes() {
    let setup = preset("clickyid");
    for (method, path, scope) in [
        ("POST", "/validate/target-group", "validate:target-groups"),
        ("GET", "/target-groups", "validate:target-groups"),
        ("POST", "/validate/offer", "validate:offers"),
        ("GET", "/offers", "validate:offers"),
    ] {
        let route = setup.api.routes.find(method, path).route().unwrap();
        assert_eq!(setup.api.catalogue.names(&route.scopes).collect::<Vec<_>>(), [scope]);
        assert!(route.environments.is_empty());
    }
    assert!(setup.api.routes.find("GET", "/else").route().is_none());
}

#[test]
fn r59_r63_r66_clickyid_bulk_is_live_and_its_body_says_the_scopes() {
    let setup = preset("clickyid");
    let route = setup.api.routes.find("POST", "/validate/bulk").route().unwrap();
    assert_eq!(route.environments, [Environment::Live]);
    let rule = route.body.as_ref().unwrap();
    let scopes = |body: &str| rule.demand(body.as_bytes()).map(|demand| demand.scopes.join(" ")).ok();
    assert_eq!(
        scopes(r#"{"emails":["a"],"offerIds":["o"],"targetGroupIds":null}"#).as_deref(),
        Some("validate:offers")
    );
    assert_eq!(
        scopes(r#"{"emails":["a"],"targetGroupIds":["t"],"offerIds":[]}"#).as_deref(),
        Some("validate:target-groups")
    );
    let both = scopes(r#"{"emails":["a"],"targetGroupIds":["t"],"offerIds":["o"]}"#);
    assert_eq!(both.as_deref(), Some("validate:target-groups validate:offers"));
    for neither in
        [r#"{"emails":["a"]}"#, r#"{"emails":["a"],"offerIds":[],"targetGroupIds":null}"#, r#"{"offerIds":["o"]}"#]
    {
        assert_eq!(scopes(neither), None, "{neither}");
    }
    assert_eq!(rule.items_max, Some(100));
}

#[test]
fn r81_r86_r90_r100_r101_codat() {
    let setup = preset("codat");
    assert_eq!(setup.schemes, [Scheme::Basic]);
    assert_eq!(setup.keys_door.as_deref(), Some("/apiKeys"));
    let rules = setup.api.kind(Kind::Account).unwrap();
    assert_eq!((rules.visibility, rules.count_max, rules.count_min), (Visibility::Always, 10, 1));
    assert_eq!((rules.naming, rules.name_chars_max, rules.unique_names), (Naming::Optional, 50, false));
    assert!(rules.provisioned && rules.format.prefix(Environment::Live).is_empty());
}

#[test]
fn r82_codat_errors_have_the_body_of_its_api() {
    let message = "Maximum number of API keys reached. To create a new API key, delete an unused key and try again.";
    let expected = serde_json::json!({
        "statusCode": 409, "service": "PublicApi", "error": message,
        "correlationId": "0192f0c12b3c7def8123456789abcdef", "validation": null, "canBeRetried": "Unknown",
        "detailedErrorCode": 0,
    });
    assert_eq!(error(&preset("codat"), 409, "conflict", message), expected);
}

#[test]
fn r92_r93_r95_codat_keys_are_worded_as_its_api_does() {
    let setup = preset("codat");
    let created_at = UnixMs::parse_rfc3339("2022-04-11T13:49:37.9Z").unwrap();
    let key = KeyFacts { id: "7f1e0c52-0000-7000-8000-000000000000", name: None, secret: Some("s3"), created_at };
    let one = setup.dialect.render_key(&key);
    assert_eq!(one.content_type, "application/json");
    let expected = r#"{"id":"7f1e0c52-0000-7000-8000-000000000000","name":null,"apiKey":"s3","createdDate":"2022-04-11T13:49:37Z"}"#;
    assert_eq!(one.body, expected);
    let named = KeyFacts { name: Some("a \"b\""), ..key };
    let all: serde_json::Value = serde_json::from_str(&setup.dialect.render_keys(&[key, named]).body).unwrap();
    assert_eq!(all["results"][1]["name"], "a \"b\"");
    assert_eq!(setup.dialect.render_keys(&[]).body, r#"{"results":[]}"#);
}

/// `Authorization: Basic base64("sk_live_…:")` and an error object inside `error`.
const STRIPE: &str = r#"
schemes = ["basic", "bearer"]
environments = ["live", "test"]
[keys.account]
prefix = "sk_{environment}_"
letters = 99
naming = "optional"
[errors]
content_type = "application/json"
template = "error.json"
[words]
section = "Developers"
"#;
const STRIPE_ERROR: &str = r#"{"error":{"type":{% if status == 429 %}"rate_limit_error"{% elif status == 401 %}"authentication_error"{% else %}"invalid_request_error"{% endif %},"message":{{ message|tojson }},"code":{{ code|tojson }}}}"#;

#[test]
fn a_fourth_preset_is_a_directory_and_needs_no_rust() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("stripe");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("preset.toml"), STRIPE).unwrap();
    std::fs::write(own.join("error.json"), STRIPE_ERROR).unwrap();
    let text = "[apis.pay]\npreset = './stripe'\nupstream = 'http://h'\ntest_upstream = 'http://t'\n";
    let file = folder.path().join("keyward.toml");
    std::fs::write(&file, text).unwrap();
    let config = load(&file).unwrap();
    let pay = config.api("pay").unwrap();
    assert_eq!(pay.schemes, [Scheme::Basic, Scheme::Bearer]);
    assert_eq!(pay.api.kind(Kind::Account).unwrap().format.prefix(Environment::Test), "sk_test_");
    let body = error(pay, 401, "invalid_credentials", "No such \"key\".");
    let expected = serde_json::json!({"error": {
        "type": "authentication_error", "message": "No such \"key\".", "code": "invalid_credentials",
    }});
    assert_eq!(body, expected);
}

#[test]
fn what_an_operator_writes_is_laid_over_the_preset() {
    let text = "[apis.x]\npreset = 'clickyid'\nupstream = 'http://h'\ntest_upstream = 'http://t'\n\
                [apis.x.limits.default]\nlimit = 5\n[apis.x.limits.burst]\nlimit = 2\nwindow = '1s'\n\
                [[apis.x.routes]]\npath = '/own'\n";
    let config = good(text);
    let api = &config.api("x").unwrap().api;
    let limits: Vec<_> = api.limits_test.iter().map(|limit| (limit.name.as_str(), limit.limit)).collect();
    assert_eq!(limits, [("default", 10_000), ("burst", 2)], "tables are merged");
    assert_eq!(api.limits_live[0].limit, 5);
    assert_eq!(api.routes.all().len(), 1, "lists are replaced");
}

#[test]
fn r90_codat_says_how_long_a_name_may_be() {
    let body = error(&preset("codat"), 400, "name_too_long", "at most 50 characters");
    assert_eq!(body["error"], "Max string length (50) for `name` reached.");
}
