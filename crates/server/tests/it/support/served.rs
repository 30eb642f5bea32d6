//! A whole program on free ports.

use std::net::SocketAddr;

use keyward_server::serve::{self, Bound, Running};

use super::{Started, start};

/// A program with its three listeners.
pub struct Served {
    pub started: Started,
    pub running: Running,
    pub client: reqwest::Client,
}

/// Starts a program with these APIs and all listeners on free ports.
pub async fn serve(apis: &str) -> Served {
    let listen = "[listen]\ngateway = \"127.0.0.1:0\"\nauth = \"127.0.0.1:0\"\ncontrol = \"127.0.0.1:0\"\n";
    let started = start(&format!("{listen}[gateway]\nworkers = 2\n{apis}")).await;
    let bound = Bound::bind(&started.app.config).unwrap();
    let running = serve::start(started.app.clone(), bound).unwrap();
    Served { started, running, client: reqwest::Client::new() }
}

impl Served {
    /// Posts JSON and gives status and JSON.
    pub async fn post(&self, to: SocketAddr, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let answer = self.client.post(format!("http://{to}{path}")).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}
