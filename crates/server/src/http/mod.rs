//! The control listener's HTTP: what every route of the management API shares.
//!
//! A route reads wire types, calls one operation of its domain and renders what comes back; rules are the
//! domain's. `router` alone knows all domains.

mod assets;
mod body;
mod caller;
mod headers;
mod openapi;
pub mod outward;
mod pages;
mod permits;
mod post;
mod problem;
mod query;
mod reply;
mod router;
mod serve;
mod shell;
pub mod words;

pub use body::{Json, OptionalJson, Raw};
pub use caller::{By, Caller, Standing, Visitor};
pub use headers::{IdempotencyKey, IfMatch, ObjectId, SecondId, ThirdId};
pub use pages::Metrics;
pub use post::post_json;
pub use problem::Problem;
pub use query::{Filter, Query, id_parameter};
pub use reply::{list_problem, page_of, replayed, versioned, wire_page};
pub use router::{document, router};
pub use serve::{Peer, serve};
