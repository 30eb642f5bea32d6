use keyward_core::expiry::Lifetime;
use keyward_core::key::Kind;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys;

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    r42_only_the_owner_sees_a_user_passcode_again
    r85_an_always_key_is_revealed_to_its_account_and_audited
    r93_all_keys_of_an_account_are_listed_with_their_secrets
}

async fn r42_only_the_owner_sees_a_user_passcode_again(world: World) {
    let account = world.account("clevertap").await;
    let person = world.person(account.id, "ada").await;
    let made = world.make(new_grant(&account, person, Lifetime::Days(9))).await.unwrap();
    for reach in [Reach::All, Reach::Account(account.id)] {
        let refused = keys::reveal(&world.app, reach, operator(), made.key.id, false).await;
        assert_eq!(outcome(&refused), "owner_only");
    }
    let local = keys::reveal(&world.app, Reach::All, Actor::cli(), made.key.id, true).await.unwrap();
    assert_eq!(local.secret.unwrap().expose(), made.secret.unwrap().expose());
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.actor.as_str()), ("key.revealed", "cli"));
}

async fn r85_an_always_key_is_revealed_to_its_account_and_audited(world: World) {
    let account = world.account("codat").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    let own = Reach::Account(account.id);
    let reveal = async |reach| keys::reveal(&world.app, reach, operator(), made.key.id, false).await;
    assert_eq!(outcome(&reveal(Reach::All).await), "operator_reveals_nothing");
    assert_ne!(world.last_event().await.action, "key.revealed", "what was not shown is not said to be");
    let shown = reveal(own).await.unwrap();
    assert_eq!(shown.secret.unwrap().expose(), made.secret.as_ref().unwrap().expose());
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.subject.as_str()), ("key.revealed", &*made.key.id.to_string()));
    let rotated = keys::rotate(&world.app, own, operator(), made.key.id, 3_600, None).await.unwrap();
    assert_eq!(reveal(own).await.unwrap().secret.unwrap().expose(), rotated.secret.unwrap().expose());
    keys::revoke(&world.app, own, operator(), made.key.id).await.unwrap();
    assert_eq!(outcome(&reveal(own).await), "key_revoked");
}

async fn r93_all_keys_of_an_account_are_listed_with_their_secrets(world: World) {
    let account = world.account("codat").await;
    let first = world.first_key(account.id).await;
    world.pass(1);
    let second = world.make(new_key(&account, "b")).await.unwrap();
    world.pass(1);
    let revoked = world.make(new_key(&account, "c")).await.unwrap();
    keys::revoke(&world.app, Reach::All, operator(), revoked.key.id).await.unwrap();
    let actor = Actor::key(first.id, None);
    let all = keys::reveal_all(&world.app, account.id, actor.clone(), Kind::Account).await.unwrap();
    assert_eq!(all.iter().map(|one| one.key.id).collect::<Vec<_>>(), [second.key.id, first.id]);
    assert_eq!(all[0].secret.as_ref().unwrap().expose(), second.secret.unwrap().expose());
    assert_eq!(world.whose(all[1].secret.as_ref().unwrap()).await, "key");
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.actor), ("key.all_revealed", actor.who.clone()));
    let shop = world.account("shop").await;
    let refused = keys::reveal_all(&world.app, shop.id, actor, Kind::Account).await;
    assert_eq!(outcome(&refused.map(|all| all.len())), "secret_not_kept");
}
