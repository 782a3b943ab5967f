//! Moving an installation from its own files to a PostgreSQL server, and back: entries and sealed contents are replayed,
//! the roots compared, and only then does the folder name its new home. Broken off anywhere, the old home stands; the same
//! command goes on where it ended.

use serde::Serialize;

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    home::{Found, Move},
    installation::Installation,
    log::Log,
    rebuild::replay,
    view::Snapshot,
};

/// One organization, moved.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// Its name.
    pub name: String,
    /// Records there now.
    pub records: u64,
    /// Each ledger: its origin, its size, and its root, which is the same here and there.
    pub ledgers: Vec<(String, u64, String)>,
}

impl Installation {
    /// Moves everything to a PostgreSQL server. `owner` is the address of a role that may make schemas and roles, `authority`
    /// the certificates (PEM) that the server's own must come from. `progress` is told of entries done and may stop it.
    ///
    /// # Errors
    /// Refused where it is on a server already or the server will not have it; a fault where the two differ.
    pub fn move_to_server(
        self,
        owner: &str,
        authority: &str,
        progress: impl FnMut(&str, u64) -> Result<()>,
    ) -> Result<Vec<Moved>> {
        let to = self.home().begin_to_server(self.folder(), self.server(owner, authority)?, &self.root)?;
        self.carry(&to, progress)
    }

    /// Moves everything into files in the installation's folder. Meanwhile nobody writes on the server.
    ///
    /// # Errors
    /// Refused where it is in files already; a fault where the two differ.
    pub fn move_to_files(self, owner: &str, progress: impl FnMut(&str, u64) -> Result<()>) -> Result<Vec<Moved>> {
        let to = self.home().begin_to_files(self.folder(), owner)?;
        self.carry(&to, progress)
    }

    /// Lets a server that a move to files began to leave be written to again.
    ///
    /// # Errors
    /// Refused where no such move was begun.
    pub fn give_up_move(&self, owner: &str) -> Result<()> {
        self.home().give_up_to_files(self.folder(), owner)
    }

    fn carry(self, to: &Move, mut progress: impl FnMut(&str, u64) -> Result<()>) -> Result<Vec<Moved>> {
        let mut all = Vec::new();
        for found in self.home().organizations()? {
            all.push(self.carry_one(to, &found, &mut progress)?);
        }
        to.end(self.folder())?;
        Ok(all)
    }

    fn carry_one(&self, to: &Move, found: &Found, progress: &mut impl FnMut(&str, u64) -> Result<()>) -> Result<Moved> {
        let organization = self.organization(found.keys.organization).ok_or(Error::Hidden)?;
        let name = organization.name().to_owned();
        let location = to.place(&found.keys, organization.location().key())?;
        let there = location.writer()?;
        let moved = organization.reading(|snapshot| {
            replay(snapshot, &there, &mut |done| progress(&name, done))?;
            compare(&name, snapshot, &there)
        })?;
        to.placed(&found.keys)?;
        Ok(moved)
    }
}

/// The roots and the records, here and there.
fn compare(name: &str, here: &Snapshot<'_>, there: &Connection) -> Result<Moved> {
    let ledgers = |db: &Connection| -> Result<Vec<(String, u64, String)>> {
        db.select("SELECT number FROM ledger ORDER BY number", &[], |row| row.number(0))?
            .into_iter()
            .map(|number| {
                let log = Log::fresh(db, number)?;
                Ok((log.origin, log.frontier.size(), log.frontier.root().to_hex()))
            })
            .collect()
    };
    let records = |db: &Connection| db.one("SELECT count(*) FROM record", values![], |row| row.size(0));
    let (left, arrived) = ((ledgers(here.db)?, records(here.db)?), (ledgers(there)?, records(there)?));
    if left != arrived {
        return Err(Error::fault(format!("{name} is not the same there: {left:?} here, {arrived:?} there")));
    }
    Ok(Moved { name: name.to_owned(), records: arrived.1.unwrap_or(0), ledgers: arrived.0 })
}
