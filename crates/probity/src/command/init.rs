//! `probity init`: a new data directory with its root key, and the first organization where one is named.

use anyhow::Result;
use store::RootKeyPlace;

use super::organization::{Founding, found};
use crate::{
    data_directory::{DataDirectory, PostgresAuthority, PostgresOwner, shown},
    outcome::Outcome,
    progress::print,
};

/// Make a new data directory with its root key, and found the first organization
///
/// No account comes with it: the first administrator enrols with the link that is printed, once. With --postgres-owner
/// the organizations lie on a PostgreSQL server; the folder then holds the root key and the server's name.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    #[command(flatten)]
    data: DataDirectory,

    #[command(flatten)]
    owner: PostgresOwner,

    #[command(flatten)]
    authority: PostgresAuthority,

    #[command(flatten)]
    founding: Option<Founding>,
}

impl Init {
    pub(crate) fn run(self) -> Result<Outcome> {
        let founding = self.founding.map(Founding::checked).transpose()?;
        let installation = match &self.owner.postgres_owner {
            None => self.data.create()?,
            Some(owner) => self.data.create_on(owner, &self.authority.read()?)?,
        };
        let key = self.data.root_key();
        let kept = match key {
            RootKeyPlace::File(_) => "keep a copy of it apart from the data",
            RootKeyPlace::Token(_) => "keep a copy of the token, as its maker says how",
        };
        print(&format!(
            "made {}\nThe root key is {key}: {kept}; without it nothing can be opened.",
            shown(&self.data.folder)
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
