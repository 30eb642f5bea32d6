//! What a notice can be about.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:literal,)+) => {
        /// What a notice is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its word in the store, on the wire and in webhooks.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// A key was made.
    KeyCreated "key.created",
    /// A key is nearing its expiry.
    KeyExpiring "key.expiring",
    /// A key has expired.
    KeyExpired "key.expired",
    /// A key was ended for good.
    KeyRevoked "key.revoked",
    /// A key has a new secret.
    KeyRotated "key.rotated",
    /// A key's secret was shown again.
    KeyRevealed "key.revealed",
    /// A key's secret was picked up by a link.
    KeyPickedUp "key.picked_up",
    /// A key's secret was seen where it must not be: on plain HTTP, or published.
    KeyExposed "key.exposed",
    /// A limit or quota is nearly or wholly used up.
    LimitReached "limit.reached",
    /// One address tries many unknown keys.
    UnknownKeys "refusals.unknown_keys",
    /// A revoked key is still being used.
    RevokedKeyUsed "refusals.revoked_key",
    /// Somebody was added to an account.
    PersonAdded "person.added",
    /// Somebody joined an account.
    PersonJoined "person.joined",
    /// Somebody's role or standing changed.
    PersonChanged "person.changed",
    /// Somebody was removed from an account.
    PersonRemoved "person.removed",
    /// An invitation, to the person invited.
    Invitation "invitation",
    /// A link to a new password, to the person who asked.
    PasswordReset "password_reset",
    /// A webhook endpoint failed for so long that it was switched off.
    WebhookDisabled "webhook.disabled",
    /// What a person had held back for a day, in one.
    Digest "digest",
}

impl Kind {
    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether people are mailed unless they say otherwise. What an account's own people do all day is listed, and
    /// told to webhooks, but mailed only where the account wants it.
    pub const fn is_mailed(self) -> bool {
        match self {
            Self::KeyRevoked
            | Self::KeyRotated
            | Self::PersonAdded
            | Self::PersonJoined
            | Self::PersonChanged
            | Self::PersonRemoved => false,
            Self::KeyCreated
            | Self::KeyExpiring
            | Self::KeyExpired
            | Self::KeyRevealed
            | Self::KeyPickedUp
            | Self::KeyExposed
            | Self::LimitReached
            | Self::UnknownKeys
            | Self::RevokedKeyUsed
            | Self::Invitation
            | Self::PasswordReset
            | Self::WebhookDisabled
            | Self::Digest => true,
        }
    }

    /// Whether a key's contacts are told too: of its end alone. Where a secret was found is for the account's own people.
    pub const fn is_for_contacts(self) -> bool {
        matches!(self, Self::KeyExpiring | Self::KeyExpired)
    }

    /// Whether it waits for nobody's digest: somebody may be doing harm at this moment.
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::KeyExposed | Self::UnknownKeys | Self::RevokedKeyUsed)
    }

    /// Whether an account, or a person, can choose whether it is mailed: what is for one person alone is not to be
    /// switched off, nor is what others are folded into.
    pub const fn is_chosen(self) -> bool {
        !matches!(self, Self::Invitation | Self::PasswordReset | Self::Digest)
    }
}
