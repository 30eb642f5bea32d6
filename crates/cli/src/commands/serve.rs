//! `keyward serve`: the real thing.

use std::sync::Arc;

use anyhow::bail;
use keyward_server::app::{App, ClockChoice};
use keyward_server::audit;
use keyward_server::serve::{self, Bound, Running};
use keyward_server::sessions::operators;
use serde_json::json;

use super::config;
use crate::args::Global;
use crate::local;
use crate::output::Output;
use crate::stop::Stop;

/// Serves until told to stop; then lets requests under way finish.
pub(crate) async fn run(global: &Global, output: Output) -> anyhow::Result<()> {
    let config = Arc::new(config::load(&global.config)?);
    let mut stop = Stop::listen()?;
    let bound = Bound::bind(&config)?;
    let app = App::start(config, ClockChoice::System).await?;
    audit::note_config(&app).await.map_err(local::refused)?;
    let running = serve::start(app.clone(), bound)?;
    announce(&running, output)?;
    announce_setup(&app, &running, output).await?;
    stop.told().await;
    finish(running, &mut stop).await
}

/// Lets requests under way finish, unless told to stop once more.
pub(crate) async fn finish(running: Running, stop: &mut Stop) -> anyhow::Result<()> {
    tracing::info!("stopping: requests under way may finish; a second signal ends them");
    if stop.unless_told_again(running.stop()).await {
        return Ok(());
    }
    bail!("ended at once, as told; requests under way were cut off")
}

/// While nobody runs the deployment, whoever reads this console may begin to (threat T19).
async fn announce_setup(app: &App, running: &Running, output: Output) -> anyhow::Result<()> {
    let Some(link) = operators::setup_link(app).await.map_err(local::refused)? else { return Ok(()) };
    let base = app.config.control_url.clone().unwrap_or_else(|| format!("http://{}", running.control));
    output.remark(format_args!(
        "\nNobody runs this deployment yet. Set up the first operator within an hour:\n\n  {base}/setup#{}\n",
        link.expose()
    ));
    Ok(())
}

fn announce(running: &Running, output: Output) -> anyhow::Result<()> {
    let [gateway, auth, control] = [running.gateway, running.auth, running.control].map(|at| format!("http://{at}"));
    if output.is_json() {
        return output.json(&json!({ "gateway": gateway, "auth": auth, "control": control }));
    }
    output.line("Keyward is serving")?;
    output.facts(&[("gateway", gateway.into()), ("auth", auth.into()), ("control", control.into())])?;
    Ok(())
}
