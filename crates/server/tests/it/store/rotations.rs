use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::KeyId;
use keyward_core::key::SecretAge;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, NewKey, WithSecret};
use keyward_server::operation::OpError;

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

const HOUR_S: i64 = 3_600;

on_both! {
    r44_a_reset_ends_the_old_secret_at_once
    r44_an_expired_passcode_is_reset_with_a_period_only
    r74_a_rotation_keeps_the_id_and_overlaps
    r74_no_overlap_ends_the_old_secret_at_once
    r74_an_overlap_is_at_most_30_days
    r74_both_secrets_show_their_last_use
    r74_r79_each_secret_of_a_key_tells_its_first_and_last_use
    a_cancelled_rotation_puts_the_old_secret_in_force_again
    a_completed_rotation_ends_the_old_secret
    a_key_that_ends_takes_both_secrets_along
}

async fn made(world: &World) -> WithSecret {
    let account = world.account("shop").await;
    world.make(new_key(&account, "a")).await.unwrap()
}

async fn rotate(world: &World, key: KeyId, overlap_s: i64) -> Result<WithSecret, OpError> {
    keys::rotate(&world.app, Reach::All, operator(), key, overlap_s, None).await
}

/// What the data plane knows of a secret.
fn age(world: &World, secret: &Secret) -> Option<SecretAge> {
    let digest = world.app.vault.pepper().digest(secret.expose());
    world.app.keyring.lookup(&digest).map(|caller| caller.key.secret)
}

async fn r44_a_reset_ends_the_old_secret_at_once(world: World) {
    let account = world.account("clevertap").await;
    let person = world.person(account.id, "ada").await;
    let first = world.make(new_grant(&account, person, Lifetime::Days(9))).await.unwrap();
    let key = first.key.id;
    let old = first.secret.unwrap();
    world.pass(DAY_MS);
    let reset = keys::reset(&world.app, Reach::All, operator(), key, None).await.unwrap();
    let new = reset.secret.unwrap();
    assert_eq!((reset.key.id, reset.key.expires_at), (key, first.key.expires_at), "the end is kept");
    assert_eq!((world.whose(&old).await, world.whose(&new).await), ("replaced".into(), "key".into()));
    assert_eq!((age(&world, &old), age(&world, &new)), (None, Some(SecretAge::Current)));
    let longer = keys::reset(&world.app, Reach::All, operator(), key, Some(Lifetime::Days(20))).await.unwrap();
    assert_eq!(longer.key.expires_at, Some(world.now().plus_days(20)), "unless a period is given");
    let account_key = world.make(new_key(&account, "a")).await.unwrap().key.id;
    let refused = keys::reset(&world.app, Reach::All, operator(), account_key, None).await;
    assert_eq!(outcome(&refused), "not_personal");
}

async fn r44_an_expired_passcode_is_reset_with_a_period_only(world: World) {
    let account = world.account("clevertap").await;
    let person = world.person(account.id, "ada").await;
    let key = world.make(new_grant(&account, person, Lifetime::Days(1))).await.unwrap().key.id;
    world.pass(DAY_MS);
    let reset = async |lifetime| keys::reset(&world.app, Reach::All, operator(), key, lifetime).await;
    assert_eq!(outcome(&reset(None).await), "/expires");
    assert_eq!(outcome(&reset(Some(Lifetime::Days(366))).await), "/expires");
    let again = reset(Some(Lifetime::Days(40))).await.unwrap();
    assert_eq!(again.key.standing, Standing::Active);
}

async fn r74_a_rotation_keeps_the_id_and_overlaps(world: World) {
    let first = made(&world).await;
    let key = first.key.id;
    let old = first.secret.unwrap();
    let rotated = rotate(&world, key, HOUR_S).await.unwrap();
    let new = rotated.secret.unwrap();
    let until = world.now().plus(HOUR_MS);
    assert_eq!((rotated.key.id, rotated.key.version), (key, 2));
    let shown: Vec<_> = rotated.key.secrets.iter().map(|secret| secret.until).collect();
    assert_eq!(shown, [None, Some(until)], "the one in force first");
    assert_eq!((world.whose(&old).await, world.whose(&new).await), ("key".into(), "key".into()));
    assert_eq!((age(&world, &old), age(&world, &new)), (Some(SecretAge::Old { until }), Some(SecretAge::Current)));
    assert_eq!(outcome(&rotate(&world, key, 0).await), "rotation_in_progress");
    world.pass(HOUR_MS);
    assert_eq!(world.whose(&old).await, "replaced");
    assert_eq!(world.look(&rotated.key).await.secrets.len(), 1, "an overlap that has run out is not shown");
    let third = rotate(&world, key, HOUR_S).await.unwrap();
    assert_eq!(third.key.secrets.len(), 2);
    assert_eq!((world.whose(&old).await, world.whose(&new).await), ("replaced".into(), "key".into()));
    assert_eq!(age(&world, &old), None, "it was buried");
}

async fn r74_no_overlap_ends_the_old_secret_at_once(world: World) {
    let first = made(&world).await;
    let old = first.secret.unwrap();
    let rotated = rotate(&world, first.key.id, 0).await.unwrap();
    assert_eq!(rotated.key.secrets.len(), 1);
    assert_eq!((world.whose(&old).await, age(&world, &old)), ("replaced".into(), None));
    assert_eq!(outcome(&rotate(&world, first.key.id, 0).await), "ok", "no overlap stands in the way");
}

async fn r74_an_overlap_is_at_most_30_days(world: World) {
    let key = made(&world).await.key.id;
    assert_eq!(outcome(&rotate(&world, key, -1).await), "/overlap_s");
    assert_eq!(outcome(&rotate(&world, key, 30 * 24 * HOUR_S + 1).await), "/overlap_s");
    assert_eq!(outcome(&rotate(&world, key, 30 * 24 * HOUR_S).await), "ok");
}

async fn r74_both_secrets_show_their_last_use(world: World) {
    let key = made(&world).await.key.id;
    let view = rotate(&world, key, HOUR_S).await.unwrap().key;
    let (early, late) = (world.now().plus(1_000), world.now().plus(2_000));
    let mut conn = world.app.db.conn().await.unwrap();
    keys::save_last_used(&mut conn, &[(key, false, late), (key, true, early)]).await.unwrap();
    keys::save_last_used(&mut conn, &[(key, false, early)]).await.unwrap();
    drop(conn);
    let shown: Vec<_> = world.look(&view).await.secrets.iter().map(|secret| secret.last_used_at).collect();
    assert_eq!(shown, [Some(late), Some(early)], "never moved back");
    let shown: Vec<_> = world.look(&view).await.secrets.iter().map(|secret| secret.first_used_at).collect();
    assert_eq!(shown, [Some(late), Some(early)], "what nobody noted is told as of what was saved first");
}

async fn r74_r79_each_secret_of_a_key_tells_its_first_and_last_use(world: World) {
    let made = made(&world).await;
    let (old, begin) = (made.secret.unwrap(), world.now());
    let used = |app: &App, secret: &Secret, after_s: i64| {
        let digest = app.vault.pepper().digest(secret.expose());
        app.keyring.used(&digest, begin.plus(after_s * 1_000));
    };
    let told = async |app: &App| {
        let view = keys::get(app, Reach::All, made.key.id).await.unwrap();
        let after = |at: Option<UnixMs>| at.map(|at| (at.0 - begin.0) / 1_000);
        let one = |secret: &keys::SecretView| (after(secret.first_used_at), after(secret.last_used_at));
        view.secrets.iter().map(one).collect::<Vec<_>>()
    };
    let app = &world.app;
    assert_eq!(told(app).await, [(None, None)]);
    used(app, &old, 3);
    used(app, &old, 8);
    for is_saved in [false, true] {
        assert_eq!((told(app).await, app.keyring.first_uses().is_empty()), (vec![(Some(3), Some(8))], is_saved));
        app.save().await.unwrap();
    }
    let new = rotate(&world, made.key.id, HOUR_S).await.unwrap().secret.unwrap();
    assert_eq!(told(app).await, [(None, None), (Some(3), Some(8))]);
    used(app, &old, 12);
    used(app, &new, 14);
    used(app, &new, 15);
    for _ in 0..2 {
        assert_eq!(told(app).await, [(Some(14), Some(15)), (Some(3), Some(12))]);
        app.save().await.unwrap();
    }
    // The next process goes on with what is in the store.
    let next = world.beside().await;
    used(&next, &old, 20);
    used(&next, &new, 21);
    next.save().await.unwrap();
    for app in [&next, app] {
        assert_eq!(told(app).await, [(Some(14), Some(21)), (Some(3), Some(20))]);
    }
}

async fn a_cancelled_rotation_puts_the_old_secret_in_force_again(world: World) {
    let first = made(&world).await;
    let key = first.key.id;
    let old = first.secret.unwrap();
    let cancel = async || keys::cancel_rotation(&world.app, Reach::All, operator(), key).await;
    assert_eq!(outcome(&cancel().await), "no_rotation");
    let new = rotate(&world, key, HOUR_S).await.unwrap().secret.unwrap();
    let view = cancel().await.unwrap();
    assert_eq!(view.secrets.iter().map(|secret| secret.until).collect::<Vec<_>>(), [None]);
    assert_eq!((world.whose(&old).await, world.whose(&new).await), ("key".into(), "replaced".into()));
    assert_eq!((age(&world, &old), age(&world, &new)), (Some(SecretAge::Current), None));
    rotate(&world, key, HOUR_S).await.unwrap();
    world.pass(HOUR_MS);
    assert_eq!(outcome(&cancel().await), "no_rotation", "too late: the old one has ended");
}

async fn a_completed_rotation_ends_the_old_secret(world: World) {
    let first = made(&world).await;
    let key = first.key.id;
    let old = first.secret.unwrap();
    let complete = async || keys::complete_rotation(&world.app, Reach::All, operator(), key).await;
    assert_eq!(outcome(&complete().await), "no_rotation");
    let new = rotate(&world, key, HOUR_S).await.unwrap().secret.unwrap();
    assert_eq!(complete().await.unwrap().secrets.len(), 1);
    assert_eq!((world.whose(&old).await, world.whose(&new).await), ("replaced".into(), "key".into()));
    assert_eq!(age(&world, &old), None);
    assert_eq!(outcome(&complete().await), "no_rotation");
}

async fn a_key_that_ends_takes_both_secrets_along(world: World) {
    let account = world.account("shop").await;
    let first = world.make(NewKey { name: Some("a".into()), ..new_key(&account, "a") }).await.unwrap();
    let rotated = rotate(&world, first.key.id, HOUR_S).await.unwrap();
    keys::delete(&world.app, Reach::All, operator(), first.key.id).await.unwrap();
    for secret in [first.secret.unwrap(), rotated.secret.unwrap()] {
        assert_eq!((world.whose(&secret).await, age(&world, &secret)), ("deleted".into(), None));
    }
}
