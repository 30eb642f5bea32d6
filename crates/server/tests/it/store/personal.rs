//! Personal keys: who grants them, who sees them, what ends them.

use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::{KeyId, PersonId};
use keyward_core::role::Permissions;
use keyward_core::time::{HOUR_MS, UnixMs};
use keyward_server::accounts::AccountView;
use keyward_server::changes::{Actor, Reach, SignedIn};
use keyward_server::keys::{self, How, KeyEdit, KeyView, NewKey};
use keyward_server::operation::OpError;
use keyward_server::people::{self, NewPerson, PersonEdit};

use super::world::{World, new_grant, operator, outcome, person};
use crate::support::new_key;

on_both! {
    r16_who_may_write_keys_makes_account_keys_and_nobody_else
    r37_r43_who_may_write_people_grants_resets_and_revokes_and_nobody_else
    r39_r40_r41_a_grant_has_a_period
    r42_the_owner_sees_the_own_passcode_after_a_recent_sign_in
    r42_r44_an_admin_never_sees_what_they_grant_or_reset
    r45_a_suspended_person_loses_the_own_passcode_at_once
    r85_r96_roles_that_may_write_keys_reveal_them_and_no_others
    secrets_are_shown_again_sixty_times_an_hour_and_no_more
    what_a_leaver_knows_is_listed_until_it_is_rotated
}

const QUARTER_MS: i64 = 15 * 60_000;

fn words(words: &[&str]) -> Permissions {
    Permissions::parse(words.iter().copied()).unwrap()
}

async fn r16_who_may_write_keys_makes_account_keys_and_nobody_else(world: World) {
    let account = world.account("clevertap").await;
    let ada = world.person(account.id, "ada").await;
    let own = Reach::Account(account.id);
    for (may, expected) in
        [("keys.write", "ok"), ("keys.read", "permission_denied"), ("people.write", "permission_denied")]
    {
        let actor = person(ada, world.now(), words(&[may]));
        let made = keys::create(&world.app, own, actor, new_key(&account, may), None).await;
        assert_eq!(outcome(&made), expected, "{may}");
    }
}

/// Everything that is done to a personal key, and how each ends.
async fn everything(world: &World, account: &AccountView, key: KeyId, actor: &Actor) -> Vec<String> {
    let (app, own) = (&world.app, Reach::Account(account.id));
    let again = || actor.clone();
    let edit = KeyEdit { tags: Some(vec!["a".into()]), ..KeyEdit::default() };
    vec![
        outcome(&keys::edit(app, own, again(), key, edit, None).await),
        outcome(&keys::disable(app, own, again(), key).await),
        outcome(&keys::enable(app, own, again(), key).await),
        outcome(&keys::rotate(app, own, again(), key, 60, None).await),
        outcome(&keys::cancel_rotation(app, own, again(), key).await),
        outcome(&keys::reset(app, own, again(), key, None).await),
        outcome(&keys::revoke(app, own, again(), key).await),
        outcome(&keys::delete(app, own, again(), key).await),
    ]
}

async fn r37_r43_who_may_write_people_grants_resets_and_revokes_and_nobody_else(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let writer = person(ada, world.now(), words(&["keys.write", "settings.write"]));
    let admin = person(ada, world.now(), words(&["people.write"]));
    let own = Reach::Account(account.id);
    let grant = async |actor: &Actor| {
        keys::create(&world.app, own, actor.clone(), new_grant(&account, bob, Lifetime::Days(9)), None).await
    };
    assert_eq!(outcome(&grant(&writer).await), "permission_denied");
    let key = grant(&admin).await.unwrap().key.id;
    let holder = person(bob, world.now(), Permissions::NONE);
    for other in [&writer, &holder] {
        assert_eq!(everything(&world, &account, key, other).await, ["permission_denied"; 8]);
    }
    assert_eq!(everything(&world, &account, key, &admin).await, ["ok"; 8]);
    assert_eq!(everything(&world, &account, key, &admin).await, ["not_found"; 8], "without a grant");
}

async fn r39_r40_r41_a_grant_has_a_period(world: World) {
    let account = world.account("clevertap").await;
    let ada = world.person(account.id, "ada").await;
    for refused in [Lifetime::Unsaid, Lifetime::Days(0), Lifetime::Days(366)] {
        assert_eq!(outcome(&world.make(new_grant(&account, ada, refused)).await), "/expires", "{refused:?}");
    }
    for (period, days) in [(Lifetime::Days(1), 1), (Lifetime::Days(365), 365), (Lifetime::Infinite, 3_650)] {
        let key = world.make(new_grant(&account, ada, period)).await.unwrap().key;
        assert_eq!(key.expires_at, Some(world.now().plus_days(days)));
        keys::delete(&world.app, Reach::All, operator(), key.id).await.unwrap();
    }
}

async fn r42_the_owner_sees_the_own_passcode_after_a_recent_sign_in(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let made = world.make(new_grant(&account, ada, Lifetime::Days(9))).await.unwrap();
    let signed_in = world.now();
    let reveal = async |reach, actor: Actor| keys::reveal(&world.app, reach, actor, made.key.id, false).await;
    let own = Reach::Account(account.id);
    let owner = || person(ada, signed_in, Permissions::NONE);
    let shown = reveal(own, owner()).await.unwrap().secret.unwrap();
    assert_eq!(shown.expose(), made.secret.unwrap().expose());
    assert_eq!(world.last_event().await.action, "key.revealed");
    assert_eq!(outcome(&reveal(own, person(bob, signed_in, Permissions::ALL)).await), "owner_only");
    let elsewhere = world.account("clevertap").await;
    assert_eq!(outcome(&reveal(Reach::Account(elsewhere.id), owner()).await), "not_found");
    world.pass(QUARTER_MS - 1);
    assert_eq!(outcome(&reveal(own, owner()).await), "ok");
    world.pass(1);
    assert_eq!(outcome(&reveal(own, owner()).await), "sign_in_again");
    keys::revoke(&world.app, Reach::All, operator(), made.key.id).await.unwrap();
    assert_eq!(outcome(&reveal(own, person(ada, world.now(), Permissions::NONE)).await), "key_revoked");
}

async fn r42_r44_an_admin_never_sees_what_they_grant_or_reset(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let (own, admin) = (Reach::Account(account.id), person(ada, world.now(), Permissions::ALL));
    let grant = new_grant(&account, bob, Lifetime::Days(9));
    let granted = keys::create(&world.app, own, admin.clone(), grant, None).await.unwrap();
    assert!(granted.secret.is_none());
    let id = granted.key.id;
    let see = async || {
        let holder = person(bob, world.now(), Permissions::NONE);
        keys::reveal(&world.app, own, holder, id, false).await.unwrap().secret.unwrap()
    };
    let first = see().await;
    assert_eq!(world.whose(&first).await, "key");
    assert!(keys::reset(&world.app, own, admin.clone(), id, None).await.unwrap().secret.is_none());
    assert_eq!(world.whose(&first).await, "replaced");
    assert_eq!(world.whose(&see().await).await, "key");
    let automation = keys::reset(&world.app, own, operator(), id, None).await.unwrap();
    assert_eq!(see().await.expose(), automation.secret.unwrap().expose(), "automation hands it on");
    let mine = new_grant(&account, ada, Lifetime::Days(9));
    let own_grant = keys::create(&world.app, own, admin, mine, None).await.unwrap();
    assert!(own_grant.secret.is_some(), "the own one is theirs");
}

async fn r45_a_suspended_person_loses_the_own_passcode_at_once(world: World) {
    let account = world.account("clevertap").await;
    let bob = world.person(account.id, "bob").await;
    let ada = NewPerson { account: account.id, name: "Ada".into(), email: None, role: None };
    let ada = people::create(&world.app, Reach::All, operator(), ada, None).await.unwrap().person.id;
    let adas = world.make(new_grant(&account, ada, Lifetime::Days(9))).await.unwrap();
    let bobs = world.make(new_grant(&account, bob, Lifetime::Days(9))).await.unwrap();
    let suspend = async |person, suspended| {
        let edit = PersonEdit { suspended: Some(suspended), ..PersonEdit::default() };
        people::edit(&world.app, Reach::All, operator(), (account.id, person), edit, None).await.unwrap();
    };
    suspend(ada, true).await;
    let state = |secret: &keyward_core::secret::Secret| {
        let digest = world.app.vault.pepper().digest(secret.expose());
        world.app.keyring.lookup(&digest).map(|found| found.key.state.as_str())
    };
    assert_eq!(state(adas.secret.as_ref().unwrap()), Some("revoked"));
    assert_eq!(state(bobs.secret.as_ref().unwrap()), Some("active"), "others are unaffected");
    assert_eq!(world.look(&adas.key).await.standing, Standing::Revoked);
    let again = async || outcome(&world.make(new_grant(&account, ada, Lifetime::Days(9))).await);
    assert_eq!(again().await, "/person_id", "nothing is granted to who is shut out");
    suspend(ada, false).await;
    assert_eq!(again().await, "ok", "a new grant is possible");
}

async fn r85_r96_roles_that_may_write_keys_reveal_them_and_no_others(world: World) {
    let account = world.account("codat").await;
    let key = world.first_key(account.id).await;
    let ada = world.person(account.id, "ada").await;
    let own = Reach::Account(account.id);
    let reveal = async |may: &[&str], proved: UnixMs| {
        keys::reveal(&world.app, own, person(ada, proved, words(may)), key.id, false).await
    };
    world.pass(QUARTER_MS + 1);
    let now = world.now();
    assert_eq!(outcome(&reveal(&["keys.write"], now).await), "ok");
    assert_eq!(outcome(&reveal(&["*"], now).await), "ok");
    assert_eq!(outcome(&reveal(&["*"], UnixMs(now.0 - QUARTER_MS - 1)).await), "sign_in_again");
    for other in [&["keys.read"][..], &["usage.read"], &["people.write", "settings.write"], &[]] {
        assert_eq!(outcome(&reveal(other, now).await), "permission_denied", "{other:?}");
    }
}

async fn secrets_are_shown_again_sixty_times_an_hour_and_no_more(world: World) {
    let account = world.account("codat").await;
    let key = world.first_key(account.id).await;
    let own = Reach::Account(account.id);
    let other = || Actor { who: "management_key:mk_other".into(), ..operator() };
    for _ in 0..60 {
        keys::reveal(&world.app, own, operator(), key.id, false).await.unwrap();
    }
    match keys::reveal(&world.app, own, operator(), key.id, false).await {
        Err(OpError::TooMany { code, retry_after_s, .. }) => {
            assert_eq!((code, retry_after_s), ("too_many_reveals", 3_600));
        }
        other => panic!("{}", outcome(&other)),
    }
    assert_eq!(outcome(&keys::reveal(&world.app, own, other(), key.id, false).await), "ok");
    world.pass(HOUR_MS);
    assert_eq!(outcome(&keys::reveal(&world.app, own, operator(), key.id, false).await), "ok");
}

async fn knows(world: &World, account: &AccountView, who: PersonId) -> Vec<(KeyId, Vec<How>)> {
    let mut conn = world.app.db.conn().await.unwrap();
    let seen = keys::seen_by(&world.app, &mut conn, account.id, who).await.unwrap();
    seen.into_iter().map(|seen| (seen.key.id, seen.how)).collect()
}

async fn what_a_leaver_knows_is_listed_until_it_is_rotated(world: World) {
    let account = world.account("codat").await;
    let first: KeyView = world.first_key(account.id).await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let own = Reach::Account(account.id);
    let adas = || Actor::person(SignedIn { id: ada, proved_at: world.now() }, None, Permissions::ALL);
    world.pass(1);
    let made = keys::create(&world.app, own, adas(), new_key(&account, "a"), None).await.unwrap().key;
    let unseen: NewKey = new_key(&account, "unseen");
    world.make(unseen).await.unwrap();
    keys::reveal(&world.app, own, adas(), first.id, false).await.unwrap();
    let expected = [(made.id, vec![How::Created]), (first.id, vec![How::Revealed])];
    assert_eq!(knows(&world, &account, ada).await, expected);
    assert_eq!(knows(&world, &account, bob).await, []);
    world.pass(1);
    keys::rotate(&world.app, own, operator(), first.id, 3_600, None).await.unwrap();
    assert_eq!(knows(&world, &account, ada).await, expected, "what they saw still works for an hour");
    world.pass(HOUR_MS);
    assert_eq!(knows(&world, &account, ada).await, expected[..1], "what they saw has ended");
    keys::rotate(&world.app, own, adas(), first.id, 0, None).await.unwrap();
    assert_eq!(knows(&world, &account, ada).await[1], (first.id, vec![How::Rotated]));
}
