//! A client that hangs up in the middle of a revoke never leaves a committed revoke unapplied.

use std::task::{Context, Poll, Waker};

use keyward_core::key::KeyState;
use keyward_server::changes::{Actor, Reach, head};
use keyward_server::keys;

use super::ask;
use crate::support::{new_key, start};

const APIS: &str = r#"
[apis.a]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
environments = ["live"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn r34_a_revoke_whose_caller_vanished_is_whole_or_not_at_all() {
    let started = start(APIS).await;
    let account = started.account("a", "Example").await;
    let ward = started.app.ward();
    let mut revoked = 0;
    for round in 0..60 {
        let made = started.key(new_key(&account, &format!("key {round}"))).await;
        let (id, secret) = (made.key.id, made.secret.unwrap());
        let mut revoke = Box::pin(keys::revoke(&started.app, Reach::All, Actor::system(), id));
        // Polled so many times, then dropped: the change is queued, running or waiting for the keyring.
        for _ in 0..=round % 4 {
            if let Poll::Ready(done) = revoke.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                done.unwrap();
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(revoke);
        // Another change queues behind whatever is still running, so that all of it is over.
        keys::disable(&started.app, Reach::All, Actor::system(), id).await.ok();
        let epoch = head(&mut started.app.db.conn().await.unwrap()).await.unwrap().unwrap().epoch;
        started.app.changes.applied(epoch).await.unwrap();
        let stored = keys::get(&started.app, Reach::All, id).await.unwrap().state;
        let answer = ask(&started.app, &ward, "a", secret.expose(), None, None);
        match stored {
            KeyState::Revoked => {
                revoked += 1;
                assert_eq!(answer, "key_revoked");
            }
            KeyState::Disabled => assert_eq!(answer, "key_disabled"),
            KeyState::Active | KeyState::Pending | KeyState::AwaitingPickup => {
                panic!("disabling failed though the key was not revoked")
            }
        }
        assert_eq!(stored == KeyState::Revoked, answer == "key_revoked");
        keys::delete(&started.app, Reach::All, Actor::system(), id).await.unwrap();
    }
    assert!(revoked > 0, "no revoke got far enough to be committed: the test shows nothing");
}
