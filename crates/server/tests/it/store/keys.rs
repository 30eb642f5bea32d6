use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::key::{Environment, Kind};
use keyward_core::limit::{Algorithm, Per};
use keyward_core::quota::Refill;
use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::accounts::{self, NewAccount};
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, LimitSpec, NewKey, QuotaSpec};
use keyward_server::operation::Idempotency;
use serde_json::json;

use super::world::{World, new_grant, operator, outcome};
use crate::support::{START, new_account, new_key};

on_both! {
    a_key_is_as_it_was_made
    r14_two_passcodes_are_good_side_by_side
    r15_values_differ_and_deleting_one_leaves_the_others
    r19_names_are_needed_and_differ_whatever_their_case
    r20_a_number_of_days_is_whole_and_from_1_to_3650
    r21_forever_is_no_end
    r22_the_answer_holds_the_secret
    r24_a_secret_shown_once_is_nowhere_in_the_store
    r29_standing_follows_the_end
    r33_an_edit_keeps_the_secret_and_can_revive_an_expired_key
    r40_r41_user_passcodes_live_1_to_365_days_or_ten_years
    r49_r53_a_key_belongs_to_one_account_and_shows_only_its_hint
    r51_scopes_come_from_the_catalogue
    r52_own_limits_are_stored
    r52_what_an_own_limit_leaves_out_comes_from_the_accounts_plan
    r58_an_environment_must_be_served
    r90_a_name_is_optional_and_at_most_50_characters
    addresses_limits_and_quotas_are_checked
    scopes_stay_below_the_ceiling_of_the_plan
    external_ids_are_unique_in_an_account
    a_repeated_create_makes_one_key
    an_edit_that_changes_nothing_leaves_no_trace
    an_edit_from_an_old_version_is_refused
}

fn limit(name: &str, limit: u32) -> LimitSpec {
    LimitSpec { name: name.into(), limit, window_s: None, algorithm: None, per: None }
}

async fn a_key_is_as_it_was_made(world: World) {
    let account = world.account("shop").await;
    let new = NewKey {
        lifetime: Lifetime::Until(START.plus_days(40)),
        scopes: vec!["write".into(), "read".into(), "read".into()],
        addresses: vec!["192.0.2.7".into(), "2001:db8::/32".into()],
        limits: vec![LimitSpec { window_s: Some(60), algorithm: Some(Algorithm::Gcra), ..limit("burst", 5) }],
        quotas: vec![QuotaSpec { name: "life".into(), budget: 9, refill: Refill::Never, per: Per::Account }],
        plan: Some("large".into()),
        external_id: Some("ext-1".into()),
        metadata: Some(json!({"team": "blue"})),
        tags: vec!["ci".into()],
        ..new_key(&account, " Build  server ")
    };
    let made = world.make(new.clone()).await.unwrap().key;
    assert_eq!(world.look(&made).await, made);
    assert_eq!(made.name.as_deref(), Some("Build server"));
    assert_eq!((made.account, made.api.as_str(), made.kind), (account.id, "shop", Kind::Account));
    assert_eq!(made.scopes, ["read", "write"], "in the catalogue's order, each once");
    assert_eq!(made.addresses, ["192.0.2.7/32", "2001:db8::/32"]);
    assert_eq!((&made.limits, &made.quotas), (&new.limits, &new.quotas));
    assert_eq!((made.plan, made.external_id, made.metadata), (new.plan, new.external_id, new.metadata));
    assert_eq!((made.tags, made.created_by.as_str()), (new.tags, "management_key:mk_test"));
    assert_eq!((made.expires_at, made.standing, made.version), (Some(START.plus_days(40)), Standing::Active, 1));
}

async fn r14_two_passcodes_are_good_side_by_side(world: World) {
    let account = world.account("clevertap").await;
    let [a, b] = [world.make(new_key(&account, "a")).await, world.make(new_key(&account, "b")).await];
    for made in [a, b] {
        assert_eq!(world.whose(&made.unwrap().secret.unwrap()).await, "key");
    }
}

async fn r15_values_differ_and_deleting_one_leaves_the_others(world: World) {
    let account = world.account("clevertap").await;
    let a = world.make(new_key(&account, "a")).await.unwrap();
    let b = world.make(new_key(&account, "b")).await.unwrap();
    let (a_secret, b_secret) = (a.secret.unwrap(), b.secret.unwrap());
    assert_ne!(a_secret.expose(), b_secret.expose());
    keys::delete(&world.app, Reach::All, operator(), a.key.id).await.unwrap();
    assert_eq!((world.whose(&a_secret).await, world.whose(&b_secret).await), ("deleted".into(), "key".into()));
}

async fn r19_names_are_needed_and_differ_whatever_their_case(world: World) {
    let account = world.account("clevertap").await;
    let other = world.account("clevertap").await;
    let first = world.make(new_key(&account, "Partner")).await.unwrap().key;
    let make = async |account, name: &str| outcome(&world.make(new_key(account, name)).await);
    for empty in ["", "   "] {
        assert_eq!(make(&account, empty).await, "/name");
    }
    assert_eq!(make(&account, &"x".repeat(101)).await, "/name");
    assert_eq!(make(&account, "a\u{202E}b").await, "/name");
    for same in ["Partner", "PARTNER", " partner "] {
        assert_eq!(make(&account, same).await, "name_taken", "{same}");
    }
    assert_eq!(make(&other, "Partner").await, "ok", "names are the account's own");
    let second = world.make(new_key(&account, "Second")).await.unwrap().key;
    let rename = KeyEdit { name: Some(Some("pArTnEr".into())), ..KeyEdit::default() };
    let renamed = keys::edit(&world.app, Reach::All, operator(), second.id, rename.clone(), None).await;
    assert_eq!(outcome(&renamed), "name_taken");
    let recased = keys::edit(&world.app, Reach::All, operator(), first.id, rename, None).await;
    assert_eq!(recased.unwrap().name.as_deref(), Some("pArTnEr"), "its own name in another case is free");
    let clear = KeyEdit { name: Some(None), ..KeyEdit::default() };
    let cleared = keys::edit(&world.app, Reach::All, operator(), first.id, clear, None).await;
    assert_eq!(outcome(&cleared), "/name");
}

async fn r20_a_number_of_days_is_whole_and_from_1_to_3650(world: World) {
    let account = world.account("clevertap").await;
    for (days, want) in [(0, "/expires"), (1, "ok"), (3_650, "ok"), (3_651, "/expires")] {
        let new = NewKey { lifetime: Lifetime::Days(days), ..new_key(&account, &format!("d{days}")) };
        let made = world.make(new).await;
        assert_eq!(outcome(&made), want, "{days}");
        if let Ok(made) = made {
            assert_eq!(made.key.expires_at, Some(world.now().plus(i64::from(days) * DAY_MS)));
        }
    }
}

async fn r21_forever_is_no_end(world: World) {
    let account = world.account("clevertap").await;
    let new = NewKey { lifetime: Lifetime::Infinite, ..new_key(&account, "a") };
    assert_eq!(world.make(new).await.unwrap().key.expires_at, None);
}

async fn r22_the_answer_holds_the_secret(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let found = keys::find(&world.app, Reach::All, made.secret.as_ref().unwrap()).await.unwrap();
    let keys::Whose::Key(key, secret) = found else { panic!("not a key's") };
    assert_eq!((key.id, secret), (made.key.id, made.key.secrets[0].id));
}

async fn r24_a_secret_shown_once_is_nowhere_in_the_store(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let secret = made.secret.unwrap();
    let refused = keys::reveal(&world.app, Reach::Account(account.id), operator(), made.key.id, false).await;
    assert_eq!(outcome(&refused), "secret_not_kept");
    let local = keys::reveal(&world.app, Reach::All, operator(), made.key.id, true).await;
    assert_eq!(outcome(&local), "secret_not_kept");
    for (table, dump) in world.dump().await {
        assert!(!dump.contains(secret.expose()), "{table} holds the secret");
        assert!(table != "secret" || !dump.contains("sealed"), "it is not even sealed");
    }
    assert!(!world.files_hold(secret.expose()));
}

async fn r29_standing_follows_the_end(world: World) {
    let account = world.account("clevertap").await;
    let make = async |days, name: &str| {
        let new = NewKey { lifetime: Lifetime::Days(days), ..new_key(&account, name) };
        world.make(new).await.unwrap().key
    };
    let (short, long) = (make(10, "short").await, make(31, "long").await);
    assert_eq!((short.standing, long.standing), (Standing::ExpiringSoon, Standing::Active));
    world.pass(DAY_MS);
    assert_eq!(world.look(&long).await.standing, Standing::ExpiringSoon);
    world.pass(9 * DAY_MS);
    assert_eq!(world.look(&short).await.standing, Standing::Expired);
}

async fn r33_an_edit_keeps_the_secret_and_can_revive_an_expired_key(world: World) {
    let account = world.account("clevertap").await;
    let new = NewKey { lifetime: Lifetime::Days(1), ..new_key(&account, "a") };
    let made = world.make(new).await.unwrap();
    world.pass(2 * DAY_MS);
    assert_eq!(world.look(&made.key).await.standing, Standing::Expired);
    let edit = KeyEdit { name: Some(Some("b".into())), lifetime: Some(Lifetime::Days(60)), ..KeyEdit::default() };
    let after = keys::edit(&world.app, Reach::All, operator(), made.key.id, edit, None).await.unwrap();
    assert_eq!((after.name.as_deref(), after.standing, after.version), (Some("b"), Standing::Active, 2));
    assert_eq!(after.expires_at, Some(world.now().plus_days(60)));
    assert_eq!(world.whose(&made.secret.unwrap()).await, "key");
    let event = world.last_event().await;
    let end = |at: UnixMs| json!(at.rfc3339());
    assert_eq!((event.action.as_str(), event.actor.as_str()), ("key.edited", "management_key:mk_test"));
    assert_eq!(event.before, Some(json!({"name": "a", "expires_at": end(START.plus_days(1))})));
    assert_eq!(event.after, Some(json!({"name": "b", "expires_at": end(START.plus_days(62))})));
}

async fn r40_r41_user_passcodes_live_1_to_365_days_or_ten_years(world: World) {
    let account = world.account("clevertap").await;
    let cases = [
        (Lifetime::Unsaid, Err("/expires")),
        (Lifetime::Days(0), Err("/expires")),
        (Lifetime::Days(1), Ok(1)),
        (Lifetime::Days(365), Ok(365)),
        (Lifetime::Days(366), Err("/expires")),
        (Lifetime::Infinite, Ok(3_650)),
    ];
    for (place, (lifetime, want)) in cases.into_iter().enumerate() {
        let person = world.person(account.id, &format!("p{place}")).await;
        let made = world.make(new_grant(&account, person, lifetime)).await;
        match want {
            Ok(days) => assert_eq!(made.unwrap().key.expires_at, Some(START.plus_days(days))),
            Err(want) => assert_eq!(outcome(&made), want, "{lifetime:?}"),
        }
    }
}

async fn r49_r53_a_key_belongs_to_one_account_and_shows_only_its_hint(world: World) {
    let (ours, theirs) = (world.account("clickyid").await, world.account("clickyid").await);
    let new = NewKey { scopes: vec!["validate:offers".into()], ..new_key(&ours, "a") };
    let made = world.make(new).await.unwrap();
    let secret = made.secret.unwrap();
    let hint = format!("ck_live_…{}", &secret.expose()[44..]);
    assert_eq!(world.look(&made.key).await.secrets[0].hint, hint);
    let foreign = keys::get(&world.app, Reach::Account(theirs.id), made.key.id).await;
    assert_eq!(outcome(&foreign), "not_found");
    let found = keys::find(&world.app, Reach::Account(theirs.id), &secret).await.unwrap();
    assert!(matches!(found, keys::Whose::Unknown));
}

async fn r51_scopes_come_from_the_catalogue(world: World) {
    let account = world.account("clickyid").await;
    let make = async |scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        outcome(&world.make(NewKey { scopes, ..new_key(&account, "a") }).await)
    };
    assert_eq!(make(&[]).await, "/scopes");
    assert_eq!(make(&["validate:offers", "validate:moon"]).await, "/scopes/1");
    assert_eq!(make(&["validate:offers"]).await, "ok");
}

async fn r52_own_limits_are_stored(world: World) {
    let account = world.account("clickyid").await;
    let scopes = vec!["validate:offers".into()];
    let new = NewKey { limits: vec![limit("default", 5)], scopes, ..new_key(&account, "a") };
    let made = world.make(new).await.unwrap();
    assert_eq!(world.look(&made.key).await.limits, [limit("default", 5)]);
    let digest = world.app.vault.pepper().digest(made.secret.unwrap().expose());
    let caller = world.app.keyring.lookup(&digest).unwrap();
    assert_eq!(caller.terms.limits.iter().map(|limit| limit.limit).collect::<Vec<_>>(), [5], "and decided by");
}

async fn r52_what_an_own_limit_leaves_out_comes_from_the_accounts_plan(world: World) {
    let planned = NewAccount { plan: Some("daily".into()), ..new_account("shop", "Acme") };
    let account = accounts::create(&world.app, Reach::All, operator(), planned, None).await.unwrap().account;
    let new = NewKey { limits: vec![limit("default", 5)], ..new_key(&account, "a") };
    let secret = world.make(new).await.unwrap().secret.unwrap();
    let digest = world.app.vault.pepper().digest(secret.expose());
    let limits = world.app.keyring.lookup(&digest).unwrap().terms.limits.clone();
    assert_eq!(limits.iter().map(|limit| (limit.limit, limit.window_ms)).collect::<Vec<_>>(), [(5, DAY_MS)]);
}

async fn r58_an_environment_must_be_served(world: World) {
    let account = world.account("codat").await;
    let new = NewKey { environment: Environment::Test, ..new_key(&account, "a") };
    assert_eq!(outcome(&world.make(new).await), "/environment");
    let account = world.account("clickyid").await;
    let scopes = vec!["validate:offers".into()];
    let new = NewKey { environment: Environment::Test, scopes, ..new_key(&account, "a") };
    assert!(world.make(new).await.unwrap().secret.unwrap().expose().starts_with("ck_test_"));
}

async fn r90_a_name_is_optional_and_at_most_50_characters(world: World) {
    let account = world.account("codat").await;
    let make = async |name: Option<&str>| {
        outcome(&world.make(NewKey { name: name.map(str::to_owned), ..new_key(&account, "") }).await)
    };
    assert_eq!(make(None).await, "ok");
    assert_eq!(make(Some(&"é".repeat(50))).await, "ok");
    assert_eq!(make(Some(&"é".repeat(51))).await, "/name");
    assert_eq!(make(Some("same")).await, "ok");
    assert_eq!(make(Some("same")).await, "ok", "names may repeat");
}

async fn addresses_limits_and_quotas_are_checked(world: World) {
    let account = world.account("shop").await;
    let quota = |budget, refill| QuotaSpec { name: "q".into(), budget, refill, per: Per::Key };
    let new = NewKey {
        addresses: vec!["192.0.2.7".into(), "nonsense".into()],
        limits: vec![
            limit("a", 0),
            LimitSpec { window_s: Some(0), ..limit("b", 1) },
            limit("b", 1),
            limit("bad name", 1),
        ],
        quotas: vec![quota(0, Refill::Monthly { day: 32 })],
        ..new_key(&account, "a")
    };
    let want = "/addresses/1 /limits/2/name /limits/3/name /limits/0/limit /limits/1/window_s /quotas/0/budget \
                /quotas/0/refill";
    assert_eq!(outcome(&world.make(new).await), want);
    let many = NewKey { addresses: vec!["192.0.2.7".into(); 101], ..new_key(&account, "a") };
    assert_eq!(outcome(&world.make(many).await), "/addresses");
    let none = NewKey { plan: Some("none".into()), ..new_key(&account, "a") };
    assert_eq!(outcome(&world.make(none).await), "/plan");
}

async fn scopes_stay_below_the_ceiling_of_the_plan(world: World) {
    let account = world.account("shop").await;
    let new =
        |scope: &str| NewKey { plan: Some("small".into()), scopes: vec![scope.into()], ..new_key(&account, scope) };
    assert_eq!(outcome(&world.make(new("write")).await), "/scopes");
    let key = world.make(new("read")).await.unwrap().key;
    let edit = KeyEdit { scopes: Some(vec!["read".into(), "write".into()]), ..KeyEdit::default() };
    let edited = keys::edit(&world.app, Reach::All, operator(), key.id, edit.clone(), None).await;
    assert_eq!(outcome(&edited), "/scopes");
    let edit = KeyEdit { plan: Some(None), ..edit };
    assert!(keys::edit(&world.app, Reach::All, operator(), key.id, edit, None).await.is_ok());
}

async fn external_ids_are_unique_in_an_account(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let make = async |account, name: &str| {
        outcome(&world.make(NewKey { external_id: Some("e".into()), ..new_key(account, name) }).await)
    };
    assert_eq!(make(&ours, "a").await, "ok");
    assert_eq!(make(&ours, "b").await, "external_id_taken");
    assert_eq!(make(&theirs, "a").await, "ok", "another account's ids say nothing of ours");
}

async fn a_repeated_create_makes_one_key(world: World) {
    let account = world.account("clevertap").await;
    let create = async |name: &str, request: &str| {
        let idempotency = Idempotency { token: "t".into(), request: request.into() };
        keys::create(&world.app, Reach::All, operator(), new_key(&account, name), Some(idempotency)).await
    };
    let first = create("a", "r").await.unwrap();
    let again = create("a", "r").await.unwrap();
    assert_eq!((first.replayed, first.secret.is_some()), (false, true));
    assert_eq!((again.replayed, again.secret.is_some()), (true, false));
    assert_eq!(again.key, first.key);
    assert_eq!(outcome(&create("b", "other").await), "idempotency_conflict");
    let other = Idempotency { token: "t".into(), request: "other".into() };
    let mut actor = operator();
    actor.who = "management_key:mk_other".into();
    let made = keys::create(&world.app, Reach::All, actor, new_key(&account, "b"), Some(other)).await;
    assert!(!made.unwrap().replayed, "each actor has tokens of its own");
}

async fn an_edit_that_changes_nothing_leaves_no_trace(world: World) {
    let account = world.account("shop").await;
    let key = world.make(NewKey { tags: vec!["x".into()], ..new_key(&account, "a") }).await.unwrap().key;
    let before = world.last_event().await;
    world.pass(5);
    let edit = KeyEdit {
        name: Some(Some("a".into())),
        tags: Some(vec!["x".into()]),
        lifetime: Some(Lifetime::Infinite),
        ..KeyEdit::default()
    };
    let after = keys::edit(&world.app, Reach::All, operator(), key.id, edit, None).await.unwrap();
    assert_eq!(after, key);
    assert_eq!(world.last_event().await, before);
}

async fn an_edit_from_an_old_version_is_refused(world: World) {
    let account = world.account("shop").await;
    let key = world.make(new_key(&account, "a")).await.unwrap().key;
    let edit = async |name: &str, version| {
        let edit = KeyEdit { name: Some(Some(name.into())), ..KeyEdit::default() };
        outcome(&keys::edit(&world.app, Reach::All, operator(), key.id, edit, Some(version)).await)
    };
    assert_eq!(edit("b", 1).await, "ok");
    assert_eq!(edit("c", 1).await, "precondition_failed");
    assert_eq!(edit("c", 2).await, "ok");
}
