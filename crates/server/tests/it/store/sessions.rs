//! Signing in, on both engines.

use keyward_core::ids::{PersonId, SessionId};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{HOUR_MS, UnixMs};
use keyward_server::changes::{Actor, SignedIn};
use keyward_server::operation::OpError;
use keyward_server::sessions::{self, Attempt, Prove, SecondFactor, Signed, operators};
use totp_rs::{Algorithm, Builder};

use super::world::{World, outcome};

on_both! {
    the_right_password_signs_in_and_nothing_else_does
    a_sign_in_ends_when_idle_when_old_and_when_told
    a_password_change_ends_every_other_sign_in_and_renews_the_cookie
    a_code_of_the_authenticator_works_once
    a_recovery_code_works_once
    an_authenticator_needs_a_recent_proof
    no_secret_of_signing_in_is_kept
    signing_in_is_audited_by_id_alone
}

pub const EMAIL: &str = "ada@example.com";
pub const PASSWORD: &str = "correct horse battery staple";
pub const OTHER: &str = "four yellow umbrellas";
pub const HOME: &str = "192.0.2.10";
pub const AWAY: &str = "198.51.100.7";
const MINUTE_MS: i64 = 60_000;

pub fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

pub fn attempt(email: &str, password: &str, origin: &str) -> Attempt {
    Attempt {
        email: email.into(),
        password: secret(password),
        second: None,
        before: None,
        agent: Some("a browser\r\n".into()),
        origin: Some(origin.into()),
    }
}

pub async fn ada(world: &World) -> PersonId {
    let new = operators::NewOperator { name: "Augusta King".into(), email: EMAIL.into() };
    operators::ensure(&world.app, Actor::cli(), new, &secret(PASSWORD)).await.unwrap()
}

pub async fn sign_in(world: &World) -> Secret {
    sessions::sign_in(&world.app, attempt(EMAIL, PASSWORD, HOME)).await.unwrap_or_else(|why| panic!("{why}"))
}

pub async fn try_from(world: &World, password: &str, origin: &str) -> String {
    outcome(&sessions::sign_in(&world.app, attempt(EMAIL, password, origin)).await)
}

async fn try_with(world: &World, second: Option<SecondFactor>) -> String {
    outcome(&sessions::sign_in(&world.app, Attempt { second, ..attempt(EMAIL, PASSWORD, HOME) }).await)
}

pub async fn signed(world: &World, token: &Secret) -> Option<Signed> {
    sessions::authenticate(&world.app, token).await.unwrap()
}

pub async fn is_in(world: &World, token: &Secret) -> bool {
    signed(world, token).await.is_some()
}

/// The actor and the sign-in of a cookie.
async fn by(world: &World, token: &Secret) -> (Actor, SessionId) {
    let signed = signed(world, token).await.unwrap();
    let person = SignedIn { id: signed.person, proved_at: signed.proved_at };
    (Actor::person(person, Some(HOME.into()), Permissions::NONE), signed.session)
}

/// What an authenticator with this secret shows at this instant.
fn code_at(base32: &Secret, at: UnixMs) -> SecondFactor {
    let key = totp_rs::Secret::try_from_base32(base32.expose()).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(key).build().unwrap();
    SecondFactor::Code(Secret::new(totp.generate((at.0 / 1_000) as u64).to_string()))
}

fn code_text(second: SecondFactor) -> Secret {
    match second {
        SecondFactor::Code(code) | SecondFactor::Recovery(code) => code,
    }
}

/// Ada gets an authenticator: its secret, the recovery codes and the cookie's new value.
pub async fn enrol(world: &World, token: &Secret) -> (Secret, Vec<Secret>, Secret) {
    let (actor, session) = by(world, token).await;
    let made = sessions::start_totp(&world.app, actor.clone()).await.unwrap();
    let code = code_text(code_at(&made.secret, world.now()));
    let (codes, token) = sessions::confirm_totp(&world.app, actor, session, code).await.unwrap();
    world.pass(MINUTE_MS);
    (made.secret, codes, token)
}

async fn the_right_password_signs_in_and_nothing_else_does(world: World) {
    let person = ada(&world).await;
    let token = sessions::sign_in(&world.app, attempt(" Ada@Example.COM ", PASSWORD, HOME)).await;
    let token = token.unwrap_or_else(|why| panic!("{why}"));
    let who = signed(&world, &token).await.unwrap();
    assert_eq!((who.person, who.operator, who.has_totp), (person, true, false));
    assert!(token.expose().starts_with("kws_"));

    let wrong = sessions::sign_in(&world.app, attempt(EMAIL, OTHER, HOME)).await;
    let unknown = sessions::sign_in(&world.app, attempt("bob@example.com", PASSWORD, HOME)).await;
    let long = sessions::sign_in(&world.app, attempt(EMAIL, &PASSWORD.repeat(100), HOME)).await;
    for refused in [wrong, unknown, long] {
        match refused {
            Err(OpError::Unproved { code, message }) => {
                assert_eq!((code, message.as_str()), ("invalid_credentials", "the credentials are not valid"));
            }
            other => panic!("{}", outcome(&other)),
        }
    }
    for bad in ["", "kws_", "kwm_0", &token.expose().replace("kws_", "kwl_")] {
        assert!(!is_in(&world, &secret(bad)).await, "{bad}");
    }
    let mut other = token.expose().to_owned();
    other.replace_range(6..7, if &other[6..7] == "a" { "b" } else { "a" });
    assert!(!is_in(&world, &secret(&other)).await);
}

async fn a_sign_in_ends_when_idle_when_old_and_when_told(world: World) {
    ada(&world).await;
    let token = sign_in(&world).await;
    world.pass(11 * HOUR_MS);
    assert!(is_in(&world, &token).await);
    world.pass(11 * HOUR_MS);
    assert!(is_in(&world, &token).await, "it was used in between");
    world.pass(12 * HOUR_MS);
    assert!(!is_in(&world, &token).await, "unused for twelve hours");

    let token = sign_in(&world).await;
    for _ in 0..=60 {
        world.pass(12 * HOUR_MS - 1);
        if !is_in(&world, &token).await {
            break;
        }
    }
    assert!(!is_in(&world, &token).await, "thirty days, however often it is used");

    let (first, second, third) = (sign_in(&world).await, sign_in(&world).await, sign_in(&world).await);
    let (actor, session) = by(&world, &first).await;
    let listed = sessions::list(&world.app, actor.person.unwrap().id).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!((listed[2].origin.as_deref(), listed[2].agent.as_deref()), (Some(HOME), Some("a browser")));
    let (_, other) = by(&world, &second).await;
    sessions::sign_out(&world.app, actor.clone(), other).await.unwrap();
    assert!(!is_in(&world, &second).await && is_in(&world, &third).await);
    assert_eq!(outcome(&sessions::sign_out(&world.app, actor.clone(), other).await), "not_found");
    sessions::sign_out_everywhere(&world.app, actor.clone(), Some(session)).await.unwrap();
    assert!(is_in(&world, &first).await && !is_in(&world, &third).await);
    sessions::sign_out_everywhere(&world.app, actor, None).await.unwrap();
    assert!(!is_in(&world, &first).await);

    let before = sign_in(&world).await;
    let again = Attempt { before: Some(before.clone()), ..attempt(EMAIL, PASSWORD, HOME) };
    let after = sessions::sign_in(&world.app, again).await.unwrap_or_else(|why| panic!("{why}"));
    assert!(!is_in(&world, &before).await && is_in(&world, &after).await, "signing in again renews the cookie");
}

async fn a_password_change_ends_every_other_sign_in_and_renews_the_cookie(world: World) {
    ada(&world).await;
    let (here, there) = (sign_in(&world).await, sign_in(&world).await);
    let (actor, session) = by(&world, &here).await;
    let change = |current: Option<&str>, new: &str| {
        let (app, actor, current, new) = (world.app.clone(), actor.clone(), current.map(secret), secret(new));
        async move { sessions::change_password(&app, actor, session, current, new).await }
    };
    assert_eq!(outcome(&change(Some(OTHER), OTHER).await), "invalid_credentials");
    assert_eq!(outcome(&change(None, OTHER).await), "/current_password");
    for weak in ["too short", "password12345", "aaaaaaaaaaaaaa", "ada@example.com"] {
        assert_eq!(outcome(&change(Some(PASSWORD), weak).await), "/new_password", "{weak}");
    }
    let renewed = change(Some(PASSWORD), OTHER).await.unwrap_or_else(|why| panic!("{why}"));
    assert!(is_in(&world, &renewed).await);
    assert!(!is_in(&world, &here).await && !is_in(&world, &there).await);
    assert_eq!(try_from(&world, PASSWORD, HOME).await, "invalid_credentials");
    assert_eq!(try_from(&world, OTHER, HOME).await, "ok");
}

async fn a_code_of_the_authenticator_works_once(world: World) {
    ada(&world).await;
    let before = sign_in(&world).await;
    let (key, _, token) = enrol(&world, &before).await;
    assert!(!is_in(&world, &before).await && signed(&world, &token).await.unwrap().has_totp);

    assert_eq!(try_with(&world, None).await, "totp_required");
    assert_eq!(try_from(&world, OTHER, HOME).await, "invalid_credentials", "not before the password matched");
    let now = code_at(&key, world.now());
    assert_eq!(try_with(&world, Some(now.clone())).await, "ok");
    assert_eq!(try_with(&world, Some(now)).await, "invalid_code", "it was used");
    let earlier = code_at(&key, UnixMs(world.now().0 - 30_000));
    assert_eq!(try_with(&world, Some(earlier)).await, "invalid_code", "it is older than one that was used");
    let next = code_at(&key, UnixMs(world.now().0 + 30_000));
    assert_eq!(try_with(&world, Some(next)).await, "ok", "a clock may be a step ahead");
    let far = code_at(&key, UnixMs(world.now().0 + 90_000));
    assert_eq!(try_with(&world, Some(far)).await, "invalid_code", "but no further");

    world.pass(5 * MINUTE_MS);
    let (actor, session) = by(&world, &token).await;
    let (one, two) = (code_at(&key, world.now()), code_at(&key, world.now()));
    let prove = |second| Prove { password: secret(PASSWORD), second: Some(second) };
    let both = tokio::join!(
        sessions::prove(&world.app, actor.clone(), session, prove(one)),
        sessions::prove(&world.app, actor.clone(), session, prove(two)),
    );
    let mut both = [outcome(&both.0), outcome(&both.1)];
    both.sort();
    assert_eq!(both, ["invalid_code", "ok"], "one code, one use, however parallel");

    world.pass(5 * MINUTE_MS);
    let wrong = SecondFactor::Code(secret("000000"));
    let removed = sessions::remove_totp(&world.app, actor.clone(), session, wrong).await;
    assert_eq!(outcome(&removed), "invalid_code");
    let removed = sessions::remove_totp(&world.app, actor, session, code_at(&key, world.now())).await;
    let renewed = removed.unwrap_or_else(|why| panic!("{why}"));
    assert!(!is_in(&world, &token).await && !signed(&world, &renewed).await.unwrap().has_totp);
    assert_eq!(try_with(&world, None).await, "ok");
}

async fn a_recovery_code_works_once(world: World) {
    ada(&world).await;
    let (_, codes, token) = enrol(&world, &sign_in(&world).await).await;
    assert_eq!(codes.len(), 10);
    let typed = Secret::new(codes[3].expose().replace('-', " ").to_uppercase());
    assert_eq!(try_with(&world, Some(SecondFactor::Recovery(typed))).await, "ok", "however it is typed");
    assert_eq!(try_with(&world, Some(SecondFactor::Recovery(codes[3].clone()))).await, "invalid_code");
    let (actor, _) = by(&world, &token).await;
    let fresh = sessions::fresh_codes(&world.app, actor).await.unwrap();
    assert_eq!(try_with(&world, Some(SecondFactor::Recovery(codes[4].clone()))).await, "invalid_code");
    assert_eq!(try_with(&world, Some(SecondFactor::Recovery(fresh[0].clone()))).await, "ok");
}

async fn an_authenticator_needs_a_recent_proof(world: World) {
    ada(&world).await;
    let token = sign_in(&world).await;
    world.pass(15 * MINUTE_MS);
    let (actor, session) = by(&world, &token).await;
    assert_eq!(outcome(&sessions::start_totp(&world.app, actor.clone()).await), "proof_needed");
    let wrong = Prove { password: secret(OTHER), second: None };
    assert_eq!(outcome(&sessions::prove(&world.app, actor.clone(), session, wrong).await), "invalid_credentials");
    let right = Prove { password: secret(PASSWORD), second: None };
    sessions::prove(&world.app, actor, session, right).await.unwrap();
    let (actor, session) = by(&world, &token).await;
    let made = sessions::start_totp(&world.app, actor.clone()).await.unwrap();
    assert!(made.uri.expose().starts_with("otpauth://totp/Keyward:ada%40example%2Ecom?secret="));
    assert_eq!(try_with(&world, None).await, "ok", "it does not count before it is confirmed");
    let wrong = sessions::confirm_totp(&world.app, actor.clone(), session, secret("123")).await;
    assert_eq!(outcome(&wrong), "invalid_code");
    let code = code_text(code_at(&made.secret, world.now()));
    let (.., token) = sessions::confirm_totp(&world.app, actor, session, code).await.unwrap();
    let (actor, _) = by(&world, &token).await;
    assert_eq!(outcome(&sessions::start_totp(&world.app, actor).await), "totp_exists");
}

async fn no_secret_of_signing_in_is_kept(world: World) {
    ada(&world).await;
    let (key, codes, token) = enrol(&world, &sign_in(&world).await).await;
    let link = operators::reset(&world.app, Actor::cli(), EMAIL).await.unwrap();
    let mut secrets = vec![PASSWORD.to_owned(), key.expose().into(), token.expose().into(), link.expose().into()];
    secrets.extend(codes.iter().map(|code| code.expose().to_owned()));
    for (table, rows) in world.dump().await {
        let found = secrets.iter().find(|secret| rows.contains(secret.as_str()));
        assert!(found.is_none(), "{table} holds a secret");
    }
    for secret in &secrets {
        assert!(!world.files_hold(secret), "a file holds a secret");
    }
}

async fn signing_in_is_audited_by_id_alone(world: World) {
    let person = ada(&world).await;
    sign_in(&world).await;
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.subject), ("person.signed_in", person.to_string()));
    assert_eq!((event.actor, event.origin.as_deref()), (format!("person:{person}"), Some(HOME)));
    let events = world.dump().await.into_iter().find(|(table, _)| table == "audit_event").unwrap().1;
    assert!(!events.contains('@') && !events.contains("King"), "{events}");
    try_from(&world, OTHER, HOME).await;
    assert_eq!(world.last_event().await.action, "person.signed_in", "what fails is counted, not audited");
    let refused = world.app.desk.outcomes().into_iter().find(|(ended, _)| *ended == "refused");
    assert_eq!(refused, Some(("refused", 1)));
}
