//! What the request log asks of the store: whose a secret was, what keys are called, and what is missing.

use keyward_core::secret::Digest;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use keyward_server::accounts;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, WithSecret};
use keyward_server::logs::{self, Record, Source};

use super::world::{World, operator};
use crate::support::new_key;

on_both! {
    a_tombstone_tells_whose_a_secret_was
    an_account_is_found_by_the_id_that_was_sent
    keys_are_called_what_they_are_called_now_deleted_ones_what_they_were
    what_is_missing_is_told_of_its_time_and_forgotten_with_it
}

/// What one thread's hand-off holds.
const HANDOFF: u64 = 16_384;

fn digest(world: &World, made: &WithSecret) -> Digest {
    world.app.vault.pepper().digest(made.secret.as_ref().unwrap().expose())
}

async fn a_tombstone_tells_whose_a_secret_was(world: World) {
    let account = world.account("shop").await;
    let [deleted, rotated, good] = [
        world.make(new_key(&account, "deleted")).await.unwrap(),
        world.make(new_key(&account, "rotated")).await.unwrap(),
        world.make(new_key(&account, "good")).await.unwrap(),
    ];
    keys::delete(&world.app, Reach::All, operator(), deleted.key.id).await.unwrap();
    keys::rotate(&world.app, Reach::All, operator(), rotated.key.id, 0, None).await.unwrap();
    let asked = [digest(&world, &good), digest(&world, &rotated), [7; 32], digest(&world, &deleted)];
    let mut found = keys::graves(&world.app.db, &asked).await.unwrap();
    found.sort_by_key(|grave| grave.replaced);
    let told: Vec<_> = found.iter().map(|own| (own.digest, own.key, own.account, own.replaced)).collect();
    let expected = [(asked[3], deleted.key.id, account.id, false), (asked[1], rotated.key.id, account.id, true)];
    assert_eq!(told, expected);
    assert_eq!(keys::graves(&world.app.db, &[]).await.unwrap(), []);
    // As many as are ever asked for at once.
    let many: Vec<Digest> = (0..200_u8).map(|nth| [nth; 32]).chain([asked[3]]).collect();
    assert_eq!(keys::graves(&world.app.db, &many).await.unwrap().len(), 1);
}

async fn an_account_is_found_by_the_id_that_was_sent(world: World) {
    let (one, two) = (world.account("clevertap").await, world.account("shop").await);
    let asked = [two.public_id.clone(), "nobody's".into(), one.public_id.clone()];
    let mut found = accounts::of_public_ids(&world.app.db, &asked).await.unwrap();
    found.sort();
    let mut expected = vec![(one.id, one.api, one.public_id), (two.id, two.api, two.public_id)];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(accounts::of_public_ids(&world.app.db, &[]).await.unwrap(), []);
}

async fn keys_are_called_what_they_are_called_now_deleted_ones_what_they_were(world: World) {
    let account = world.account("shop").await;
    let [old, gone] = [
        world.make(new_key(&account, "old")).await.unwrap().key.id,
        world.make(new_key(&account, "gone")).await.unwrap().key.id,
    ];
    let new = keys::KeyEdit { name: Some(Some("new".into())), ..keys::KeyEdit::default() };
    keys::edit(&world.app, Reach::All, operator(), old, new, None).await.unwrap();
    keys::delete(&world.app, Reach::All, operator(), gone).await.unwrap();
    let mut names = keys::names_of(&world.app.db, &[gone, old]).await.unwrap();
    names.sort();
    let mut expected = vec![(old, "new".to_owned()), (gone, "gone".to_owned())];
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!(keys::names_of(&world.app.db, &[]).await.unwrap(), []);
}

/// Drops so many records of this moment.
async fn drop_records(world: &World, records: u64) {
    let app = &world.app;
    let hold = app.logs.disk().unwrap().hold();
    let record = || Box::new(Record::new(app.clock.now(), Source::Gateway));
    app.logs.recorder().unwrap().hand_over(record());
    hold.met();
    let recorder = app.logs.recorder().unwrap();
    for _ in 0..HANDOFF + records {
        recorder.hand_over(record());
    }
    drop(hold);
    app.logs.settle().await;
}

async fn what_is_missing_is_told_of_its_time_and_forgotten_with_it(world: World) {
    let (first, second) = (world.now(), world.now().plus(2 * HOUR_MS));
    drop_records(&world, 5).await;
    world.pass(2 * HOUR_MS);
    drop_records(&world, 7).await;
    let missing = async |since: UnixMs, until: UnixMs| {
        let found = logs::missing(&world.app, since, until).await.unwrap();
        found.into_iter().map(|own| (own.reason, own.records)).collect::<Vec<_>>()
    };
    let queue = |records: u64| vec![("queue_full".to_owned(), records)];
    assert_eq!(missing(first, second.plus(1)).await, queue(12), "one entry for each reason");
    // The second ones were lost at some time since the batch before.
    assert_eq!(missing(second.plus(-HOUR_MS), second.plus(1)).await, queue(7));
    assert_eq!(missing(second.plus(1), second.plus(HOUR_MS)).await, vec![]);
    assert_eq!(missing(first.plus(-HOUR_MS), first).await, vec![]);
    let told = &logs::missing(&world.app, first, second.plus(1)).await.unwrap()[0];
    assert_eq!(told.until, second);
    // It is told for as long as the rows around it are kept.
    world.pass(29 * DAY_MS);
    world.app.save().await.unwrap();
    assert_eq!(missing(UnixMs(0), second.plus(1)).await, queue(12));
    world.pass(DAY_MS);
    world.app.save().await.unwrap();
    assert_eq!(missing(UnixMs(0), second.plus(1)).await, queue(7));
    world.pass(DAY_MS);
    world.app.save().await.unwrap();
    assert_eq!(missing(UnixMs(0), second.plus(1)).await, vec![]);
}
