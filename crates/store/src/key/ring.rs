//! The keys below the organization key: made, wrapped, found, destroyed. They lie in a table outside the ledger.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trial::ids::{Id, KeyId, OrganizationId};
use zeroize::Zeroizing;

use super::seal::{Cell, SealKey};
use crate::{
    backend::{Connection, values},
    error::{Error, Result},
};

/// Open keys kept in memory; the least needed are unwrapped again.
const OPEN_KEYS_MAX: usize = 20_000;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A study's definition and sites.
    Study,
    /// One subject's clinical data.
    Subject,
    /// One person's name and address.
    Person,
    /// Credentials and signing keys.
    Secret,
}

impl Purpose {
    const fn code(self) -> &'static str {
        match self {
            Purpose::Study => "study",
            Purpose::Subject => "subject",
            Purpose::Person => "person",
            Purpose::Secret => "secret",
        }
    }
}

/// The organization key, and the keys it reaches.
pub(crate) struct KeyRing {
    organization: OrganizationId,
    top: Arc<SealKey>,
    tag: aws_lc_rs::hmac::Key,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    keys: HashMap<KeyId, Arc<SealKey>>,
    /// Keys destroyed since the start. A reader that sees a state of before may still open one: not for others.
    destroyed: HashSet<KeyId>,
    /// The newest state that is known, where other processes destroy keys too: what is read of an older one is not kept.
    newest: i64,
}

impl KeyRing {
    pub(crate) fn new(organization: OrganizationId, top: SealKey, tag: Zeroizing<[u8; 32]>) -> Self {
        let tag = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &*tag);
        KeyRing { organization, top: Arc::new(top), tag, open: Mutex::default() }
    }

    /// The organization key: seals what belongs to the organization as a whole.
    pub(crate) fn top(&self) -> &Arc<SealKey> {
        &self.top
    }

    /// A keyed hash, for finding a row by something that must not be readable there.
    pub(crate) fn tag(&self, domain: &str, text: &str) -> [u8; 32] {
        let mut context = aws_lc_rs::hmac::Context::with_key(&self.tag);
        context.update(domain.as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Makes a key and stores it wrapped by `wrapper` (`None`: the organization key).
    pub(crate) fn make(
        &self,
        db: &Connection,
        purpose: Purpose,
        wrapper: Option<KeyId>,
        id: KeyId,
    ) -> Result<Arc<SealKey>> {
        let mut plain = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *plain).map_err(Error::fault)?;
        let above = match wrapper {
            None => Arc::clone(&self.top),
            Some(above) => self.find(db, above)?.ok_or_else(|| Error::fault("the wrapping key is destroyed"))?,
        };
        let wrapped = above.seal(self.cell(purpose.code(), &id), &*plain)?;
        db.write(
            "INSERT INTO wrapped_key (id, purpose, wrapper, wrapped) VALUES (?1, ?2, ?3, ?4)",
            values![&id, purpose.code(), wrapper.as_ref(), &wrapped],
        )?;
        let key = Arc::new(SealKey::new(id, &plain)?);
        self.keep(db, Arc::clone(&key));
        Ok(key)
    }

    /// The key with this id; `None` where it was destroyed.
    pub(crate) fn find(&self, db: &Connection, id: KeyId) -> Result<Option<Arc<SealKey>>> {
        if id == self.top.id() {
            return Ok(Some(Arc::clone(&self.top)));
        }
        if let Some(key) = self.open().keys.get(&id) {
            return Ok(Some(Arc::clone(key)));
        }
        let row = db.one("SELECT purpose, wrapper, wrapped FROM wrapped_key WHERE id = ?1", values![&id], |row| {
            Ok((row.text(0)?, row.maybe_id::<KeyId>(1)?, row.maybe_blob(2)?))
        })?;
        let Some((purpose, wrapper, wrapped)) = row else {
            return Err(Error::fault(format!("key {id} is not in the key table")));
        };
        let Some(wrapped) = wrapped else { return Ok(None) };
        let above = match wrapper {
            None => Arc::clone(&self.top),
            Some(above) => match self.find(db, above)? {
                Some(key) => key,
                None => return Ok(None),
            },
        };
        let plain = above
            .open(self.cell(&purpose, &id), &wrapped)
            .ok_or_else(|| Error::fault(format!("key {id} does not open: the key table was changed")))?;
        let plain: Zeroizing<[u8; 32]> = Zeroizing::new(plain.as_slice().try_into().map_err(Error::fault)?);
        let key = Arc::new(SealKey::new(id, &plain)?);
        self.keep(db, Arc::clone(&key));
        Ok(Some(key))
    }

    /// Destroys a key: its wrapped bytes go, its row stays to say so.
    pub(crate) fn destroy(&self, db: &Connection, id: KeyId) -> Result<()> {
        db.write("UPDATE wrapped_key SET wrapped = NULL WHERE id = ?1", values![&id])?;
        let mut open = self.open();
        open.keys.remove(&id);
        open.destroyed.insert(id);
        Ok(())
    }

    /// Forgets every open key, so that each is read again.
    pub(crate) fn forget(&self) {
        self.open().keys.clear();
    }

    /// Says which state is the newest now.
    pub(crate) fn heed(&self, newest: i64) {
        let mut open = self.open();
        open.newest = open.newest.max(newest);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, db: &Connection, key: Arc<SealKey>) {
        let mut open = self.open();
        let of_before = db.since().is_some_and(|since| since.forget < open.newest);
        if of_before || open.destroyed.contains(&key.id()) {
            return;
        }
        if open.keys.len() >= OPEN_KEYS_MAX {
            open.keys.clear();
        }
        open.keys.insert(key.id(), key);
    }

    fn cell<'a>(&self, purpose: &'a str, id: &'a KeyId) -> Cell<'a> {
        Cell { organization: self.organization, kind: purpose, key: id.bytes(), version: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Location;

    #[test]
    fn a_reader_of_a_state_before_keeps_no_destroyed_key_open() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("probity-ring-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).map_err(Error::fault)?;
        let location = Location::File { path: folder.join("store.db"), key: Zeroizing::new([1; 32]) };
        let writer = location.create()?;
        let top = SealKey::new(KeyId::from_bytes([9; 16]), &[9; 32])?;
        let ring = KeyRing::new(OrganizationId::from_bytes([1; 16]), top, Zeroizing::new([2; 32]));
        let id = KeyId::from_bytes([7; 16]);
        ring.make(&writer, Purpose::Subject, None, id)?;
        let reader = location.reader()?;
        reader.begin_reading()?;
        ring.forget();
        assert!(ring.find(&reader, id)?.is_some(), "its state begins here");
        ring.destroy(&writer, id)?;
        assert!(ring.find(&reader, id)?.is_some(), "it sees the state of before");
        assert!(ring.find(&writer, id)?.is_none(), "and shows it to nobody else");
        drop((reader, writer));
        std::fs::remove_dir_all(&folder).map_err(Error::fault)
    }
}
