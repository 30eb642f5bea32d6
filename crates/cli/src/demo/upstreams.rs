//! The example upstreams, each on a loopback port of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::example::{self, Which};

/// Where the example upstreams listen.
#[derive(Debug)]
pub(super) struct Upstreams(Vec<(Which, SocketAddr)>);

impl Upstreams {
    /// The URL of one.
    pub(super) fn url(&self, which: Which) -> String {
        let found = self.0.iter().find(|(known, _)| *known == which);
        let (_, address) = found.expect("every example upstream was started");
        format!("http://{address}")
    }
}

/// Starts all of them; they end with the program.
pub(super) async fn start() -> io::Result<Upstreams> {
    let mut all = Vec::with_capacity(Which::ALL.len());
    for which in Which::ALL {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        all.push((which, listener.local_addr()?));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, example::router(which)).await {
                tracing::error!(?which, %error, "an example upstream ended");
            }
        });
    }
    Ok(Upstreams(all))
}
