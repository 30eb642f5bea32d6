//! How long counts are kept.

/// For how many days counts of each kind are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageSettings {
    /// Per minute.
    pub minutes_days: u32,
    /// Per hour.
    pub hours_days: u32,
    /// Per day.
    pub days_days: u32,
    /// Of each key.
    pub keys_days: u32,
}
