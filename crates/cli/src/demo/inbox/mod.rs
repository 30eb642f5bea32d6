//! The demo's inbox: a mail server that keeps what it is given, and a page that shows it. Nothing leaves this machine.
//!
//! The page also moves the demo's clock, so that one sees a passcode nearing its end, and ending, within seconds.

mod page;
mod smtp;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use keyward_core::time::UnixMs;
use keyward_server::app::App;
use keyward_server::clock::Clock;
use tokio::net::TcpListener;

pub(super) use page::pass;

/// Where the page listens unless that is busy.
const PAGE_PORT: u16 = 8083;
/// Most mails that are kept; then the oldest goes.
const MAILS_MAX: usize = 500;

/// A mail as it arrived.
#[derive(Debug, Clone)]
struct Mail {
    number: u64,
    at: UnixMs,
    to: String,
    subject: String,
    text: String,
    html: String,
}

/// What has arrived.
#[derive(Debug, Default)]
struct Mails {
    count: u64,
    /// Oldest first.
    kept: Vec<Mail>,
}

/// The mail server and the page's place.
pub(super) struct Inbox {
    /// Where mail is handed over.
    pub(super) smtp: SocketAddr,
    page: TcpListener,
    mails: Arc<Mutex<Mails>>,
}

impl Inbox {
    /// Starts the mail server; the page is served once there is a program.
    pub(super) async fn start(clock: &Clock) -> anyhow::Result<Self> {
        let why = "the demo's inbox could not be started";
        let smtp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context(why)?;
        let page = match TcpListener::bind((Ipv4Addr::LOCALHOST, PAGE_PORT)).await {
            Ok(page) => page,
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context(why)?,
        };
        let inbox = Self { smtp: smtp.local_addr().context(why)?, page, mails: Arc::default() };
        tokio::spawn(smtp::serve(smtp, clock.clone(), Arc::clone(&inbox.mails)));
        Ok(inbox)
    }

    /// Serves the page until the program ends; its URL.
    pub(super) fn serve(self, app: App) -> anyhow::Result<String> {
        let address = self.page.local_addr().context("the inbox has no address")?;
        let router = page::router(app, self.mails, address);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(self.page, router).await {
                tracing::error!(%error, "the demo's inbox ended");
            }
        });
        Ok(format!("http://{address}"))
    }
}

/// Keeps one more.
fn keep(mails: &Mutex<Mails>, mail: Mail) {
    let mut mails = mails.lock().unwrap_or_else(PoisonError::into_inner);
    mails.count += 1;
    let number = mails.count;
    if mails.kept.len() >= MAILS_MAX {
        mails.kept.remove(0);
    }
    mails.kept.push(Mail { number, ..mail });
}

/// All that are kept, newest first.
fn all(mails: &Mutex<Mails>) -> Vec<Mail> {
    mails.lock().unwrap_or_else(PoisonError::into_inner).kept.iter().rev().cloned().collect()
}
