//! The signatures of GitHub's secret scanning: ECDSA on P-256 with SHA-256 over the raw body, by keys that are
//! configured or fetched.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_core::time::{DAY_MS, SECOND_MS, UnixMs};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::app::App;
use crate::config::LeakSettings;
use crate::http::outward::Outgoing;

/// How often keys are fetched at most, however many unknown ones are named.
const FETCH_EVERY_MS: i64 = 60 * SECOND_MS;
/// Keys that were fetched are looked up again after so long: one that was withdrawn is then no longer believed.
const FRESH_MS: i64 = DAY_MS;
const KEYS_MAX: usize = 100;
const LIST_BYTES_MAX: usize = 256 << 10;
const ID_LETTERS_MAX: usize = 200;
/// What an uncompressed point of P-256 stands behind in its DER form (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;

/// A public key and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    point: Vec<u8>,
}

impl PublicKey {
    /// Reads a key of P-256 from PEM.
    pub fn parse(id: &str, pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let point = der.as_ref().strip_prefix(&P256)?;
        let is_plain = point.len() == POINT_BYTES && point[0] == 4;
        let is_named = (1..=ID_LETTERS_MAX).contains(&id.len());
        (is_plain && is_named).then(|| Self { id: id.to_owned(), point: point.to_vec() })
    }
}

/// Why a report is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbelieved {
    /// Its signature is wrong, or by nobody known.
    Signature,
    /// It names a key that is not known, and keys can't be fetched now.
    NoKeys,
}

/// The keys that are known.
#[derive(Debug)]
pub struct GithubKeys {
    configured: Vec<PublicKey>,
    url: Option<String>,
    fetched: RwLock<Arc<Vec<PublicKey>>>,
    last: Mutex<Option<Fetch>>,
}

/// The last attempt to fetch keys.
#[derive(Debug, Clone, Copy)]
struct Fetch {
    at: UnixMs,
    succeeded: bool,
}

/// What GitHub answers.
#[derive(Deserialize)]
struct List {
    public_keys: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    key_identifier: String,
    key: String,
}

impl GithubKeys {
    /// With what is configured; others are fetched when one is named.
    pub fn new(settings: &LeakSettings) -> Self {
        Self {
            configured: settings.github_keys.clone(),
            url: settings.github_keys_url.clone(),
            fetched: RwLock::default(),
            last: Mutex::default(),
        }
    }

    /// Whether the body was signed by the key of this name.
    pub(super) async fn verify(&self, app: &App, id: &str, signature: &str, body: &[u8]) -> Result<(), Unbelieved> {
        let signature = STANDARD.decode(signature).map_err(|_| Unbelieved::Signature)?;
        let key = self.key(app, id).await?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point);
        key.verify(body, &signature).map_err(|_| Unbelieved::Signature)
    }

    async fn key(&self, app: &App, id: &str) -> Result<PublicKey, Unbelieved> {
        if let Some(key) = self.configured.iter().find(|key| key.id == id) {
            return Ok(key.clone());
        }
        let Some(url) = self.url.as_ref().filter(|_| id.len() <= ID_LETTERS_MAX) else {
            return Err(Unbelieved::Signature);
        };
        let succeeded = self.refresh(app, url, id).await;
        match self.known(id) {
            Some(key) => Ok(key),
            None if succeeded => Err(Unbelieved::Signature),
            None => Err(Unbelieved::NoKeys),
        }
    }

    fn known(&self, id: &str) -> Option<PublicKey> {
        let fetched = Arc::clone(&self.fetched.read().unwrap_or_else(PoisonError::into_inner));
        fetched.iter().find(|key| key.id == id).cloned()
    }

    /// Fetches the keys where this one is not known or was for too long; whether the last attempt succeeded. One
    /// caller fetches, others wait for it.
    async fn refresh(&self, app: &App, url: &str, id: &str) -> bool {
        let mut last = self.last.lock().await;
        let now = app.clock.now();
        let due_ms = if self.known(id).is_some() { FRESH_MS } else { FETCH_EVERY_MS };
        // After a failure the next attempt is not put off for a day.
        let due_ms = if last.is_some_and(|last| !last.succeeded) { FETCH_EVERY_MS } else { due_ms };
        if let Some(last) = last.filter(|last| now.since(last.at) < due_ms) {
            return last.succeeded;
        }
        let fetched = fetch(app, url).await;
        let succeeded = fetched.is_some();
        if let Some(keys) = fetched {
            *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        }
        *last = Some(Fetch { at: now, succeeded });
        succeeded
    }
}

async fn fetch(app: &App, url: &str) -> Option<Vec<PublicKey>> {
    let outgoing = Outgoing { url: url.to_owned(), body: None, headers: vec![], read_max: LIST_BYTES_MAX };
    let answered = match app.outward.send(outgoing).await {
        Ok(answered) if answered.status == 200 && !answered.cut => answered,
        Ok(answered) => {
            tracing::warn!(status = answered.status, "GitHub's public keys could not be fetched");
            return None;
        }
        Err(why) => {
            tracing::warn!(%why, "GitHub's public keys could not be fetched");
            return None;
        }
    };
    let Ok(list) = serde_json::from_slice::<List>(&answered.body) else {
        tracing::warn!("what should be GitHub's public keys is not");
        return None;
    };
    let read = |listed: &Listed| PublicKey::parse(&listed.key_identifier, &listed.key);
    Some(list.public_keys.iter().take(KEYS_MAX).filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\n\
        HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn githubs_published_example_verifies() {
        let body = concat!(
            r#"[{"token":"NMIfyYncKcRALEXAMPLE","type":"mycompany_api_token","url":"https://github.com/octocat/"#,
            r#"Hello-World/blob/12345600b9cbe38a219f39a9941c9319b600c002/foo/bar.txt","source":"content"}]"#
        );
        let signature =
            "MEUCIQDfLvT8/zM8F1aB3cM0ZwyeWF1m5YR6IhcUIv1OKQYL0wIgBZ5lVXB3gHK+dT8+xt0WgRVLqvsTPFiDO9QP/7eJ4yE=";
        let key = PublicKey::parse("f9525bf0", PEM).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point);
        let signature = STANDARD.decode(signature).unwrap();
        assert!(key.verify(body.as_bytes(), &signature).is_ok());
        assert!(key.verify(&body.as_bytes()[1..], &signature).is_err());
    }

    #[test]
    fn only_keys_of_p256_are_read() {
        assert!(PublicKey::parse("one", PEM).is_some());
        let rsa = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n\
            9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----";
        for wrong in ["", "x", rsa, &PEM.replace("BEGIN PUBLIC", "BEGIN PRIVATE"), &PEM.replace("MFkw", "MFgw")] {
            assert_eq!(PublicKey::parse("one", wrong), None, "{wrong}");
        }
        assert_eq!(PublicKey::parse("", PEM), None);
    }
}
