//! Denials: why a request is refused. A denial is data, not an error; one list serves every listener, log and page.

use std::net::IpAddr;

use crate::path::PathFault;
use crate::time::UnixMs;

/// Why a credential is invalid: for logs and metrics, never for the client (threat T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not the shape of a secret of this API.
    Malformed,
    /// The right shape, a wrong checksum.
    Checksum,
    /// No such key.
    Unknown,
    /// A key of another account or API.
    WrongAccount,
}

impl Reason {
    /// Its word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Checksum => "checksum",
            Self::Unknown => "unknown",
            Self::WrongAccount => "wrong_account",
        }
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The request itself can't be read; the text says what is wrong.
    BadRequest(&'static str),
    /// The path could mean two things.
    AmbiguousPath(PathFault),
    /// No API answers to this host and prefix.
    NoApi,
    /// A credential header twice, or two schemes at once.
    AmbiguousCredentials,
    /// A credential in the query string.
    CredentialInUrl,
    /// None, or half of a pair.
    MissingCredentials,
    /// An Authorization scheme this API does not use.
    UnsupportedScheme,
    /// Malformed, unknown or another account's: all alike to the client.
    InvalidCredentials(Reason),
    /// The key came over plain HTTP.
    HttpsRequired,
    /// The account may not call at all.
    AccountSuspended,
    /// The key was revoked.
    KeyRevoked,
    /// The key is switched off.
    KeyDisabled,
    /// The key's time is over.
    KeyExpired {
        /// Since when.
        at: UnixMs,
    },
    /// The account lives elsewhere.
    WrongRegion {
        /// The region that was asked.
        asked: String,
        /// The account's region.
        region: String,
        /// The host to use instead, where the configuration names one.
        host: Option<String>,
    },
    /// The account accepts other kinds of key.
    KindNotAccepted {
        /// The kind it wants.
        wanted: &'static str,
    },
    /// The key's environment is not served, or not on this route.
    WrongEnvironment {
        /// The key's environment.
        environment: &'static str,
    },
    /// The key may not be used from this address.
    AddressNotAllowed {
        /// The address seen, where one is known.
        seen: Option<IpAddr>,
    },
    /// The API declares its routes and this is none of them.
    NoRoute,
    /// The key lacks scopes.
    InsufficientScope {
        /// All scopes the request needs.
        needed: Vec<String>,
    },
    /// The body is compressed, or not JSON.
    UnsupportedMedia(&'static str),
    /// The body is not acceptable JSON (400) or does not fit the route (422).
    InvalidBody {
        /// 400 or 422.
        status: u16,
        /// What is wrong with it.
        why: String,
    },
    /// The body is over its limit.
    PayloadTooLarge {
        /// Most bytes.
        bytes_max: usize,
    },
    /// The route has a body rule and no body was handed over.
    BodyRequired,
    /// More items than the route allows.
    TooManyItems {
        /// Most items (row r66).
        items_max: u64,
        /// How many there are.
        items: u64,
    },
    /// A limit is used up for now.
    RateLimited {
        /// Which.
        limit: String,
        /// How long to wait.
        retry_after_ms: i64,
    },
    /// A quota is used up.
    QuotaExceeded {
        /// Which.
        quota: String,
        /// How long to wait; `None` for a lifetime budget.
        retry_after_ms: Option<i64>,
    },
    /// The upstream could not be reached or broke off.
    UpstreamUnavailable,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// No safe decision can be made.
    AuthUnavailable,
}

impl Denial {
    /// The stable code (the list in the documentation).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::AmbiguousPath(_) => "ambiguous_path",
            Self::NoApi => "no_api",
            Self::AmbiguousCredentials => "ambiguous_credentials",
            Self::CredentialInUrl => "credential_in_url",
            Self::MissingCredentials => "missing_credentials",
            Self::UnsupportedScheme => "unsupported_scheme",
            Self::InvalidCredentials(_) => "invalid_credentials",
            Self::HttpsRequired => "https_required",
            Self::AccountSuspended => "account_suspended",
            Self::KeyRevoked => "key_revoked",
            Self::KeyDisabled => "key_disabled",
            Self::KeyExpired { .. } => "key_expired",
            Self::WrongRegion { .. } => "wrong_region",
            Self::KindNotAccepted { .. } => "kind_not_accepted",
            Self::WrongEnvironment { .. } => "wrong_environment",
            Self::AddressNotAllowed { .. } => "ip_not_allowed",
            Self::NoRoute => "no_route",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::UnsupportedMedia(_) => "unsupported_media",
            Self::InvalidBody { .. } => "invalid_body",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::BodyRequired => "body_required",
            Self::TooManyItems { .. } => "too_many_items",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::AuthUnavailable => "auth_unavailable",
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) | Self::AmbiguousPath(_) | Self::AmbiguousCredentials | Self::CredentialInUrl => 400,
            Self::MissingCredentials
            | Self::UnsupportedScheme
            | Self::InvalidCredentials(_)
            | Self::KeyRevoked
            | Self::KeyDisabled
            | Self::KeyExpired { .. }
            | Self::WrongRegion { .. }
            | Self::KindNotAccepted { .. } => 401,
            Self::HttpsRequired
            | Self::AccountSuspended
            | Self::WrongEnvironment { .. }
            | Self::AddressNotAllowed { .. }
            | Self::InsufficientScope { .. }
            | Self::BodyRequired
            | Self::QuotaExceeded { retry_after_ms: None, .. } => 403,
            Self::NoApi | Self::NoRoute => 404,
            Self::PayloadTooLarge { .. } => 413,
            Self::UnsupportedMedia(_) => 415,
            Self::TooManyItems { .. } => 422,
            Self::InvalidBody { status, .. } => *status,
            Self::RateLimited { .. } | Self::QuotaExceeded { retry_after_ms: Some(_), .. } => 429,
            Self::UpstreamUnavailable => 502,
            Self::AuthUnavailable => 503,
            Self::UpstreamTimeout => 504,
        }
    }

    /// How long to wait before another try, where waiting helps.
    pub const fn retry_after_ms(&self) -> Option<i64> {
        match self {
            Self::RateLimited { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::QuotaExceeded { retry_after_ms, .. } => *retry_after_ms,
            _ => None,
        }
    }

    /// What a client is told. Says what would help, but only what the holder of the secret may know.
    pub fn message(&self) -> String {
        match self {
            Self::BadRequest(why) => format!("The request can't be read: {why}."),
            Self::AmbiguousPath(fault) => format!("The path is refused: {fault}."),
            Self::NoApi => "No API answers at this address.".into(),
            Self::AmbiguousCredentials => "The request carries more than one credential; send exactly one.".into(),
            Self::CredentialInUrl => {
                "A key was sent in the URL. Send it in a header, and replace it: URLs end up in logs.".into()
            }
            Self::MissingCredentials => "The request carries no complete credential.".into(),
            Self::UnsupportedScheme => "This API does not use that Authorization scheme.".into(),
            Self::InvalidCredentials(_) => "The credentials are not valid.".into(),
            Self::HttpsRequired => {
                "This API accepts keys over HTTPS only. Replace this key: it was sent in clear.".into()
            }
            Self::AccountSuspended => "The account is suspended.".into(),
            Self::KeyRevoked => "The key has been revoked.".into(),
            Self::KeyDisabled => "The key is disabled.".into(),
            Self::KeyExpired { at } => format!("The key has expired ({}).", at.rfc3339_seconds()),
            Self::WrongRegion { asked, region, host: Some(host) } => {
                format!("The account lives in region {region}, not {asked}; use the host {host}.")
            }
            Self::WrongRegion { asked, region, host: None } => {
                format!("The account lives in region {region}, not {asked}.")
            }
            Self::KindNotAccepted { wanted } => format!("The account accepts {wanted} keys only."),
            Self::WrongEnvironment { environment } => format!("A {environment} key can't be used here."),
            Self::AddressNotAllowed { seen: Some(seen) } => format!("The key may not be used from {seen}."),
            Self::AddressNotAllowed { seen: None } => {
                "The key may be used from certain addresses only, and the caller's is not known.".into()
            }
            Self::NoRoute => "The API has no such route.".into(),
            Self::InsufficientScope { needed } => format!("The key lacks a scope; needed: {}.", needed.join(" ")),
            Self::UnsupportedMedia(why) => format!("The body can't be read: {why}."),
            Self::InvalidBody { why, .. } => why.clone(),
            Self::PayloadTooLarge { bytes_max } => format!("The body is larger than {bytes_max} bytes."),
            Self::BodyRequired => {
                "The decision on this route needs the request's body, and none was handed over.".into()
            }
            Self::TooManyItems { items_max, items } => {
                format!("At most {items_max} items are allowed; the request has {items}.")
            }
            Self::RateLimited { limit, retry_after_ms } => {
                format!("The limit \"{limit}\" is used up; try again in {} s.", seconds_up(*retry_after_ms))
            }
            Self::QuotaExceeded { quota, retry_after_ms: Some(wait) } => {
                format!("The quota \"{quota}\" is used up; it is renewed in {} s.", seconds_up(*wait))
            }
            Self::QuotaExceeded { quota, retry_after_ms: None } => {
                format!("The quota \"{quota}\" is used up for good.")
            }
            Self::UpstreamUnavailable => "The API behind the gateway could not be reached.".into(),
            Self::UpstreamTimeout => "The API behind the gateway did not answer in time.".into(),
            Self::AuthUnavailable => "No safe decision can be made at the moment; try again.".into(),
        }
    }
}

/// Milliseconds as whole seconds, at least one: what `Retry-After` carries.
pub const fn seconds_up(ms: i64) -> i64 {
    let seconds = ms / 1_000 + if ms % 1_000 > 0 { 1 } else { 0 };
    if seconds < 1 { 1 } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_rounded_down() {
        assert_eq!((seconds_up(0), seconds_up(1), seconds_up(1_000), seconds_up(1_001)), (1, 1, 1, 2));
    }

    #[test]
    fn r30_an_expired_key_is_told_so() {
        let denial = Denial::KeyExpired { at: UnixMs(0) };
        assert_eq!((denial.status(), denial.code()), (401, "key_expired"));
        assert!(denial.message().contains("has expired"));
    }

    #[test]
    fn invalid_credentials_are_all_alike() {
        let all = [Reason::Malformed, Reason::Checksum, Reason::Unknown, Reason::WrongAccount]
            .map(Denial::InvalidCredentials);
        assert!(all.iter().all(|denial| denial.message() == all[0].message() && denial.code() == all[0].code()));
    }
}
