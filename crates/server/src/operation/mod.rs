//! What every operation shares: how it fails, how lists are paged, how a repeated create is recognised.

mod csv;
mod findings;
mod idempotency;
mod page;
mod rehearse;
mod store;

use keyward_core::time::UnixMs;
use uuid::{Builder, Uuid};

use crate::changes::Failed;

pub(crate) use csv::csv;
pub use findings::{FieldError, Findings};
pub use idempotency::Idempotency;
pub(crate) use idempotency::{recall, remember};
pub(crate) use page::Cursor;
pub use page::{Page, Paged};
pub(crate) use rehearse::rehearse;

/// Why an operation did nothing.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// There is no such object, or it is beyond the caller's reach: the two are not told apart (threat T3).
    #[error("not found")]
    NotFound,
    /// The state of things forbids it.
    #[error("{message}")]
    Conflict {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// What was sent breaks rules; every broken one is listed.
    #[error("invalid")]
    Invalid(Vec<FieldError>),
    /// The object is no longer the one that the caller saw.
    #[error("the object was changed since")]
    PreconditionFailed,
    /// Not for this caller.
    #[error("{message}")]
    Forbidden {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// Who the caller is was not proved.
    #[error("{message}")]
    Unproved {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// What was sent was good once.
    #[error("{message}")]
    Gone {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// Somebody else's program did not do its part.
    #[error("{message}")]
    Elsewhere {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
    },
    /// Too often.
    #[error("{message}")]
    TooMany {
        /// What programs read.
        code: &'static str,
        /// What people read.
        message: String,
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The store said no.
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
    /// The change could not be made, or its fate is unknown.
    #[error(transparent)]
    Change(#[from] Failed),
}

impl OpError {
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::Forbidden { code, message: message.into() }
    }

    /// For what only the operator may do.
    pub(crate) fn operator_only(what: &str) -> Self {
        Self::forbidden("operator_only", format!("only the operator may {what}"))
    }

    /// For what the caller's role or management key does not permit.
    pub(crate) fn denied(needed: impl std::fmt::Display) -> Self {
        Self::forbidden("permission_denied", format!("this needs the permission {needed}"))
    }

    /// Nobody gives, changes or takes away what is more than their own (threat T4).
    pub(crate) fn more_than_own() -> Self {
        Self::forbidden("more_than_own", "this is more than you may do yourself")
    }

    /// Whether it is the store that can't be asked now, and not something wrong with what was asked.
    pub(crate) fn is_of_the_store(&self) -> bool {
        match self {
            Self::Change(_) => true,
            Self::Store(error) => !matches!(error, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }),
            Self::NotFound
            | Self::Conflict { .. }
            | Self::Invalid(_)
            | Self::PreconditionFailed
            | Self::Forbidden { .. }
            | Self::Unproved { .. }
            | Self::Gone { .. }
            | Self::Elsewhere { .. }
            | Self::TooMany { .. } => false,
        }
    }

    /// A refusal of one field.
    pub(crate) fn field(pointer: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.into(), message: message.into() }])
    }
}

/// A row of the store that can't be understood.
pub(crate) fn damaged(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} can't be read").into())
}

/// Whether an error is a unique constraint's over this column. Rules ask first; constraints are the backstop.
pub(crate) fn is_taken(error: &sqlx::Error, column: &str) -> bool {
    // PostgreSQL names the constraint after its columns, SQLite lists them: both messages hold the column's name.
    error.as_database_error().is_some_and(|error| error.is_unique_violation() && error.message().contains(column))
}

/// A new identifier that sorts by the instant it was made at.
pub(crate) fn new_id(now: UnixMs) -> Uuid {
    let mut random = [0_u8; 10];
    crate::vault::random(&mut random);
    Builder::from_unix_timestamp_millis(now.0.max(0) as u64, &random).into_uuid()
}
