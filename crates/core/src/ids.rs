//! Prefixed identifiers: a UUID behind a word that says what it names (`key_0190…`).
//!
//! They are made by the server (UUID v7, so that they sort by time) and only parsed and shown here.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is not an id of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}` and 32 hexadecimal digits")]
pub struct BadId {
    /// The prefix that ids of this type carry, with its underscore.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { prefix: $prefix };
                let hex = text.strip_prefix($prefix).ok_or(bad)?;
                // One spelling per id: no upper case, no hyphens, no braces.
                let plain = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !plain {
                    return Err(bad);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| bad)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// Names an account.
    AccountId, "acct_"
);
id!(
    /// Names a key; stays the same when its secret is rotated.
    KeyId, "key_"
);
id!(
    /// Names a person.
    PersonId, "person_"
);
id!(
    /// Names a management key.
    ManagementKeyId, "mk_"
);
id!(
    /// Names one secret of a key (a key has two during an overlap).
    SecretId, "sec_"
);

id!(
    /// Names a sign-in.
    SessionId, "ses_"
);

id!(
    /// Names a notice.
    NoticeId, "ntc_"
);
id!(
    /// Names a parcel: one notice on its way to one receiver.
    ParcelId, "pcl_"
);
id!(
    /// Names a webhook endpoint.
    WebhookId, "whk_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = KeyId::new(Uuid::from_u128(0xABC));
        assert_eq!(id.to_string(), "key_00000000000000000000000000000abc");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "key_", "acct_00000000000000000000000000000abc", "key_00000000000000000000000000000ABC"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }
}
