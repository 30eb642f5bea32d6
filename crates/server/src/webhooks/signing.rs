//! Signatures of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`, by a secret that both sides know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use keyward_core::ids::{AccountId, WebhookId};
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::store::EndpointRow;
use crate::app::App;
use crate::operation::{OpError, damaged};
use crate::vault;

const PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;

/// A new signing secret.
pub(super) fn make() -> Secret {
    let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
    vault::random(&mut *bytes);
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))
}

/// What a secret is sealed for.
pub(super) fn place(account: AccountId, id: WebhookId) -> String {
    format!("webhook/{account}/{id}")
}

/// The secret in force.
pub(super) fn in_force(app: &App, row: &EndpointRow) -> Result<Secret, OpError> {
    open(app, row, &row.secret)
}

/// The secrets that sign now: the one in force, then the one before it during the overlap.
pub(super) fn signers(app: &App, row: &EndpointRow, now: UnixMs) -> Result<Vec<Secret>, OpError> {
    let old = row.old_secret.as_ref().filter(|_| row.old_secret_until.is_some_and(|until| now.0 < until));
    let all = std::iter::once(&row.secret).chain(old);
    all.map(|sealed| open(app, row, sealed)).collect()
}

fn open(app: &App, row: &EndpointRow, sealed: &[u8]) -> Result<Secret, OpError> {
    let place = place(row.account()?, row.id()?);
    Ok(app.vault.unseal_text(&place, sealed).map_err(|_| damaged("a webhook's secret"))?)
}

/// Whether two secrets are the same, told in a time that says nothing of where they differ.
pub(super) fn is_same(app: &App, one: &Secret, other: &Secret) -> bool {
    let pepper = app.vault.pepper();
    pepper.digest(one.expose()) == pepper.digest(other.expose())
}

/// The value of `webhook-signature`: one signature for each secret.
pub(super) fn signatures(secrets: &[Secret], id: &str, at_s: i64, body: &[u8]) -> Option<String> {
    let sign = |secret: &Secret| {
        let key = STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).map(Zeroizing::new).ok()?;
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{at_s}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let all: Option<Vec<_>> = secrets.iter().map(sign).collect();
    Some(all?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_has_the_published_signature() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_secret_is_thirty_two_random_bytes() {
        let (one, other) = (make(), make());
        let bytes = STANDARD.decode(one.expose().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(one.expose() != other.expose());
        let both = signatures(&[one, other], "pcl_1", 1, b"{}").unwrap();
        assert_eq!(both.split(' ').filter(|signature| signature.starts_with("v1,")).count(), 2);
    }
}
