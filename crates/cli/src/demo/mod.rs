//! `keyward demo`: everything at once, without configuration and without network, so that a stranger is at a working
//! request within minutes.
//!
//! It is the real program on a data directory of its own; what it shows that the real one does not is secrets.

mod inbox;
mod operator;
mod ports;
mod setting;
mod states;
mod told;
mod upstreams;
mod world;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::app::{App, ClockChoice};
use keyward_server::audit;
use keyward_server::clock::Clock;
use keyward_server::config;
use keyward_server::serve::{self, Bound};
use tempfile::TempDir;

use self::inbox::Inbox;
use crate::commands::finish;
use crate::failure::{BadConfig, Usage};
use crate::local;
use crate::output::Output;
use crate::stop::Stop;

/// What a demo may be told; it needs nothing.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the data in this directory; otherwise they are removed at the end.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Put your own API behind the neutral one, instead of the example.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Where the gateway listens; 127.0.0.1:8080, or a free port when that is busy.
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<SocketAddr>,
    /// Where the auth listener listens; 127.0.0.1:8082, or a free port when that is busy.
    #[arg(long, value_name = "ADDRESS")]
    auth: Option<SocketAddr>,
    /// Where the control listener listens; 127.0.0.1:8081, or a free port when that is busy.
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
    /// Permit addresses that other machines can reach. Nothing is encrypted, and the auth listener is open.
    #[arg(long)]
    insecure_bind: bool,
}

impl Demo {
    /// Addresses that other machines can reach are taken only from somebody who says so.
    fn stays_here(&self) -> Result<(), Usage> {
        let mut chosen = [self.gateway, self.auth, self.control].into_iter().flatten();
        match chosen.find(|address| !address.ip().is_loopback()) {
            Some(address) if !self.insecure_bind => {
                let why = "can be reached by other machines, and nothing is encrypted: say --insecure-bind";
                Err(Usage(format!("{address} {why} if that is meant")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Runs until told to stop.
pub(crate) async fn run(demo: &Demo, output: Output) -> anyhow::Result<()> {
    demo.stays_here()?;
    let mut stop = Stop::listen()?;
    let data = Data::open(demo.data.as_deref())?;
    let clock = Clock::demo(now().plus(-states::PAST_DAYS * DAY_MS));
    let inbox = Inbox::start(&clock).await?;
    let examples = upstreams::start().await.context("the example upstream could not be started")?;
    let setting = setting::Setting {
        data_dir: data.path(),
        listen: ports::choose([demo.gateway, demo.auth, demo.control])?,
        insecure_bind: demo.insecure_bind,
        own_upstream: demo.upstream.as_deref(),
        examples: &examples,
        smtp: inbox.smtp,
    };
    let config = Arc::new(config::parse(&setting.toml(), data.path()).map_err(BadConfig)?);
    let bound = Bound::bind(&config)?;
    let app = App::start(config, ClockChoice::Given(clock.clone())).await.context("the demo could not be started")?;
    audit::note_config(&app).await.map_err(local::refused)?;
    let running = serve::start(app.clone(), bound)?;
    let gateway = setting::reachable(running.gateway);
    let world = world::build(&app, &gateway, demo.upstream.is_some()).await?;
    clock.not_before(now());
    let inbox = inbox.serve(app.clone())?;
    let operator = operator::make(&app).await.context("the demo's operator could not be made")?;
    told::ready(
        &told::Facts { world: &world, operator: &operator, running: &running, data: &data, inbox: &inbox },
        output,
    )?;
    stop.told().await;
    finish(running, &mut stop).await
}

/// The machine's time; the demo's own clock begins before it and can be moved past it.
fn now() -> UnixMs {
    UnixMs(jiff::Timestamp::now().as_millisecond())
}

/// Where the demo's data are.
enum Data {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Data {
    fn open(kept: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(dir) = kept {
            local::make_dir(dir)?;
            let dir = dir.canonicalize().with_context(|| format!("{} can't be found", dir.display()))?;
            return Ok(Self::Kept(dir));
        }
        let dir = tempfile::Builder::new().prefix("keyward-demo-").tempdir();
        Ok(Self::Temporary(dir.context("no temporary directory could be made")?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        }
    }

    fn fate(&self) -> &'static str {
        match self {
            Self::Kept(_) => "kept",
            Self::Temporary(_) => "removed at the end",
        }
    }
}
