//! Webhooks: who may have them where, and what they are told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use keyward_core::ids::AccountId;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::accounts::{self, AccountView};
use keyward_server::changes::Reach;
use keyward_server::leaks::{self, Found};
use keyward_server::operation::{Idempotency, Page};
use keyward_server::outbox;
use keyward_server::webhooks::{self, DeliveryFilter, DeliveryView, NewWebhook, WebhookEdit, WebhookView};
use serde_json::Value;
use sha2::Sha256;

use super::world::{World, operator, outcome};
use crate::support::new_key;
use crate::support::receiver::{Heard, Receiver};

on_both! {
    a_webhook_is_made_changed_and_removed
    what_a_webhook_may_not_be_is_pointed_at
    an_account_has_at_most_twenty_webhooks
    t14_another_url_needs_the_secret_in_force
    during_a_rotation_both_secrets_sign
    a_test_says_what_became_of_it_and_is_not_for_hammering
    what_happens_is_told_once_signed_and_without_secrets
    a_webhook_is_told_of_the_kinds_it_wants
    what_fails_is_tried_again_with_the_same_id
    after_five_days_of_failure_a_webhook_is_switched_off
    a_webhook_that_is_gone_is_switched_off_at_once
    what_waits_for_a_webhook_that_is_off_is_not_sent
    a_parcel_can_be_sent_again
    attempts_are_kept_for_thirty_days
}

fn new(account: &AccountView, url: &str) -> NewWebhook {
    NewWebhook { account: account.id, url: url.into(), kinds: vec!["*".into()], enabled: true }
}

async fn make(world: &World, new: NewWebhook) -> (WebhookView, Secret) {
    let made = webhooks::create(&world.app, Reach::All, operator(), new, None).await.unwrap();
    (made.webhook, made.secret.unwrap())
}

async fn look(world: &World, webhook: &WebhookView) -> WebhookView {
    webhooks::get(&world.app, Reach::Account(webhook.account), webhook.account, webhook.id).await.unwrap()
}

async fn change(world: &World, webhook: &WebhookView, edit: WebhookEdit) -> String {
    let own = Reach::Account(webhook.account);
    let edited = webhooks::edit(&world.app, own, operator(), (webhook.account, webhook.id), edit, None).await;
    outcome(&edited)
}

async fn log(world: &World, webhook: &WebhookView) -> Vec<DeliveryView> {
    let of = (webhook.account, webhook.id);
    let found = webhooks::deliveries(&world.app, Reach::All, of, DeliveryFilter::default(), Page::default()).await;
    // A key that is published was made before; in which order the two of one instant stand is nobody's promise.
    found.unwrap().items.into_iter().filter(|one| one.kind != "key.created").collect()
}

/// Something happens: a key's secret is published.
async fn leak(world: &World, account: AccountId, url: &str) -> Secret {
    let account = accounts::get(&world.app, Reach::All, account).await.unwrap();
    let made = world.make(new_key(&account, url)).await.unwrap();
    let secret = made.secret.unwrap();
    let found = Found { secret: secret.clone(), url: Some(url.into()), source: None };
    leaks::report(&world.app, Reach::All, operator(), found).await.unwrap();
    secret
}

/// The workers do all there is to do now.
async fn work(world: &World) {
    while outbox::work_once(&world.app).await.unwrap() > 0 {}
}

/// Those of what was heard that are of this type.
fn of_kind(heard: Vec<Heard>, kind: &str) -> Vec<Heard> {
    let is_it = |one: &Heard| serde_json::from_str::<Value>(&one.body).unwrap()["type"] == kind;
    heard.into_iter().filter(is_it).collect()
}

/// How many of the signatures are by this secret.
fn signed(heard: &Heard, secret: &Secret) -> usize {
    let (id, at) = (&heard.headers["webhook-id"], &heard.headers["webhook-timestamp"]);
    let key = STANDARD.decode(secret.expose().strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{at}.{}", heard.body).as_bytes());
    let own = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    heard.headers["webhook-signature"].split(' ').filter(|signature| *signature == own).count()
}

async fn a_webhook_is_made_changed_and_removed(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let url = "https://hooks.example.com/services/S3CRET-PATH";
    let token = Idempotency { token: "t".into(), request: "r".into() };
    let create = async || {
        let (own, token) = (Reach::Account(ours.id), Some(token.clone()));
        webhooks::create(&world.app, own, operator(), new(&ours, url), token).await.unwrap()
    };
    let (first, again) = (create().await, create().await);
    assert_eq!((first.webhook.clone(), again.replayed, again.secret.is_none()), (again.webhook, true, true));
    let (webhook, secret) = (first.webhook, first.secret.unwrap());
    assert_eq!((webhook.version, webhook.enabled, webhook.kinds.as_slice()), (1, true, &["*".to_owned()][..]));
    let kinds = Some(vec!["person.*".into(), "key.revoked".into()]);
    assert_eq!(change(&world, &webhook, WebhookEdit { kinds, ..WebhookEdit::default() }).await, "ok");
    let now = look(&world, &webhook).await;
    assert_eq!((now.kinds.join(" ").as_str(), now.version), ("key.revoked person.*", 2));
    let stale = (ours.id, webhook.id);
    let stale = webhooks::edit(&world.app, Reach::All, operator(), stale, WebhookEdit::default(), Some(1)).await;
    assert_eq!(outcome(&stale), "precondition_failed");
    for reach in [Reach::Account(theirs.id), Reach::NOTHING] {
        assert_eq!(outcome(&webhooks::get(&world.app, reach, ours.id, webhook.id).await), "not_found");
        assert_eq!(outcome(&webhooks::list(&world.app, reach, ours.id).await), "not_found");
        assert_eq!(outcome(&webhooks::delete(&world.app, reach, operator(), ours.id, webhook.id).await), "not_found");
    }
    assert_eq!(outcome(&webhooks::get(&world.app, Reach::All, theirs.id, webhook.id).await), "not_found");
    let part = &secret.expose()[8..30];
    for (table, rows) in world.dump().await {
        assert!(!rows.contains(part), "{table} holds the signing secret");
        assert!(table == "webhook_endpoint" || !rows.contains("S3CRET-PATH"), "{table} holds the URL's path");
    }
    webhooks::delete(&world.app, Reach::Account(ours.id), operator(), ours.id, webhook.id).await.unwrap();
    assert_eq!(world.last_event().await.action, "webhook.deleted");
    assert!(webhooks::list(&world.app, Reach::All, ours.id).await.unwrap().is_empty());
    make(&world, new(&theirs, url)).await;
    accounts::delete(&world.app, Reach::All, operator(), theirs.id).await.unwrap();
}

async fn what_a_webhook_may_not_be_is_pointed_at(world: World) {
    let account = world.account("shop").await;
    for (url, kinds, pointers) in [
        ("http://hooks.example.com/", "*", "/url"),
        ("https://10.0.0.1/", "key.revoked", "/url"),
        ("https://u:p@hooks.example.com/", "key.*", "/url"),
        ("https://hooks.example.com/", "keys.*", "/kinds/0"),
        ("nonsense", "password_reset", "/url /kinds/0"),
    ] {
        let wrong = NewWebhook { kinds: vec![kinds.into()], ..new(&account, url) };
        let made = webhooks::create(&world.app, Reach::All, operator(), wrong, None).await;
        assert_eq!(outcome(&made.map(drop)), pointers, "{url} {kinds}");
    }
    let none = NewWebhook { kinds: vec![], ..new(&account, "https://hooks.example.com/") };
    let made = webhooks::create(&world.app, Reach::All, operator(), none, None).await;
    assert_eq!(outcome(&made.map(drop)), "/kinds");
}

async fn an_account_has_at_most_twenty_webhooks(world: World) {
    let account = world.account("shop").await;
    for nth in 0..20 {
        make(&world, new(&account, &format!("https://hooks.example.com/{nth}"))).await;
    }
    let more = webhooks::create(&world.app, Reach::All, operator(), new(&account, "https://a.example/"), None).await;
    assert_eq!(outcome(&more.map(drop)), "webhook_maximum_reached");
}

async fn t14_another_url_needs_the_secret_in_force(world: World) {
    let account = world.account("shop").await;
    let (webhook, secret) = make(&world, new(&account, "https://hooks.example.com/")).await;
    let (_, foreign) = make(&world, new(&account, "https://other.example.com/")).await;
    let to = |secret: Option<Secret>| WebhookEdit {
        url: Some("https://elsewhere.example.com/".into()),
        secret,
        ..WebhookEdit::default()
    };
    assert_eq!(change(&world, &webhook, to(None)).await, "/secret");
    assert_eq!(change(&world, &webhook, to(Some(foreign))).await, "/secret");
    let rotate = webhooks::rotate_secret(&world.app, Reach::All, operator(), account.id, webhook.id).await.unwrap();
    assert_eq!(change(&world, &webhook, to(Some(secret))).await, "/secret", "the one before is not in force");
    assert_eq!(look(&world, &webhook).await.url, "https://hooks.example.com/");
    assert_eq!(change(&world, &webhook, to(rotate.secret)).await, "ok");
    assert_eq!(look(&world, &webhook).await.url, "https://elsewhere.example.com/");
    let same = WebhookEdit { url: Some("https://elsewhere.example.com/".into()), ..WebhookEdit::default() };
    assert_eq!(change(&world, &webhook, same).await, "ok", "the same URL is no other one");
}

async fn during_a_rotation_both_secrets_sign(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (webhook, first) = make(&world, new(&account, &receiver.url)).await;
    let test = async || {
        world.pass(HOUR_MS);
        webhooks::test(&world.app, Reach::All, operator(), account.id, webhook.id).await.unwrap();
        receiver.heard().pop().unwrap()
    };
    let rotate = async || {
        let made = webhooks::rotate_secret(&world.app, Reach::All, operator(), account.id, webhook.id).await;
        made.unwrap().secret.unwrap()
    };
    let heard = test().await;
    assert_eq!((signed(&heard, &first), heard.headers["webhook-signature"].split(' ').count()), (1, 1));
    let second = rotate().await;
    let heard = test().await;
    assert_eq!((signed(&heard, &first), signed(&heard, &second)), (1, 1));
    assert!(heard.headers["webhook-signature"].starts_with("v1,"));
    assert!(look(&world, &webhook).await.old_secret_until.is_some());
    world.pass(DAY_MS - HOUR_MS);
    let heard = test().await;
    assert_eq!((signed(&heard, &first), signed(&heard, &second)), (0, 1), "the overlap is over");
    assert_eq!(look(&world, &webhook).await.old_secret_until, None);
}

async fn a_test_says_what_became_of_it_and_is_not_for_hammering(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (webhook, _) = make(&world, NewWebhook { enabled: false, ..new(&account, &receiver.url) }).await;
    let test = async || webhooks::test(&world.app, Reach::All, operator(), account.id, webhook.id).await;
    let first = test().await.unwrap();
    assert_eq!((first.kind.as_str(), first.status, first.error.clone()), ("webhook.test", Some(200), None));
    assert_eq!(outcome(&test().await), "too_many_tests");
    receiver.answers(302);
    world.pass(5_000);
    let second = test().await.unwrap();
    assert_eq!((second.status, second.error.as_deref()), (Some(302), Some("it answered 302")));
    let heard = receiver.heard();
    assert_eq!(heard.len(), 2);
    let body: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!(body["type"], "webhook.test");
    assert_eq!(
        (heard[0].path.as_str(), &heard[0].headers["webhook-id"]),
        ("/hook?token=of-the-receiver", &first.parcel.to_string())
    );
    assert_eq!(log(&world, &webhook).await, [second, first]);
}

async fn what_happens_is_told_once_signed_and_without_secrets(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (webhook, secret) = make(&world, new(&account, &receiver.url)).await;
    let elsewhere = world.account("shop").await;
    let published = leak(&world, account.id, "https://example.com/pasted").await;
    leak(&world, elsewhere.id, "https://example.com/theirs").await;
    work(&world).await;
    work(&world).await;
    let heard = of_kind(receiver.heard(), "key.exposed");
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(signed(&heard[0], &secret), 1);
    let at_s: i64 = heard[0].headers["webhook-timestamp"].parse().unwrap();
    assert_eq!((at_s, heard[0].headers["content-type"].as_str()), (world.now().0 / 1_000, "application/json"));
    let body: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!((&body["type"], &body["timestamp"]), (&"key.exposed".into(), &world.now().rfc3339().into()));
    assert_eq!(body["data"]["account_id"], account.id.to_string());
    assert_eq!(body["data"]["facts"]["url"], "https://example.com/pasted");
    assert!(!heard[0].body.contains(published.expose()));
    let attempt = &log(&world, &webhook).await[0];
    assert_eq!((attempt.parcel.to_string(), attempt.status), (heard[0].headers["webhook-id"].clone(), Some(200)));
}

async fn a_webhook_is_told_of_the_kinds_it_wants(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let wants = |kinds: &str| NewWebhook { kinds: vec![kinds.into()], ..new(&account, &receiver.url) };
    make(&world, wants("person.*")).await;
    make(&world, wants("key.revoked")).await;
    make(&world, NewWebhook { enabled: false, ..wants("key.exposed") }).await;
    leak(&world, account.id, "https://example.com/").await;
    work(&world).await;
    assert!(of_kind(receiver.heard(), "key.exposed").is_empty());
    make(&world, wants("key.*")).await;
    make(&world, wants("key.exposed")).await;
    leak(&world, account.id, "https://example.com/2").await;
    work(&world).await;
    assert_eq!(of_kind(receiver.heard(), "key.exposed").len(), 2);
}

async fn what_fails_is_tried_again_with_the_same_id(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let exposed = NewWebhook { kinds: vec!["key.exposed".into()], ..new(&account, &receiver.url) };
    let (webhook, secret) = make(&world, exposed).await;
    receiver.answers(503);
    leak(&world, account.id, "https://example.com/").await;
    work(&world).await;
    let first = receiver.heard();
    let failing = look(&world, &webhook).await;
    assert_eq!((first.len(), failing.failing_since, failing.enabled), (1, Some(world.now()), true));
    receiver.answers(204);
    world.pass(HOUR_MS);
    work(&world).await;
    let second = receiver.heard();
    assert_eq!(second.len(), 1);
    assert_eq!((&second[0].headers["webhook-id"], &second[0].body), (&first[0].headers["webhook-id"], &first[0].body));
    assert_ne!(second[0].headers["webhook-timestamp"], first[0].headers["webhook-timestamp"]);
    assert_eq!((signed(&first[0], &secret), signed(&second[0], &secret)), (1, 1));
    assert_eq!(look(&world, &webhook).await.failing_since, None);
    let attempts: Vec<_> = log(&world, &webhook).await.iter().map(|one| (one.attempt, one.status)).collect();
    assert_eq!(attempts, [(2, Some(204)), (1, Some(503))]);
}

async fn after_five_days_of_failure_a_webhook_is_switched_off(world: World) {
    let (account, receiver, other) = (world.account("shop").await, Receiver::start().await, Receiver::start().await);
    let (webhook, _) = make(&world, new(&account, &receiver.url)).await;
    let told = NewWebhook { kinds: vec!["webhook.disabled".into()], ..new(&account, &other.url) };
    make(&world, told).await;
    receiver.answers(500);
    for day in 0..6 {
        leak(&world, account.id, &format!("https://example.com/{day}")).await;
        work(&world).await;
        assert_eq!(look(&world, &webhook).await.enabled, day < 5, "on day {day}");
        world.pass(DAY_MS);
    }
    let off = look(&world, &webhook).await;
    assert_eq!(off.disabled_why.as_deref(), Some("every attempt failed for five days"));
    work(&world).await;
    let heard = of_kind(other.heard(), "webhook.disabled");
    assert_eq!(heard.len(), 1);
    assert!(heard[0].body.contains(&webhook.id.to_string()));
    receiver.heard();
    leak(&world, account.id, "https://example.com/last").await;
    work(&world).await;
    assert!(receiver.heard().is_empty(), "it is told nothing more");
    assert_eq!(change(&world, &webhook, WebhookEdit { enabled: Some(true), ..WebhookEdit::default() }).await, "ok");
    let on = look(&world, &webhook).await;
    assert_eq!((on.enabled, on.failing_since, on.disabled_why), (true, None, None));
}

async fn a_webhook_that_is_gone_is_switched_off_at_once(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (webhook, _) = make(&world, new(&account, &receiver.url)).await;
    receiver.answers(410);
    leak(&world, account.id, "https://example.com/").await;
    work(&world).await;
    let off = look(&world, &webhook).await;
    assert_eq!((off.enabled, off.disabled_why.as_deref()), (false, Some("it answered 410 Gone")));
    receiver.heard();
    world.pass(DAY_MS);
    work(&world).await;
    assert!(receiver.heard().is_empty());
}

async fn what_waits_for_a_webhook_that_is_off_is_not_sent(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (off, _) = make(&world, new(&account, &receiver.url)).await;
    let (removed, _) = make(&world, new(&account, &receiver.url)).await;
    leak(&world, account.id, "https://example.com/").await;
    assert_eq!(change(&world, &off, WebhookEdit { enabled: Some(false), ..WebhookEdit::default() }).await, "ok");
    webhooks::delete(&world.app, Reach::All, operator(), account.id, removed.id).await.unwrap();
    work(&world).await;
    assert!(receiver.heard().is_empty());
}

async fn a_parcel_can_be_sent_again(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let exposed = NewWebhook { kinds: vec!["key.exposed".into()], ..new(&account, &receiver.url) };
    let (webhook, _) = make(&world, exposed.clone()).await;
    let (other, _) = make(&world, NewWebhook { kinds: vec!["limit.reached".into()], ..exposed }).await;
    leak(&world, account.id, "https://example.com/").await;
    work(&world).await;
    let parcel = log(&world, &webhook).await[0].parcel;
    let resend = async |id| webhooks::resend(&world.app, Reach::All, operator(), (account.id, id), parcel).await;
    assert_eq!(outcome(&resend(other.id).await), "not_found", "it was another webhook's");
    assert_eq!(outcome(&resend(webhook.id).await), "ok");
    work(&world).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].headers["webhook-id"], heard[1].headers["webhook-id"]);
}

async fn attempts_are_kept_for_thirty_days(world: World) {
    let (account, receiver) = (world.account("shop").await, Receiver::start().await);
    let (webhook, _) = make(&world, new(&account, &receiver.url)).await;
    let test =
        async || webhooks::test(&world.app, Reach::All, operator(), account.id, webhook.id).await.unwrap().parcel;
    let first = test().await;
    world.pass(DAY_MS);
    let second = test().await;
    let of = (account.id, webhook.id);
    let page = |cursor| Page { limit: 1, cursor };
    let list = async |cursor, parcel| {
        webhooks::deliveries(&world.app, Reach::All, of, DeliveryFilter { parcel }, page(cursor)).await.unwrap()
    };
    let newest = list(None, None).await;
    assert_eq!(newest.items[0].parcel, second);
    let rest = list(newest.next_cursor, None).await;
    assert_eq!((rest.items[0].parcel, rest.next_cursor), (first, None));
    assert_eq!(list(None, Some(first)).await.items.len(), 1);
    world.pass(29 * DAY_MS);
    world.app.save().await.unwrap();
    assert_eq!(log(&world, &webhook).await.len(), 2);
    world.pass(1);
    world.app.save().await.unwrap();
    assert_eq!(log(&world, &webhook).await.iter().map(|one| one.parcel).collect::<Vec<_>>(), [second]);
}
