//! Whom we may tell, and whose reports we believe.

use std::time::Duration;

use ipnet::IpNet;

use crate::leaks::PublicKey;

/// Bounds of requests to addresses that others chose (threat T14).
#[derive(Debug, Clone, Default)]
pub struct OutwardSettings {
    /// Ranges that are not public and may be told all the same.
    pub allow: Vec<IpNet>,
    /// The only ports that may be told.
    pub ports: Vec<u16>,
    /// Whether this machine itself may be told, on any port and without TLS.
    pub loopback: bool,
    /// Certificate authorities to believe besides the public ones, DER.
    pub authorities: Vec<Vec<u8>>,
    /// Time to connect to one address.
    pub connect_timeout: Duration,
    /// Time for a whole attempt.
    pub timeout: Duration,
}

/// Whose reports of leaks are believed.
#[derive(Debug, Clone, Default)]
pub struct LeakSettings {
    /// Whether GitHub's are taken.
    pub github: bool,
    /// Keys that they may be signed with.
    pub github_keys: Vec<PublicKey>,
    /// Where others are fetched; `None`: nowhere.
    pub github_keys_url: Option<String>,
}
