//! Probity's one program: configuration, commands, and the machine's clock. What it decides, the crates beneath it
//! decide; it refuses to hold any logic of a trial.

mod clock;
mod command;
mod data_directory;
#[cfg(feature = "demo")]
mod demo;
mod log;
mod outcome;
mod person;
mod progress;
mod prove;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// For Rust and for the C libraries alike (docs/decisions/0018).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let command = command::CommandLine::parse();
    match command.run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            progress::say(&format!("probity: {error:#}"));
            ExitCode::from(2)
        }
    }
}
