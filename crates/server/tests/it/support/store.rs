//! The store as somebody sees it who reads it past the program.

/// Tables with their rows as text; `sealed` stands for a sealed secret.
pub const TABLES: &[(&str, &str)] = &[
    ("account", "select id || public_id || name || coalesce(metadata, '') || tags from account"),
    ("person", "select id || name || coalesce(email, '') from person"),
    ("api_key", "select id || coalesce(name, '') || scopes || coalesce(metadata, '') || tags from api_key"),
    (
        "secret",
        "select id || key_id || pepper_id || hint || (case when sealed is null then '' else ' sealed' end) from secret",
    ),
    ("tombstone", "select key_id || coalesce(name, '') || reason from tombstone"),
    ("attribute", "select owner_id || name || value from attribute"),
    ("management_key", "select id || name || pepper_id || hint from management_key"),
    (
        "audit_event",
        "select actor || action || subject || coalesce(before, '') || coalesce(after, '') from audit_event",
    ),
    ("idempotency", "select actor || token || request || subject from idempotency"),
];
