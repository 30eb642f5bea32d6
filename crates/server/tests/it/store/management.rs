use keyward_core::expiry::Lifetime;
use keyward_core::secret::Secret;
use keyward_core::time::DAY_MS;
use keyward_server::changes::{Actor, Reach};
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::Page;

use super::world::{World, operator, outcome};

on_both! {
    a_management_key_authenticates_until_it_ends
    a_management_key_reaches_no_further_than_it_was_made_for
    a_management_key_is_shown_once
}

fn new(name: &str) -> NewManagementKey {
    NewManagementKey { name: name.into(), account: None, permissions: None, lifetime: Lifetime::Unsaid }
}

async fn a_management_key_authenticates_until_it_ends(world: World) {
    let made = management::create(&world.app, Reach::All, Actor::cli(), new("ci"), None).await.unwrap();
    let secret = made.secret.unwrap();
    assert!(secret.expose().starts_with("kwm_") && secret.expose().len() == 44);
    let who = async |secret: &Secret| management::authenticate(&world.app, secret).await.unwrap();
    assert_eq!(who(&secret).await, Some(made.key.clone()));
    let another = if secret.expose().ends_with('x') { 'y' } else { 'x' };
    let mistyped = Secret::new(format!("{}{another}", &secret.expose()[..43]));
    assert_eq!(who(&mistyped).await, None);
    assert_eq!(who(&Secret::new(String::new())).await, None);
    let short = NewManagementKey { lifetime: Lifetime::Days(1), ..new("short") };
    let short = management::create(&world.app, Reach::All, Actor::cli(), short, None).await.unwrap();
    let short = short.secret.unwrap();
    assert!(who(&short).await.is_some());
    world.pass(DAY_MS);
    assert_eq!(who(&short).await, None, "expired");
    let revoked = management::revoke(&world.app, Reach::All, Actor::cli(), made.key.id).await.unwrap();
    assert_eq!(revoked.revoked_at, Some(world.now()));
    assert_eq!(who(&secret).await, None, "revoked");
    world.pass(1);
    let again = management::revoke(&world.app, Reach::All, Actor::cli(), made.key.id).await.unwrap();
    assert_eq!(again, revoked);
}

async fn a_management_key_reaches_no_further_than_it_was_made_for(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let own = Reach::Account(ours.id);
    let make = async |reach, account| {
        let new = NewManagementKey { account: Some(account), ..new("k") };
        management::create(&world.app, reach, operator(), new, None).await
    };
    let made = make(own, ours.id).await.unwrap();
    assert_eq!(management::authenticate(&world.app, &made.secret.unwrap()).await.unwrap(), Some(made.key.clone()));
    assert_eq!(outcome(&make(own, theirs.id).await), "not_found");
    let foreign = make(Reach::All, theirs.id).await.unwrap().key;
    assert_eq!(outcome(&management::get(&world.app, own, foreign.id).await), "not_found");
    assert_eq!(outcome(&management::revoke(&world.app, own, operator(), foreign.id).await), "not_found");
    let listed = management::list(&world.app, own, Page::default()).await.unwrap();
    assert_eq!(listed.items, [made.key]);
    assert_eq!(management::list(&world.app, Reach::All, Page::default()).await.unwrap().items.len(), 2);
}

async fn a_management_key_is_shown_once(world: World) {
    let made = management::create(&world.app, Reach::All, operator(), new("k"), None).await.unwrap();
    let secret = made.secret.unwrap();
    assert_eq!(made.key.hint, format!("kwm_…{}", &secret.expose()[40..]));
    for (table, dump) in world.dump().await {
        assert!(!dump.contains(secret.expose()), "{table} holds the secret");
    }
    let refused = management::create(&world.app, Reach::All, operator(), new(" "), None).await;
    assert_eq!(outcome(&refused), "/name");
}
