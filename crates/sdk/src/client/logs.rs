//! The request log.

use super::{Answer, Client, Download};
use crate::wire::{LogBodies, LogBodiesQuery, LogExportQuery, LogPage, LogQuery, LogStatus, LogTailQuery};

impl Client {
    /// Rows of the log, newest first.
    pub async fn logs(&self, query: &LogQuery) -> Answer<LogPage> {
        self.get(&["v1", "logs"], query).await
    }

    /// Rows of the log as a file, newest first, piece by piece as it comes.
    pub async fn export_logs(&self, query: &LogExportQuery) -> Answer<Download> {
        self.download(&["v1", "logs", "export"], query).await
    }

    /// Rows as they come, as server-sent events.
    pub async fn tail_logs(&self, query: &LogTailQuery) -> Answer<Download> {
        self.download(&["v1", "logs", "tail"], query).await
    }

    /// What was kept of one request's bodies.
    pub async fn log_bodies(&self, query: &LogBodiesQuery) -> Answer<LogBodies> {
        self.get(&["v1", "logs", "bodies"], query).await
    }

    /// How the log does.
    pub async fn log_status(&self) -> Answer<LogStatus> {
        self.get(&["v1", "logs", "status"], &()).await
    }
}
