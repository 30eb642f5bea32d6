//! The key under which the audit is chained and its heads are signed: whoever has the store but not this key can
//! neither alter an event unseen nor put a whole other past in its place.

use hmac::{Hmac, Mac as _};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{hex, keyed};

/// What stands before an Ed25519 key in the form that other tools read (RFC 8410).
const PUBLIC_KEY_FRAME: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Chains events, and signs heads and checkpoints.
pub struct AuditKey {
    mac: Hmac<Sha256>,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditKey({})", self.id())
    }
}

/// Hashes one thing field by field. Every field carries its length, so that no two different things hash alike.
#[derive(Debug)]
pub(crate) struct Sum(Hmac<Sha256>);

impl Sum {
    /// A field that is always there.
    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        self.0.update(&[1]);
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// A number.
    pub(crate) fn number(self, number: i64) -> Self {
        self.field(&number.to_be_bytes())
    }

    /// A field that may be absent, which is not the same as empty.
    pub(crate) fn maybe(mut self, text: Option<&str>) -> Self {
        let Some(text) = text else {
            self.0.update(&[0]);
            return self;
        };
        self.field(text.as_bytes())
    }

    pub(crate) fn done(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

impl AuditKey {
    /// The two keys are derived, so that neither tells anything of the other.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let (chaining, seed) = (Zeroizing::new(keyed(key, b"chain 1")), Zeroizing::new(keyed(key, b"sign 1")));
        Self {
            mac: <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*chaining).expect("HMAC takes a key of any length"),
            pair: Ed25519KeyPair::from_seed_unchecked(&*seed).expect("a seed has 32 bytes"),
        }
    }

    /// Begins a sum over one thing of this sort.
    pub(crate) fn sum(&self, sort: &str) -> Sum {
        Sum(self.mac.clone()).field(sort.as_bytes())
    }

    /// Signs a text; 64 bytes.
    pub fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }

    /// Whether this key signed this text.
    pub fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.pair.public_key()).verify(text.as_bytes(), signature).is_ok()
    }

    /// Names the public key shortly.
    pub fn id(&self) -> String {
        hex(&self.pair.public_key().as_ref()[..8])
    }

    /// The public key as PEM, with which anybody can check a signature.
    pub fn public_pem(&self) -> String {
        use base64::Engine as _;
        let der = [&PUBLIC_KEY_FRAME, self.pair.public_key().as_ref()].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_between_two_fields_cannot_be_moved() {
        let key = AuditKey::new(&[7; 32]);
        let sum = |fields: &[Option<&str>]| fields.iter().fold(key.sum("x"), |sum, field| sum.maybe(*field)).done();
        assert_ne!(sum(&[Some("ab"), Some("c")]), sum(&[Some("a"), Some("bc")]));
        assert_ne!(sum(&[None, Some("")]), sum(&[Some(""), None]));
        assert_ne!(sum(&[None]), sum(&[Some("")]));
        assert_ne!(key.sum("x").done(), key.sum("y").done());
    }

    #[test]
    fn only_what_was_signed_is_accepted() {
        let (key, other) = (AuditKey::new(&[7; 32]), AuditKey::new(&[8; 32]));
        let signature = key.sign("a head");
        assert!(key.has_signed("a head", &signature));
        assert!(!key.has_signed("another", &signature) && !other.has_signed("a head", &signature));
        assert!(!key.has_signed("a head", &signature[1..]) && !key.has_signed("a head", b""));
    }

    #[test]
    fn the_public_key_is_in_the_form_that_openssl_reads() {
        // RFC 8410, section 10.1, has a key of this very length and frame.
        let pem = AuditKey::new(&[7; 32]).public_pem();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA"), "{pem}");
        assert_eq!(pem.lines().nth(1).map(str::len), Some(60));
    }
}
