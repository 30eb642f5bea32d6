//! The ward judged from outside: against an oracle, under many threads, with clients that hang up.

mod hammer;
mod hang_up;
mod oracle;
mod unreadable;

use std::borrow::Cow;
use std::net::IpAddr;

use keyward_core::decide::Request;
use keyward_core::route::Matched;
use keyward_server::app::App;
use keyward_server::authorize::{Attempt, Body, Outcome, Presented, Ward};

/// The code of a denial, or `allow`.
pub fn ask(
    app: &App,
    ward: &Ward,
    api: &str,
    secret: &str,
    path: Option<&str>,
    address: Option<IpAddr>,
) -> &'static str {
    let setup = app.config.api(api).unwrap();
    let attempt = Attempt {
        setup,
        presented: Presented::Credential { account: None, secret: Cow::Borrowed(secret) },
        request: Request {
            region: None,
            address,
            https: None,
            route: path.map_or(Matched::NotAsked, |path| setup.api.routes.find("GET", path)),
        },
        body: Body::Unread,
        items: None,
        cost: None,
        spend: true,
    };
    match ward.authorize(&attempt).outcome {
        Outcome::Allow => "allow",
        Outcome::Deny(denial) => denial.code(),
        Outcome::NeedBody { .. } => "need_body",
    }
}
