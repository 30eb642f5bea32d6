//! `/v1/mail` and `/v1/outbox`, and what mail changes for whoever invites.

use keyward_server::changes::{Actor, Reach};
use keyward_server::people::{self, NewPerson};
use keyward_server::{outbox, sessions};
use serde_json::{Value, json};

use super::Control;
use crate::support::served::serve;
use crate::support::smtp::Sink;

#[tokio::test]
async fn a_test_mail_tells_what_the_mail_server_said() {
    let mut sink = Sink::start().await;
    let control = Control::start_with(&sink.toml()).await;
    let test = async |to: &str| control.post("/v1/mail/test", json!({ "to": to })).await;
    let taken = test("Ada@Example.com").await.is(200);
    assert_eq!((&taken.body["accepted"], &taken.body["answer"]), (&json!(true), &json!("250 taken")));
    let mail = sink.mail().await;
    assert_eq!((mail.to, mail.text.contains("arrives")), (vec!["ada@example.com".to_owned()], true));
    sink.mode("never").await;
    let refused = test("ada@example.com").await.is(200);
    assert_eq!(refused.body["accepted"], false);
    assert!(refused.text_of("answer").contains("550"), "{}", refused.text);
    sink.mode("close").await;
    assert_eq!(test("ada@example.com").await.is(200).body["accepted"], false);
    for bad in ["", "ada", "a@b\r\nRCPT TO:<eve@example.com>", "A <a@b.c>"] {
        assert_eq!(test(bad).await.is(422).pointer(), "/to", "{bad:?}");
    }
    assert!(sink.mails().await.is_empty());
    let without = Control::start().await;
    let answer = without.post("/v1/mail/test", json!({ "to": "ada@example.com" })).await.is(409);
    assert_eq!(answer.body["code"], "no_mail");
}

#[tokio::test]
async fn a_running_program_sends_by_itself_after_the_change() {
    let mut sink = Sink::start().await;
    let api = "[apis.shop]\nupstream = 'http://127.0.0.1:9'\n";
    let served = serve(&format!("{api}{}", sink.toml())).await;
    let app = &served.started.app;
    let account = served.started.account("shop", "Acme").await;
    let new = NewPerson { account: account.id, name: "Ada".into(), email: Some("ada@example.com".into()), role: None };
    people::create(app, Reach::All, Actor::cli(), new, None).await.unwrap();
    assert_eq!(sink.mail().await.to, ["ada@example.com"]);
    served.running.stop().await;
}

#[tokio::test]
async fn with_mail_a_link_is_shown_to_nobody_but_whom_it_is_for() {
    let mut sink = Sink::start().await;
    let control = Control::start_with(&sink.toml()).await;
    let account = control.account("clevertap", "Acme").await;
    let people = format!("/v1/accounts/{account}/people");
    let added = control.post(&people, json!({ "name": "Ada", "email": "ada@example.com" })).await.is(201);
    assert!(added.body["invitation"]["expires_at"].is_string() && added.body["invitation"]["link"].is_null());
    let again = format!("{people}/{}/invitation", added.text_of("id"));
    let again = control.post(&again, Value::Null).await.is(200);
    assert!(again.body["link"].is_null() && !again.text.contains("kwl_"), "{}", again.text);
    let app = &control.started.app;
    while outbox::work_once(app).await.unwrap() > 0 {}
    let mails = sink.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.header("Subject") == "You are invited to Acme"), "{mails:?}");
    let page = control.get("/v1/outbox?state=sent&channel=mail").await.is(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 2);
    assert!(!page.text.contains("kwl_") && !page.text.contains("/invitation#"), "{}", page.text);
    assert_eq!(page.body["items"][0]["to"], "ada@example.com");
    control.get("/v1/outbox?state=lost").await.is(400);
}

#[tokio::test]
async fn a_link_to_another_password_goes_to_its_person_by_mail() {
    let mut sink = Sink::start().await;
    let control = Control::start_with(&sink.toml()).await;
    let account = control.account("clevertap", "Acme").await;
    let ada = json!({ "name": "Ada", "email": "ada@example.com" });
    control.post(&format!("/v1/accounts/{account}/people"), ada).await.is(201);
    let app = &control.started.app;
    while outbox::work_once(app).await.unwrap() > 0 {}
    let invitation = sink.mail().await;
    sessions::ask_for_reset(app, "ada@example.com", None).await.unwrap();
    sessions::ask_for_reset(app, "nobody@example.com", None).await.unwrap();
    while outbox::work_once(app).await.unwrap() > 0 {}
    let mails = sink.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(
        (mail.to.as_slice(), mail.header("Subject")),
        (&["ada@example.com".to_owned()][..], "Set another password")
    );
    assert!(mail.text.contains("/reset#kwl_") && mail.html.contains("reset#kwl_"));
    assert_ne!(mail.header("Message-ID"), invitation.header("Message-ID"));
}
