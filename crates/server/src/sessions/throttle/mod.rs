//! How often somebody may be wrong. Attempts are counted per address, per person and per pair of both; every count
//! decays by itself, so that nothing is locked for good. An address from which this person has signed in lately is
//! judged by the pair alone: a flood from elsewhere never locks the right person out.
//!
//! An attempt is counted before the password is looked at, and given back when it was right: parallel attempts can't
//! slip through between a look and a count.

mod store;

use std::net::IpAddr;

use keyward_core::ids::PersonId;
use keyward_core::time::{DAY_MS, SECOND_MS, UnixMs};

use crate::app::App;
use crate::operation::OpError;
use crate::vault::hex;

/// How long an address stays known after a sign-in from it.
const KNOWN_MS: i64 = 30 * DAY_MS;

/// So many wrong attempts at once, and one more each `every_ms`.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: i64,
    every_ms: i64,
}

const ADDRESS: Rate = Rate { burst: 30, every_ms: 30 * SECOND_MS };
const PERSON: Rate = Rate { burst: 10, every_ms: 300 * SECOND_MS };
const PAIR: Rate = Rate { burst: 5, every_ms: 60 * SECOND_MS };
const RESETS_OF_ADDRESS: Rate = Rate { burst: 10, every_ms: 60 * SECOND_MS };
const RESETS_OF_PERSON: Rate = Rate { burst: 3, every_ms: 600 * SECOND_MS };

/// An attempt that was counted.
#[derive(Debug)]
pub(super) struct Counted {
    buckets: Vec<(String, Rate)>,
    /// Where the pair is remembered, when it turns out to be right.
    known: Option<String>,
}

/// Counts an attempt to sign in with this address of e-mail, whether or not anybody has it.
pub(super) async fn sign_in(app: &App, origin: Option<&str>, email: &str) -> Result<Counted, OpError> {
    let (who, address) = (who(app, email), address(origin));
    let known = format!("known:{address}:{who}");
    let pair = (format!("pair:{address}:{who}"), PAIR);
    let is_known = store::until(&mut app.db.conn().await?, &known).await?.is_some_and(|end| end > app.clock.now().0);
    let buckets = if is_known {
        vec![pair]
    } else {
        vec![pair, (format!("address:{address}"), ADDRESS), (format!("person:{who}"), PERSON)]
    };
    count(app, buckets, Some(known)).await
}

/// Counts an attempt of somebody who is signed in to prove who they are.
pub(super) async fn proof(app: &App, person: PersonId) -> Result<Counted, OpError> {
    count(app, vec![(format!("proof:{person}"), PAIR)], None).await
}

/// Counts what an address sends of links, set-ups and the like that may be guesses.
pub(super) async fn guess(app: &App, origin: Option<&str>) -> Result<Counted, OpError> {
    count(app, vec![(format!("address:{}", address(origin)), ADDRESS)], None).await
}

/// Does what is refused for a made-up link, and counts it as a guess of this address when it is.
pub(crate) async fn guarded<T>(
    app: &App,
    origin: Option<&str>,
    look: impl Future<Output = Result<T, OpError>>,
) -> Result<T, OpError> {
    let counted = guess(app, origin).await?;
    let found = look.await?;
    counted.give_back(app).await?;
    Ok(found)
}

/// Counts a request of an address for links to set another password.
pub(super) async fn reset_by(app: &App, origin: Option<&str>) -> Result<(), OpError> {
    count(app, vec![(format!("resets:{}", address(origin)), RESETS_OF_ADDRESS)], None).await.map(drop)
}

/// Counts a request for a link for this person.
pub(super) async fn reset_for(app: &App, email: &str) -> Result<(), OpError> {
    count(app, vec![(format!("reset:{}", who(app, email)), RESETS_OF_PERSON)], None).await.map(drop)
}

async fn count(app: &App, buckets: Vec<(String, Rate)>, known: Option<String>) -> Result<Counted, OpError> {
    let now = app.clock.now();
    let mut conn = app.db.conn().await?;
    for (place, (bucket, rate)) in buckets.iter().enumerate() {
        if store::take(&mut conn, bucket, now, rate.every_ms, (rate.burst - 1) * rate.every_ms).await? {
            continue;
        }
        // What is refused counts nowhere.
        for (taken, rate) in &buckets[..place] {
            store::give_back(&mut conn, taken, rate.every_ms).await?;
        }
        let until = store::until(&mut conn, bucket).await?.unwrap_or(now.0);
        let wait_ms = until - (rate.burst - 1) * rate.every_ms - now.0;
        return Err(OpError::TooMany {
            code: "too_many_attempts",
            message: "there were too many attempts; wait, then try again".into(),
            retry_after_s: (wait_ms.max(1) as u64).div_ceil(SECOND_MS as u64),
        });
    }
    Ok(Counted { buckets, known })
}

impl Counted {
    /// It was not wrong.
    pub(super) async fn give_back(&self, app: &App) -> Result<(), OpError> {
        let mut conn = app.db.conn().await?;
        for (bucket, rate) in &self.buckets {
            store::give_back(&mut conn, bucket, rate.every_ms).await?;
        }
        Ok(())
    }

    /// It was right in every way: the pair begins anew, and the address is known from now on.
    pub(super) async fn was_right(&self, app: &App) -> Result<(), OpError> {
        self.give_back(app).await?;
        let mut conn = app.db.conn().await?;
        if let Some((pair, _)) = self.buckets.first() {
            store::forget(&mut conn, pair).await?;
        }
        match &self.known {
            Some(known) => Ok(store::keep_until(&mut conn, known, app.clock.now().plus(KNOWN_MS)).await?),
            None => Ok(()),
        }
    }
}

/// Makes an address known without a password: somebody came with a link that only this person was sent.
pub(super) async fn welcome(app: &App, origin: Option<&str>, email: &str) -> Result<(), OpError> {
    let (who, address) = (who(app, email), address(origin));
    let mut conn = app.db.conn().await?;
    store::forget(&mut conn, &format!("pair:{address}:{who}")).await?;
    let until = app.clock.now().plus(KNOWN_MS);
    Ok(store::keep_until(&mut conn, &format!("known:{address}:{who}"), until).await?)
}

/// Removes counts that have decayed; called now and then. What an attacker can add meanwhile is bounded by how many
/// passwords are hashed at once.
pub(crate) async fn sweep(conn: &mut crate::db::Conn, now: UnixMs) -> sqlx::Result<()> {
    store::sweep(conn, now).await
}

/// Stands for an e-mail address, so that none is kept here.
fn who(app: &App, email: &str) -> String {
    hex(&app.vault.pepper().digest(&format!("who\0{email}"))[..16])
}

/// One customer of a network has a whole /64 of IPv6.
fn address(origin: Option<&str>) -> String {
    match origin.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let parts = ip.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", parts[0], parts[1], parts[2], parts[3])
        }
        None => "none".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_stands_for_what_one_customer_has() {
        assert_eq!(address(Some("192.0.2.7")), "192.0.2.7");
        assert_eq!(address(Some("::ffff:192.0.2.7")), "192.0.2.7");
        assert_eq!(address(Some("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
        assert_eq!(address(Some("2001:db8:1:2:ffff::1")), address(Some("2001:db8:1:2::")));
        assert_eq!(address(None), "none");
    }
}
