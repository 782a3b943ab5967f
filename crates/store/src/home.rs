//! Where an installation keeps its organizations: in folders of its own, or in schemas of a PostgreSQL server.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use trial::ids::OrganizationId;
use zeroize::Zeroizing;

use crate::{
    backend::{Control, Location, Own, Owner, Server, role_password},
    error::{Error, Result},
    key::{self, KeyFile, RootKey},
    server_file,
};

/// Ends the name of an organization's folder until the organization is founded.
const FOUNDING: &str = "founding";
/// The organizations' folder, and one that a move is filling.
const FILES: &str = "organizations";
const FILLING: &str = "organizations.moving";
/// The file that says which server, in place of the organizations' folder, and one for a server that a move is filling.
const SERVER_FILE: &str = "postgres.json";
const SERVER_FILLING: &str = "postgres.json.moving";
/// Ends the name of what a move left behind.
const LEFT: &str = "moved";

#[expect(clippy::large_enum_variant, reason = "a program has one")]
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
        make_folder(&folder.join(FILES))?;
        Ok(Home::Folder(folder.to_owned()))
    }

    /// Makes a new home on a server.
    pub(crate) fn create_on(owner: Server) -> Result<Self> {
        let control = Owner::connect(&owner)?.prepare()?;
        Control::connect(&control)?;
        Ok(Home::Server { control, owner: Some(owner) })
    }

    /// Notes in the folder where it is.
    pub(crate) fn note(&self, folder: &Path, root: &RootKey) -> Result<()> {
        match self {
            Home::Folder(_) => Ok(()),
            Home::Server { control, .. } => server_file::write_new(&folder.join(SERVER_FILE), control, root),
        }
    }

    /// Seals anew what the folder has noted.
    pub(crate) fn reseal(folder: &Path, old: &RootKey, new: &RootKey) -> Result<()> {
        for name in [SERVER_FILE, SERVER_FILLING] {
            let file = folder.join(name);
            if file.exists() {
                server_file::reseal(&file, old, new)?;
            }
        }
        Ok(())
    }

    /// Whether several programs may have a folder's home open at once, as on a server.
    pub(crate) fn is_shared_at(folder: &Path) -> Result<bool> {
        if folder.join(SERVER_FILE).exists() {
            return Ok(true);
        }
        if folder.join(FILES).is_dir() {
            return Ok(false);
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

    /// The home that a folder has or names, noted under one of these keys. A server is shown this certificate.
    pub(crate) fn open(folder: &Path, roots: &[&RootKey], own: Option<&Arc<Own>>) -> Result<Self> {
        if !Self::is_shared_at(folder)? {
            return Ok(Home::Folder(folder.to_owned()));
        }
        let control = server_file::read(&folder.join(SERVER_FILE), roots)?.showing(own.cloned());
        control.tell_unshown();
        Ok(Home::Server { control, owner: None })
    }

    /// Whether several programs may have it open at once.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Home::Server { .. })
    }

    /// Connects once, trusting another authority. None where there is no server to connect to.
    pub(crate) fn connect_trusting(&self, authority: &str) -> Option<Result<()>> {
        match self {
            Home::Folder(_) => None,
            Home::Server { control, .. } => Some(Control::connect(&control.trusting(authority)).map(|_| ())),
        }
    }

    /// Takes the owner's address, for what only the owner may do.
    pub(crate) fn set_owner(&mut self, url: &str) -> Result<()> {
        if let Home::Server { control, owner } = self {
            *owner = Some(Server::new(url, control.authority())?.showing(control.shown()));
        }
        Ok(())
    }

    /// Every organization.
    pub(crate) fn organizations(&self) -> Result<Vec<Found>> {
        match self {
            Home::Folder(folder) => in_folder(folder),
            Home::Server { control, .. } => {
                let rows = Control::connect(control)?.organizations()?;
                rows.into_iter().map(|(id, text)| in_control(id, &text)).collect()
            }
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
                let all = folder.join(FILES);
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

/// A move that was begun: where to.
#[expect(clippy::large_enum_variant, reason = "a program has one")]
pub(crate) enum Move {
    ToServer { control: Server, owner: Owner },
    ToFiles { into: PathBuf },
}

impl Home {
    /// Prepares a server, or goes on with the one that was prepared.
    pub(crate) fn begin_to_server(&self, folder: &Path, owner: Server, root: &RootKey) -> Result<Move> {
        let Home::Folder(_) = self else {
            return Err(Error::refused("to", "there", "this installation is on a PostgreSQL server already"));
        };
        let own = owner.shown();
        let owner = Owner::connect(&owner)?;
        let begun = folder.join(SERVER_FILLING);
        let control = if begun.exists() {
            server_file::read(&begun, &[root])?.showing(own)
        } else {
            let control = owner.prepare()?;
            server_file::write_new(&begun, &control, root)?;
            control
        };
        Control::connect(&control)?;
        Ok(Move::ToServer { control, owner })
    }

    /// Withdraws the right to write on the server, and prepares a folder.
    pub(crate) fn begin_to_files(&self, folder: &Path, owner: &str) -> Result<Move> {
        self.set_writing(owner, false)?;
        let into = folder.join(FILLING);
        make_folder(&into)?;
        Ok(Move::ToFiles { into })
    }

    pub(crate) fn give_up_to_files(&self, folder: &Path, owner: &str) -> Result<()> {
        self.set_writing(owner, true)?;
        match fs::remove_dir_all(folder.join(FILLING)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::fault(e)),
            _ => Ok(()),
        }
    }

    fn set_writing(&self, owner: &str, may: bool) -> Result<()> {
        let Home::Server { control, .. } = self else {
            return Err(Error::refused("to", "there", "this installation is in its own files already"));
        };
        let owner = Owner::connect(&Server::new(owner, control.authority())?.showing(control.shown()))?;
        for found in self.organizations()? {
            owner.set_writing(found.keys.organization, may)?;
        }
        Ok(())
    }
}

impl Move {
    /// The place of an organization there; made where it is not yet.
    pub(crate) fn place(&self, keys: &KeyFile, key: &Zeroizing<[u8; 32]>) -> Result<Location> {
        let id = keys.organization;
        match self {
            Move::ToServer { control, owner } => {
                if !owner.has(id)? {
                    owner.make(id, &role_password(key))?;
                }
                Ok(Location::schema(control, id, key.clone()))
            }
            Move::ToFiles { into } => {
                let own = into.join(id.to_string());
                make_folder(&own)?;
                let file = own.join("keys.json");
                if !file.exists() {
                    key::replace(&file, &keys.text()?)?;
                }
                let location = Location::File { path: own.join("store.db"), key: key.clone() };
                location.create()?;
                Ok(location)
            }
        }
    }

    /// An organization is whole there.
    pub(crate) fn placed(&self, keys: &KeyFile) -> Result<()> {
        match self {
            Move::ToServer { owner, .. } => {
                let text = keys.text()?;
                owner.name(keys.organization, std::str::from_utf8(&text).map_err(Error::fault)?)
            }
            Move::ToFiles { .. } => Ok(()),
        }
    }

    /// Names the new home. It is one rename: a crash before leaves the old one, a crash after the new one.
    pub(crate) fn end(&self, folder: &Path) -> Result<()> {
        match self {
            Move::ToServer { .. } => {
                key::rename(&folder.join(SERVER_FILLING), &folder.join(SERVER_FILE))?;
                set_aside(folder, FILES)
            }
            Move::ToFiles { .. } => {
                key::rename(&folder.join(FILLING), &folder.join(FILES))?;
                set_aside(folder, SERVER_FILE)
            }
        }
    }
}

/// What a move left stays, under a name that says so, until somebody removes it.
fn set_aside(folder: &Path, name: &str) -> Result<()> {
    let aside = folder.join(format!("{name}.{LEFT}"));
    let _ = fs::remove_dir_all(&aside);
    key::rename(&folder.join(name), &aside)
}

fn own_folder(folder: &Path, id: OrganizationId) -> PathBuf {
    folder.join(FILES).join(id.to_string())
}

fn in_control(id: OrganizationId, text: &str) -> Result<Found> {
    let lies = format!("the keys of organization {id} in the database");
    let keys = KeyFile::parse(text.as_bytes(), &lies)?;
    if keys.organization != id {
        return Err(another_organization(format!(
            "{lies} belong to organization {}: put each organization's keys back in its own row",
            keys.organization
        )));
    }
    Ok(Found { keys, lies })
}

fn another_organization(message: String) -> Error {
    Error::refused("keys", "another_organization", message)
}

fn in_folder(folder: &Path) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.join(FILES)).map_err(Error::fault)? {
        let path = entry.map_err(Error::fault)?.path();
        if path.extension().is_some_and(|extension| extension == FOUNDING) {
            // A founding that a crash broke off: it was never acknowledged, so nothing of it may stay.
            let _ = fs::remove_dir_all(&path);
        } else if path.is_dir() {
            let file = path.join("keys.json");
            let keys = KeyFile::read(&file)?;
            let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if keys.organization.to_string() != named {
                return Err(another_organization(format!(
                    "{} belongs to organization {}: put each organization's files back in its own folder",
                    file.display(),
                    keys.organization
                )));
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
