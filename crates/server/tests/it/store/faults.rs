//! Promise P5: a change and its event are one. What can't be written down does not happen.

use keyward_server::audit::Heads;
use keyward_server::changes::{Failed, Reach};
use keyward_server::db::Db;
use keyward_server::keys::{self, KeyFilter};
use keyward_server::operation::{OpError, Page};
use sqlx::error::DatabaseError;

use super::world::{World, operator};
use crate::support::new_key;
use crate::support::store::{FAILPOINT, FAILPOINT_OVER, no_room};

on_both! {
    p5_a_change_whose_event_can_t_be_written_does_not_happen
}

async fn count(world: &World) -> usize {
    keys::list(&world.app, Reach::All, KeyFilter::default(), Page::default()).await.unwrap().items.len()
}

async fn p5_a_change_whose_event_can_t_be_written_does_not_happen(world: World) {
    let account = world.account("shop").await;
    let key = world.make(new_key(&account, "kept")).await.unwrap();
    let engine = usize::from(matches!(world.app.db, Db::Postgres(_)));
    world.execute(FAILPOINT[engine]).await;
    let made = world.make(new_key(&account, "not made")).await.map(|made| made.key);
    assert!(matches!(made, Err(OpError::Change(Failed::Store(_)))), "{made:?}");
    let revoked = keys::revoke(&world.app, Reach::All, operator(), key.key.id).await;
    assert!(matches!(revoked, Err(OpError::Change(Failed::Store(_)))), "{revoked:?}");
    let seen = keys::reveal(&world.app, Reach::All, operator(), key.key.id, true).await;
    assert!(seen.is_err(), "a secret was shown without an event");
    assert_eq!((count(&world).await, world.look(&key.key).await), (1, key.key.clone()));
    assert_eq!(world.whose(&key.secret.unwrap()).await, "key");
    world.execute(FAILPOINT_OVER[engine]).await;
    world.make(new_key(&account, "made")).await.unwrap();
    assert_eq!(count(&world).await, 2);
    assert_eq!(world.verify(Heads::default()).await.findings, []);
}

#[tokio::test]
async fn p5_p12_without_room_nothing_changes_and_with_room_again_it_does() {
    let world = World::sqlite().await;
    let account = world.account("shop").await;
    no_room(&world.app.db, true).await;
    // What free pages there are is used up first.
    let mut made = 0;
    let refused = loop {
        match world.make(new_key(&account, &format!("key {made} {}", "x".repeat(60)))).await {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
        assert!(made < 90, "room was left");
    };
    let is_full = match &refused {
        OpError::Change(Failed::Full) => true,
        OpError::Store(error) => error.as_database_error().and_then(DatabaseError::code).as_deref() == Some("13"),
        _ => false,
    };
    assert!(is_full, "{refused:?}");
    let listed = keys::list(&world.app, Reach::All, KeyFilter::default(), Page { limit: 200, cursor: None }).await;
    assert_eq!(listed.unwrap().items.len(), made);
    assert_eq!(world.verify(Heads::default()).await.findings, []);
    no_room(&world.app.db, false).await;
    world.make(new_key(&account, "with room")).await.unwrap();
    assert_eq!(world.verify(Heads::default()).await.findings, []);
}
