//! Where an installation keeps its organizations: in folders of its own, or in schemas of a PostgreSQL server.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use trial::ids::OrganizationId;
use zeroize::Zeroizing;

use crate::{
    backend::{Control, Location, Owner, Server, role_password},
    error::{Error, Result},
    key::{self, KeyFile},
};

/// Ends the name of an organization's folder until the organization is founded.
const FOUNDING: &str = "founding";
/// The file that says which server, in place of the organizations' folder.
const SERVER_FILE: &str = "postgres.json";

pub(crate) enum Home {
    /// `organizations` in this folder.
    Folder(PathBuf),
    /// A server, as its installation's role reaches it; as its owner does, where the owner's address was given.
    Server { control: Server, owner: Option<Server> },
}

/// An organization's keys, wrapped, and what to call the place where they lie.
pub(crate) struct Found {
    pub keys: KeyFile,
    pub lies: String,
}

impl Home {
    /// Makes a new home in a folder.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        make_folder(&folder.join("organizations"))?;
        Ok(Home::Folder(folder.to_owned()))
    }

    /// Makes a new home on a server, and notes in the folder which one.
    pub(crate) fn create_on(folder: &Path, owner: Server) -> Result<Self> {
        let control = Owner::connect(&owner)?.prepare()?;
        Control::connect(&control)?;
        key::write_new(&folder.join(SERVER_FILE), &control.text()?)?;
        Ok(Home::Server { control, owner: Some(owner) })
    }

    /// The home that a folder has or names.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let named = folder.join(SERVER_FILE);
        if named.exists() {
            let text = Zeroizing::new(fs::read(&named).map_err(Error::fault)?);
            return Ok(Home::Server { control: Server::parse(&text)?, owner: None });
        }
        if folder.join("organizations").is_dir() {
            return Ok(Home::Folder(folder.to_owned()));
        }
        Err(Error::refused(
            "data_dir",
            "not_initialized",
            format!(
                "{} is not a data directory of Probity: run `probity init` first, or name the right one with --data",
                folder.display()
            ),
        ))
    }

    /// Whether several programs may have it open at once.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Home::Server { .. })
    }

    /// Takes the owner's address, for what only the owner may do.
    pub(crate) fn set_owner(&mut self, server: Server) {
        if let Home::Server { owner, .. } = self {
            *owner = Some(server);
        }
    }

    /// Every organization.
    pub(crate) fn organizations(&self) -> Result<Vec<Found>> {
        match self {
            Home::Folder(folder) => in_folder(folder),
            Home::Server { control, .. } => Control::connect(control)?
                .organizations()?
                .into_iter()
                .map(|(id, text)| {
                    let lies = format!("the keys of organization {id} in the database");
                    Ok(Found { keys: KeyFile::parse(text.as_bytes(), &lies)?, lies })
                })
                .collect(),
        }
    }

    /// Where an organization's database is.
    pub(crate) fn location(&self, id: OrganizationId, key: Zeroizing<[u8; 32]>) -> Location {
        match self {
            Home::Folder(folder) => Location::File { path: own_folder(folder, id).join("store.db"), key },
            Home::Server { control, .. } => Location::schema(control, id, key),
        }
    }

    /// Makes an organization's place, has it filled, and only then names it: a crash before leaves none.
    pub(crate) fn found(
        &self,
        keys: &KeyFile,
        key: &Zeroizing<[u8; 32]>,
        fill: impl FnOnce(Location) -> Result<()>,
    ) -> Result<()> {
        let id = keys.organization;
        match self {
            Home::Folder(folder) => {
                let all = folder.join("organizations");
                let (begun, named) = (all.join(format!("{id}.{FOUNDING}")), own_folder(folder, id));
                make_folder(&begun)?;
                let made = key::write_new(&begun.join("keys.json"), &keys.text()?)
                    .and_then(|()| fill(Location::File { path: begun.join("store.db"), key: key.clone() }))
                    .and_then(|()| {
                        fs::rename(&begun, &named).and_then(|()| File::open(&all)?.sync_all()).map_err(Error::fault)
                    });
                if made.is_err() {
                    // It was never acknowledged, so nothing of it may stay.
                    let _ = fs::remove_dir_all(&begun);
                }
                made
            }
            Home::Server { control, .. } => {
                let owner = self.owner()?;
                owner.found(id, &role_password(key))?;
                fill(Location::schema(control, id, key.clone()))?;
                let text = keys.text()?;
                owner.founded(id, std::str::from_utf8(&text).map_err(Error::fault)?)
            }
        }
    }

    /// Puts other wrapped keys in the place of an organization's.
    pub(crate) fn set_keys(&self, keys: &KeyFile) -> Result<()> {
        let text = keys.text()?;
        match self {
            Home::Folder(folder) => key::replace(&own_folder(folder, keys.organization).join("keys.json"), &text),
            Home::Server { control, .. } => Control::connect(control)?
                .set_keys(keys.organization, std::str::from_utf8(&text).map_err(Error::fault)?),
        }
    }

    /// The database's owner, for what only the owner may do.
    pub(crate) fn owner(&self) -> Result<Owner> {
        match self {
            Home::Server { owner: Some(owner), .. } => Owner::connect(owner),
            _ => Err(Error::refused(
                "postgres_owner",
                "needed",
                "this is done by the database's owner: give the owner's address with --postgres-owner",
            )),
        }
    }
}

fn own_folder(folder: &Path, id: OrganizationId) -> PathBuf {
    folder.join("organizations").join(id.to_string())
}

fn in_folder(folder: &Path) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.join("organizations")).map_err(Error::fault)? {
        let path = entry.map_err(Error::fault)?.path();
        if path.extension().is_some_and(|extension| extension == FOUNDING) {
            // A founding that a crash broke off: it was never acknowledged, so nothing of it may stay.
            let _ = fs::remove_dir_all(&path);
        } else if path.is_dir() {
            let file = path.join("keys.json");
            let keys = KeyFile::read(&file)?;
            let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
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
            all.push(Found { keys, lies: file.display().to_string() });
        }
    }
    Ok(all)
}

pub(crate) fn make_folder(folder: &Path) -> Result<()> {
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
