//! A provider that says whatever a test wants it to.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// How an answer is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// With the key of this number.
    Key(u8),
    /// Not at all.
    Not,
    /// With the secret that we share with it.
    Shared,
}

/// The provider.
#[derive(Clone)]
pub struct Forger {
    pub issuer: String,
    /// The number of the key that it publishes.
    published: Arc<Mutex<u8>>,
    token: Arc<Mutex<String>>,
}

impl Forger {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let forger = Self { issuer, published: Arc::new(Mutex::new(1)), token: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(about))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(forger.clone());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        forger
    }

    /// What it would say in good faith to this request.
    pub fn claims(&self, nonce: &str) -> Value {
        json!({
            "iss": self.issuer, "aud": "keyward", "sub": "ada-1", "nonce": nonce,
            "iat": 1_772_360_000, "exp": 1_772_400_000, "email": "ada@example.com", "email_verified": true,
        })
    }

    /// What it answers next.
    pub fn say(&self, claims: &Value, signed: Signed) {
        let head = match signed {
            Signed::Key(number) => json!({ "alg": "EdDSA", "kid": number.to_string() }),
            Signed::Not => json!({ "alg": "none" }),
            Signed::Shared => json!({ "alg": "HS256" }),
        };
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", encode(&head), encode(claims));
        let signature = match signed {
            Signed::Key(number) => key(number).sign(text.as_bytes()).as_ref().to_vec(),
            Signed::Not => vec![],
            Signed::Shared => {
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"what-the-provider-gave").unwrap();
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
        };
        *self.token.lock().unwrap() = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
    }

    /// It signs with another key from now on.
    pub fn publish(&self, number: u8) {
        *self.published.lock().unwrap() = number;
    }
}

fn key(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap()
}

async fn about(State(forger): State<Forger>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", forger.issuer);
    Json(json!({
        "issuer": forger.issuer, "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "jwks_uri": at("jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        // It offers what must not be taken.
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
}

async fn keys(State(forger): State<Forger>) -> Json<Value> {
    let number = *forger.published.lock().unwrap();
    let x = URL_SAFE_NO_PAD.encode(key(number).public_key().as_ref());
    Json(json!({ "keys": [{
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": number.to_string(), "x": x,
    }] }))
}

async fn token(State(forger): State<Forger>) -> Json<Value> {
    let token = forger.token.lock().unwrap().clone();
    Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": token }))
}
