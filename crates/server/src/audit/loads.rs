//! Loads of the configuration are changes too: who may do what can depend on them.

use serde_json::{Value, json};

use super::{diff, store};
use crate::app::App;
use crate::changes::{Actor, AuditEvent};
use crate::operation::OpError;

const DIGEST: &str = "config.digest";
const EFFECTIVE: &str = "config.effective";
/// Most lines of a difference that are kept.
const LINES_MAX: usize = 200;
/// Most letters of each.
const LETTERS_MAX: usize = 300;

/// Notes that this configuration was loaded, unless it was the last one already: digests, and what differs setting by
/// setting. The effective configuration holds no secret.
pub async fn note_config(app: &App) -> Result<(), OpError> {
    let config = std::sync::Arc::clone(&app.config);
    app.changes
        .run(Actor::system(), move |tx| {
            Box::pin(async move {
                let before = store::fact(tx.conn(), DIGEST).await?;
                if before.as_ref() == Some(&config.digest) {
                    return Ok(());
                }
                let old = store::fact(tx.conn(), EFFECTIVE).await?;
                store::set_fact(tx.conn(), DIGEST, &config.digest).await?;
                store::set_fact(tx.conn(), EFFECTIVE, &config.effective).await?;
                let mut after = json!({ "digest": config.digest, "version": env!("CARGO_PKG_VERSION") });
                if let Some(old) = old {
                    let lines = diff::settings(&old, &config.effective);
                    after["lines_left_out"] = lines.len().saturating_sub(LINES_MAX).into();
                    after["diff"] = lines.into_iter().take(LINES_MAX).map(short).collect::<Vec<Value>>().into();
                }
                tx.audit(AuditEvent {
                    action: "config.loaded",
                    subject: "config".into(),
                    account: None,
                    before: before.map(|digest| json!({ "digest": digest })),
                    after: Some(after),
                });
                Ok(())
            })
        })
        .await
}

fn short(line: String) -> Value {
    match line.char_indices().nth(LETTERS_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]).into(),
        None => line.into(),
    }
}
