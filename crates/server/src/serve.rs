//! The three listeners, put to work on a program that has started.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::audit::{Keeper, Keeping};
use crate::auth::Auth;
use crate::config::Config;
use crate::gateway::listen::{Bounds, Serving, Sockets, serve};
use crate::gateway::{Doors, Gateway};
use crate::outbox::Worker;
use crate::signals::Teller;
use crate::{http, metrics, usage};

/// The listeners' sockets: bound before anything else is started, so that a busy port is known at once.
#[derive(Debug)]
pub struct Bound {
    gateway: Sockets,
    auth: Sockets,
    control: TcpListener,
}

impl Bound {
    /// Binds all three addresses; port 0 takes a free one.
    pub fn bind(config: &Config) -> io::Result<Self> {
        let workers = config.gateway.workers;
        let named = |what: &str, address: SocketAddr| {
            let what = what.to_owned();
            move |error: io::Error| {
                io::Error::new(error.kind(), format!("the {what} listener can't use {address}: {error}"))
            }
        };
        let listen = &config.listen;
        let control = TcpListener::bind(listen.control).map_err(named("control", listen.control))?;
        control.set_nonblocking(true)?;
        Ok(Self {
            gateway: Sockets::bind(listen.gateway, workers).map_err(named("gateway", listen.gateway))?,
            auth: Sockets::bind(listen.auth, workers).map_err(named("auth", listen.auth))?,
            control,
        })
    }
}

/// The listeners at work.
#[derive(Debug)]
pub struct Running {
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// Where decisions are given.
    pub auth: SocketAddr,
    /// Where the management API is.
    pub control: SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    serving: [Serving; 2],
    controlling: JoinHandle<()>,
    keeping: Keeping,
    sending: Worker,
    telling: Teller,
}

/// Serves on all three. Must be called on the control runtime; gateway and auth get threads of their own.
pub fn start(app: App, bound: Bound) -> io::Result<Running> {
    let (stop, stopped) = watch::channel(false);
    let gateway = Gateway::new(Arc::clone(&app.config), app.clock.clone(), app.ward());
    let gateway = Arc::new(gateway.with_doors(Doors::new(app.clone())).with_logs(Arc::clone(&app.logs)));
    let stats = Arc::clone(gateway.stats());
    let at_gateway = gateway.serve(bound.gateway, stopped.clone())?;

    let (ward, config, logs) = (app.ward(), Arc::clone(&app.config), Arc::clone(&app.logs));
    let bounds = Bounds::from(&app.config.gateway);
    let make = move |_: usize, _: &_| Auth::new(ward.clone(), Arc::clone(&config), logs.recorder());
    let at_auth = serve("auth", bound.auth, bounds, Arc::new(AtomicUsize::new(0)), stopped.clone(), make)?;

    let control = bound.control.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(bound.control)?;
    let router = http::router(app.clone(), Arc::new(move |app: &App| metrics::render(app, &stats)));
    let mut stopped = stopped;
    let controlling = tokio::spawn(async move {
        let told = async move {
            // The sender going away means the same.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        http::serve(listener, router, told).await;
    });
    let keeping = Keeper::new(&app).start();
    let sending = Worker::start(&app);
    let telling = Teller::start(&app);
    Ok(Running {
        gateway: at_gateway.address(),
        auth: at_auth.address(),
        control,
        app,
        stop,
        serving: [at_gateway, at_auth],
        controlling,
        keeping,
        sending,
        telling,
    })
}

impl Running {
    /// Stops accepting, lets what is under way finish, saves what is only in memory.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.app.live.close();
        for serving in self.serving {
            let cut = serving.ended().await;
            if cut > 0 {
                tracing::warn!(connections = cut, "cut off when stopping: they took longer than gateway.drain_timeout");
            }
        }
        // Every answer has ended: all records are handed over.
        self.app.logs.stop().await;
        if let Err(error) = self.controlling.await {
            tracing::error!(%error, "the control listener ended badly");
        }
        // What is told goes into the outbox.
        self.telling.stop().await;
        self.sending.stop().await;
        if let Err(error) = usage::settle(&self.app).await {
            tracing::error!(%error, "usage could not be stored; the log has it, and it is counted at the next start");
        }
        self.keeping.stop().await;
        if let Err(error) = self.app.save().await {
            tracing::error!(%error, "last uses and quotas could not be saved");
        }
        self.app.db.close().await;
    }
}
