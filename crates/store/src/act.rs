//! The first door: stored data is changed by acts, and by nothing else.

use serde::Serialize;
use trial::permission::Permission;

use crate::{actor::Access, assurance::Freshness, backend::Ahead, error::Result, place::Target, tx::Tx};

pub(crate) mod sealed {
    /// Only this crate makes acts and views.
    pub trait Sealed {}
}

/// Questions told beforehand.
#[derive(Default)]
pub struct AskedAhead(pub(crate) Vec<Ahead>);

/// A thing done. It names what it needs; there is no default and no “nothing”.
pub trait Act: sealed::Sealed + Serialize + Send + 'static {
    /// Its name in the ledger and in the permission table.
    const NAME: &'static str;
    /// What the actor must be allowed.
    const NEEDS: Permission;
    /// How lately the actor must have shown who they are. No default: each act says.
    const FRESH: Freshness;

    /// The narrowest record that it is about; the store finds where that lies.
    fn target(&self) -> Target;

    /// What it will ask, where that is known beforehand.
    #[doc(hidden)]
    fn ahead(&self) -> AskedAhead {
        AskedAhead::default()
    }

    /// The one subject whose rows are all that it changes, where it is so.
    #[doc(hidden)]
    fn changes_only(&self) -> Option<[u8; 16]> {
        None
    }

    /// Does it. Runs inside a savepoint: an error leaves nothing.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()>;
}
