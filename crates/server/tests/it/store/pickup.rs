//! Secrets that are picked up with a link.

use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::secret::Secret;
use keyward_core::time::DAY_MS;
use keyward_server::accounts::AccountView;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyView, NewKey, NewPickup, PickupBy, PickupView, WithSecret};
use keyward_server::operation::OpError;

use super::policies::{approval, set, with_scopes};
use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    a_link_shows_the_secret_once_and_looking_uses_nothing_up
    r24_before_it_is_picked_up_there_is_no_secret_and_the_store_holds_no_link
    a_link_ends_with_its_week_its_successor_its_withdrawal_and_its_key
    a_link_for_an_approved_key_is_for_its_recipient_alone
    r42_a_grant_is_picked_up_by_somebody_who_never_signs_in
    an_account_with_waiting_keys_can_be_deleted
}

fn sent(account: &AccountView, name: &str) -> NewKey {
    NewKey { pickup: Some(NewPickup { recipient: Some(" Jo  at the bank ".into()) }), ..new_key(account, name) }
}

/// What follows # in the link.
pub fn token(link: &PickupView) -> Secret {
    Secret::new(link.link.expose().split_once('#').unwrap().1.to_owned())
}

async fn make(world: &World, new: NewKey) -> (KeyView, Secret) {
    let made = world.make(new).await.unwrap();
    (made.key, token(&made.pickup.unwrap()))
}

async fn pick(world: &World, token: &Secret) -> Result<WithSecret, OpError> {
    keys::pick_up(&world.app, Some("192.0.2.9".into()), token).await
}

async fn look(world: &World, token: &Secret) -> String {
    outcome(&keys::look_at_link(&world.app, token).await)
}

async fn a_link_shows_the_secret_once_and_looking_uses_nothing_up(world: World) {
    let account = world.account("clevertap").await;
    let made = world.make(sent(&account, "Partner")).await.unwrap();
    assert_eq!((made.secret.is_none(), made.key.standing), (true, Standing::AwaitingPickup));
    let link = made.pickup.unwrap();
    let waits = |until| Some(PickupBy { recipient: Some("Jo at the bank".into()), link_expires_at: until });
    assert_eq!(
        (world.look(&made.key).await.pickup_by, &made.key.pickup_by),
        (waits(Some(link.expires_at)), &waits(Some(link.expires_at)))
    );
    assert!(link.link.expose().starts_with("http://127.0.0.1:8081/pick-up#kwu_"), "the token is in the fragment");
    assert_eq!(link.expires_at, world.now().plus(7 * DAY_MS));
    let token = token(&link);
    for _ in 0..3 {
        let look = keys::look_at_link(&world.app, &token).await.unwrap();
        assert_eq!((look.key.name.as_deref(), &*look.account_name), (Some("Partner"), "Acme"));
        assert_eq!(look.recipient.as_deref(), Some("Jo at the bank"));
        assert_eq!(look.link_expires_at, link.expires_at);
    }
    world.pass(1_000);
    let picked = pick(&world, &token).await.unwrap();
    assert_eq!((picked.key.id, picked.key.standing), (made.key.id, Standing::Active));
    assert_eq!(picked.key.pickup_by, None);
    let secret = picked.secret.unwrap();
    assert_eq!(world.whose(&secret).await, "key");
    assert!(world.app.keyring.lookup(&world.app.vault.pepper().digest(secret.expose())).is_some());
    let event = world.last_event().await;
    assert_eq!((&*event.action, event.actor), ("key.picked_up", format!("link:{}", made.key.id)));
    assert_eq!(outcome(&pick(&world, &token).await), "not_found");
    assert_eq!(look(&world, &token).await, "not_found");
}

async fn r24_before_it_is_picked_up_there_is_no_secret_and_the_store_holds_no_link(world: World) {
    let account = world.account("clevertap").await;
    let (key, token) = make(&world, sent(&account, "Partner")).await;
    assert_eq!(key.secrets, []);
    assert!(!world.files_hold(token.expose()));
    let secret = pick(&world, &token).await.unwrap().secret.unwrap();
    for (table, rows) in world.dump().await {
        assert!(!rows.contains(token.expose()) && !rows.contains(secret.expose()), "{table}");
    }
}

async fn a_link_ends_with_its_week_its_successor_its_withdrawal_and_its_key(world: World) {
    let account = world.account("clevertap").await;
    let (app, own) = (&world.app, Reach::Account(account.id));
    let again = async |key: &KeyView| {
        let (_, link) = keys::send_for_pickup(app, own, operator(), key.id, None).await.unwrap();
        assert_eq!(link.recipient.as_deref(), Some("Jo at the bank"), "the recipient stays");
        token(&link)
    };
    let (key, first) = make(&world, sent(&account, "a")).await;
    world.pass(7 * DAY_MS - 1);
    assert_eq!(look(&world, &first).await, "ok");
    world.pass(1);
    assert_eq!(
        (look(&world, &first).await, outcome(&pick(&world, &first).await)),
        ("not_found".into(), "not_found".into())
    );
    let second = again(&key).await;
    let third = again(&key).await;
    assert_eq!(look(&world, &second).await, "not_found", "its successor ended it");
    let left = keys::withdraw_link(app, own, operator(), key.id).await.unwrap().pickup_by.unwrap();
    assert_eq!((left.recipient.as_deref(), left.link_expires_at), (Some("Jo at the bank"), None));
    assert_eq!(look(&world, &third).await, "not_found", "it was withdrawn");
    assert_eq!(outcome(&keys::withdraw_link(app, own, operator(), key.id).await), "no_link");
    assert_eq!(outcome(&keys::collect(app, own, operator(), key.id).await), "sent_for_pickup", "nor is it for others");
    let fourth = again(&key).await;
    keys::revoke(app, own, operator(), key.id).await.unwrap();
    assert_eq!(outcome(&pick(&world, &fourth).await), "not_found", "its key was revoked");
    assert_eq!(outcome(&keys::send_for_pickup(app, own, operator(), key.id, None).await), "key_revoked");
    let short = NewKey { lifetime: Lifetime::Days(1), ..sent(&account, "short") };
    let (key, token) = make(&world, short).await;
    world.pass(DAY_MS);
    assert_eq!(outcome(&pick(&world, &token).await), "not_found", "its key expired");
    assert_eq!(outcome(&keys::send_for_pickup(app, own, operator(), key.id, None).await), "key_expired");
    let (key, token) = make(&world, sent(&account, "gone")).await;
    keys::delete(app, own, operator(), key.id).await.unwrap();
    assert_eq!(outcome(&pick(&world, &token).await), "not_found", "its key was deleted");
    for strange in ["", "kwu_", "kwu_0000000000000000000000000000000000000000", "CTP_1"] {
        assert_eq!(outcome(&pick(&world, &Secret::new(strange.into())).await), "not_found");
    }
}

async fn a_link_for_an_approved_key_is_for_its_recipient_alone(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let (app, own) = (&world.app, Reach::Account(account.id));
    let pickup = Some(NewPickup { recipient: Some("Jo".into()) });
    let asked = world.make(NewKey { pickup, ..with_scopes(&account, "a", &["write"]) }).await.unwrap();
    assert_eq!((asked.key.standing, asked.pickup.is_none()), (Standing::Pending, true));
    let id = asked.key.id;
    assert_eq!(outcome(&keys::send_for_pickup(app, own, operator(), id, None).await), "not_approved");
    keys::approve(app, own, keyward_server::changes::Actor::cli(), id, None).await.unwrap();
    assert_eq!(outcome(&keys::collect(app, own, operator(), id).await), "sent_for_pickup");
    let (_, link) = keys::send_for_pickup(app, own, operator(), id, None).await.unwrap();
    assert_eq!(link.recipient.as_deref(), Some("Jo"));
    assert_eq!(outcome(&pick(&world, &token(&link)).await), "ok");
}

async fn r42_a_grant_is_picked_up_by_somebody_who_never_signs_in(world: World) {
    let account = world.account("clevertap").await;
    let signs_in = world.person(account.id, "bob").await;
    let to_an_owner = NewKey { pickup: Some(NewPickup::default()), ..new_grant(&account, signs_in, Lifetime::Days(9)) };
    assert_eq!(outcome(&world.make(to_an_owner).await), "/pickup", "who signs in sees it there, and nobody else does");
    let codat = world.account("codat").await;
    assert_eq!(outcome(&world.make(sent(&codat, "seen by all")).await), "/pickup");
    let ada = world.holder(account.id, "ada").await;
    let grant = new_grant(&account, ada, Lifetime::Days(9));
    let (key, token) = make(&world, NewKey { pickup: Some(NewPickup::default()), ..grant }).await;
    assert_eq!(outcome(&keys::reset(&world.app, Reach::All, operator(), key.id, None).await), "no_secret_yet");
    let picked = pick(&world, &token).await.unwrap();
    assert_eq!((picked.key.person, picked.secret.is_some()), (Some(ada), true));
}

async fn an_account_with_waiting_keys_can_be_deleted(world: World) {
    let account = world.account("clevertap").await;
    let (_, token) = make(&world, sent(&account, "a")).await;
    keyward_server::accounts::delete(&world.app, Reach::All, operator(), account.id).await.unwrap();
    assert_eq!(outcome(&pick(&world, &token).await), "not_found");
}
