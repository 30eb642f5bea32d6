use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::time::DAY_MS;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, KeyView, NewKey};

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    r17_expired_and_disabled_keys_count_and_revoked_ones_do_not
    r31_an_expired_key_stays_listed
    r34_a_deleted_key_is_told_apart_from_one_that_never_was
    r45_a_revoked_passcode_makes_room_for_a_new_grant
    r101_the_last_key_cannot_be_ended
    r102_a_new_key_makes_the_old_one_dispensable
    a_revoked_key_is_final_and_frees_its_name
    switching_off_and_on_again_changes_nothing_else
    what_is_missing_is_not_found
}

async fn revoke(world: &World, key: &KeyView) -> String {
    outcome(&keys::revoke(&world.app, Reach::All, operator(), key.id).await)
}

async fn delete(world: &World, key: &KeyView) -> String {
    outcome(&keys::delete(&world.app, Reach::All, operator(), key.id).await)
}

async fn r17_expired_and_disabled_keys_count_and_revoked_ones_do_not(world: World) {
    let account = world.account("codat").await;
    let mut keys = Vec::new();
    for _ in 0..9 {
        let new = NewKey { lifetime: Lifetime::Days(1), ..new_key(&account, "k") };
        keys.push(world.make(new).await.unwrap().key);
    }
    keys::disable(&world.app, Reach::All, operator(), keys[0].id).await.unwrap();
    world.pass(2 * DAY_MS);
    assert_eq!(outcome(&world.make(new_key(&account, "k")).await), "key_maximum_reached");
    assert_eq!(revoke(&world, &keys[1]).await, "ok");
    assert_eq!(outcome(&world.make(new_key(&account, "k")).await), "ok");
    assert_eq!(outcome(&world.make(new_key(&account, "k")).await), "key_maximum_reached");
    assert_eq!(delete(&world, &keys[2]).await, "ok");
    assert_eq!(outcome(&world.make(new_key(&account, "k")).await), "ok");
}

async fn r31_an_expired_key_stays_listed(world: World) {
    let account = world.account("clevertap").await;
    let new = NewKey { lifetime: Lifetime::Days(1), ..new_key(&account, "a") };
    let key = world.make(new).await.unwrap().key;
    world.pass(3_000 * DAY_MS);
    assert_eq!(world.look(&key).await.standing, Standing::Expired);
}

async fn r34_a_deleted_key_is_told_apart_from_one_that_never_was(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let secret = made.secret.unwrap();
    let digest = world.app.vault.pepper().digest(secret.expose());
    assert!(world.app.keyring.lookup(&digest).is_some());
    assert_eq!(delete(&world, &made.key).await, "ok");
    assert!(world.app.keyring.lookup(&digest).is_none(), "the next request is refused");
    let found = keys::find(&world.app, Reach::All, &secret).await.unwrap();
    let keys::Whose::Gone { key, account: whose, name, reason, at } = found else { panic!("no tombstone") };
    assert_eq!((key, whose, at), (made.key.id, account.id, world.now()));
    assert_eq!((name.as_deref(), reason.as_str()), (Some("a"), "deleted"));
    assert_eq!(delete(&world, &made.key).await, "not_found");
    assert_eq!(outcome(&world.make(new_key(&account, "a")).await), "ok", "its name is free again");
}

async fn r45_a_revoked_passcode_makes_room_for_a_new_grant(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let grant = async |person| world.make(new_grant(&account, person, Lifetime::Days(9))).await;
    let (first, other) = (grant(ada).await.unwrap(), grant(bob).await.unwrap());
    assert_eq!(outcome(&grant(ada).await), "key_maximum_reached", "one per person");
    assert_eq!(revoke(&world, &first.key).await, "ok");
    assert_eq!(world.look(&other.key).await.standing, Standing::ExpiringSoon, "others are unaffected");
    let again = grant(ada).await.unwrap();
    assert_ne!(again.secret.unwrap().expose(), first.secret.unwrap().expose());
}

async fn r101_the_last_key_cannot_be_ended(world: World) {
    let account = world.account("codat").await;
    let first = world.first_key(account.id).await;
    assert_eq!(delete(&world, &first).await, "last_key");
    assert_eq!(revoke(&world, &first).await, "last_key");
    let second = world.make(NewKey { lifetime: Lifetime::Days(1), ..new_key(&account, "b") }).await.unwrap().key;
    world.pass(2 * DAY_MS);
    assert_eq!(delete(&world, &first).await, "last_key", "an expired one does not count as another");
    assert_eq!(delete(&world, &second).await, "ok", "an expired one may go");
    assert_eq!(world.look(&first).await.standing, Standing::Active);
    let expire = KeyEdit { lifetime: Some(Lifetime::Days(1)), ..KeyEdit::default() };
    keys::edit(&world.app, Reach::All, operator(), first.id, expire, None).await.unwrap();
    world.pass(2 * DAY_MS);
    assert_eq!(delete(&world, &first).await, "last_key", "nor the last of all");
}

async fn r102_a_new_key_makes_the_old_one_dispensable(world: World) {
    let account = world.account("codat").await;
    let first = world.first_key(account.id).await;
    let second = world.make(new_key(&account, "b")).await.unwrap().key;
    assert_eq!(delete(&world, &first).await, "ok");
    assert_eq!(delete(&world, &second).await, "last_key");
}

async fn a_revoked_key_is_final_and_frees_its_name(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let key = made.key.id;
    world.pass(7);
    let revoked = keys::revoke(&world.app, Reach::All, operator(), key).await.unwrap();
    assert_eq!((revoked.standing, revoked.revoked_at), (Standing::Revoked, Some(world.now())));
    assert_eq!(revoked.name.as_deref(), Some("a"), "it stays listed under its name");
    assert_eq!(world.whose(&made.secret.unwrap()).await, "key");
    world.pass(7);
    let again = keys::revoke(&world.app, Reach::All, operator(), key).await.unwrap();
    assert_eq!(again, revoked, "once is enough");
    let edit = KeyEdit { name: Some(Some("b".into())), ..KeyEdit::default() };
    let outcomes = [
        outcome(&keys::edit(&world.app, Reach::All, operator(), key, edit, None).await),
        outcome(&keys::enable(&world.app, Reach::All, operator(), key).await),
        outcome(&keys::disable(&world.app, Reach::All, operator(), key).await),
        outcome(&keys::rotate(&world.app, Reach::All, operator(), key, 0, None).await),
        outcome(&keys::cancel_rotation(&world.app, Reach::All, operator(), key).await),
        outcome(&keys::complete_rotation(&world.app, Reach::All, operator(), key).await),
    ];
    assert_eq!(outcomes, ["key_revoked"; 6]);
    assert_eq!(outcome(&world.make(new_key(&account, "A")).await), "ok");
    assert_eq!(delete(&world, &revoked).await, "ok");
}

async fn switching_off_and_on_again_changes_nothing_else(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let key = made.key.id;
    let off = keys::disable(&world.app, Reach::All, operator(), key).await.unwrap();
    assert_eq!(off.standing, Standing::Disabled);
    assert_eq!(keys::disable(&world.app, Reach::All, operator(), key).await.unwrap(), off);
    let on = keys::enable(&world.app, Reach::All, operator(), key).await.unwrap();
    assert_eq!((on.standing, on.version), (Standing::Active, 3));
    assert_eq!(world.whose(&made.secret.unwrap()).await, "key");
}

async fn what_is_missing_is_not_found(world: World) {
    let id = keyward_core::ids::KeyId::new(uuid::Uuid::from_u128(7));
    let outcomes = [
        outcome(&keys::get(&world.app, Reach::All, id).await),
        outcome(&keys::edit(&world.app, Reach::All, operator(), id, KeyEdit::default(), None).await),
        outcome(&keys::revoke(&world.app, Reach::All, operator(), id).await),
        outcome(&keys::delete(&world.app, Reach::All, operator(), id).await),
        outcome(&keys::rotate(&world.app, Reach::All, operator(), id, 0, None).await),
        outcome(&keys::reveal(&world.app, Reach::All, operator(), id, false).await),
        outcome(&keys::reset(&world.app, Reach::All, operator(), id, None).await),
    ];
    assert_eq!(outcomes, ["not_found"; 7]);
}
