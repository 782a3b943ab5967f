//! The second door: stored data is read by views, and by nothing else.

use serde::Serialize;
use trial::{
    ids::{Id, OrganizationId},
    permission::Permission,
};

use crate::{
    act::sealed::Sealed,
    actor::Access,
    assurance::Freshness,
    backend::Connection,
    definitions::Definitions,
    error::Result,
    key::KeyRing,
    place::Target,
    record::{self, Record},
    tx,
};

/// A thing looked at.
pub trait View: Sealed + Send + 'static {
    /// Its name in the ledger and in the permission table.
    const NAME: &'static str;
    /// What the actor must be allowed.
    const NEEDS: Permission;
    /// How lately the actor must have shown who they are. No default: each view says.
    const FRESH: Freshness;
    /// Whether it shows clinical or identifying data, and so is itself an entry, durable before it is answered.
    const RECORDED: bool;
    /// What it shows.
    type Shown: Serialize + Send + 'static;

    /// The narrowest record that it is about.
    fn target(&self) -> Target;

    /// Reads it, from one state of the data.
    ///
    /// # Errors
    /// Why it cannot be shown.
    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Self::Shown>;

    /// How many records it shows, for its entry.
    fn count(shown: &Self::Shown) -> u64;
}

/// One state of the data, for reading.
pub struct Snapshot<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) ring: &'a KeyRing,
    pub(crate) organization: OrganizationId,
    pub(crate) definitions: &'a Definitions,
}

impl Snapshot<'_> {
    /// The newest version of a record.
    pub(crate) fn current<R: Record>(&self, key: &impl Id) -> Result<Option<(u32, R)>> {
        tx::read(self.db, self.ring, self.organization, key, None)
    }

    /// One version of a record.
    pub(crate) fn version<R: Record>(&self, key: &impl Id, version: u32) -> Result<Option<R>> {
        Ok(tx::read(self.db, self.ring, self.organization, key, Some(version))?.map(|(_, content)| content))
    }

    /// The content of a version that was read with something else; `None` where its key was destroyed.
    pub(crate) fn open<R: Record>(&self, key: &impl Id, version: u32, sealed: &[u8]) -> Result<Option<R>> {
        record::open(self.db, self.ring, self.organization, key.bytes(), version, sealed)
    }
}
