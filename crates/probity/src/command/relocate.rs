//! `probity move`: the whole installation from its own files to a PostgreSQL server, or back.

use anyhow::{Context as _, Result, bail};

use crate::{
    data_directory::{DataDirectory, PostgresAuthority, PostgresOwner},
    outcome::Outcome,
    progress::{self, print},
};

/// Move everything to a PostgreSQL server, or back into files; roots are compared before the folder names its new home
///
/// Nothing else may have the data open when it leaves files; on a server, everybody can read meanwhile and nobody write.
/// Broken off, the old home stands, and the same command goes on where it ended. What is left behind keeps its place, under
/// a name that ends in .moved; remove it once you have a backup of the new.
#[derive(Debug, clap::Args)]
pub(crate) struct Relocate {
    #[command(flatten)]
    data: DataDirectory,

    /// Where to: `postgres://owner:password@host:port/database`, or `files`
    #[arg(long, value_name = "URL|files", required_unless_present = "give_up")]
    to: Option<String>,

    #[command(flatten)]
    owner: PostgresOwner,

    #[command(flatten)]
    authority: PostgresAuthority,

    /// Give up a move into files that was begun: the server takes writes again
    #[arg(long, conflicts_with = "to")]
    give_up: bool,
}

impl Relocate {
    pub(crate) fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        let owner =
            || self.owner.postgres_owner.clone().context("give the database owner's address with --postgres-owner");
        let bar = progress::counted("moving".to_owned());
        let progress = |name: &str, entries| {
            bar.set_message(name.to_owned());
            bar.set_position(entries);
            Ok(())
        };
        let moved = match self.to.as_deref() {
            None => {
                installation.give_up_move(&owner()?)?;
                print("given up: the server takes writes again")?;
                return Ok(Outcome::Done);
            }
            Some("files") => installation.move_to_files(&owner()?, progress)?,
            Some(url) if url.starts_with("postgres") => {
                installation.move_to_server(url, &self.authority.read()?, progress)?
            }
            Some(other) => bail!("--to {other}: write `files`, or an address that begins with postgres://"),
        };
        bar.finish_and_clear();
        for one in moved {
            print(&format!("{}: {} records", one.name, one.records))?;
            for (origin, size, root) in one.ledgers {
                print(&format!("  {origin}  {size} entries  root {root}, the same here and there"))?;
            }
        }
        print("moved. `probity verify` checks all of it where it is now.")?;
        Ok(Outcome::Done)
    }
}
