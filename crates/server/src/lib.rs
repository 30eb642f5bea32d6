//! Everything of Keyward with I/O: the keyring and its feed, the gateway, the auth listener, the store and the
//! management API. A library, so that tests run it in-process; the `keyward` binary is a thin shell around it.

pub mod accounts;
pub mod apis;
pub mod app;
pub mod audit;
pub mod auth;
pub mod authorize;
pub mod changes;
pub mod clock;
pub mod config;
pub mod db;
pub mod gateway;
pub mod http;
pub mod keyring;
pub mod keys;
pub mod labels;
pub mod leaks;
pub mod limits;
pub mod logs;
pub mod mail;
pub mod management;
mod mapped;
pub mod metrics;
pub mod notices;
pub mod operation;
pub mod outbox;
pub mod people;
pub mod policies;
pub mod quotas;
pub mod roles;
pub mod serve;
pub mod sessions;
pub mod signals;
pub mod usage;
pub mod vault;
pub mod webhooks;
