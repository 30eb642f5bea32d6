use super::*;
use keyward_core::key::{Environment, Kind, Naming, Visibility};

mod faults;
mod mail;
mod presets;

const HERE: &str = ".";

fn good(text: &str) -> Config {
    parse(text, Path::new(HERE)).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    })
}

#[test]
fn an_api_needs_nothing_but_an_upstream() {
    let config = good("[apis.shop]\nupstream = 'http://127.0.0.1:9000'\n");
    let shop = config.api("shop").unwrap();
    let [rules] = shop.api.kinds.as_slice() else { panic!() };
    assert_eq!((rules.kind, rules.visibility, rules.naming), (Kind::Account, Visibility::Once, Naming::Required));
    assert_eq!(rules.format.prefix(Environment::Live), "kw_live_");
    assert_eq!(shop.schemes, [Scheme::Bearer, Scheme::Header(http::HeaderName::from_static("x-api-key"))]);
    assert_eq!(shop.prefixes, ["/"]);
    assert_eq!(shop.api.environments, [Environment::Live]);
    assert!(shop.api.limits_live.is_empty(), "without a configured limit a key has none");
    assert_eq!(shop.preflight, Preflight::Answer { origins: vec![] });
    assert_eq!(config.listen.auth.to_string(), "127.0.0.1:8082");
    assert_eq!(config.gateway.head_bytes_max, 32 << 10);
}

#[test]
fn test_keys_are_served_where_they_have_an_upstream() {
    let config = good("[apis.a]\nupstream = 'http://h'\ntest_upstream = 'same'\n");
    let api = config.api("a").unwrap();
    assert_eq!(api.api.environments, [Environment::Live, Environment::Test]);
    assert_eq!(api.upstreams["test"].addresses, api.upstreams["live"].addresses);
}

#[test]
fn an_empty_file_is_a_configuration_without_apis() {
    assert!(good("").apis.is_empty());
}

#[test]
fn the_reference_loads_and_lists_every_key() {
    let text = reference();
    let left_out = ["preset = ", "service_key", "key = \"0123456789abcdef", "ca_file = "];
    let own = text.lines().filter(|line| !left_out.iter().any(|start| line.starts_with(start)));
    let own = own.collect::<Vec<_>>().join(
        "
",
    );
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("error.json", "{}"), ("key.json", "{}"), ("keys.json", "[]")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::create_dir(folder.path().join("mail")).unwrap();
    let config = parse(&own, folder.path()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let again = parse(&show(&config), folder.path()).unwrap();
    assert_eq!(again.digest, config.digest, "what is shown is what took effect");
}

#[test]
fn shown_configurations_hold_no_secret() {
    let text = "[store]\nurl = 'postgres://u:hunter2@db/k'\n[auth]\nservice_key = 'abcdefghijklmnopqrstuvwxyz'\n";
    let config = good(text);
    assert_eq!(config.store_url, "postgres://u:hunter2@db/k");
    let shown = show(&config);
    assert!(!shown.contains("hunter2") && !shown.contains("abcdefghijk"), "{shown}");
    assert!(!format!("{:?}", config.auth).contains("abcdefghijk"));
}

#[test]
fn the_reference_has_a_line_for_every_key_of_the_schema() {
    fn keys(fields: &'static [schema::Field], found: &mut Vec<&'static str>) {
        for field in fields {
            found.push(field.key);
            assert!(field.doc.ends_with('.') || field.doc.contains(':'), "{} is explained in a sentence", field.key);
            match field.is {
                schema::Is::Table(inner)
                | schema::Is::Maybe(inner)
                | schema::Is::Each(_, inner)
                | schema::Is::List(inner) => keys(inner, found),
                _ => {}
            }
        }
    }
    let (mut found, text) = (Vec::new(), reference());
    keys(schema::TOP, &mut found);
    assert!(found.len() > 150, "{}", found.len());
    for key in found {
        let is_there = |line: &str| {
            let header = line.trim_matches(['[', ']']).split('.').any(|part| part == key);
            line.starts_with(&format!("{key} = ")) || (line.starts_with('[') && header)
        };
        assert!(text.lines().any(is_there), "{key}");
    }
}
