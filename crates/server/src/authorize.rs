//! The one door to a verdict: gateway and auth listener both end here, and each only renders what comes out.

use std::sync::Arc;

use keyward_core::account::Account;
use keyward_core::decide::Request;
use keyward_core::denial::Denial;
use keyward_core::key::Key;
use keyward_core::limit::LimitStatus;
use keyward_core::terms::Terms;
use smallvec::SmallVec;

use crate::config::ApiSetup;

/// What a request showed as its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug)]
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
}
