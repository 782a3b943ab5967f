//! A scratch installation: made by the same code as the real one, in a folder of its own that goes away with it, with
//! a clock that checks can turn. Two organizations work in it, so that one can be tried against the other.

pub(crate) mod people;
mod served;
mod world;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use store::{Clock, Installation};

pub(crate) use self::{
    people::PASSWORD,
    served::{ADMINISTRATOR, Served},
    world::{Scope2, World},
};

/// A clock that stands still until a check turns it.
pub(crate) struct Hands(AtomicI64);

impl Hands {
    /// Turns it forwards.
    pub(crate) fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        store::instant(self.0.load(Ordering::SeqCst))
    }
}

/// A folder that goes away.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one among the machine's temporary files, closed to other users.
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("probity-prove-{}", store::fresh_token()?));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&path)?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is of no worth: a key in it opens nothing but what lies beside it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The scratch installation with its two organizations.
pub(crate) struct Scratch {
    pub(crate) clock: Arc<Hands>,
    pub(crate) one: World,
    pub(crate) other: World,
    pub(crate) installation: Installation,
    /// Last, so that it goes away last.
    pub(crate) folder: Folder,
}

impl Scratch {
    /// Makes it. `at` is when its clock begins.
    pub(crate) fn new(at: Timestamp) -> Result<Self> {
        let (folder, clock) = (Folder::new()?, Arc::new(Hands(AtomicI64::new(store::micros(at)))));
        let installation =
            Installation::create(&folder.path().join("data"), None, Arc::clone(&clock) as Arc<dyn Clock>)?;
        let one = World::new(&installation, "Scratch One", true)?;
        let other = World::new(&installation, "Scratch Other", false)?;
        Ok(Scratch { clock, one, other, installation, folder })
    }

    /// Where its data lie.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A new file name in it.
    pub(crate) fn file(&self) -> Result<PathBuf> {
        Ok(self.folder.path().join(format!("{}.db", store::fresh_token()?)))
    }
}
