//! `probity init`: a new data directory with its root key, and the first organization where one is named.

use anyhow::Result;

use super::organization::{Founding, found};
use crate::{
    data_directory::{DataDirectory, shown},
    outcome::Outcome,
    progress::print,
};

/// Make a new data directory with its root key, and found the first organization
///
/// No account comes with it: the first administrator enrols with the link that is printed, once.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    #[command(flatten)]
    data: DataDirectory,

    #[command(flatten)]
    founding: Option<Founding>,
}

impl Init {
    pub(crate) fn run(self) -> Result<Outcome> {
        let founding = self.founding.map(Founding::checked).transpose()?;
        let installation = self.data.create()?;
        print(&format!(
            "made {}\nThe root key is {}: keep a copy of it apart from the data; without it nothing can be opened.",
            shown(&self.data.folder),
            shown(&self.data.root_key())
        ))?;
        match founding {
            Some(founding) => found(&installation, founding),
            None => {
                print("Next: found an organization with `probity org create`.")?;
                Ok(Outcome::Done)
            }
        }
    }
}
