use super::*;
use proptest::prelude::*;

/// The faults of a text as `line path: why`.
fn bad(text: &str) -> Vec<String> {
    let faults = parse(text, Path::new(HERE)).expect_err("there is a fault");
    faults.iter().map(ToString::to_string).collect()
}

/// An API with these lines, which begin on line 3.
fn api(lines: &str) -> String {
    format!("[apis.x]\nupstream = 'http://127.0.0.1:9000'\n{lines}")
}

/// That a text has exactly this fault.
#[track_caller]
fn one(text: &str, line: usize, path: &str, why: &str) {
    let all = bad(text);
    let [only] = all.as_slice() else { panic!("{all:#?}") };
    assert!(only.starts_with(&format!("line {line}: {path}: ")), "{only}");
    assert!(only.contains(why), "{only}");
}

const MANY: &str = r#"listn = 1
[listen]
gateway = "0.0.0.0:8080"
control = 8081
[gateway]
head_timeout = "10 seconds"
trusted_proxies = ["10.0.0.0/8", "10.0.0.0/99"]
[apis.a]
upstream = "127.0.0.1:9000"
prefixs = ["/a"]
environments = ["live", "test"]
[apis.a.scopes]
"read" = "Read"
[apis.a.limits.default]
limit = 5_000_000_000
window = "1500ms"
[[apis.a.routes]]
path = "/x"
scopes = ["raed"]
[[apis.a.routes]]
path = "no-slash"
[apis.a.routes.body]
items = "size(body."
[apis.b]
preset = "clickid"
"#;

#[test]
fn all_faults_are_reported_at_once_each_with_its_line() {
    let all = bad(MANY);
    let lines: Vec<usize> = parse(MANY, Path::new(HERE)).unwrap_err().iter().filter_map(|fault| fault.line).collect();
    assert_eq!(lines, [1, 3, 4, 6, 7, 8, 9, 10, 15, 16, 19, 21, 23, 24, 24, 25], "{all:#?}");
    for (path, why) in [
        ("listn", "did you mean `listen`"),
        ("listen.gateway", "insecure_bind"),
        ("listen.control", "found a whole number"),
        ("gateway.head_timeout", "is not a duration"),
        ("gateway.trusted_proxies", "10.0.0.0/99"),
        ("apis.a.test_upstream", "is needed for test keys"),
        ("apis.a.upstream.addresses", "http://"),
        ("apis.a.prefixs", "did you mean `prefixes`"),
        ("apis.a.limits.default.limit", "not within"),
        ("apis.a.limits.default.window", "whole number of seconds"),
        ("apis.a.routes[0].scopes", "did you mean `read`"),
        ("apis.a.routes[1].path", "begin"),
        ("apis.a.routes[1].body.items", "not an expression"),
        ("apis.b.preset", "no preset is called `clickid`"),
        ("apis.b.upstream", "is needed"),
    ] {
        assert!(
            all.iter().any(|fault| fault.contains(&format!("{path}: ")) && fault.contains(why)),
            "{path}: {why}\n{all:#?}"
        );
    }
}

#[test]
fn syntax_errors_come_with_their_lines() {
    let faults = parse("a = 1\nb = = 2\nc = 'x\n", Path::new(HERE)).unwrap_err();
    let mut lines: Vec<_> = faults.iter().filter_map(|fault| fault.line).collect();
    lines.dedup();
    assert_eq!(lines, [2, 3]);
    assert!(faults.iter().all(|fault| fault.why.starts_with("not TOML")));
}

#[test]
fn a_key_given_twice_is_a_fault() {
    assert!(bad("[apis.x]\n[apis.x]\n")[0].contains("line 2"));
}

#[test]
fn wrong_types_say_what_was_expected() {
    one(&api("hosts = 7"), 3, "apis.x.hosts", "expected a text or a list of texts, found a whole number");
    one(&api("hosts = ['a', 7]"), 3, "apis.x.hosts", "expected text, found a whole number");
    one(&api("keep_prefix = 'yes'"), 3, "apis.x.keep_prefix", "expected true or false, found text");
    one(&api("limits = 5"), 3, "apis.x.limits", "expected tables by name");
    one(&api("[apis.x.limits]\ndefault = 5"), 4, "apis.x.limits.default", "expected a table");
    one(&api("routes = ['/a']"), 3, "apis.x.routes[0]", "expected a table, found text");
    one(&api("holder_door = true"), 3, "apis.x.holder_door", "expected a path, or false");
    one("apis = 7", 1, "apis", "expected tables by name");
}

#[test]
fn words_that_are_none_of_the_choices_are_refused() {
    one(&api("access = 'requierd'"), 3, "apis.x.access", "did you mean `required`");
    one(&api("environments = ['prod']\n"), 3, "apis.x.environments", "`prod` is none of live, test");
}

#[test]
fn t19_listening_beyond_loopback_must_be_said() {
    one("[listen]\ncontrol = '[::]:80'", 2, "listen.control", "insecure_bind");
    one("[listen]\nauth = '10.0.0.1:80'", 2, "listen.auth", "service_key");
    good("[listen]\ngateway = '0.0.0.0:80'\ninsecure_bind = true\n");
    good("[listen]\nauth = '0.0.0.0:80'\n[auth]\nservice_key = 'abcdefghijklmnopqrstuvwxyz'\n");
    good("[listen]\nauth = '0.0.0.0:80'\n[auth]\ninsecure = true\n");
    one("[listen]\ngateway = '127.0.0.1:8081'", 1, "listen.control", "`gateway` already");
}

#[test]
fn two_apis_can_not_answer_at_one_place() {
    let two = |first: &str, second: &str| {
        format!("[apis.a]\nupstream = 'http://h'\n{first}\n[apis.b]\nupstream = 'http://h'\n{second}\n")
    };
    one(&two("", ""), 4, "apis.b", "`a` answers at any host and prefix / already");
    one(&two("hosts = ['X.com']", "hosts = ['x.com']"), 4, "apis.b", "at x.com");
    one(&two("prefixes = ['/p/']", "prefixes = ['/p', '/q']"), 4, "apis.b", "prefix /p");
    good(&two("prefixes = ['/p']", "prefixes = ['/q']"));
    good(&two("hosts = ['x.com']", ""));
}

#[test]
fn r59_test_traffic_never_reaches_the_live_upstream_unsaid() {
    one(&api("environments = ['live', 'test']"), 1, "apis.x.test_upstream", "is needed for test keys");
    good(&api("environments = ['live', 'test']\ntest_upstream = 'same'"));
    let codat = "[apis.x]\npreset = 'clickyid'\nupstream = 'http://h'\n";
    one(codat, 1, "apis.x.test_upstream", "\"same\"");
}

#[test]
fn faults_of_one_api() {
    one(&api("hosts = ['a.com:80']"), 3, "apis.x.hosts", "without a port");
    one(&api("hosts = ['a.com', 'A.com']"), 3, "apis.x.hosts", "twice");
    one(&api("prefixes = ['/a/../b']"), 3, "apis.x.prefixes", "dot segment");
    one(&api("prefixes = []"), 3, "apis.x.prefixes", "at least one");
    one(&api("schemes = ['digest']"), 3, "apis.x.schemes", "no scheme");
    one(&api("schemes = []"), 3, "apis.x.schemes", "at least one");
    one(&api("schemes = ['header:Authorization']"), 3, "apis.x.schemes", "another meaning");
    one(&api("schemes = ['header:X-A', { account = 'X-A', secret = 'X-B' }]"), 3, "apis.x.schemes", "two schemes");
    one(&api("schemes = [{ account = 'X-A' }]"), 3, "apis.x.schemes.secret", "is needed");
    one(&api("cors_origins = ['https://a.com/']"), 3, "apis.x.cors_origins", "without a path");
    one(&api("preflight = 'forward'\ncors_origins = ['*']"), 4, "apis.x.cors_origins", "only used");
    one(&api("identity_headers.Host = 'key.id'"), 3, "apis.x.identity_headers.Host", "another meaning");
    one(&api("identity_headers.X-A = 'key.ids'"), 3, "apis.x.identity_headers.X-A", "did you mean `key.id`");
    one(&api("identity_headers.X_A = 'key.id'"), 3, "apis.x.identity_headers.X_A", "differently");
    one(&api("help_url = 'docs'"), 3, "apis.x.help_url", "not an http(s) address");
    one(&api("account_id = 'XXX'"), 3, "apis.x.account_id", "at least 6");
    one(&api("default_region = 'eu1'"), 3, "apis.x.default_region", "no region");
    one(&api("[apis.x.regions]\na.hosts = ['h']\nb.hosts = ['h']"), 5, "apis.x.regions.b.hosts", "region `a` already");
    one(&api("[apis.x.scopes]\n'a b' = ''"), 4, "apis.x.scopes", "can't name a scope");
    one(&api("[apis.x.upstreams.live]\naddresses = 'http://h'"), 3, "apis.x.upstreams.live", "declared as `upstream`");
    one(
        &api("[apis.x.upstreams.b]\naddresses = ['http://h/a', 'http://i/b']"),
        4,
        "apis.x.upstreams.b.addresses",
        "same path",
    );
}

#[test]
fn faults_of_keys_limits_and_plans() {
    one(&api("keys.account.letters = 8"), 3, "apis.x.keys.account", "128");
    one(&api("keys.account.prefix = 'a-'"), 3, "apis.x.keys.account", "prefix");
    one(&api("keys.account.visibility = 'owner'"), 3, "apis.x.keys.account.visibility", "no owner");
    one(&api("keys.account.scopes_required = true"), 3, "apis.x.keys.account.scopes_required", "no scopes");
    one(&api("keys.account.count_min = 200"), 3, "apis.x.keys.account.count_max", "less than count_min");
    one(&api("keys.account.days_max = 5\nkeys.account.days_min = 6"), 3, "apis.x.keys.account.days_max", "less");
    one(&api("[apis.x.limits.l]\nlimit = 0\nwindow = '1h'"), 4, "apis.x.limits.l.limit", "not within 1");
    one(&api("[apis.x.limits.l]\nlimit = 1\nwindow = '401d'"), 5, "apis.x.limits.l.window", "400d");
    one(&api("[apis.x.limits.l]\nlimit = 1"), 3, "apis.x.limits.l.window", "is needed");
    one(&api("[apis.x.limits.'l l']\nlimit = 1\nwindow = '1h'"), 3, "apis.x.limits.\"l l\"", "a name has");
    let both = "[apis.x.limits.l]\nlimit = 1\nwindow = '1h'\n[apis.x.quotas.l]\nbudget = 1";
    one(&api(both), 6, "apis.x.quotas.l", "called `l` already");
    one(&api("[apis.x.quotas.q]\nbudget = 1\nrefill = 'daily'\nday = 3"), 6, "apis.x.quotas.q.day", "monthly");
    one(&api("[apis.x.plans.p]\nscopes = ['x']"), 4, "apis.x.plans.p.scopes", "no scope `x`");
    let split = "[apis.x.plans.p.limits.l]\nlimit = 1\nwindow = '1h'\ntest_limit = 2";
    one(&api(split), 6, "apis.x.plans.p.limits.l.test_limit", "unknown key");
}

#[test]
fn faults_of_routes() {
    let route = |lines: &str| api(&format!("[[apis.x.routes]]\npath = '/a'\n{lines}"));
    one(&route("methods = ['TRACE']"), 5, "apis.x.routes[0].methods", "TRACE");
    one(&route("upstream = 'billing'"), 5, "apis.x.routes[0].upstream", "no upstream");
    one(&route("[[apis.x.routes]]\npath = '/a'\n"), 5, "apis.x.routes[1]", "never reached");
    one(
        &route("[[apis.x.routes]]\npath = '/{a}/x'\n[[apis.x.routes]]\npath = '/{b}/x'\n"),
        8,
        "apis.x.routes[2]",
        "{b}",
    );
    one(&route("[[apis.x.routes]]\npath = '/%41'\n"), 6, "apis.x.routes[1].path", "requests spell it /A");
    one(&route("body.items_max = 5"), 5, "apis.x.routes[0].body.items_max", "`items` must say");
    one(&route("body.require_message = 'm'"), 5, "apis.x.routes[0].body.require_message", "no `require`");
    let deep = format!("body.require = '{}'", "(".repeat(5_000));
    one(&route(&deep), 5, "apis.x.routes[0].body.require", "not an expression");
}

#[test]
fn references_to_what_is_not_there_are_faults() {
    one("[store]\nurl = 'env:KEYWARD_NO_SUCH_VARIABLE'", 2, "store.url", "no variable");
    one("[auth]\nservice_key = 'file:no-such-file'", 2, "auth.service_key", "can't read");
    one("[store]\nurl = 'mysql://u:hunter2@h'", 2, "store.url", "expected sqlite:");
    one("[auth]\nservice_key = 'short'", 2, "auth.service_key", "at least 20");
    one(&api("errors.template = 'no-such-file'"), 3, "apis.x.errors.template", "can't read");
    one("[apis.x]\npreset = './no-such-preset'\nupstream = 'http://h'", 2, "apis.x.preset", "can't read");
}

#[test]
fn no_fault_repeats_a_secret() {
    for text in ["[store]\nurl = 'mysql://u:hunter2@h'", "[auth]\nservice_key = 'hunter2 hunter2 hunter2'"] {
        assert!(!bad(text)[0].contains("hunter2"));
    }
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "postgres://u:hunter2@h/k\n").unwrap();
    let config = parse("[store]\nurl = 'file:url'", folder.path()).unwrap();
    assert_eq!(config.store_url, "postgres://u:hunter2@h/k");
    assert!(show(&config).contains("file:url"));
}

#[test]
fn faults_of_a_preset_name_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("p");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("preset.toml"), "keep_prefix = 1\n\n[errors]\ntemplate = 'e'\n").unwrap();
    std::fs::write(own.join("e"), "{\"e\":\"{{ message }}\"}").unwrap();
    let text = "[apis.x]\npreset = './p'\nupstream = 'http://h'\n[apis.x.errors]\ncontent_type = 'application/json'\n";
    let faults = parse(text, folder.path()).unwrap_err();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(shown[0].starts_with("./p/preset.toml:1: apis.x.keep_prefix: "), "{shown:?}");
    assert!(shown[1].starts_with("./p/preset.toml:4: apis.x.errors.template: "), "{shown:?}");
    assert!(shown[1].contains("not JSON") && shown.len() == 2, "{shown:?}");
}

#[test]
fn a_file_that_can_not_be_read_is_a_fault() {
    let faults = load(Path::new("no-such-file.toml")).unwrap_err();
    assert!(faults[0].to_string().starts_with("no-such-file.toml: can't read"));
}

#[test]
fn endless_faults_are_cut_short() {
    let text = (0..5_000).map(|n| format!("k{n} = 1")).collect::<Vec<_>>().join("\n");
    let faults = parse(&text, Path::new(HERE)).unwrap_err();
    assert_eq!(faults.len(), fault::FAULTS_MAX + 1);
    assert!(faults.last().unwrap().why.contains("more than"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p13_any_text_is_read_without_panic(text in "\\PC{0,200}") {
        let _ = parse(&text, Path::new(HERE));
    }

    #[test]
    fn p13_any_edit_of_a_good_text_is_read_without_panic(at in 0_usize..5_000, what in "[\\[\\]{}=\"'.,0-9a-z\n -]{0,6}", cut in 0_usize..9) {
        let mut text = format!("{MANY}{STRIPE_LIKE}");
        let from = at % text.len();
        let to = (from + cut).min(text.len());
        text.replace_range(from..to, &what);
        let _ = parse(&text, Path::new(HERE));
    }
}

const STRIPE_LIKE: &str = r#"
[apis.c]
upstream = ["http://a", "http://b"]
schemes = ["basic", { account = "X-A", secret = "X-B" }]
[apis.c.keys.personal]
infinite = 7
[apis.c.quotas.q]
budget = 3
refill = "monthly"
day = 31
[apis.c.errors.messages]
no_route = "{{ message }}"
"#;

#[test]
fn a_provider_of_identities_is_reached_over_https_and_named_in_full() {
    let provider = |lines: &str| format!("[sign_in.sso.x]\nclient_id = 'k'\nclient_secret = 's'\n{lines}");
    for issuer in ["https://login.example.com", "http://127.0.0.1:9", "http://[::1]:9/a", "http://localhost"] {
        assert!(parse(&provider(&format!("issuer = '{issuer}'")), Path::new(HERE)).is_ok(), "{issuer}");
    }
    for issuer in ["http://login.example.com", "https://", "login.example.com", "http://127.0.0.1.example.com"] {
        one(&provider(&format!("issuer = '{issuer}'")), 4, "sign_in.sso.x.issuer", "expected https://");
    }
    let issuer = "issuer = 'https://login.example.com'";
    for domain in ["@example.com", "example", "https://example.com"] {
        let lines = format!("{issuer}\ndomains = ['{domain}']");
        one(&provider(&lines), 5, "sign_in.sso.x.domains", "is no domain");
    }
    for url in ["keys.example.com", "https://", "https://keys.example.com/a", "ftp://x", "https://a@b"] {
        one(&format!("[control]\nurl = '{url}'"), 2, "control.url", "expected an origin");
    }
    assert_eq!(good("[control]\nurl = 'https://keys.example.com/'").control_url(), "https://keys.example.com");
}
