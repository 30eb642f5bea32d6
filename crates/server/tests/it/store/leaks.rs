//! Secrets that were found where they must not be.

use keyward_core::expiry::Standing;
use keyward_core::policy::{Exposed, Policy};
use keyward_core::time::DAY_MS;
use keyward_server::accounts::AccountView;
use keyward_server::audit::{self, AuditFilter, AuditView};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyView, WithSecret};
use keyward_server::leaks::{self, Found, How, Outcome};
use keyward_server::operation::Page;

use super::policies::set;
use super::world::{World, operator, outcome};
use crate::support::new_key;

on_both! {
    what_is_done_is_what_the_accounts_policy_says
    the_last_key_is_revoked_too
    a_secret_is_dealt_with_once_per_place
    a_secret_whose_time_is_over_is_ours_and_left_alone
    whoever_reports_reaches_no_further_than_their_own
    nothing_of_what_was_found_is_kept
    a_key_sent_in_clear_is_told_of_once_a_day
}

fn github() -> Actor {
    Actor { who: "leak_report:github".into(), origin: Some("192.0.2.9".into()), ..Actor::system() }
}

async fn key(world: &World, account: &AccountView) -> WithSecret {
    world.make(new_key(account, &format!("k{}", world.now().0))).await.unwrap()
}

async fn report(world: &World, reach: Reach, made: &WithSecret, url: &str) -> Outcome {
    let found = Found { secret: made.secret.clone().unwrap(), url: Some(url.into()), source: Some("commit".into()) };
    leaks::report(&world.app, reach, github(), found).await.unwrap()
}

async fn standing(world: &World, key: &KeyView) -> Standing {
    world.look(key).await.standing
}

/// The audit of one key's exposures, newest first.
async fn exposures(world: &World) -> Vec<AuditView> {
    let page = audit::list(&world.app, Reach::All, AuditFilter::default(), Page::default()).await.unwrap();
    page.items.into_iter().filter(|event| event.action == "key.exposed").collect()
}

/// How many notices there are of this kind.
async fn notices(world: &World, kind: &str) -> usize {
    let dump = world.dump().await;
    let (_, rows) = dump.iter().find(|(table, _)| table == "notice").unwrap();
    rows.lines().filter(|row| row.starts_with(kind)).count()
}

async fn what_is_done_is_what_the_accounts_policy_says(world: World) {
    let cases = [
        (Exposed::Warn, Standing::Active, "warn"),
        (Exposed::Contain, Standing::Disabled, "contain"),
        (Exposed::Revoke, Standing::Revoked, "revoke"),
    ];
    for (told, (exposed, after, word)) in cases.into_iter().enumerate() {
        let account = world.account("shop").await;
        set(&world, &account, Policy { exposed, ..Policy::default() }).await;
        let made = key(&world, &account).await;
        let outcome = report(&world, Reach::All, &made, "https://example.com/a").await;
        assert_eq!(outcome, Outcome { key: Some(made.key.id), done: Some(exposed) });
        assert_eq!(standing(&world, &made.key).await, after, "{word}");
        let event = exposures(&world).await.remove(0);
        assert_eq!((event.actor.as_str(), event.subject), ("leak_report:github", made.key.id.to_string()));
        let after = event.after.unwrap();
        assert_eq!((&after["done"], &after["url"]), (&word.into(), &"https://example.com/a".into()));
        assert_eq!(notices(&world, "key.exposed").await, told + 1);
    }
}

async fn the_last_key_is_revoked_too(world: World) {
    // Codat's accounts always have a key, and nobody can delete the last one (row r101).
    let account = world.account("codat").await;
    set(&world, &account, Policy { exposed: Exposed::Revoke, ..Policy::default() }).await;
    let first = world.first_key(account.id).await;
    let made = key(&world, &account).await;
    keys::delete(&world.app, Reach::All, operator(), first.id).await.unwrap();
    let last = keys::revoke(&world.app, Reach::All, operator(), made.key.id).await;
    assert_eq!(outcome(&last), "last_key");
    report(&world, Reach::All, &made, "").await;
    assert_eq!(standing(&world, &made.key).await, Standing::Revoked);
}

async fn a_secret_is_dealt_with_once_per_place(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, Policy { exposed: Exposed::Contain, ..Policy::default() }).await;
    let made = key(&world, &account).await;
    report(&world, Reach::All, &made, "https://example.com/a").await;
    keys::enable(&world.app, Reach::All, operator(), made.key.id).await.unwrap();
    let again = report(&world, Reach::All, &made, "https://example.com/a").await;
    assert_eq!(again, Outcome { key: Some(made.key.id), done: None });
    assert_eq!(standing(&world, &made.key).await, Standing::Active, "somebody has dealt with it");
    assert_eq!((exposures(&world).await.len(), notices(&world, "key.exposed").await), (1, 1));
    let elsewhere = report(&world, Reach::All, &made, "https://example.com/b").await;
    assert_eq!(elsewhere.done, Some(Exposed::Contain));
    assert_eq!((exposures(&world).await.len(), notices(&world, "key.exposed").await), (2, 2));
}

async fn a_secret_whose_time_is_over_is_ours_and_left_alone(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, Policy { exposed: Exposed::Revoke, ..Policy::default() }).await;
    let made = key(&world, &account).await;
    keys::delete(&world.app, Reach::All, operator(), made.key.id).await.unwrap();
    let outcome = report(&world, Reach::All, &made, "https://example.com/").await;
    assert_eq!(outcome, Outcome { key: Some(made.key.id), done: None });
    assert!(exposures(&world).await.is_empty());
}

async fn whoever_reports_reaches_no_further_than_their_own(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    for account in [&ours, &theirs] {
        set(&world, account, Policy { exposed: Exposed::Revoke, ..Policy::default() }).await;
    }
    let made = key(&world, &theirs).await;
    let outcome = report(&world, Reach::Account(ours.id), &made, "").await;
    assert_eq!((outcome, standing(&world, &made.key).await), (Outcome::default(), Standing::Active));
    let outcome = report(&world, Reach::Account(theirs.id), &made, "").await;
    assert_eq!((outcome.done, standing(&world, &made.key).await), (Some(Exposed::Revoke), Standing::Revoked));
}

async fn nothing_of_what_was_found_is_kept(world: World) {
    let account = world.account("shop").await;
    let made = key(&world, &account).await;
    let secret = made.secret.clone().unwrap();
    let url = format!("https://example.com/?key={}\r\n{}", secret.expose(), "x".repeat(5_000));
    report(&world, Reach::All, &made, &url).await;
    assert_eq!(exposures(&world).await.len(), 1);
    for (table, rows) in world.dump().await {
        assert!(!rows.contains(secret.expose()), "{table}");
        assert!(!rows.contains(&"x".repeat(2_000)), "{table}");
    }
    assert!(!world.files_hold(secret.expose()));
    for text in ["", "kw_live_nobody", &"y".repeat(100_000)] {
        let found = Found { secret: keyward_core::secret::Secret::new(text.into()), url: None, source: None };
        assert_eq!(leaks::report(&world.app, Reach::All, github(), found).await.unwrap(), Outcome::default());
    }
}

async fn a_key_sent_in_clear_is_told_of_once_a_day(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, Policy { exposed: Exposed::Revoke, ..Policy::default() }).await;
    let made = key(&world, &account).await;
    let tell = async || leaks::exposed(&world.app, made.key.id, How::PlainHttp).await.unwrap();
    assert_eq!((tell().await, tell().await), (Some(Exposed::Warn), None));
    assert_eq!((standing(&world, &made.key).await, notices(&world, "key.exposed").await), (Standing::Active, 1));
    world.pass(DAY_MS);
    assert_eq!(tell().await, Some(Exposed::Warn));
    assert_eq!(exposures(&world).await[0].after.as_ref().unwrap()["how"], "plain_http");
    keys::delete(&world.app, Reach::All, operator(), made.key.id).await.unwrap();
    world.pass(DAY_MS);
    assert_eq!(tell().await, None, "it is gone");
}
