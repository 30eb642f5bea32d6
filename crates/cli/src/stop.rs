//! Told to stop: SIGTERM or SIGINT, and once more for those who can't wait.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the program.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From here on the signals no longer end the program by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(crate) async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }

    /// Lets `ending` finish unless a further signal comes; whether it finished.
    pub(crate) async fn unless_told_again(&mut self, ending: impl Future<Output = ()>) -> bool {
        tokio::select! {
            () = ending => true,
            () = self.told() => false,
        }
    }
}
