//! Authenticators (RFC 6238: SHA-1, six digits, 30 seconds, as every app knows them) and the codes for when one is
//! lost. The secret is sealed for its person; a step that was accepted is never accepted again.

mod store;

use keyward_core::ids::{PersonId, SessionId};
use keyward_core::secret::{Digest, Secret};
use keyward_core::time::{SECOND_MS, UnixMs};
use serde_json::json;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::sign_in::SecondFactor;
use super::store::{self as people, PersonRow};
use super::throttle::{self, Counted};
use super::{demand_recent, note, person_of, rotate};
use crate::app::App;
use crate::changes::{Actor, Tx};
use crate::operation::OpError;
use crate::vault;

const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_S: u64 = 30;
/// How many steps a clock may be off, either way.
const SKEW: u16 = 1;
/// How many recovery codes there are.
const CODES: usize = 10;
/// Letters of a recovery code: fifty random bits, without those that look alike.
const CODE_LETTERS: usize = 10;
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
const ISSUER: &str = "Keyward";

/// An authenticator on its way in: shown this once.
#[derive(Clone)]
pub struct Enrolment {
    /// For people to type: base32.
    pub secret: Secret,
    /// For a QR code: `otpauth://totp/…`.
    pub uri: Secret,
}

/// Begins to add an authenticator; it counts once a code of it was confirmed.
pub async fn start(app: &App, actor: Actor) -> Result<Enrolment, OpError> {
    let who = person_of(&actor)?;
    demand_recent(app.clock.now(), who.proved_at)?;
    let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
    vault::random(&mut *bytes);
    let secret = Secret::new(totp_rs::Secret::from(*bytes).to_base32());
    let sealed = app.vault.seal_text(&place(who.id), &secret);
    let person = who.id;
    let email = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = people::lock(tx.conn(), person).await?.ok_or(OpError::NotFound)?;
                if row.totp_step.is_some() {
                    return Err(OpError::conflict("totp_exists", "you have an authenticator; remove it first"));
                }
                people::set_totp(tx.conn(), person, Some(&sealed), None).await?;
                note(tx, "person.totp_started", person, json!({}));
                Ok::<_, OpError>(row.email.unwrap_or(row.name))
            })
        })
        .await?;
    let uri = uri(&email, &secret);
    Ok(Enrolment { secret, uri })
}

/// Confirms an authenticator with a code of it: from now on it is needed. Gives the recovery codes, this once, and
/// the cookie's new value.
pub async fn confirm(
    app: &App,
    actor: Actor,
    session: SessionId,
    code: Secret,
) -> Result<(Vec<Secret>, Secret), OpError> {
    let who = person_of(&actor)?;
    demand_recent(app.clock.now(), who.proved_at)?;
    let counted = throttle::proof(app, who.id).await?;
    let (inner, person) = (app.clone(), who.id);
    let made = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = people::lock(tx.conn(), person).await?.ok_or(OpError::NotFound)?;
                if row.totp.is_none() || row.totp_step.is_some() {
                    let message = "there is no authenticator to confirm: POST /v1/me/totp begins with one";
                    return Err(OpError::conflict("totp_not_started", message));
                }
                let now = tx.now();
                let step = matched(&inner, &row, &code, now).ok_or_else(wrong_code)?;
                people::set_totp(tx.conn(), person, row.totp.as_deref(), Some(step)).await?;
                let codes = make_codes(&inner, tx, person).await?;
                note(tx, "person.totp_added", person, json!({}));
                Ok::<_, OpError>((codes, rotate(&inner, tx, session).await?))
            })
        })
        .await?;
    counted.was_right(app).await?;
    Ok(made)
}

/// Takes an authenticator away; the cookie's new value.
pub async fn remove(app: &App, actor: Actor, session: SessionId, proof: SecondFactor) -> Result<Secret, OpError> {
    let (person, counted) = begin(app, &actor).await?;
    let inner = app.clone();
    let token = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = enrolled(tx, person).await?;
                pass(&inner, tx, &row, &proof).await?;
                people::set_totp(tx.conn(), person, None, None).await?;
                forget_codes(tx, person).await?;
                note(tx, "person.totp_removed", person, json!({}));
                rotate(&inner, tx, session).await
            })
        })
        .await?;
    counted.was_right(app).await?;
    Ok(token)
}

/// Makes fresh recovery codes; those of before are worth nothing.
pub async fn fresh_codes(app: &App, actor: Actor) -> Result<Vec<Secret>, OpError> {
    let (person, counted) = begin(app, &actor).await?;
    let inner = app.clone();
    let codes = app
        .changes
        .run(actor, move |tx| {
            Box::pin(async move {
                enrolled(tx, person).await?;
                let codes = make_codes(&inner, tx, person).await?;
                note(tx, "person.recovery_codes_made", person, json!({}));
                Ok::<_, OpError>(codes)
            })
        })
        .await?;
    counted.give_back(app).await?;
    Ok(codes)
}

async fn begin(app: &App, actor: &Actor) -> Result<(PersonId, Counted), OpError> {
    let who = person_of(actor)?;
    demand_recent(app.clock.now(), who.proved_at)?;
    Ok((who.id, throttle::proof(app, who.id).await?))
}

async fn enrolled(tx: &mut Tx, person: PersonId) -> Result<PersonRow, OpError> {
    let row = people::lock(tx.conn(), person).await?.ok_or(OpError::NotFound)?;
    if row.totp_step.is_none() {
        return Err(OpError::conflict("totp_missing", "you have no authenticator"));
    }
    Ok(row)
}

/// Accepts a code or a recovery code, and neither of them again. The person's row is locked.
pub(super) async fn pass(app: &App, tx: &mut Tx, row: &PersonRow, second: &SecondFactor) -> Result<(), OpError> {
    let (person, now) = (row.person()?, tx.now());
    match second {
        SecondFactor::Code(code) => {
            let step = matched(app, row, code, now).ok_or_else(wrong_code)?;
            people::set_totp(tx.conn(), person, row.totp.as_deref(), Some(step)).await?;
        }
        SecondFactor::Recovery(code) => {
            if !store::use_up(tx.conn(), person, &digest(app, person, code.expose())).await? {
                return Err(wrong_code());
            }
            let left = store::count(tx.conn(), person).await?;
            note(tx, "person.recovery_code_used", person, json!({ "left": left }));
        }
    }
    Ok(())
}

/// The step whose code this is, if it is later than the last one that was accepted.
fn matched(app: &App, row: &PersonRow, code: &Secret, now: UnixMs) -> Option<i64> {
    let person = row.person().ok()?;
    let secret = app.vault.unseal_text(&place(person), row.totp.as_deref()?).ok()?;
    let totp = authenticator(&secret)?;
    let step = totp.check(code.expose().trim(), (now.0 / SECOND_MS).max(0) as u64)? as i64;
    row.totp_step.is_none_or(|last| step > last).then_some(step)
}

fn authenticator(secret: &Secret) -> Option<Totp> {
    let secret = totp_rs::Secret::try_from_base32(secret.expose()).ok()?;
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW);
    builder.with_step_duration(STEP_S).with_secret(secret).build().ok()
}

fn uri(label: &str, secret: &Secret) -> Secret {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let label = utf8_percent_encode(label, NON_ALPHANUMERIC);
    let secret = secret.expose();
    Secret::new(format!(
        "otpauth://totp/{ISSUER}:{label}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    ))
}

/// What a secret is sealed for: opened for anybody else it is refused.
fn place(person: PersonId) -> String {
    format!("totp/{person}")
}

async fn make_codes(app: &App, tx: &mut Tx, person: PersonId) -> Result<Vec<Secret>, OpError> {
    store::forget(tx.conn(), person).await?;
    let mut codes = Vec::with_capacity(CODES);
    while codes.len() < CODES {
        let code = recovery_code();
        store::insert(tx.conn(), person, &digest(app, person, code.expose())).await?;
        codes.push(code);
    }
    Ok(codes)
}

/// `abcde-fghjk`
fn recovery_code() -> Secret {
    let mut bytes = Zeroizing::new([0_u8; CODE_LETTERS]);
    vault::random(&mut *bytes);
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    let (first, second) = bytes.split_at(CODE_LETTERS / 2);
    Secret::new(first.iter().map(letter).chain(['-']).chain(second.iter().map(letter)).collect())
}

/// However it was typed: without its hyphen, in capitals.
fn digest(app: &App, person: PersonId, code: &str) -> Digest {
    let typed: String = code.chars().filter(|letter| !matches!(letter, '-' | ' ')).collect();
    let typed = Zeroizing::new(typed.to_lowercase());
    app.vault.pepper().digest(&Zeroizing::new(format!("{person}\0{}", *typed)))
}

pub(super) async fn forget_codes(tx: &mut Tx, person: PersonId) -> Result<(), OpError> {
    Ok(store::forget(tx.conn(), person).await?)
}

fn wrong_code() -> OpError {
    OpError::Unproved { code: "invalid_code", message: "the code is wrong, or was used already".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let totp = authenticator(&Secret::new(totp_rs::Secret::from(*b"12345678901234567890").to_base32())).unwrap();
        // Appendix B has eight digits; six are their end.
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp.check(code, at), Some(at / STEP_S), "at {at}");
        }
        assert_eq!(totp.check("287082", 59 + 2 * STEP_S), None, "two steps late");
    }

    #[test]
    fn a_recovery_code_can_be_read_and_typed() {
        let code = recovery_code();
        assert_eq!((code.expose().len(), code.expose().as_bytes()[5]), (11, b'-'));
        assert_eq!(ALPHABET.iter().collect::<std::collections::BTreeSet<_>>().len(), 32);
    }

    #[test]
    fn the_label_cannot_break_the_uri() {
        let uri = uri("a&secret=B?c@d.e", &Secret::new("ABC".into()));
        assert_eq!(uri.expose().matches("secret=").count(), 1, "{}", uri.expose());
    }
}
