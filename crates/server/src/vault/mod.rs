//! The secrets that guard everything else: the pepper of every digest, the key that seals secrets which may be seen
//! again, and the key that chains the audit. Each lives in its own file beside the store, never in it (threat T2),
//! made at first start with mode 0600; canaries in the store refuse the wrong one.

mod audit_key;
mod store;

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use hmac::{Hmac, Mac as _};
use keyward_core::ids::{AccountId, KeyId, SecretId};
use keyward_core::secret::{Pepper, Secret};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::db::Db;

pub use audit_key::AuditKey;

const PEPPER_FILE: &str = "pepper";
const KEK_FILE: &str = "key-encryption-key";
const AUDIT_FILE: &str = "audit-key";
/// What stands for the file of a key that the configuration names.
const AUDIT_SETTING: &str = "audit.key";
const NONCE_BYTES: usize = 12;
const CANARY: &[u8] = b"keyward canary 1";

/// Pepper, key-encryption key and audit key, ready for use.
pub struct Vault {
    pepper: Pepper,
    pepper_id: String,
    sealer: Aes256GcmSiv,
    audit: Arc<AuditKey>,
    audit_is_new: bool,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault(pepper {})", self.pepper_id)
    }
}

/// Why the vault can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store was used before with a secret whose file is gone.
    #[error(
        "{file} is missing, and the store was made with it; restore it from where you keep it (a new one would make every key invalid)"
    )]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file holds another secret than the store was made with.
    #[error("{file} is not the one this store was made with")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// Others than its owner can read it.
    #[error("{file} can be read by others (mode {mode:o}); run: chmod 600 {file}")]
    Open {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not 64 hexadecimal digits.
    #[error("{file} does not hold 64 hexadecimal digits")]
    Malformed {
        /// The file.
        file: PathBuf,
    },
    /// The file system said no.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

/// A sealed secret that can't be opened: damaged, or moved to another key's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed secret can't be opened")]
pub struct Unsealable;

impl Vault {
    /// Opens the vault in `data_dir`, or makes it when the store is new. The audit key may be given instead.
    pub async fn open(data_dir: &Path, db: &Db, audit: Option<&Secret>) -> Result<Self, VaultError> {
        let mut conn = db.conn().await?;
        let known_pepper = store::fact(&mut conn, "canary.pepper").await?;
        let known_kek = store::fact(&mut conn, "canary.key-encryption-key").await?;
        let pepper_file = data_dir.join(PEPPER_FILE);
        let kek_file = data_dir.join(KEK_FILE);
        let pepper = read_or_make(&pepper_file, known_pepper.is_none())?;
        let kek = read_or_make(&kek_file, known_kek.is_none())?;

        check(&mut conn, "canary.pepper", known_pepper, &pepper, pepper_file).await?;
        check(&mut conn, "canary.key-encryption-key", known_kek, &kek, kek_file).await?;

        let (audit, audit_is_new) = audit_key(&mut conn, data_dir, audit).await?;

        // The sealing key is derived, so that the file may serve other purposes later.
        let sealing = Zeroizing::new(keyed(&kek, b"seal 1"));
        Ok(Self {
            pepper: Pepper::new(&pepper),
            pepper_id: hex(&keyed(&pepper, b"id")[..4]),
            sealer: Aes256GcmSiv::new_from_slice(&*sealing).expect("the key has 32 bytes"),
            audit: Arc::new(audit),
            audit_is_new,
        })
    }

    /// The pepper in force.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// What rows digested with it are marked with.
    pub fn pepper_id(&self) -> &str {
        &self.pepper_id
    }

    /// Whether the store had no audit key before this start.
    pub(crate) fn audit_is_new(&self) -> bool {
        self.audit_is_new
    }

    /// Chains the audit and signs its heads.
    pub fn audit(&self) -> &Arc<AuditKey> {
        &self.audit
    }

    /// Seals a secret for one row: opened beside any other account, key or secret id it is refused.
    pub fn seal(&self, account: AccountId, key: KeyId, id: SecretId, secret: &Secret) -> Vec<u8> {
        self.seal_text(&place(account, key, id), secret)
    }

    /// Seals a text for one place: opened for any other it is refused.
    pub fn seal_text(&self, place: &str, secret: &Secret) -> Vec<u8> {
        let mut sealed = vec![0_u8; NONCE_BYTES];
        random(&mut sealed);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: place.as_bytes() };
        let nonce = Nonce::try_from(sealed.as_slice()).expect("the nonce has 12 bytes");
        let text = self.sealer.encrypt(&nonce, payload).expect("a secret is far below the cipher's limit");
        sealed.extend_from_slice(&text);
        sealed
    }

    /// Opens what [`Vault::seal`] sealed for the same row.
    pub fn unseal(&self, account: AccountId, key: KeyId, id: SecretId, sealed: &[u8]) -> Result<Secret, Unsealable> {
        self.unseal_text(&place(account, key, id), sealed)
    }

    /// Opens what [`Vault::seal_text`] sealed for the same place.
    pub fn unseal_text(&self, place: &str, sealed: &[u8]) -> Result<Secret, Unsealable> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unsealable)?;
        let nonce = Nonce::try_from(nonce).map_err(|_| Unsealable)?;
        let payload = Payload { msg: text, aad: place.as_bytes() };
        let bytes = self.sealer.decrypt(&nonce, payload).map_err(|_| Unsealable)?;
        String::from_utf8(bytes).map(Secret::new).map_err(|_| Unsealable)
    }
}

/// Fills with bytes of the operating system's generator.
pub fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system's random generator works");
}

fn place(account: AccountId, key: KeyId, id: SecretId) -> String {
    format!("{account}/{key}/{id}")
}

fn keyed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

async fn audit_key(
    conn: &mut crate::db::Conn,
    data_dir: &Path,
    given: Option<&Secret>,
) -> Result<(AuditKey, bool), VaultError> {
    let known = store::fact(conn, "canary.audit-key").await?;
    let is_new = known.is_none();
    let (key, file) = if let Some(given) = given {
        let file = PathBuf::from(AUDIT_SETTING);
        (unhex(given.expose()).ok_or_else(|| VaultError::Malformed { file: file.clone() })?, file)
    } else {
        let file = data_dir.join(AUDIT_FILE);
        (read_or_make(&file, known.is_none())?, file)
    };
    check(conn, "canary.audit-key", known, &key, file).await?;
    Ok((AuditKey::new(&key), is_new))
}

async fn check(
    conn: &mut crate::db::Conn,
    name: &'static str,
    known: Option<String>,
    secret: &[u8; 32],
    file: PathBuf,
) -> Result<(), VaultError> {
    let canary = hex(&keyed(secret, CANARY));
    match known {
        Some(known) if known == canary => Ok(()),
        Some(_) => Err(VaultError::Foreign { file }),
        None => Ok(store::set_fact(conn, name, &canary).await?),
    }
}

fn read_or_make(file: &Path, may_make: bool) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let failed = |source| VaultError::Io { file: file.to_owned(), source };
    let mut text = Zeroizing::new(String::new());
    match OpenOptions::new().read(true).open(file) {
        Ok(mut open) => {
            let mode = open.metadata().map_err(failed)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(VaultError::Open { file: file.to_owned(), mode });
            }
            open.read_to_string(&mut text).map_err(failed)?;
            unhex(text.trim()).ok_or_else(|| VaultError::Malformed { file: file.to_owned() })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_make => make(file).map_err(failed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(VaultError::Missing { file: file.to_owned() })
        }
        Err(error) => Err(failed(error)),
    }
}

fn make(file: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    random(&mut *bytes);
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    open.write_all(Zeroizing::new(hex(&*bytes)).as_bytes())?;
    open.sync_all()?;
    if let Some(parent) = file.parent() {
        // The name itself must survive power loss, or the store could outlive its pepper.
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(bytes)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}
