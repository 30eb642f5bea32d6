//! Passwords: Argon2id with 19 MiB and two passes, hashed on a bounded number of threads, so that a flood of
//! attempts takes neither the memory nor the cores.

mod judge;

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use keyward_core::secret::Secret;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::app::App;
use crate::operation::OpError;
use crate::vault;

/// Memory in KiB, passes, lanes: what OWASP asks for at the least.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Most threads that hash at once.
const AT_ONCE_MAX: usize = 4;
/// Most hashes that wait for a thread or have one; more are refused.
const WAITING_MAX: usize = 64;
/// Matches no password, and takes as long to find out: for people who have none, or do not exist (threat T1).
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2V5d2FyZC1ub2JvZHk$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password's hash, ready to be kept.
#[derive(Clone)]
pub struct Hashed(String);

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed(…)")
    }
}

impl Hashed {
    /// Its text (PHC).
    pub(super) fn phc(&self) -> &str {
        &self.0
    }
}

/// The threads that hash.
#[derive(Debug)]
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    places: Semaphore,
}

impl Hashing {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // The data plane keeps half of the machine at least.
        let at_once = (cores / 2).clamp(1, AT_ONCE_MAX);
        Self { turns: Arc::new(Semaphore::new(at_once)), places: Semaphore::new(WAITING_MAX) }
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpError> {
        let busy = || OpError::TooMany {
            code: "too_many_attempts",
            message: "too many people are signing in at this moment; try again".into(),
            retry_after_s: 1,
        };
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?;
        let hashed = tokio::task::spawn_blocking(move || {
            // Held by the thread itself: a client that hangs up frees no turn that is still being used.
            let _turn = turn;
            work()
        });
        hashed.await.map_err(|_| busy())
    }
}

/// Judges a new password and hashes it; refusals point at `/password`.
pub(crate) async fn hash_password(app: &App, password: &Secret) -> Result<Hashed, OpError> {
    hash_password_for(app, password, "/password", &[]).await
}

/// The same for somebody whose own words (address, name) a password must not lean on.
pub(crate) async fn hash_password_for(
    app: &App,
    password: &Secret,
    pointer: &str,
    own: &[&str],
) -> Result<Hashed, OpError> {
    judge::check_size(password.expose()).map_err(|why| OpError::field(pointer, why))?;
    let password = normal(password);
    judge::judge(&password, own).map_err(|why| OpError::field(pointer, why))?;
    app.desk.hashing.run(move || Hashed(hash(&password))).await
}

/// Whether this is the password that was hashed; without a hash it takes as long and is wrong.
pub(super) async fn is_right(app: &App, password: &Secret, phc: Option<&str>) -> Result<bool, OpError> {
    // Nobody has one so long: no need to hash it, whoever it is for.
    if password.expose().len() > judge::BYTES_MAX {
        return Ok(false);
    }
    let (password, phc) = (normal(password), phc.unwrap_or(NOBODYS).to_owned());
    app.desk.hashing.run(move || verify(&password, &phc)).await
}

/// The same letters however they were typed.
fn normal(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.expose().nfkc().collect())
}

fn argon() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the costs are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    let mut salt = [0_u8; SALT_BYTES];
    vault::random(&mut salt);
    let hash = argon().hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("salt and password are within Argon2's bounds").to_string()
}

fn verify(password: &str, phc: &str) -> bool {
    let hash = PasswordHash::new(phc);
    hash.is_ok_and(|hash| argon().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_its_costs_and_knows_its_password_alone() {
        let hashed = hash("correct horse battery");
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify("correct horse battery", &hashed) && !verify("correct horse batterx", &hashed));
        assert_ne!(hashed, hash("correct horse battery"), "the salt is random");
    }

    #[test]
    fn nobodys_hash_is_a_hash_of_the_same_costs() {
        assert!(PasswordHash::new(NOBODYS).is_ok(), "or a dummy would be quicker than a real one");
        assert_eq!(NOBODYS.split('$').nth(3), hash("correct horse battery").split('$').nth(3));
        assert!(!verify("", NOBODYS));
    }

    #[test]
    fn letters_count_as_one_however_they_were_typed() {
        let (composed, apart) = (Secret::new("caf\u{e9}".into()), Secret::new("cafe\u{301}".into()));
        assert_eq!(*normal(&composed), *normal(&apart));
    }
}
