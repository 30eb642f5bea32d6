//! The rules of accounts: what may be written, and what it becomes.

use keyward_core::ids::AccountId;
use keyward_core::name::Name;
use serde_json::{Value, json};

use super::NewAccount;
use super::store::AccountRow;
use crate::config::ApiSetup;
use crate::labels;
use crate::operation::{Findings, OpError};

const NAME_CHARS_MAX: usize = 200;
const PUBLIC_ID_LETTERS_MAX: usize = 64;
const CAPITALS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub(super) fn name(text: &str, findings: &mut Findings) -> String {
    let name = findings.take("/name", Name::parse(text, NAME_CHARS_MAX));
    name.map(|name| name.as_str().to_owned()).unwrap_or_default()
}

pub(super) fn plan(setup: &ApiSetup, plan: Option<&str>, findings: &mut Findings) -> Option<String> {
    let plan = plan?;
    if !setup.api.plans.contains_key(plan) {
        findings.note("/plan", "no such plan in the configuration");
    }
    Some(plan.to_owned())
}

fn region(setup: &ApiSetup, region: Option<&str>, findings: &mut Findings) -> Option<String> {
    let chosen = region.or(setup.default_region.as_deref());
    match chosen {
        None if setup.api.regions.is_empty() => None,
        None => {
            findings.note("/region", "this API has regions: name one");
            None
        }
        Some(name) if setup.api.regions.contains_key(name) => Some(name.to_owned()),
        Some(_) => {
            findings.note("/region", "no such region in the configuration");
            None
        }
    }
}

/// Whether a public id has the API's pattern, in which each `X` stands for a capital or a digit.
fn fits(pattern: &str, id: &str) -> bool {
    let letter = |(want, got): (u8, u8)| if want == b'X' { CAPITALS.contains(&got) } else { want == got };
    pattern.len() == id.len() && pattern.bytes().zip(id.bytes()).all(letter)
}

fn public_id(setup: &ApiSetup, asked: Option<&str>, id: AccountId, findings: &mut Findings) -> String {
    let word = |text: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=PUBLIC_ID_LETTERS_MAX).contains(&text.len()) && text.bytes().all(is_letter)
    };
    match (asked, setup.public_id_pattern.as_deref()) {
        (Some(asked), Some(pattern)) if !fits(pattern, asked) => {
            findings.note("/public_id", format!("must look like {pattern}, each X a capital letter or a digit"));
        }
        (Some(asked), None) if !word(asked) => {
            findings.note("/public_id", format!("1 to {PUBLIC_ID_LETTERS_MAX} of A-Z a-z 0-9 . _ -"));
        }
        (Some(asked), _) => return asked.to_owned(),
        (None, Some(pattern)) => return drawn(pattern),
        (None, None) => return id.uuid().simple().to_string(),
    }
    String::new()
}

fn drawn(pattern: &str) -> String {
    let letter = || {
        let mut byte = [0_u8];
        // Bytes at or above the largest multiple of 36 are drawn again: every letter is equally likely.
        while {
            crate::vault::random(&mut byte);
            byte[0] >= 252
        } {}
        char::from(CAPITALS[usize::from(byte[0]) % CAPITALS.len()])
    };
    pattern.chars().map(|want| if want == 'X' { letter() } else { want }).collect()
}

/// The row of a new account.
pub(super) fn row(setup: &ApiSetup, new: &NewAccount, id: AccountId, now: i64) -> Result<AccountRow, OpError> {
    let mut findings = Findings::default();
    let row = AccountRow {
        id: id.to_string(),
        api: setup.api.name.clone(),
        public_id: public_id(setup, new.public_id.as_deref(), id, &mut findings),
        name: name(&new.name, &mut findings),
        external_id: labels::external_id(new.external_id.as_deref(), &mut findings),
        region: region(setup, new.region.as_deref(), &mut findings),
        plan: plan(setup, new.plan.as_deref(), &mut findings),
        accepted_keys: new.accepted_keys.as_str().into(),
        totp_required: false,
        suspended: false,
        metadata: labels::metadata(new.metadata.as_ref(), &mut findings),
        tags: labels::tags(&new.tags, &mut findings),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    findings.done()?;
    Ok(row)
}

/// What the audit keeps of an account.
pub(super) fn facts(row: &AccountRow) -> Value {
    json!({
        "api": row.api,
        "public_id": row.public_id,
        "name": row.name,
        "external_id": row.external_id,
        "region": row.region,
        "plan": row.plan,
        "accepted_keys": row.accepted_keys,
        "totp_required": row.totp_required,
        "suspended": row.suspended,
        "metadata": labels::read_metadata(row.metadata.as_deref()),
        "tags": labels::read_tags(&row.tags),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_has_the_pattern_of_its_api() {
        assert!(fits("XXX-XXX-XXXX", "ABC-123-Z9Z9"));
        for bad in ["abc-123-Z9Z9", "ABC-123-Z9Z", "ABC_123-Z9Z9", "", "ABC-123-Z9Z99", "ÄBC-123-Z9Z"] {
            assert!(!fits("XXX-XXX-XXXX", bad), "{bad}");
        }
        for _ in 0..100 {
            let id = drawn("XXX-XXX-XXXX");
            assert!(fits("XXX-XXX-XXXX", &id), "{id}");
        }
    }
}
