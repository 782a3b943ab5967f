//! `probity key`: a new root key. The data stay as they are; only the organizations' keys are wrapped anew.

use anyhow::Result;
use clap::Subcommand;
use store::RootKeyPlace;

use crate::{data_directory::DataDirectory, outcome::Outcome, progress::print};

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

    /// Wrap them with the root key of another place from now on, a file or a token, and make it there where there is none.
    /// The old one is left where it is
    #[arg(long, value_name = "FILE|URI")]
    to: Option<RootKeyPlace>,
}

impl KeyCommand {
    pub(crate) fn run(self) -> Result<Outcome> {
        let KeyCommand::Rotate(Rotate { data, to }) = self;
        let old = data.root_key();
        match to {
            None => {
                let count = data.open()?.rotate_root_key()?;
                print(&format!(
                    "{old} is a new root key; it wraps the keys of {count} organization(s).\n\
                     Keep a copy of it apart from the data, and destroy the copies of the old one."
                ))?;
            }
            Some(new) => {
                let count = data.move_root_key(&new)?;
                print(&format!(
                    "The root key is {new} now: name it with --root-key. It wraps the keys of {count} organization(s).\n\
                     {old} opens none of them any more: destroy it and its copies once no backup needs it."
                ))?;
            }
        }
        Ok(Outcome::Done)
    }
}
