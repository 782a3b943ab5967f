//! `probity checkpoint`: the newest signed checkpoints, to be kept where this machine's operator cannot reach them.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    data_directory::{DataDirectory, shown},
    outcome::Outcome,
    progress::print,
};

/// Sign and print the newest checkpoint of every ledger, to keep elsewhere
///
/// `probity verify --seen FILE` later shows whether a ledger was cut or rewritten since, even by someone who
/// holds the keys. A checkpoint holds a name, a size, a hash and signatures: nothing that needs to be kept secret.
#[derive(Debug, clap::Args)]
pub(crate) struct SaveCheckpoints {
    #[command(flatten)]
    data: DataDirectory,

    /// Save each to a file of its own in this folder, rather than print them
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

impl SaveCheckpoints {
    pub(crate) fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        if let Some(folder) = &self.save {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", shown(folder)))?;
        }
        for organization in installation.all() {
            for (_, id, _) in organization.ledgers()? {
                let note = organization.checkpoint(id)?;
                match &self.save {
                    None => print(&note)?,
                    Some(folder) => {
                        let size = note.lines().nth(1).unwrap_or_default();
                        let file = folder.join(format!("{id}-{size}.checkpoint"));
                        fs::write(&file, &note).with_context(|| format!("{} cannot be written", shown(&file)))?;
                        print(&format!("saved {}", shown(&file)))?;
                    }
                }
            }
        }
        Ok(Outcome::Done)
    }
}
