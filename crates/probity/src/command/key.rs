//! `probity key`: a new root key. The data stay as they are; only the organizations' keys are wrapped anew.

use anyhow::Result;
use clap::Subcommand;

use crate::{
    data_directory::{DataDirectory, shown},
    outcome::Outcome,
    progress::print,
};

/// Rotate the root key
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new root key and wrap every organization's key with it; the old one opens nothing afterwards
    Rotate(Rotate),
}

/// Rotate the root key.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    data: DataDirectory,
}

impl KeyCommand {
    pub(crate) fn run(self) -> Result<Outcome> {
        let KeyCommand::Rotate(Rotate { data }) = self;
        let mut installation = data.open()?;
        let key = data.root_key();
        let count = installation.rotate_root_key()?;
        print(&format!(
            "{} is a new root key; it wraps the keys of {count} organization(s).\n\
             Keep a copy of it apart from the data, and destroy the copies of the old one.",
            shown(&key)
        ))?;
        Ok(Outcome::Done)
    }
}
