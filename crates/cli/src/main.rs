//! The `keyward` program: a thin shell around the server library and a client of its management API.

mod args;
mod client;
mod commands;
mod demo;
mod example;
mod failure;
mod input;
mod local;
mod logging;
mod output;
mod stop;
mod terms;
mod when;

use std::process::ExitCode;

use clap::Parser as _;

use args::Cli;
use output::Output;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.color, cli.global.json);
    logging::start(cli.global.log_format, cli.command.logs_by_default(), output.colours_stderr());
    let runtime = match cli.command.runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            return failure::report(&anyhow::Error::new(error).context("no runtime could be started"), output);
        }
    };
    let ended = runtime.block_on(commands::run(cli, output));
    // What is still under way was told to stop and had its time.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(error) => failure::report(&error, output),
    }
}
