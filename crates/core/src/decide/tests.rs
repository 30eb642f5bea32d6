//! The order of denials and each rule's edge.

use uuid::Uuid;

use super::*;
use crate::account::AcceptedKeys;
use crate::expiry::ExpiryRules;
use crate::ids::{AccountId, KeyId};
use crate::key::{Environment, Kind, KindRules, Naming, Visibility};
use crate::route::{Access, Routes};
use crate::scope::{Catalogue, Scope};
use crate::secret::{Alphabet, Format};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

struct World {
    api: Api,
    account: Account,
    key: Key,
    terms: Terms,
}

fn world() -> World {
    let kind = KindRules {
        kind: Kind::Account,
        visibility: Visibility::Once,
        format: Format::new("ck_{environment}_", Alphabet::Hex, 40).unwrap(),
        naming: Naming::Required,
        name_chars_max: 100,
        unique_names: true,
        count_max: 100,
        count_min: 0,
        provisioned: false,
        expiry: ExpiryRules::default(),
        scopes_required: false,
        overlap_days_max: 30,
    };
    let catalogue = Catalogue::new(vec![Scope { name: "read".into(), description: String::new() }]);
    let route = Route {
        pattern: "/x".into(),
        methods: vec!["GET".into()],
        access: Access::Required,
        scopes: catalogue.set(["read"]).unwrap(),
        environments: vec![Environment::Live],
        cost: 1,
        body: None,
        upstream: None,
        log_bytes_max: 0,
    };
    World {
        api: Api {
            name: "a".into(),
            kinds: vec![kind],
            catalogue,
            environments: vec![Environment::Live, Environment::Test],
            routes: Routes::new(vec![route]).unwrap(),
            limits_live: vec![],
            limits_test: vec![],
            quotas: vec![],
            plans: std::collections::BTreeMap::new(),
            regions: [
                ("in1".to_owned(), vec!["in1.example".to_owned()]),
                ("eu1".to_owned(), vec!["eu1.example".to_owned()]),
            ]
            .into(),
            require_https: false,
        },
        account: Account {
            id: AccountId::new(Uuid::from_u128(1)),
            api: "a".into(),
            public_id: "A-1".into(),
            name: "A".into(),
            external_id: None,
            region: Some("in1".into()),
            suspended: false,
            accepted: AcceptedKeys::Both,
            metadata: None,
        },
        key: Key {
            id: KeyId::new(Uuid::from_u128(2)),
            kind: Kind::Account,
            environment: Environment::Live,
            state: KeyState::Active,
            expires_at: None,
            person: None,
            secret: SecretAge::Current,
        },
        terms: Terms::default(),
    }
}

impl World {
    fn judge(&self, path: &str, region: Option<&str>, address: Option<&str>) -> Result<(), Denial> {
        let caller = Caller { api: &self.api, account: &self.account, key: &self.key, terms: &self.terms };
        let request = Request {
            region,
            address: address.map(|text| text.parse().unwrap()),
            https: Some(false),
            route: self.api.routes.find("GET", path),
        };
        let verdict = decide(&caller, &request, NOW);
        let first = explain(&caller, &request, NOW).into_iter().find_map(|check| check.denial);
        assert_eq!(verdict.clone().err(), first, "explain and decide agree");
        verdict
    }

    fn code(&self) -> &'static str {
        self.judge("/nowhere", Some("eu1"), Some("10.0.0.1")).map_or_else(|denial| denial.code(), |()| "allow")
    }
}

#[test]
fn denials_win_in_the_documented_order() {
    let mut world = world();
    world.api.require_https = true;
    world.api.environments = vec![Environment::Test];
    world.account.suspended = true;
    world.account.accepted = AcceptedKeys::User;
    world.key.state = KeyState::Revoked;
    world.key.expires_at = Some(NOW);
    world.key.secret = SecretAge::Old { until: NOW };
    world.terms.addresses = vec!["192.0.2.0/24".parse().unwrap()];

    assert_eq!(world.code(), "invalid_credentials");
    world.key.secret = SecretAge::Old { until: NOW.plus(1) };
    assert_eq!(world.code(), "https_required");
    world.api.require_https = false;
    assert_eq!(world.code(), "account_suspended");
    world.account.suspended = false;
    assert_eq!(world.code(), "key_revoked");
    world.key.state = KeyState::Disabled;
    assert_eq!(world.code(), "key_disabled");
    world.key.state = KeyState::Active;
    assert_eq!(world.code(), "key_expired");
    world.key.expires_at = Some(NOW.plus(1));
    assert_eq!(world.code(), "wrong_region");
    world.account.region = Some("eu1".into());
    assert_eq!(world.code(), "kind_not_accepted");
    world.account.accepted = AcceptedKeys::Both;
    assert_eq!(world.code(), "wrong_environment");
    world.api.environments = vec![Environment::Live];
    assert_eq!(world.code(), "ip_not_allowed");
    world.terms.addresses.clear();
    assert_eq!(world.code(), "no_route");
    assert_eq!(world.judge("/x", None, None).unwrap_err().code(), "insufficient_scope");
    world.terms.scopes = world.api.catalogue.set(["read"]).unwrap();
    assert_eq!(world.judge("/x", None, None), Ok(()));
}

#[test]
fn r11_a_wrong_region_names_the_right_host() {
    let denial = world().judge("/x", Some("eu1"), None).unwrap_err();
    assert!(denial.message().contains("in1.example"), "{}", denial.message());
}

#[test]
fn r59_a_test_key_is_refused_on_a_live_only_route() {
    let mut world = world();
    world.key.environment = Environment::Test;
    assert_eq!(world.judge("/x", None, None), Err(Denial::WrongEnvironment { environment: "test" }));
}

#[test]
fn r60_r61_scopes_that_are_needed_are_named() {
    let denial = world().judge("/x", None, None).unwrap_err();
    assert_eq!(denial, Denial::InsufficientScope { needed: vec!["read".into()] });
}

#[test]
fn an_address_rule_reads_mapped_addresses_and_refuses_unknown_ones() {
    let mut world = world();
    world.terms.scopes = world.api.catalogue.set(["read"]).unwrap();
    world.terms.addresses = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    for inside in ["192.0.2.255", "::ffff:192.0.2.1", "2001:db8::1"] {
        assert_eq!(world.judge("/x", None, Some(inside)), Ok(()), "{inside}");
    }
    for outside in ["192.0.3.0", "2001:db9::1"] {
        assert_eq!(world.judge("/x", None, Some(outside)).unwrap_err().code(), "ip_not_allowed");
    }
    assert_eq!(world.judge("/x", None, None), Err(Denial::AddressNotAllowed { seen: None }));
}

#[test]
fn r3_r4_accepted_keys_decide_by_kind() {
    let mut world = world();
    world.terms.scopes = world.api.catalogue.set(["read"]).unwrap();
    for (accepted, kind, allowed) in [
        (AcceptedKeys::Both, Kind::Account, true),
        (AcceptedKeys::Both, Kind::Personal, true),
        (AcceptedKeys::User, Kind::Account, false),
        (AcceptedKeys::User, Kind::Personal, true),
        (AcceptedKeys::Account, Kind::Personal, false),
    ] {
        world.account.accepted = accepted;
        world.key.kind = kind;
        assert_eq!(world.judge("/x", None, None).is_ok(), allowed, "{accepted:?} {kind:?}");
    }
}
