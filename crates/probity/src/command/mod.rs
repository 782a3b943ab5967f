//! The command line: every command, its arguments and what it says of itself.

mod checkpoint;
mod data;
mod file;
mod init;
mod key;
mod organization;
mod rebuild;
mod relocate;
mod serve;
mod study;
mod verify;

use anyhow::Result;
use clap::{Parser, Subcommand};

pub(crate) use self::serve::configuration_settings;
#[cfg(feature = "demo")]
use crate::demo::Demo;
use crate::{
    log::{self, LogFormat},
    outcome::Outcome,
    prove::Prove,
};

/// Probity: clinical-trial data, with every promise a check.
#[derive(Debug, Parser)]
#[command(
    name = "probity",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Begin with `probity init` and `probity serve`.\n\n\
        Exit status: 0 it is done, or it holds; 1 a check found what does not hold; 2 it could not be done."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    #[command(subcommand)]
    Org(organization::OrganizationCommand),
    #[command(subcommand)]
    Study(study::StudyCommand),
    #[command(subcommand)]
    Data(data::DataCommand),
    Verify(verify::Verify),
    Checkpoint(checkpoint::SaveCheckpoints),
    Rebuild(rebuild::Rebuild),
    Move(relocate::Relocate),
    Prove(Prove),
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Start the product with a running demonstration study
    #[cfg(feature = "demo")]
    Demo(Demo),
}

impl CommandLine {
    /// Does what it says.
    pub(crate) fn run(self) -> Result<Outcome> {
        // Those who serve start it as they are told to; `prove` makes incidents on purpose; whoever else works at the console
        // sees the cause of one.
        match self.command {
            Command::Serve(_) | Command::Prove(_) => {}
            #[cfg(feature = "demo")]
            Command::Demo(_) => {}
            _ => log::start_at(LogFormat::Text, "error"),
        }
        match self.command {
            Command::Init(init) => init.run(),
            Command::Serve(serve) => serve.run(),
            Command::Org(command) => command.run(),
            Command::Study(command) => command.run(),
            Command::Data(command) => command.run(),
            Command::Verify(verify) => verify.run(),
            Command::Checkpoint(checkpoint) => checkpoint.run(),
            Command::Rebuild(rebuild) => rebuild.run(),
            Command::Move(relocate) => relocate.run(),
            Command::Prove(prove) => prove.run(),
            Command::Key(command) => command.run(),
            #[cfg(feature = "demo")]
            Command::Demo(demo) => demo.run(),
        }
    }
}
