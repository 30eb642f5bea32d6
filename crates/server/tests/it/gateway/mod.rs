//! The presets through the gateway: a whole program with its store, over real sockets, in front of an upstream that
//! notes what it receives.

mod clevertap;
mod clickyid;
mod codat;
mod fourth;
mod holder;
mod noticed;
mod plain;
#[allow(dead_code, reason = "shared with the gateway's own tests, which use all of it")]
#[path = "../../../src/gateway/tests/wire.rs"]
pub(super) mod wire;

use keyward_core::key::Environment;
use keyward_server::accounts::AccountView;
use keyward_server::clock::Clock;
use keyward_server::keys::NewKey;
use keyward_server::serve::{Bound, Running};

use crate::support::{self, START, Started};
use wire::{Client, Origin, Reply};

/// A program whose gateway serves, with its upstreams.
pub(super) struct Gated {
    pub(super) started: Started,
    pub(super) live: Origin,
    pub(super) test: Origin,
    pub(super) running: Running,
}

impl Gated {
    /// `apis` may name its upstreams `LIVE` and `TEST`.
    pub(super) async fn start(apis: &str) -> Self {
        Self::start_on(apis, Clock::manual(START)).await
    }

    /// The same on this clock.
    pub(super) async fn start_on(apis: &str, clock: Clock) -> Self {
        let (live, test) = (Origin::plain(), Origin::plain());
        let at = |text: &str, name: &str, origin: &Origin| text.replace(name, &format!("http://{}", origin.address));
        let apis = at(&at(apis, "LIVE", &live), "TEST", &test);
        let listen = "[listen]\ngateway = '127.0.0.1:0'\nauth = '127.0.0.1:0'\ncontrol = '127.0.0.1:0'\n";
        let started = support::start_on(&format!("{listen}[gateway]\nworkers = 1\n{apis}"), clock).await;
        let bound = Bound::bind(&started.app.config).unwrap();
        let running = keyward_server::serve::start(started.app.clone(), bound).unwrap();
        Self { started, live, test, running }
    }

    pub(super) fn connect(&self) -> Client {
        Client::connect(self.running.gateway)
    }

    /// One request with these header lines on its own connection.
    pub(super) fn send(&self, line: &str, headers: &[&str], body: &str) -> Reply {
        let mut head = format!("{line} HTTP/1.1\r\nHost: api.example.com");
        for header in headers {
            head.push_str("\r\n");
            head.push_str(header);
        }
        if !body.is_empty() {
            head.push_str("\r\nContent-Type: application/json\r\nContent-Length: ");
            head.push_str(&body.len().to_string());
        }
        self.connect().send(&head, body)
    }

    /// A new key's secret.
    pub(super) async fn secret(&self, new: NewKey) -> String {
        let made = self.started.key(new).await;
        made.secret.map(|secret| secret.expose().to_owned()).expect("a new key's secret is shown")
    }
}

/// Status and code of a reply.
pub(super) fn told(reply: &Reply) -> (u16, String) {
    (reply.status, reply.code())
}

pub(super) fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A key with these scopes.
pub(super) fn scoped(account: &AccountView, name: &str, environment: Environment, scopes: &[&str]) -> NewKey {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    NewKey { environment, scopes, ..support::new_key(account, name) }
}
