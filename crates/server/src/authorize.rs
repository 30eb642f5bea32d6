//! The one door to a verdict: gateway and auth listener both end here, and each only renders what comes out.

use std::sync::Arc;

use keyward_core::account::Account;
use keyward_core::decide::{self, Request};
use keyward_core::denial::{Denial, Reason};
use keyward_core::key::Key;
use keyward_core::limit::LimitStatus;
use keyward_core::quota::Refill;
use keyward_core::route::{Access, Matched};
use keyward_core::secret::{Digest, Misshapen};
use keyward_core::terms::Terms;
use keyward_core::time::UnixMs;
use smallvec::SmallVec;

use crate::clock::Clock;
use crate::config::ApiSetup;
use crate::keyring::Keyring;
use crate::limits::{Holder, Limits};
use crate::signals::Signals;
use crate::vault::Vault;

/// What a request showed as its credential. No `Debug`: it holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented<'a> {
    /// Nothing at all that this API reads as a credential.
    Nothing,
    /// A whole credential.
    Credential {
        /// The account's public id, where the scheme carries one.
        account: Option<std::borrow::Cow<'a, str>>,
        /// The secret.
        secret: std::borrow::Cow<'a, str>,
    },
    /// Something that is refused before any key is looked up.
    Refused(Denial),
}

/// What is known of a request's body.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// It can be read if the route needs it.
    Unread,
    /// Here it is.
    Read(&'a [u8]),
    /// The caller can't or did not hand it over.
    Withheld,
}

/// A request to be judged.
#[derive(Clone)]
pub struct Attempt<'a> {
    /// The API it is for.
    pub setup: &'a Arc<ApiSetup>,
    /// What it showed.
    pub presented: Presented<'a>,
    /// What it asks.
    pub request: Request<'a>,
    /// Its body.
    pub body: Body<'a>,
    /// A count of items said by the caller instead of a body (verify only).
    pub items: Option<u64>,
    /// A cost said by the caller instead of the route's (verify only).
    pub cost: Option<u32>,
    /// Whether limits are taken; explain and the holder's door only look.
    pub spend: bool,
}

/// The state of each limit, then of each quota, in the order of the caller's terms.
pub type Statuses = SmallVec<[LimitStatus; 2]>;

/// Who called: known once the secret matched.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key.
    pub key: Key,
    /// Its account.
    pub account: Arc<Account>,
    /// What it may do.
    pub terms: Arc<Terms>,
}

/// What came out.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Let it pass. Limits have been taken.
    Allow,
    /// Refuse it. Nothing has been taken.
    Deny(Denial),
    /// The route has a body rule: read up to this many bytes and ask again with them.
    NeedBody {
        /// Most bytes.
        bytes_max: usize,
    },
}

/// The answer to an [`Attempt`].
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Whether it may pass.
    pub outcome: Outcome,
    /// Who called; `None` before a secret matched, and on routes that need no key.
    pub caller: Option<Caller>,
    /// How the caller's limits and quotas stand after this request.
    pub statuses: Statuses,
    /// Which of them refused it.
    pub refused_by: Option<usize>,
    /// What was taken of each.
    pub cost: u32,
    /// How many items its body holds, where a rule counts them.
    pub items: Option<u64>,
}

impl Verdict {
    fn without_caller(outcome: Outcome) -> Self {
        Self { outcome, caller: None, statuses: Statuses::new(), refused_by: None, cost: 0, items: None }
    }

    /// The limit or quota that refused it, or else the one with the least left.
    pub fn tightest(&self) -> Option<&LimitStatus> {
        tightest(&self.statuses, self.refused_by)
    }

    /// Why it is refused, if it is.
    pub fn denial(&self) -> Option<&Denial> {
        match &self.outcome {
            Outcome::Deny(denial) => Some(denial),
            Outcome::Allow | Outcome::NeedBody { .. } => None,
        }
    }

    /// How each limit and quota of the caller stands, by name; and whether it is ever whole again.
    pub fn standings(&self) -> impl Iterator<Item = (&str, bool, &LimitStatus)> {
        let terms = self.caller.as_ref().map(|caller| &caller.terms);
        let limits = terms.into_iter().flat_map(|terms| terms.limits.iter().map(|limit| (limit.name.as_str(), true)));
        let renews = |refill| refill != Refill::Never;
        let quotas = terms.into_iter();
        let quotas = quotas.flat_map(move |terms| terms.quotas.iter().map(move |own| (&*own.name, renews(own.refill))));
        limits.chain(quotas).zip(&self.statuses).map(|((name, renews), status)| (name, renews, status))
    }

    /// A refusal of somebody unknown.
    pub(crate) fn deny(denial: Denial) -> Self {
        Self::without_caller(Outcome::Deny(denial))
    }
}

/// Of several states the one to tell of.
pub fn tightest(statuses: &[LimitStatus], refused_by: Option<usize>) -> Option<&LimitStatus> {
    refused_by.and_then(|at| statuses.get(at)).or_else(|| statuses.iter().min_by_key(|own| own.remaining))
}

/// Everything a verdict rests on; one for the whole program, shared by all threads.
#[derive(Debug, Clone)]
pub struct Ward {
    /// The time.
    pub clock: Clock,
    /// The pepper.
    pub vault: Arc<Vault>,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// The counters.
    pub limits: Arc<Limits>,
    /// What somebody should be told of.
    pub signals: Signals,
}

/// A check of [`Ward::explain`], in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Which.
    pub name: &'static str,
    /// Why it failed; `None` when it passed.
    pub denial: Option<Denial>,
    /// Whether it could not be tried.
    pub skipped: bool,
}

impl Ward {
    /// Judges an attempt. Everything is answered from memory; nothing waits.
    pub fn authorize(&self, attempt: &Attempt<'_>) -> Verdict {
        let verdict = self.weigh(attempt);
        if let Outcome::Deny(denial) = &verdict.outcome {
            let (api, address) = (attempt.setup.index, attempt.request.address);
            self.signals.refused(api, denial, verdict.caller.as_ref(), address, self.clock.now());
        }
        verdict
    }

    fn weigh(&self, attempt: &Attempt<'_>) -> Verdict {
        let access = match attempt.request.route {
            Matched::Route(route) => route.access,
            Matched::Undeclared => attempt.setup.access,
            Matched::Nothing | Matched::NotAsked => Access::Required,
        };
        match (&attempt.presented, access) {
            (_, Access::Public) | (Presented::Nothing, Access::Optional) => Verdict::without_caller(Outcome::Allow),
            (Presented::Nothing, Access::Required) => Verdict::deny(Denial::MissingCredentials),
            (Presented::Refused(denial), _) => Verdict::deny(denial.clone()),
            (Presented::Credential { account, secret }, _) => {
                // The order matters: the time is read before the keyring's validity, and that before the lookup.
                let (now, boot_ms) = self.clock.read();
                if !self.keyring.is_valid(boot_ms) {
                    return Verdict::deny(Denial::AuthUnavailable);
                }
                match self.identify(attempt.setup, account.as_deref(), secret) {
                    Ok((caller, digest)) => self.judge(attempt, caller, &digest, now),
                    Err(reason) => Verdict::deny(Denial::InvalidCredentials(reason)),
                }
            }
        }
    }

    /// Whose secret it is. Every failure looks alike from outside (threat T1).
    fn identify(&self, setup: &ApiSetup, account: Option<&str>, secret: &str) -> Result<(Caller, Digest), Reason> {
        shape(setup, secret)?;
        let digest = self.vault.pepper().digest(secret);
        let caller = self.keyring.lookup(&digest).ok_or(Reason::Unknown)?;
        let same_api = caller.account.api == setup.api.name;
        let same_account = account.is_none_or(|sent| sent == caller.account.public_id);
        if same_api && same_account { Ok((caller, digest)) } else { Err(Reason::WrongAccount) }
    }

    fn judge(&self, attempt: &Attempt<'_>, caller: Caller, digest: &Digest, now: UnixMs) -> Verdict {
        let (cost, items) = match Self::permit(attempt, &caller, now) {
            Ok(Permit::Cost { cost, items }) => (cost, items),
            Ok(Permit::NeedBody { bytes_max }) => {
                return self.verdict(Outcome::NeedBody { bytes_max }, caller, now);
            }
            // An old secret whose overlap has run out is nobody's: the caller is not named.
            Err(denial @ Denial::InvalidCredentials(_)) => return Verdict::deny(denial),
            Err(denial) => return self.verdict(Outcome::Deny(denial), caller, now),
        };
        if !attempt.spend {
            return Verdict { items, ..self.verdict(Outcome::Allow, caller, now) };
        }
        let holder = Holder { key: caller.key.id, account: caller.account.id };
        let mut statuses = Statuses::new();
        match self.limits.take(holder, &caller.terms, cost, now, &mut statuses) {
            Ok(()) => {
                self.keyring.used(digest, now);
                self.signals.took(&caller, cost, &statuses, now);
                Verdict { outcome: Outcome::Allow, caller: Some(caller), statuses, refused_by: None, cost, items }
            }
            Err(refused) => {
                let denial = refusal(&caller.terms, refused.at, refused.retry_after_ms);
                let (outcome, refused_by) = (Outcome::Deny(denial), Some(refused.at));
                Verdict { outcome, caller: Some(caller), statuses, refused_by, cost: 0, items }
            }
        }
    }

    /// Everything but the limits: what the request costs, or why it is refused.
    fn permit(attempt: &Attempt<'_>, caller: &Caller, now: UnixMs) -> Result<Permit, Denial> {
        let view = view(attempt.setup, caller);
        decide::decide(&view, &attempt.request, now)?;
        let plain = |cost: u32| Ok(Permit::Cost { cost: attempt.cost.unwrap_or(cost), items: attempt.items });
        let Some(route) = attempt.request.route.route() else { return plain(1) };
        let Some(rule) = &route.body else { return plain(route.cost) };
        let bytes = match attempt.body {
            Body::Read(bytes) => bytes,
            Body::Unread => return Ok(Permit::NeedBody { bytes_max: rule.bytes_max }),
            Body::Withheld => return Err(Denial::BodyRequired),
        };
        let demand = decide::decide_body(&view, route, bytes)?;
        if let (Some(items), Some(items_max)) = (attempt.items, rule.items_max)
            && items > items_max
        {
            return Err(Denial::TooManyItems { items_max, items });
        }
        let cost = attempt.cost.or(demand.cost).unwrap_or(route.cost);
        Ok(Permit::Cost { cost, items: demand.items.or(attempt.items) })
    }

    fn verdict(&self, outcome: Outcome, caller: Caller, now: UnixMs) -> Verdict {
        let statuses = self.standing(&caller, now);
        Verdict { outcome, caller: Some(caller), statuses, refused_by: None, cost: 0, items: None }
    }

    /// How a caller's limits and quotas stand, taking nothing.
    pub fn standing(&self, caller: &Caller, now: UnixMs) -> Statuses {
        let mut statuses = Statuses::new();
        let holder = Holder { key: caller.key.id, account: caller.account.id };
        self.limits.peek(holder, &caller.terms, now, &mut statuses);
        statuses
    }

    /// The verdict on an attempt, and every check it rests on. Takes nothing.
    pub fn explain(&self, attempt: &Attempt<'_>) -> (Verdict, Vec<Explained>) {
        let now = self.clock.now();
        let mut checks = Vec::new();
        let mut say = |name, denial: Option<Denial>, skipped| checks.push(Explained { name, denial, skipped });
        let verdict = self.weigh(&Attempt { spend: false, ..attempt.clone() });
        let Presented::Credential { account, secret } = &attempt.presented else {
            let denial = match &verdict.outcome {
                Outcome::Deny(denial) => Some(denial.clone()),
                Outcome::Allow | Outcome::NeedBody { .. } => None,
            };
            say("credential", denial, false);
            return (verdict, checks);
        };
        say("credential", None, false);
        let caller = match self.identify(attempt.setup, account.as_deref(), secret) {
            Ok((caller, _)) => caller,
            Err(reason) => {
                say("key", Some(Denial::InvalidCredentials(reason)), false);
                return (verdict, checks);
            }
        };
        say("key", None, false);
        let view = view(attempt.setup, &caller);
        for check in decide::explain(&view, &attempt.request, now) {
            say(check.name, check.denial, false);
        }
        if let Some(route) = attempt.request.route.route().filter(|route| route.body.is_some()) {
            match attempt.body {
                Body::Read(bytes) => say("body", decide::decide_body(&view, route, bytes).err(), false),
                Body::Unread | Body::Withheld => say("body", Some(Denial::BodyRequired), true),
            }
        }
        for (at, status) in self.standing(&caller, now).iter().enumerate() {
            let name = if at < caller.terms.limits.len() { "limit" } else { "quota" };
            let wait = status.reset_at.since(now);
            let denial = (status.remaining == 0).then(|| refusal(&caller.terms, at, Some(wait)));
            say(name, denial, false);
        }
        (verdict, checks)
    }
}

enum Permit {
    Cost { cost: u32, items: Option<u64> },
    NeedBody { bytes_max: usize },
}

fn view<'a>(setup: &'a ApiSetup, caller: &'a Caller) -> decide::Caller<'a> {
    decide::Caller { api: &setup.api, account: &caller.account, key: &caller.key, terms: &caller.terms }
}

fn refusal(terms: &Terms, at: usize, retry_after_ms: Option<i64>) -> Denial {
    if let Some(limit) = terms.limits.get(at) {
        Denial::RateLimited { limit: limit.name.clone(), retry_after_ms: retry_after_ms.unwrap_or(limit.window_ms) }
    } else {
        let quota = terms.quotas.get(at - terms.limits.len()).map(|quota| quota.name.clone()).unwrap_or_default();
        Denial::QuotaExceeded { quota, retry_after_ms }
    }
}

/// Whether a text can be a secret of this API at all.
fn shape(setup: &ApiSetup, secret: &str) -> Result<(), Reason> {
    let mut reason = Reason::Malformed;
    for kind in &setup.api.kinds {
        match kind.format.check(secret) {
            Ok(()) => return Ok(()),
            Err(Misshapen::Checksum) => reason = Reason::Checksum,
            Err(Misshapen::Malformed) => {}
        }
    }
    Err(reason)
}

impl crate::gateway::Judge for Ward {
    fn authorize(&self, attempt: &Attempt<'_>) -> Verdict {
        Self::authorize(self, attempt)
    }
}
