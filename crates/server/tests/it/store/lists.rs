use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::KeyId;
use keyward_core::key::{Environment, Kind};
use keyward_core::time::DAY_MS;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, KeyFilter, NewKey};
use keyward_server::operation::Page;
use serde_json::json;

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    pages_are_stable_while_keys_come_and_go
    every_filter_narrows
    standings_are_as_of_now
    labels_follow_edits_and_deletes
    bad_pages_are_refused
    strange_filters_find_nothing
    words_are_found_wherever_people_put_them
}

async fn listed(world: &World, filter: KeyFilter) -> Vec<KeyId> {
    let page = keys::list(&world.app, Reach::All, filter, Page::default()).await.unwrap();
    page.items.iter().map(|key| key.id).collect()
}

async fn pages_are_stable_while_keys_come_and_go(world: World) {
    let account = world.account("shop").await;
    let mut made = Vec::new();
    for at in 0..7 {
        // Some share an instant: then the id decides.
        world.pass(at % 3);
        made.push(world.make(new_key(&account, "k")).await.unwrap().key);
    }
    made.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
    let made: Vec<_> = made.iter().map(|key| key.id).collect();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = Page { limit: 2, cursor };
        let page = keys::list(&world.app, Reach::All, KeyFilter::default(), page).await.unwrap();
        seen.extend(page.items.iter().map(|key| key.id));
        // A new one comes first and shifts nothing; the last one shown goes and takes nothing along.
        world.pass(1);
        world.make(new_key(&account, "new")).await.unwrap();
        keys::delete(&world.app, Reach::All, operator(), *seen.last().unwrap()).await.unwrap();
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next);
    }
    assert_eq!(seen, made);
}

async fn every_filter_narrows(world: World) {
    let (ours, theirs) = (world.account("clevertap").await, world.account("clickyid").await);
    let person = world.person(ours.id, "ada").await;
    let scopes = vec!["validate:offers".into()];
    let plain = NewKey {
        external_id: Some("e1".into()),
        metadata: Some(json!({"team": "blue", "n": 5, "on": true})),
        tags: vec!["ci".into(), "eu".into()],
        ..new_key(&ours, "Partner")
    };
    let plain = world.make(plain).await.unwrap().key.id;
    world.pass(1);
    let granted = world.make(new_grant(&ours, person, Lifetime::Days(300))).await.unwrap().key.id;
    world.pass(1);
    let test = NewKey { environment: Environment::Test, scopes, ..new_key(&theirs, "Partner") };
    let test = world.make(test).await.unwrap().key.id;
    let some = |text: &str| Some(text.to_owned());
    let member = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    let none = KeyFilter::default;
    let cases = [
        (none(), vec![test, granted, plain]),
        (KeyFilter { account: Some(ours.id), ..none() }, vec![granted, plain]),
        (KeyFilter { api: some("clickyid"), ..none() }, vec![test]),
        (KeyFilter { kind: Some(Kind::Personal), ..none() }, vec![granted]),
        (KeyFilter { environment: Some(Environment::Test), ..none() }, vec![test]),
        (KeyFilter { person: Some(person), ..none() }, vec![granted]),
        (KeyFilter { name: some(" pARTNER"), ..none() }, vec![test, plain]),
        (KeyFilter { external_id: some("e1"), ..none() }, vec![plain]),
        (KeyFilter { external_id: some("E1"), ..none() }, vec![]),
        (KeyFilter { tag: some("eu"), ..none() }, vec![plain]),
        (KeyFilter { metadata: member("team", "blue"), ..none() }, vec![plain]),
        (KeyFilter { metadata: member("n", "5"), ..none() }, vec![plain]),
        (KeyFilter { metadata: member("on", "true"), ..none() }, vec![plain]),
        (KeyFilter { metadata: member("team", "red"), ..none() }, vec![]),
        (KeyFilter { name: some("partner"), api: some("clevertap"), tag: some("ci"), ..none() }, vec![plain]),
    ];
    for (filter, want) in cases {
        assert_eq!(listed(&world, filter.clone()).await, want, "{filter:?}");
    }
}

async fn standings_are_as_of_now(world: World) {
    let account = world.account("shop").await;
    let make = async |days, name: &str| {
        let new = NewKey { lifetime: Lifetime::Days(days), ..new_key(&account, name) };
        world.make(new).await.unwrap().key.id
    };
    let [short, soon, long] = [make(1, "short").await, make(30, "soon").await, make(31, "long").await];
    let [off, ended] = [make(1, "off").await, make(1, "ended").await];
    keys::disable(&world.app, Reach::All, operator(), off).await.unwrap();
    keys::revoke(&world.app, Reach::All, operator(), ended).await.unwrap();
    let all = [Standing::Active, Standing::ExpiringSoon, Standing::Expired, Standing::Disabled, Standing::Revoked];
    let by_standing = async || {
        let mut lists = Vec::new();
        for standing in all {
            let filter = KeyFilter { standing: Some(standing), ..KeyFilter::default() };
            let page = keys::list(&world.app, Reach::All, filter, Page::default()).await.unwrap();
            assert!(page.items.iter().all(|key| key.standing == standing));
            let mut ids: Vec<_> = page.items.iter().map(|key| key.id).collect();
            ids.sort();
            lists.push(ids);
        }
        lists
    };
    let sorted = |mut ids: Vec<KeyId>| {
        ids.sort();
        ids
    };
    let want = [vec![long], sorted(vec![short, soon]), vec![], vec![off], vec![ended]];
    assert_eq!(by_standing().await, want);
    world.pass(DAY_MS);
    let want = [vec![], sorted(vec![soon, long]), vec![short], vec![off], vec![ended]];
    assert_eq!(by_standing().await, want, "disabled hides expired, revoked hides both");
}

async fn labels_follow_edits_and_deletes(world: World) {
    let account = world.account("shop").await;
    let new = NewKey { tags: vec!["old".into()], metadata: Some(json!({"a": 1})), ..new_key(&account, "k") };
    let key = world.make(new).await.unwrap().key.id;
    let tagged = async |tag: &str| listed(&world, KeyFilter { tag: Some(tag.into()), ..KeyFilter::default() }).await;
    let edit = KeyEdit { tags: Some(vec!["new".into()]), metadata: Some(None), ..KeyEdit::default() };
    keys::edit(&world.app, Reach::All, operator(), key, edit, None).await.unwrap();
    assert_eq!((tagged("old").await, tagged("new").await), (vec![], vec![key]));
    let filter = KeyFilter { metadata: Some(("a".into(), "1".into())), ..KeyFilter::default() };
    assert!(listed(&world, filter).await.is_empty());
    keys::delete(&world.app, Reach::All, operator(), key).await.unwrap();
    let left = world.dump().await.into_iter().find(|(table, _)| table == "attribute").unwrap();
    assert_eq!(left.1, "", "nothing is left of its labels");
}

async fn bad_pages_are_refused(world: World) {
    let list = async |limit, cursor: Option<&str>| {
        let page = Page { limit, cursor: cursor.map(str::to_owned) };
        outcome(&keys::list(&world.app, Reach::All, KeyFilter::default(), page).await)
    };
    assert_eq!(list(0, None).await, "/limit");
    assert_eq!(list(201, None).await, "/limit");
    assert_eq!(list(200, None).await, "ok");
    assert_eq!(list(1, Some("nonsense")).await, "/cursor");
}

async fn strange_filters_find_nothing(world: World) {
    let account = world.account("shop").await;
    world.make(new_key(&account, "k")).await.unwrap();
    for strange in ["\0", "' or 1=1 --", "%", "", "\u{202E}"] {
        let filter = KeyFilter { name: Some(strange.into()), ..KeyFilter::default() };
        assert!(listed(&world, filter).await.is_empty(), "{strange:?}");
        let filter = KeyFilter { tag: Some(strange.into()), ..KeyFilter::default() };
        assert!(listed(&world, filter).await.is_empty(), "{strange:?}");
    }
}

async fn words_are_found_wherever_people_put_them(world: World) {
    let (ours, theirs) = (world.account("clickyid").await, world.account("shop").await);
    let ours_made = NewKey {
        external_id: Some("CRM-77".into()),
        tags: vec!["Night".into(), "eu".into()],
        scopes: vec!["validate:offers".into()],
        ..new_key(&ours, "Übersee Partner")
    };
    let made = world.make(ours_made).await.unwrap();
    let (ours_key, hint) = (made.key.id, made.key.secrets[0].hint.clone());
    world.pass(1);
    let odd = world.make(new_key(&theirs, "100%_odd")).await.unwrap().key.id;
    let found = async |text: &str| {
        let filter = KeyFilter { search: Some(text.into()), ..KeyFilter::default() };
        listed(&world, filter).await
    };
    let (id, last) = (ours_key.to_string(), &hint[hint.len() - 4..]);
    for text in ["partner", "ÜBERSEE", "crm-77", "night", "OFFERS", "part night  eu", &id, &id[4..20], last, &hint] {
        assert_eq!(found(text).await, [ours_key], "{text}");
    }
    assert_eq!(found("").await, [odd, ours_key], "no words leave nobody out");
    for text in ["100%", "%_o", "odd"] {
        assert_eq!(found(text).await, [odd], "{text}");
    }
    // Short words are not looked for in what was made up; signs of patterns and of JSON are nothing special.
    for text in ["partner odd", "_art", "p%r", r"\", "key", &id[4..11], "','", "' or 1=1 --", "\0", "[]"] {
        assert!(found(text).await.is_empty(), "{text:?}");
    }
    let filter = KeyFilter { search: Some("partner".into()), account: Some(theirs.id), ..KeyFilter::default() };
    assert!(listed(&world, filter).await.is_empty(), "all conditions hold at once");
    let bad = KeyFilter { search: Some("a ".repeat(9)), ..KeyFilter::default() };
    assert_eq!(outcome(&keys::list(&world.app, Reach::All, bad, Page::default()).await), "/search");
}
