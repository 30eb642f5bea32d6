//! Approvals and links that work once.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{Changed, DeclineKey, Key, KeyWithSecret, NewPickup, PickUp, PickUpLook, PickupSent, SecretText};

impl Client {
    /// Approves a key that somebody else asked for; with `if_version`, only when it is still that one.
    pub async fn approve_key(&self, id: &str, if_version: Option<i64>) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "approve"]).if_version(if_version).send().await
    }

    /// Turns down a key that waits for approval.
    pub async fn decline_key(&self, id: &str, why: &DeclineKey) -> Answer<Changed<Key>> {
        self.call(Method::POST, &["v1", "keys", id, "decline"]).body(why).send().await
    }

    /// Makes the secret of an approved key that this client asked for.
    pub async fn collect_key(&self, id: &str) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "keys", id, "collect"]).send().await
    }

    /// Makes a link with which the secret of a waiting key is picked up once; the link before it ends.
    pub async fn send_key_for_pickup(&self, id: &str, new: &NewPickup) -> Answer<PickupSent> {
        self.call(Method::POST, &["v1", "keys", id, "pickup"]).body(new).send().await
    }

    /// Ends the link of a waiting key.
    pub async fn withdraw_pickup(&self, id: &str) -> Answer<Changed<Key>> {
        self.call(Method::DELETE, &["v1", "keys", id, "pickup"]).send().await
    }

    /// What a link is for; it stays good.
    pub async fn look_at_pickup(&self, token: SecretText) -> Answer<PickUpLook> {
        self.call(Method::POST, &["v1", "pick-up", "look"]).body(&PickUp { token }).send().await
    }

    /// Picks up a secret, once.
    pub async fn pick_up(&self, token: SecretText) -> Answer<KeyWithSecret> {
        self.call(Method::POST, &["v1", "pick-up"]).body(&PickUp { token }).send().await
    }
}
