//! The tasks that keep the outbox moving, one for each channel, so that a mail server that stalls holds up no webhook.

use std::time::Duration;

use keyward_core::time::HOUR_MS;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Channel;
use super::digest::fold_once;
use super::sweep::sweep;
use super::work::work;
use crate::app::App;

/// How often to look unless a change wakes the worker: for what is due again, and for what a dead node had claimed.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long to wait for what is being sent when the program stops; what is cut off is sent again.
const STOP_MAX: Duration = Duration::from_secs(10);
const SWEEP_EVERY_MS: i64 = HOUR_MS;

/// The tasks at work.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Worker {
    /// Starts them. Must be called on the control runtime.
    pub fn start(app: &App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for channel in Channel::ALL {
            tasks.spawn(keep_working(app.clone(), channel, stopped.clone()));
        }
        tasks.spawn(keep_folding(app.clone(), stopped));
        Self { stop, tasks }
    }

    /// Lets what is being sent finish.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, ended).await.is_err() {
            tracing::warn!("parcels that were being sent are cut off; they are sent again");
        }
    }
}

async fn keep_working(app: App, channel: Channel, mut stopped: watch::Receiver<bool>) {
    let mut written = app.changes.watch();
    while !*stopped.borrow() {
        match work(&app, channel).await {
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, channel = channel.as_str(), "the outbox can't be read; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            changed = written.changed() => if changed.is_err() { return },
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Digests when they are due, and now and then what is old.
async fn keep_folding(app: App, mut stopped: watch::Receiver<bool>) {
    let mut swept_at = i64::MIN;
    loop {
        if let Err(error) = fold_once(&app).await {
            tracing::warn!(%error, "digests could not be made; trying again");
        }
        let now = app.clock.now().0;
        if now.saturating_sub(swept_at) >= SWEEP_EVERY_MS {
            match sweep(&app).await {
                Ok(_) => swept_at = now,
                Err(error) => tracing::warn!(%error, "old notices could not be deleted; trying again"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
