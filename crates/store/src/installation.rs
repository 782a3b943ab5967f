//! A data directory: the root key, a lock that keeps a second server out, and a folder per organization.
//!
//! ```text
//! DATA/root.key                      0600; back it up apart from the data
//! DATA/lock                          held while a process has the directory open
//! DATA/organizations/<id>/keys.json  the organization's keys, wrapped by the root key
//! DATA/organizations/<id>/store.db   SQLCipher
//! ```

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use trial::{
    ids::{LedgerId, OrganizationId},
    limit,
};

use crate::{
    actor::Actor,
    acts::{AddPerson, AppointFirst, FoundOrganization},
    backend::Location,
    error::{Error, Result},
    fresh::Fresh,
    key::{self, KeyFile, KeyRing, RootKey},
    organization::Organization,
    shared::Shared,
    time::Clock,
};

/// Ends the name of an organization's folder until the organization is founded.
const FOUNDING: &str = "founding";
/// Ends the name of the root key's file while it is not yet the root key.
const NEXT: &str = ".next";

/// A data directory, open.
pub struct Installation {
    folder: PathBuf,
    root: RootKey,
    root_file: PathBuf,
    clock: Arc<dyn Clock>,
    organizations: RwLock<BTreeMap<OrganizationId, Arc<Organization>>>,
    /// Held as long as this lives.
    _lock: File,
}

impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installation").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The first administrator of a new organization.
#[derive(Debug, Clone)]
pub struct FirstAdministrator {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// The name typed to sign in.
    pub sign_in: String,
    /// The one-time enrolment token, of which only the hash is stored.
    pub token: String,
}

impl Installation {
    /// Makes a new data directory with a new root key.
    ///
    /// # Errors
    /// Refused where the folder holds one already, or cannot be written.
    pub fn create(folder: &Path, root_key: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self> {
        make_folder(folder)?;
        make_folder(&folder.join("organizations"))?;
        let key_file = root_key.map_or_else(|| folder.join("root.key"), Path::to_path_buf);
        if key_file.exists() {
            return Err(Error::refused(
                "data_dir",
                "exists",
                format!(
                    "{} exists already: this folder is initialized; choose another, or go on with `probity serve`",
                    key_file.display()
                ),
            ));
        }
        let root = RootKey::create(&key_file)?;
        Ok(Installation {
            _lock: lock(folder)?,
            folder: folder.to_owned(),
            root,
            root_file: key_file,
            clock,
            organizations: RwLock::default(),
        })
    }

    /// Opens a data directory and every organization in it.
    ///
    /// # Errors
    /// Refused with what to do, where a key is missing or wrong, a database is damaged or of another version, or
    /// another server has the directory open.
    pub fn open(folder: &Path, root_key: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self> {
        if !folder.join("organizations").is_dir() {
            return Err(Error::refused(
                "data_dir",
                "not_initialized",
                format!(
                    "{} is not a data directory of Probity: run `probity init` first, or name the right one with --data",
                    folder.display()
                ),
            ));
        }
        let lock = lock(folder)?;
        let key_file = root_key.map_or_else(|| folder.join("root.key"), Path::to_path_buf);
        let root = current_root(folder, &key_file)?;
        let installation = Installation {
            folder: folder.to_owned(),
            root,
            root_file: key_file,
            clock,
            organizations: RwLock::default(),
            _lock: lock,
        };
        let entries = fs::read_dir(folder.join("organizations")).map_err(Error::fault)?;
        for entry in entries {
            let path = entry.map_err(Error::fault)?.path();
            if path.extension().is_some_and(|extension| extension == FOUNDING) {
                // A founding that a crash broke off: it was never acknowledged, so nothing of it may stay.
                let _ = fs::remove_dir_all(&path);
            } else if path.is_dir() {
                let organization = installation.open_organization(&path)?;
                installation.keep(organization);
            }
        }
        Ok(installation)
    }

    fn open_organization(&self, folder: &Path) -> Result<Organization> {
        let file = folder.join("keys.json");
        let keys = KeyFile::read(&file)?;
        let named = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if keys.organization.to_string() != named {
            return Err(Error::refused(
                "keys",
                "another_organization",
                format!(
                    "{} belongs to organization {}: put each organization's files back in its own folder",
                    file.display(),
                    keys.organization
                ),
            ));
        }
        let open = keys.unwrap(&self.root, &file)?;
        let ring = KeyRing::new(keys.organization, open.organization, open.tag);
        let shared = Shared::new(keys.organization, keys.name.clone(), ring, Arc::clone(&self.clock));
        Organization::open(Location::File { path: folder.join("store.db"), key: open.database }, shared, false)
    }

    /// Founds an organization and its first administrator, who enrols with the token.
    ///
    /// # Errors
    /// Refused with what is wrong; then nothing is left of it.
    pub fn found(&self, founding: FoundOrganization, first: &FirstAdministrator) -> Result<Arc<Organization>> {
        let name = limit::text("name", &founding.name, limit::NAME_BYTES_MAX)?;
        if self.all().iter().any(|organization| organization.name() == name) {
            return Err(Error::refused("name", "taken", format!("an organization named {name} exists already")));
        }
        let id: OrganizationId = Fresh::default().id(self.clock.now())?;
        let all = self.folder.join("organizations");
        let (begun, folder) = (all.join(format!("{id}.{FOUNDING}")), all.join(id.to_string()));
        make_folder(&begun)?;
        let made = self.found_in(&begun, id, &name, founding, first).and_then(|()| {
            // Its name makes it an organization: a crash before leaves none, one after leaves it whole.
            fs::rename(&begun, &folder).and_then(|()| File::open(&all)?.sync_all()).map_err(Error::fault)?;
            self.open_organization(&folder)
        });
        match made {
            Ok(organization) => Ok(self.keep(organization)),
            Err(error) => {
                // It was never acknowledged, so nothing of it may stay.
                let _ = fs::remove_dir_all(&begun);
                Err(error)
            }
        }
    }

    fn found_in(
        &self,
        folder: &Path,
        id: OrganizationId,
        name: &str,
        founding: FoundOrganization,
        first: &FirstAdministrator,
    ) -> Result<()> {
        let keys = KeyFile::create(&folder.join("keys.json"), &self.root, id, name)?;
        let ring = KeyRing::new(id, keys.organization, keys.tag);
        let shared = Shared::new(id, name.to_owned(), ring, Arc::clone(&self.clock));
        let organization =
            Organization::open(Location::File { path: folder.join("store.db"), key: keys.database }, shared, true)?;
        let operator = Actor::operator();
        organization.act(&operator, founding, organization.fresh_request()?)?;
        let person = AddPerson {
            name: first.name.clone(),
            email: first.email.clone(),
            sign_in: first.sign_in.clone(),
            enrolment_tag: crate::session::tag(&first.token),
        };
        organization.act(&operator, AppointFirst { person }, organization.fresh_request()?)?;
        Ok(())
    }

    fn keep(&self, organization: Organization) -> Arc<Organization> {
        let organization = Arc::new(organization);
        let mut all = self.organizations.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(organization.id(), Arc::clone(&organization));
        organization
    }

    /// The organization with this id.
    #[must_use]
    pub fn organization(&self, id: OrganizationId) -> Option<Arc<Organization>> {
        self.organizations.read().unwrap_or_else(PoisonError::into_inner).get(&id).map(Arc::clone)
    }

    /// Every organization.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Organization>> {
        self.organizations.read().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect()
    }

    /// The organization that a ledger belongs to.
    ///
    /// # Errors
    /// `Hidden` where no ledger has this id.
    pub fn of_ledger(&self, ledger: LedgerId) -> Result<Arc<Organization>> {
        for organization in self.all() {
            if organization.ledgers()?.iter().any(|(_, id, _)| *id == ledger) {
                return Ok(organization);
            }
        }
        Err(Error::Hidden)
    }

    /// Where it gets the time from.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a new root key and rewraps every organization's key under it. Nothing else changes. The old key's file is
    /// replaced when all of them are; a crash before leaves both, and the next opening goes on from there.
    ///
    /// # Errors
    /// Refused where a file cannot be written.
    pub fn rotate_root_key(&mut self) -> Result<usize> {
        let next = key::beside(&self.root_file, NEXT);
        let key = RootKey::create(&next)?;
        let count = rewrap(&self.folder, &self.root, &key)?;
        key::rename(&next, &self.root_file)?;
        self.root = key;
        Ok(count)
    }
}

/// The root key, once a rotation that a crash broke off is ended.
fn current_root(folder: &Path, file: &Path) -> Result<RootKey> {
    let root = RootKey::read(file)?;
    let next = key::beside(file, NEXT);
    if !next.exists() {
        return Ok(root);
    }
    let key = RootKey::read(&next)?;
    rewrap(folder, &root, &key)?;
    key::rename(&next, file)?;
    tracing::info!("the change of the root key that was broken off is done");
    Ok(key)
}

/// Rewraps the keys of every organization in the folder, but for those that are already.
fn rewrap(folder: &Path, old: &RootKey, new: &RootKey) -> Result<usize> {
    let mut count = 0_usize;
    for entry in fs::read_dir(folder.join("organizations")).map_err(Error::fault)? {
        let path = entry.map_err(Error::fault)?.path();
        if path.is_dir() && path.extension().is_none() {
            let file = path.join("keys.json");
            KeyFile::read(&file)?.rewrap(&file, old, new)?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

fn make_folder(folder: &Path) -> Result<()> {
    let failed = |e: std::io::Error| {
        Error::refused("data_dir", "not_writable", format!("{} cannot be made ({e})", folder.display()))
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(failed)
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|e| {
        Error::refused("data_dir", "not_writable", format!("{} cannot be written ({e})", path.display()))
    })?;
    file.try_lock().map_err(|_| {
        Error::refused(
            "data_dir",
            "in_use",
            format!("another Probity has {} open: stop it first, or choose another data directory", folder.display()),
        )
    })?;
    Ok(file)
}
