//! A data directory: the root key, a lock that keeps a second server out, and a folder per organization, or the name of
//! the PostgreSQL server that has them.
//!
//! ```text
//! DATA/root.key                      0600, unless it lies elsewhere or on a token; back it up apart from the data
//! DATA/lock                          held while a process has the directory open
//! DATA/organizations/<id>/keys.json  the organization's keys, wrapped by the root key
//! DATA/organizations/<id>/store.db   SQLCipher
//! DATA/postgres.json                 0600; in place of `organizations`: the server, and this installation's role there
//! ```

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use trial::{
    ids::{LedgerId, OrganizationId},
    limit,
};

use crate::{
    actor::Actor,
    acts::{AddPerson, AppointFirst, FoundOrganization},
    backend::{Own, PostgresCertificate, Server},
    error::{Error, Result},
    fresh::Fresh,
    home::{Found, Home, make_folder},
    key::{KeyFile, KeyRing, RootKey, RootKeyPlace},
    organization::Organization,
    root_change::{Roots, place},
    shared::Shared,
    time::Clock,
};

/// How long a data directory that another program has open is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Between two looks at it.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A data directory, open.
pub struct Installation {
    folder: PathBuf,
    home: Home,
    pub(crate) root: RootKey,
    pub(crate) root_place: RootKeyPlace,
    clock: Arc<dyn Clock>,
    /// What a PostgreSQL server is shown.
    own: Option<Arc<Own>>,
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
    pub fn create(folder: &Path, root_key: Option<&RootKeyPlace>, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::make(folder, root_key, clock, None, Home::create)
    }

    /// As [`Installation::create`], with the organizations on a PostgreSQL server. `owner` is the address of a role that
    /// may make schemas and roles, `authority` the certificates (PEM) that the server's own must come from.
    ///
    /// # Errors
    /// Refused where the server cannot be reached, is not who it should be, or holds an installation already.
    pub fn create_on(
        folder: &Path,
        root_key: Option<&RootKeyPlace>,
        clock: Arc<dyn Clock>,
        owner: &str,
        authority: &str,
    ) -> Result<Self> {
        Self::create_showing(folder, root_key, clock, (owner, authority), None)
    }

    /// As [`Installation::create_on`] for an owner's address and an authority, and shows the server this certificate.
    ///
    /// # Errors
    /// As [`Installation::create_on`], and where the certificate cannot be used.
    pub fn create_showing(
        folder: &Path,
        root_key: Option<&RootKeyPlace>,
        clock: Arc<dyn Clock>,
        (owner, authority): (&str, &str),
        certificate: Option<PostgresCertificate>,
    ) -> Result<Self> {
        let own = begin(certificate, &clock)?;
        let owner = Server::new(owner, authority)?.showing(own.clone());
        owner.tell_unshown();
        Self::make(folder, root_key, clock, own, |_| Home::create_on(owner))
    }

    fn make(
        folder: &Path,
        root_key: Option<&RootKeyPlace>,
        clock: Arc<dyn Clock>,
        own: Option<Arc<Own>>,
        home: impl FnOnce(&Path) -> Result<Home>,
    ) -> Result<Self> {
        make_folder(folder)?;
        let root_place = place(folder, root_key);
        if root_place.exists()? {
            return Err(Error::refused(
                "data_dir",
                "exists",
                format!(
                    "{root_place} exists already: it belongs to an installation; choose another name, or go on with `probity serve`"
                ),
            ));
        }
        // What a server may refuse comes first: without a key there is no installation, and the same can be asked again.
        let home = home(folder)?;
        let root = root_place.make()?;
        home.note(folder, &root)?;
        Ok(Installation {
            _lock: lock(folder, home.is_shared())?,
            folder: folder.to_owned(),
            home,
            root,
            root_place,
            clock,
            own,
            organizations: RwLock::default(),
        })
    }

    /// Opens a data directory and every organization in it.
    ///
    /// # Errors
    /// Refused with what to do, where a key is missing or wrong, a database is damaged or of another version, or
    /// another server has the directory open.
    pub fn open(folder: &Path, root_key: Option<&RootKeyPlace>, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_showing(folder, root_key, clock, None)
    }

    /// As [`Installation::open`], and shows a PostgreSQL server this certificate, on each connection.
    ///
    /// # Errors
    /// As [`Installation::open`], and where the certificate cannot be used.
    pub fn open_showing(
        folder: &Path,
        root_key: Option<&RootKeyPlace>,
        clock: Arc<dyn Clock>,
        certificate: Option<PostgresCertificate>,
    ) -> Result<Self> {
        let own = begin(certificate, &clock)?;
        let lock = lock(folder, Home::is_shared_at(folder)?)?;
        let root_place = place(folder, root_key);
        let roots = Roots::read(&root_place)?;
        let home = Home::open(folder, &roots.all(), own.as_ref())?;
        let root = roots.settle(folder, &home, &root_place)?;
        let installation = Installation {
            folder: folder.to_owned(),
            home,
            root,
            root_place,
            clock,
            own,
            organizations: RwLock::default(),
            _lock: lock,
        };
        for found in installation.home.organizations()? {
            installation.keep(installation.open_organization(&found)?);
        }
        Ok(installation)
    }

    /// Connects once to the database server, trusting this authority (PEM) instead of the one that was named, to see
    /// that it makes a difference. None where the organizations lie in files.
    ///
    /// # Errors
    /// Refused where the server's certificate does not come from it.
    #[must_use]
    pub fn connect_trusting(&self, authority: &str) -> Option<Result<()>> {
        self.home.connect_trusting(authority)
    }

    /// Takes the address of the database's owner, for what only the owner may do.
    ///
    /// # Errors
    /// Refused where it is not an address.
    pub fn set_owner(&mut self, owner: &str) -> Result<()> {
        self.home.set_owner(owner)
    }

    /// A server, as its owner reaches it, shown what this installation shows.
    pub(crate) fn server(&self, owner: &str, authority: &str) -> Result<Server> {
        Ok(Server::new(owner, authority)?.showing(self.own.clone()))
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    fn open_organization(&self, found: &Found) -> Result<Organization> {
        let keys = &found.keys;
        let open = keys.unwrap(&self.root, &found.lies)?;
        let ring = KeyRing::new(keys.organization, open.organization, open.tag);
        let shared = Shared::new(keys.organization, keys.name.clone(), ring, Arc::clone(&self.clock));
        Organization::open(self.home.location(keys.organization, open.database), shared)
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
        let keys = KeyFile::new(&self.root, id, &name)?;
        let lies = format!("the new keys of {name}");
        let open = keys.unwrap(&self.root, &lies)?;
        let ring = KeyRing::new(id, open.organization, open.tag);
        let shared = Shared::new(id, name, ring, Arc::clone(&self.clock));
        self.home.found(&keys, &open.database, |location| {
            location.create()?;
            let organization = Organization::open(location, shared)?;
            let operator = Actor::operator();
            organization.act(&operator, founding, organization.fresh_request()?)?;
            let person = AddPerson {
                name: first.name.clone(),
                email: first.email.clone(),
                sign_in: first.sign_in.clone(),
                enrolment_tag: crate::session::tag(&first.token),
            };
            organization.act(&operator, AppointFirst { person }, organization.fresh_request()?).map(drop)
        })?;
        Ok(self.keep(self.open_organization(&Found { keys, lies })?))
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

    /// Opens what another program founded on the same server meanwhile. Whoever serves calls it every few seconds, from a
    /// thread that may wait.
    ///
    /// # Errors
    /// Where the server cannot be asked.
    pub fn refresh(&self) -> Result<()> {
        if !self.home.is_shared() {
            return Ok(());
        }
        for found in self.home.organizations()? {
            if self.organization(found.keys.organization).is_none() {
                self.keep(self.open_organization(&found)?);
            }
        }
        Ok(())
    }

    /// Lets go of connections that nobody needed since this was last called. Whoever serves calls it now and then.
    pub fn rest(&self) {
        for organization in self.all() {
            organization.rest();
        }
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
}

/// Reads the certificate that a PostgreSQL server is shown, for the first time.
pub(crate) fn begin(certificate: Option<PostgresCertificate>, clock: &Arc<dyn Clock>) -> Result<Option<Arc<Own>>> {
    certificate.map(|files| Own::begin(files, Arc::clone(clock)).map(Arc::new)).transpose()
}

/// Several programs may work on one server; a folder's files are for one.
pub(crate) fn lock(folder: &Path, is_shared: bool) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|e| {
        Error::refused("data_dir", "not_writable", format!("{} cannot be written ({e})", path.display()))
    })?;
    let begun = Instant::now();
    let locked = loop {
        let locked = if is_shared { file.try_lock_shared() } else { file.try_lock() };
        // One that is just stopping, or a program that is just being started from one, lets go in a moment.
        if locked.is_ok() || begun.elapsed() >= LOCK_WAIT {
            break locked;
        }
        std::thread::park_timeout(LOCK_PAUSE);
    };
    locked.map_err(|_| {
        Error::refused(
            "data_dir",
            "in_use",
            format!("another Probity has {} open: stop it first, or choose another data directory", folder.display()),
        )
    })?;
    Ok(file)
}
