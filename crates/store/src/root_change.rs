//! Changing the root key: every organization's key, and the password of a server's role, are wrapped anew; nothing beneath
//! them changes. Broken off anywhere, the old keys or the new ones stand for each, and the next opening, or the same command,
//! goes on.

use std::{path::Path, sync::Arc};

use crate::{
    backend::PostgresCertificate,
    error::{Error, Result},
    home::Home,
    installation::{Installation, begin, lock},
    key::{RootKey, RootKeyPlace},
    time::Clock,
};

impl Installation {
    /// Makes a new root key and rewraps every organization's key under it. Nothing else changes. The new key takes the old
    /// one's place when all of them are; a crash before leaves both, and the next opening goes on from there.
    ///
    /// # Errors
    /// Refused where a file cannot be written, or a token does not do what it is asked.
    pub fn rotate_root_key(&mut self) -> Result<usize> {
        let key = self.root_place.next().make()?;
        let count = rewrap(self.folder(), self.home(), &self.root, &key)?;
        self.root = self.root_place.give_way()?;
        Ok(count)
    }

    /// Rewraps every organization's key under the root key of another place, which is made where there is none. The old one
    /// stays where it is, and opens nothing any more. What breaks off goes on when the same is asked again.
    ///
    /// # Errors
    /// As [`Installation::open_showing`] and [`Installation::rotate_root_key`].
    pub fn move_root_key(
        folder: &Path,
        (from, to): (Option<&RootKeyPlace>, &RootKeyPlace),
        clock: &Arc<dyn Clock>,
        certificate: Option<PostgresCertificate>,
    ) -> Result<usize> {
        let own = begin(certificate, clock)?;
        let _lock = lock(folder, Home::is_shared_at(folder)?)?;
        let from = place(folder, from);
        if from == *to {
            let message = format!("{to} is the root key: name another place, or leave --to away");
            return Err(Error::refused("to", "same", message));
        }
        let roots = Roots::read(&from)?;
        let new = if to.exists()? { to.read()? } else { to.make()? };
        let home = Home::open(folder, &[&roots.all()[..], &[&new]].concat(), own.as_ref())?;
        let old = roots.settle(folder, &home, &from)?;
        rewrap(folder, &home, &old, &new)
    }
}

/// Where an installation's root key lies, unless told.
pub(crate) fn place(folder: &Path, named: Option<&RootKeyPlace>) -> RootKeyPlace {
    named.cloned().unwrap_or_else(|| RootKeyPlace::of(folder))
}

/// The keys that lie at a root key's place: two, where a crash broke a change off, or the next one alone, where a token
/// destroyed the one before.
pub(crate) struct Roots {
    current: Option<RootKey>,
    next: Option<RootKey>,
}

impl Roots {
    pub(crate) fn read(place: &RootKeyPlace) -> Result<Self> {
        let next = place.next();
        let next = if next.exists()? { Some(next.read()?) } else { None };
        let current = if next.is_none() || place.exists()? { Some(place.read()?) } else { None };
        Ok(Roots { current, next })
    }

    pub(crate) fn all(&self) -> Vec<&RootKey> {
        self.current.iter().chain(&self.next).collect()
    }

    /// The root key, once what was broken off is ended.
    pub(crate) fn settle(self, folder: &Path, home: &Home, place: &RootKeyPlace) -> Result<RootKey> {
        match (self.current, self.next) {
            (Some(current), None) => return Ok(current),
            (Some(current), Some(next)) => drop(rewrap(folder, home, &current, &next)?),
            (None, _) => {}
        }
        let root = place.give_way()?;
        tracing::info!("the change of the root key that was broken off is done");
        Ok(root)
    }
}

/// Rewraps the keys of every organization, but for those that are already, and the password of a server.
fn rewrap(folder: &Path, home: &Home, old: &RootKey, new: &RootKey) -> Result<usize> {
    let mut count = 0_usize;
    for found in home.organizations()? {
        if let Some(keys) = found.keys.rewrapped(&found.lies, old, new)? {
            home.set_keys(&keys)?;
        }
        count = count.saturating_add(1);
    }
    Home::reseal(folder, old, new)?;
    Ok(count)
}
