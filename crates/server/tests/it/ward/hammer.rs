//! Promise P4 on one node: a limit never admits more than it says, whoever asks at once.

use std::sync::atomic::{AtomicU32, Ordering};

use keyward_server::keys::LimitSpec;

use super::ask;
use crate::support::{new_key, start};

const APIS: &str = r#"
[apis.a]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
environments = ["live"]
[apis.a.limits.default]
limit = 1000
window = "1h"
"#;

fn hammer(threads: u32, each: u32, ask: impl Fn() -> &'static str + Sync) -> u32 {
    let admitted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..each {
                    match ask() {
                        "allow" => admitted.fetch_add(1, Ordering::Relaxed),
                        other => {
                            assert_eq!(other, "rate_limited");
                            0
                        }
                    };
                }
            });
        }
    });
    admitted.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn r65_sixty_four_threads_are_admitted_exactly_the_limit() {
    let started = start(APIS).await;
    let account = started.account("a", "Example").await;
    let (one, two) = (started.key(new_key(&account, "one")).await, started.key(new_key(&account, "two")).await);
    let ward = started.app.ward();
    let secret = one.secret.unwrap();
    assert_eq!(hammer(64, 50, || ask(&started.app, &ward, "a", secret.expose(), None, None)), 1_000);
    // A second key is unaffected, and the next window is whole again.
    assert_eq!(ask(&started.app, &ward, "a", two.secret.unwrap().expose(), None, None), "allow");
    started.clock.advance(3_600_000);
    assert_eq!(hammer(64, 50, || ask(&started.app, &ward, "a", secret.expose(), None, None)), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_limits_and_a_shared_one_hold_at_once() {
    let started = start(APIS).await;
    let account = started.account("a", "Example").await;
    let spec =
        |name: &str, limit, per| LimitSpec { name: name.into(), limit, window_s: Some(60), algorithm: None, per };
    let mut keys = Vec::new();
    for name in ["one", "two"] {
        let mut new = new_key(&account, name);
        new.limits = vec![spec("own", 300, None), spec("shared", 500, Some(keyward_core::limit::Per::Account))];
        keys.push(started.key(new).await.secret.unwrap());
    }
    let ward = started.app.ward();
    let turn = AtomicU32::new(0);
    let admitted = hammer(64, 50, || {
        let key = &keys[turn.fetch_add(1, Ordering::Relaxed) as usize % 2];
        ask(&started.app, &ward, "a", key.expose(), None, None)
    });
    assert_eq!(admitted, 500);
}
