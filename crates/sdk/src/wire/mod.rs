//! Wire types: JSON in snake_case, ids and RFC 3339 times (UTC) as text.
//!
//! Requests refuse unknown members, so that a typing error never passes for a setting. Answers may grow.
//! A choice with a value is an object of one member (`{"days": 30}`), one without is its bare word (`"never"`).

mod accounts;
mod apis;
mod audit;
mod change;
mod dry_run;
mod explain;
mod handing;
mod hygiene;
mod keys;
mod leaks;
mod live;
mod logs;
mod management;
mod notices;
mod outbox;
mod page;
mod people;
mod policies;
mod problem;
mod roles;
mod secret;
mod sessions;
mod terms;
mod usage;
mod verify;
mod webhooks;

pub use accounts::{AcceptedKeys, Account, AccountCreated, AccountEdit, AccountQuery, NewAccount};
pub use apis::{Api, ApiRegions, ExpiryRules, KindRules, Naming, Plan, Region, Route, Scheme, Scope, Visibility};
pub use audit::{AuditEvent, AuditExportQuery, AuditFormat, AuditQuery};
pub use change::{Changed, Done, Effective};
pub use dry_run::{DryRun, DryRunQuery, OrDryRun, TouchedKey};
pub use explain::{ExplainHeader, ExplainRecorded, ExplainRequest, ExplainedRecord, ExplainedRequest};
pub use handing::{DeclineKey, NewPickup, PickUp, PickUpLook, Pickup, PickupBy, PickupSent};
pub use hygiene::{ArrivingKey, ArrivingUnknown, Hygiene, HygieneKey, HygieneQuery};
pub use keys::{
    Environment, Expires, FindKey, Found, Key, KeyEdit, KeyQuery, KeyWithSecret, Kind, NewKey, ResetKey, RotateKey,
    SecretInfo, Standing,
};
pub use leaks::{Exposed, GithubFeedback, GithubMatch, LeakLabel, LeakReport, LeakReports, LeakResult, LeakResults};
pub use live::{LiveKey, LiveLimit, LiveQuery, LiveTick};
pub use logs::{
    LogBodies, LogBodiesQuery, LogBody, LogDropped, LogEntry, LogExportQuery, LogFilter, LogFormat, LogMissing,
    LogOutcome, LogPage, LogQuery, LogSource, LogStatus, LogTailQuery,
};
pub use management::{ManagementKey, ManagementKeyCreated, NewManagementKey, Whoami};
pub use notices::{KeptNoticeSettings, Notice, NoticeChoice, NoticeDelivery, NoticeQuery, NoticeSettings, Snooze};
pub use outbox::{Channel, MailTest, MailTested, OutboxQuery, Parcel, ParcelState};
pub use page::{Page, PageQuery};
pub use people::{
    AcceptInvitation, Invitation, KeyChoice, KeyDeed, Known, KnownKey, LinkToken, Me, MemberState, NewOperator,
    NewPerson, OneTimeLink, Operator, OperatorAdded, OperatorEdit, OwnAccount, Person, PersonAdded, PersonEdit,
    PersonRemoved, RemovePerson, Rename, SeenHow,
};
pub use policies::{KeptPolicy, Policy};
pub use problem::{FieldError, Problem};
pub use roles::{Role, RoleSpec};
pub use secret::SecretText;
pub use sessions::{
    BeginSso, EndSessions, PasswordChange, PasswordReset, PasswordResetCompletion, Proof, RecoveryCodes, Session,
    Sessions, Setup, SignIn, SignedIn, SsoAnswer, SsoProvider, SsoProviders, TotpCode, TotpEnrolment, TotpProof,
};
pub use terms::{Algorithm, Limit, Per, Quota, Refill};
pub use usage::{
    Callers, CallersQuery, KeyUsage, KeysUsage, KeysUsageQuery, Met, Usage, UsageBy, UsageCount, UsageLoss, UsagePoint,
    UsageQuery, UsageSum, UsageTop, UsageTopQuery, UsageWhole,
};
pub use verify::{Check, CheckOutcome, Explanation, LimitState, Verification, Verify, VerifyBatch, VerifyBatchAnswer};
pub use webhooks::{Delivery, DeliveryQuery, NewWebhook, Webhook, WebhookEdit, WebhookWithSecret};

/// Reads a member that may be left out (`None`), be `null` (`Some(None)`) or have a value.
#[expect(clippy::option_option, reason = "left out, null and a value are three things")]
pub(crate) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
