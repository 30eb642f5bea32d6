//! The core's words as wire types, and back. Every word is matched, so that a new one can't be forgotten.

use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::key::{Environment, Kind, Naming, Visibility};
use keyward_core::limit::{Algorithm, Per};
use keyward_core::policy::Exposed;
use keyward_core::quota::Refill;
use keyward_core::time::UnixMs;
use keyward_sdk::wire;

use super::problem::Problem;

macro_rules! words {
    ($($core:ident => $to:ident, $from:ident { $($word:ident),+ })+) => {
        $(
            /// To the wire.
            pub const fn $to(word: $core) -> wire::$core {
                match word { $($core::$word => wire::$core::$word),+ }
            }

            /// From the wire.
            pub const fn $from(word: wire::$core) -> $core {
                match word { $(wire::$core::$word => $core::$word),+ }
            }
        )+
    };
}

words! {
    Kind => kind, read_kind { Account, Personal }
    Environment => environment, read_environment { Live, Test }
    Standing => standing, read_standing { Active, ExpiringSoon, Expired, Disabled, Revoked, Pending, AwaitingPickup }
    AcceptedKeys => accepted_keys, read_accepted_keys { Account, User, Both }
    Algorithm => algorithm, read_algorithm { Fixed, Sliding, Gcra }
    Per => per, read_per { Key, Account }
    Visibility => visibility, read_visibility { Once, Owner, Always }
    Naming => naming, read_naming { Required, Optional }
    Exposed => exposed, read_exposed { Warn, Contain, Revoke }
}

/// To the wire.
pub const fn refill(refill: Refill) -> wire::Refill {
    match refill {
        Refill::Never => wire::Refill::Never,
        Refill::Daily => wire::Refill::Daily,
        Refill::Monthly { day } => wire::Refill::Monthly { day },
    }
}

/// From the wire.
pub const fn read_refill(refill: wire::Refill) -> Refill {
    match refill {
        wire::Refill::Never => Refill::Never,
        wire::Refill::Daily => Refill::Daily,
        wire::Refill::Monthly { day } => Refill::Monthly { day },
    }
}

/// To the wire: RFC 3339 in UTC.
pub fn at(instant: UnixMs) -> String {
    instant.rfc3339()
}

/// From the wire; `None` when nothing was said.
pub fn read_expires(expires: Option<wire::Expires>) -> Result<Option<Lifetime>, Problem> {
    Ok(match expires {
        None => None,
        Some(wire::Expires::Never) => Some(Lifetime::Infinite),
        Some(wire::Expires::Days(days)) => Some(Lifetime::Days(days)),
        Some(wire::Expires::At(text)) => {
            let at = UnixMs::parse_rfc3339(&text);
            let at = at.ok_or_else(|| Problem::field("/expires/at", "an RFC 3339 time with an offset"))?;
            Some(Lifetime::Until(at))
        }
    })
}
