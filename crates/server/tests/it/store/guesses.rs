//! Guessing, and what lets people in without a password, on both engines.

use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::changes::Actor;
use keyward_server::operation::OpError;
use keyward_server::sessions::{self, operators};

use super::sessions::{
    AWAY, EMAIL, HOME, OTHER, PASSWORD, ada, attempt, enrol, is_in, secret, sign_in, signed, try_from,
};
use super::world::{World, outcome};

on_both! {
    a_link_works_once_and_not_for_long
    a_reset_of_an_unknown_address_looks_like_one_of_a_known_one
    the_set_up_link_makes_one_operator
    an_operator_who_is_locked_out_is_let_back_in
    a_flood_from_elsewhere_never_locks_the_right_person_out
    wrong_attempts_wear_off_by_themselves
    parallel_guesses_count_each
}

async fn a_link_works_once_and_not_for_long(world: World) {
    ada(&world).await;
    let token = sign_in(&world).await;
    let reset = async || operators::reset(&world.app, Actor::cli(), EMAIL).await.unwrap();
    let complete = async |link: &Secret, new: &str| {
        outcome(&sessions::complete_reset(&world.app, link.clone(), secret(new), Some(AWAY.into())).await)
    };
    let (old, link) = (reset().await, reset().await);
    assert!(!is_in(&world, &token).await);
    assert_eq!(complete(&old, OTHER).await, "link_not_valid", "a newer one ends the older one");
    assert_eq!(complete(&link, "password").await, "/new_password");
    assert_eq!(complete(&link, OTHER).await, "ok", "a refused password does not use it up");
    assert_eq!(complete(&link, PASSWORD).await, "link_not_valid");
    assert_eq!(try_from(&world, OTHER, HOME).await, "ok");
    let link = reset().await;
    world.pass(DAY_MS);
    assert_eq!(complete(&link, PASSWORD).await, "link_not_valid");
    let link = reset().await;
    let both = tokio::join!(complete(&link, PASSWORD), complete(&link, PASSWORD));
    let mut both = [both.0, both.1];
    both.sort();
    assert_eq!(both, ["link_not_valid", "ok"]);
}

async fn a_reset_of_an_unknown_address_looks_like_one_of_a_known_one(world: World) {
    ada(&world).await;
    let epoch = world.last_event().await;
    sessions::ask_for_reset(&world.app, "nobody@example.com", Some(AWAY.into())).await.unwrap();
    assert_eq!(world.last_event().await, epoch);
    sessions::ask_for_reset(&world.app, EMAIL, Some(AWAY.into())).await.unwrap();
    assert_eq!(world.last_event().await.action, "person.reset_asked");
    for email in ["nobody@example.com", EMAIL] {
        for _ in 0..2 {
            sessions::ask_for_reset(&world.app, email, None).await.unwrap();
        }
        let once_more = sessions::ask_for_reset(&world.app, email, None).await;
        assert_eq!(outcome(&once_more), "too_many_attempts", "nobody's mailbox is flooded");
    }
}

async fn the_set_up_link_makes_one_operator(world: World) {
    let link = async || operators::setup_link(&world.app).await.unwrap();
    let set_up = async |link: &Secret, password: &str| {
        let new = operators::NewOperator { name: "Ada".into(), email: EMAIL.into() };
        operators::set_up(&world.app, link.clone(), new, secret(password), (Some(HOME.into()), None)).await
    };
    let (old, late) = (link().await.unwrap(), link().await.unwrap());
    assert_eq!(outcome(&set_up(&old, PASSWORD).await), "link_not_valid", "each start has its own");
    world.pass(HOUR_MS);
    assert_eq!(outcome(&set_up(&late, PASSWORD).await), "link_not_valid", "an hour is enough");
    let (good, made_up) = (link().await.unwrap(), secret("kwl_0000000000000000000000000000000000000000"));
    assert_eq!(outcome(&set_up(&made_up, PASSWORD).await), "link_not_valid");
    assert_eq!(outcome(&set_up(&good, "ada@example.com").await), "/password");
    let token = set_up(&good, PASSWORD).await.unwrap_or_else(|why| panic!("{why}"));
    assert!(signed(&world, &token).await.unwrap().operator);
    assert_eq!(outcome(&set_up(&good, PASSWORD).await), "link_not_valid");
    assert!(link().await.is_none(), "there is an operator");
    assert_eq!(try_from(&world, PASSWORD, HOME).await, "ok");
}

async fn an_operator_who_is_locked_out_is_let_back_in(world: World) {
    ada(&world).await;
    let (.., token) = enrol(&world, &sign_in(&world).await).await;
    let unknown = operators::reset(&world.app, Actor::cli(), "bob@example.com").await;
    assert_eq!(outcome(&unknown), "not_found");
    let link = operators::reset(&world.app, Actor::cli(), EMAIL).await.unwrap();
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.actor.as_str()), ("operator.reset", "cli"));
    assert!(!is_in(&world, &token).await);
    sessions::complete_reset(&world.app, link, secret(OTHER), Some(HOME.into())).await.unwrap();
    assert_eq!(try_from(&world, OTHER, HOME).await, "ok", "the lost authenticator is not asked for");
}

async fn a_flood_from_elsewhere_never_locks_the_right_person_out(world: World) {
    ada(&world).await;
    assert_eq!(try_from(&world, PASSWORD, HOME).await, "ok");
    // One guess each from many addresses: only what counts per person can stop them.
    let mut refused = 0;
    for nth in 0..30 {
        let from = format!("203.0.113.{nth}");
        refused += usize::from(try_from(&world, OTHER, &from).await == "too_many_attempts");
    }
    assert_eq!(refused, 20, "ten guesses at a person, wherever they come from");
    assert_eq!(try_from(&world, PASSWORD, AWAY).await, "too_many_attempts", "an address nobody knows waits");
    assert_eq!(try_from(&world, PASSWORD, HOME).await, "ok", "the right person does not");
    let mut others = Vec::new();
    for nth in 0..12 {
        let email = format!("nobody{nth}@example.com");
        let guess = sessions::sign_in(&world.app, attempt(&email, OTHER, "203.0.113.77")).await;
        others.push(outcome(&guess));
    }
    assert!(others.iter().all(|ended| ended == "invalid_credentials"), "{others:?}");
    world.pass(31 * DAY_MS);
    assert_eq!(try_from(&world, PASSWORD, AWAY).await, "ok", "everything wears off");
}

async fn wrong_attempts_wear_off_by_themselves(world: World) {
    ada(&world).await;
    for _ in 0..5 {
        assert_eq!(try_from(&world, OTHER, HOME).await, "invalid_credentials");
    }
    match sessions::sign_in(&world.app, attempt(EMAIL, PASSWORD, HOME)).await {
        Err(OpError::TooMany { retry_after_s, .. }) => assert_eq!(retry_after_s, 60),
        other => panic!("{}", outcome(&other)),
    }
    let unknown = |nth: usize| attempt(&format!("bob{}@example.com", nth / 100), OTHER, AWAY);
    for nth in 0..5 {
        assert_eq!(outcome(&sessions::sign_in(&world.app, unknown(nth)).await), "invalid_credentials");
    }
    let throttled = sessions::sign_in(&world.app, unknown(5)).await;
    assert_eq!(outcome(&throttled), "too_many_attempts", "whether or not there is such a person");
    world.pass(60_000);
    assert_eq!(try_from(&world, PASSWORD, HOME).await, "ok");
    for _ in 0..5 {
        assert_eq!(try_from(&world, OTHER, HOME).await, "invalid_credentials", "the right password begins anew");
    }
    world.pass(31 * DAY_MS);
    world.app.save().await.unwrap();
    let left = world.dump().await.into_iter().find(|(table, _)| table == "attempt").unwrap().1;
    assert_eq!(left, "", "what wore off is not kept");
}

async fn parallel_guesses_count_each(world: World) {
    ada(&world).await;
    let guess = |_| sessions::sign_in(&world.app, attempt(EMAIL, OTHER, AWAY));
    let ended = futures_util::future::join_all((0..12).map(guess)).await;
    let looked_at = ended.iter().filter(|ended| outcome(ended) == "invalid_credentials").count();
    assert_eq!(looked_at, 5, "no guess slips through between a look and a count");
}
