//! The client of the SDK against the real thing.

use keyward_sdk::client::{Client, ClientError};
use keyward_sdk::wire::{
    AccountEdit, AccountQuery, AuditQuery, DeclineKey, Effective, Expires, Found, KeyEdit, KeyQuery, Kind, NewAccount,
    NewKey, NewManagementKey, NewPerson, NewPickup, PageQuery, Policy, ResetKey, RotateKey, SecretText, Standing,
};

use super::Control;

fn client(control: &Control) -> Client {
    Client::new(&control.base, SecretText::new(control.operator.as_str())).unwrap()
}

#[tokio::test]
async fn accounts_people_and_management_keys() {
    let control = Control::start().await;
    let client = client(&control);
    assert_eq!(client.whoami().await.unwrap().account_id, None);
    assert_eq!((client.apis().await.unwrap().items.len(), client.regions().await.unwrap().items.len()), (3, 3));
    let new = NewAccount { api: "clevertap".into(), name: "Acme".into(), ..NewAccount::default() };
    let account = client.create_account(&new, Some("t1")).await.unwrap();
    assert_eq!(client.create_account(&new, Some("t1")).await.unwrap().account, account.account);
    let id = account.account.id;
    let edit = AccountEdit { name: Some("Acme 2".into()), ..AccountEdit::default() };
    let edited = client.edit_account(&id, &edit, Some(account.account.version)).await.unwrap();
    assert_eq!((edited.effective, edited.object), (Effective::All, client.account(&id).await.unwrap()));
    let person = NewPerson { name: "Jo".into(), email: None, role: None };
    let person = client.create_person(&id, &person, None).await.unwrap().person;
    assert_eq!(
        client.people(&id, &PageQuery::default()).await.unwrap().items,
        [client.person(&id, &person.id).await.unwrap()]
    );
    let grant = NewKey {
        account_id: id.clone(),
        kind: Kind::Personal,
        person_id: Some(person.id.clone()),
        expires: Some(Expires::Days(9)),
        ..NewKey::default()
    };
    let granted = client.create_key(&grant, None).await.unwrap();
    let reset = client.reset_key(&granted.key.id, &ResetKey { expires: None }).await.unwrap();
    assert_ne!(reset.secret, granted.secret);
    client.delete_person(&id, &person.id).await.unwrap();
    let new = NewManagementKey {
        name: "CI".into(),
        account_id: Some(id.clone()),
        permissions: None,
        expires: Some(Expires::Days(1)),
    };
    let manager = client.create_management_key(&new, None).await.unwrap();
    assert_eq!(client.management_key(&manager.key.id).await.unwrap(), manager.key);
    assert!(client.revoke_management_key(&manager.key.id).await.unwrap().object.revoked_at.is_some());
    assert!(client.management_keys(&PageQuery::default()).await.unwrap().items.len() >= 2);
    client.delete_account(&id).await.unwrap();
    assert!(client.accounts(&AccountQuery::default()).await.unwrap().items.is_empty());
    assert!(!client.audit(&AuditQuery::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn keys_through_their_whole_life() {
    let control = Control::start().await;
    let client = client(&control);
    let account_id = control.account("clickyid", "Acme").await;
    let new = NewKey {
        account_id,
        name: Some("Checkout".into()),
        scopes: vec!["validate:offers".into()],
        metadata: serde_json::json!({ "team": "red & blue" }).as_object().cloned(),
        ..NewKey::default()
    };
    let made = client.create_key(&new, None).await.unwrap();
    let id = made.key.id.as_str();
    let query = KeyQuery { metadata: Some(("team".into(), "red & blue".into())), ..KeyQuery::default() };
    assert_eq!(client.keys(&query).await.unwrap().items, std::slice::from_ref(&made.key));
    let edit = KeyEdit { name: Some(Some("Shop".into())), expires: Some(Expires::Days(40)), ..KeyEdit::default() };
    let edited = client.edit_key(id, &edit, Some(made.key.version)).await.unwrap();
    assert_eq!(edited.object, client.key(id).await.unwrap());
    assert_eq!(client.disable_key(id).await.unwrap().object.standing, Standing::Disabled);
    assert_eq!(client.enable_key(id).await.unwrap().object.standing, Standing::Active);
    let overlap = RotateKey { overlap_s: 60, expires: None };
    client.rotate_key(id, &overlap).await.unwrap();
    client.cancel_rotation(id).await.unwrap();
    let rotated = client.rotate_key(id, &overlap).await.unwrap();
    client.complete_rotation(id).await.unwrap();
    let found = client.find_key(rotated.secret.unwrap()).await.unwrap();
    assert!(matches!(found, Found::Key { key, .. } if key.id == id));
    assert!(matches!(client.reveal_key(id).await, Err(ClientError::Problem { status: 403, .. })));
    assert_eq!(client.revoke_key(id).await.unwrap().object.standing, Standing::Revoked);
    assert_eq!(client.delete_key(id).await.unwrap().effective, Effective::All);
}

#[tokio::test]
async fn what_is_asked_for_approved_sent_and_rehearsed() {
    let control = Control::start().await;
    let (first, second) =
        (client(&control), Client::new(&control.base, SecretText::new(control.management_key(None).await)));
    let second = second.unwrap();
    let account_id = control.account("clickyid", "Acme").await;
    let policy = Policy { approval_scopes: vec!["validate:offers".into()], ..Policy::default() };
    let kept = first.set_policy(&account_id, &policy, Some(0)).await.unwrap().object;
    assert_eq!((kept.version, &kept), (1, &first.policy(&account_id).await.unwrap()));
    let new = |name: &str, scope: &str| NewKey {
        account_id: account_id.clone(),
        name: Some(name.into()),
        scopes: vec![scope.into()],
        ..NewKey::default()
    };
    let asked = first.create_key(&new("a", "validate:offers"), None).await.unwrap().key;
    assert_eq!(asked.standing, Standing::Pending);
    second.approve_key(&asked.id, Some(asked.version)).await.unwrap();
    assert!(first.collect_key(&asked.id).await.unwrap().secret.is_some());
    let other = first.create_key(&new("b", "validate:offers"), None).await.unwrap().key;
    let declined = second.decline_key(&other.id, &DeclineKey { reason: Some("no".into()) }).await.unwrap();
    assert_eq!(declined.object.standing, Standing::Revoked);
    let sent = NewKey { pickup: Some(NewPickup::default()), ..new("c", "validate:target-groups") };
    let waiting = first.create_key(&sent, None).await.unwrap();
    first.withdraw_pickup(&waiting.key.id).await.unwrap();
    let again = first.send_key_for_pickup(&waiting.key.id, &NewPickup { recipient: Some("Jo".into()) }).await.unwrap();
    let token = || SecretText::new(again.pickup.link.expose().split_once('#').unwrap().1);
    assert_eq!(first.look_at_pickup(token()).await.unwrap().recipient.as_deref(), Some("Jo"));
    assert_eq!(first.pick_up(token()).await.unwrap().key.id, waiting.key.id);
    let bound = KeyEdit { addresses: Some(vec!["192.0.2.1".into()]), ..KeyEdit::default() };
    let suspended = AccountEdit { suspended: Some(true), ..AccountEdit::default() };
    let ends = Policy { expiry_required: true, ..Policy::default() };
    for (run, keys) in [
        (first.rehearse_edit_key(&asked.id, &bound, None).await, 1),
        (first.rehearse_disable_key(&asked.id).await, 1),
        (first.rehearse_revoke_key(&asked.id).await, 1),
        (first.rehearse_delete_key(&asked.id).await, 1),
        (first.rehearse_edit_account(&account_id, &suspended, None).await, 2),
        (first.rehearse_set_policy(&account_id, &ends, Some(1)).await, 2),
    ] {
        assert_eq!(run.unwrap().keys.len(), keys);
    }
    assert_eq!(first.key(&asked.id).await.unwrap().standing, Standing::Active);
}

#[tokio::test]
async fn refusals_are_typed() {
    let control = Control::start().await;
    let client = client(&control);
    let new = NewAccount { api: "clickyid".into(), ..NewAccount::default() };
    let Err(ClientError::Problem { status: 422, code, errors, .. }) = client.create_account(&new, None).await else {
        panic!("an account without a name")
    };
    assert_eq!((code.as_str(), errors[0].pointer.as_deref()), ("invalid_fields", Some("/name")));
    for id in ["..", ".", "../accounts", "", "key_é", "?"] {
        let answer = client.key(id).await;
        assert!(matches!(answer, Err(ClientError::Problem { status: 404, .. })), "{id}: {answer:?}");
    }
    let elsewhere = Client::new(&format!("{}/docs", control.base), SecretText::new("x")).unwrap();
    assert!(matches!(elsewhere.whoami().await, Err(ClientError::Problem { status: 404, .. })));
    assert!(matches!(Client::new("ftp://x", SecretText::new("x")), Err(ClientError::Address(_))));
}
