//! Signing in over real sockets, as a browser does it.

mod browser;
mod callers;
mod factors;
mod nowhere;
mod password;
mod setup;
#[cfg(feature = "sso")]
mod sso;

use std::sync::Arc;

use keyward_core::secret::Secret;
use keyward_server::changes::Actor;
use keyward_server::http::{router, serve};
use keyward_server::sessions::operators::{self, NewOperator};
use serde_json::json;

use crate::support::{Started, start};
pub use browser::{Answer, Browser};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";
const OTHER: &str = "four yellow umbrellas";

/// A program with its control listener.
pub struct Site {
    pub started: Started,
    pub base: String,
}

impl Site {
    /// With this configuration and nobody in it.
    pub async fn start(config: &str) -> Self {
        Self::on(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), config).await
    }

    /// On a port that was taken before.
    pub async fn on(listener: tokio::net::TcpListener, config: &str) -> Self {
        let started = start(config).await;
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = router(started.app.clone(), Arc::new(|_| "keyward_up 1\n".into()));
        tokio::spawn(serve(listener, router, std::future::pending()));
        Self { started, base }
    }

    /// With Ada, who runs it.
    pub async fn with_ada() -> Self {
        let site = Self::start("").await;
        site.operator(EMAIL).await;
        site
    }

    /// Somebody who runs it.
    pub async fn operator(&self, email: &str) {
        let new = NewOperator { name: "Ada".into(), email: email.into() };
        operators::ensure(&self.started.app, Actor::cli(), new, &Secret::new(PASSWORD.into())).await.unwrap();
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A browser in which Ada is signed in.
    pub async fn ada(&self) -> Browser {
        let browser = self.browser();
        browser.post("/v1/session", json!({ "email": EMAIL, "password": PASSWORD })).await.is(200);
        browser
    }
}
