//! An organization's key file: its organization key wrapped by the root key, and its database key wrapped by the
//! organization key.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use trial::ids::{Id, KeyId, OrganizationId};
use zeroize::Zeroizing;

use super::{
    root::RootKey,
    seal::{Cell, SealKey},
};
use crate::error::{Error, Result};

const ORGANIZATION_KEY: &str = "organization_key";
const DATABASE_KEY: &str = "database_key";
/// Bytes of a file of keys.
const FILE_BYTES_MAX: u64 = 4_096;

/// An organization's keys as they lie beside its database.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFile {
    pub organization: OrganizationId,
    pub name: String,
    organization_key_id: KeyId,
    organization_key: String,
    database_key: String,
}

/// The two keys, open.
pub(crate) struct OpenKeys {
    pub organization: SealKey,
    pub tag: Zeroizing<[u8; 32]>,
    pub database: Zeroizing<[u8; 32]>,
}

impl KeyFile {
    /// New keys for a new organization.
    pub(crate) fn new(root: &RootKey, organization: OrganizationId, name: &str) -> Result<Self> {
        let (mut plain, mut database, mut id) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]), [0; 16]);
        aws_lc_rs::rand::fill(&mut *plain).map_err(Error::fault)?;
        aws_lc_rs::rand::fill(&mut *database).map_err(Error::fault)?;
        aws_lc_rs::rand::fill(&mut id).map_err(Error::fault)?;
        Self::wrap(root, organization, name, KeyId::from_bytes(id), &plain, &database)
    }

    fn wrap(
        root: &RootKey,
        organization: OrganizationId,
        name: &str,
        id: KeyId,
        plain: &[u8; 32],
        database: &[u8; 32],
    ) -> Result<Self> {
        let key = SealKey::new(id, plain)?;
        let cell = |kind| Cell { organization, kind, key: organization.bytes(), version: 1 };
        Ok(KeyFile {
            organization,
            name: name.to_owned(),
            organization_key_id: id,
            organization_key: BASE64.encode(root.seal(cell(ORGANIZATION_KEY), plain)?),
            database_key: BASE64.encode(key.seal(cell(DATABASE_KEY), database)?),
        })
    }

    /// As it lies in a file.
    pub(crate) fn text(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(Error::fault)
    }

    /// Reads an organization's key file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        let mut text = Vec::new();
        fs::File::open(path).and_then(|f| f.take(FILE_BYTES_MAX).read_to_end(&mut text)).map_err(|e| {
            Error::refused(
                "keys",
                "missing_key",
                format!("the key file {file} cannot be read ({e}): put it back; without it the data cannot be opened"),
            )
        })?;
        Self::parse(&text, &file.to_string())
    }

    /// From its text; `lies` is what to call the place that it came from.
    pub(crate) fn parse(text: &[u8], lies: &str) -> Result<Self> {
        serde_json::from_slice(text).map_err(|e| {
            Error::refused(
                "keys",
                "wrong_key",
                format!("{lies} is not a key file ({e}): put back the one made with the organization"),
            )
        })
    }

    /// Opens the keys with the root key.
    pub(crate) fn unwrap(&self, root: &RootKey, lies: &str) -> Result<OpenKeys> {
        let organization = self.organization;
        let cell = |kind| Cell { organization, kind, key: organization.bytes(), version: 1 };
        let wrong = || {
            Error::refused(
                "keys",
                "wrong_key",
                format!(
                    "{lies} does not open with this root key: it belongs to another installation or organization, or was changed"
                ),
            )
        };
        let decode = |text: &str| BASE64.decode(text).map_err(|_| wrong());
        let plain = root.open(cell(ORGANIZATION_KEY), &decode(&self.organization_key)?)?.ok_or_else(wrong)?;
        let plain: Zeroizing<[u8; 32]> = Zeroizing::new(plain.as_slice().try_into().map_err(|_| wrong())?);
        let organization = SealKey::new(self.organization_key_id, &plain)?;
        let database = organization.open(cell(DATABASE_KEY), &decode(&self.database_key)?).ok_or_else(wrong)?;
        let database = Zeroizing::new(database.as_slice().try_into().map_err(|_| wrong())?);
        let tag = Zeroizing::new(ledger::sha256(&[b"probity tag key", plain.as_slice()].concat()).0);
        Ok(OpenKeys { organization, tag, database })
    }

    /// Rewraps the organization key under another root key; nothing beneath it changes. `None` where it is wrapped so
    /// already.
    pub(crate) fn rewrapped(mut self, lies: &str, old: &RootKey, new: &RootKey) -> Result<Option<Self>> {
        let cell = Cell {
            organization: self.organization,
            kind: ORGANIZATION_KEY,
            key: self.organization.bytes(),
            version: 1,
        };
        let sealed = BASE64.decode(&self.organization_key).map_err(Error::fault)?;
        if new.open(cell, &sealed)?.is_some() {
            return Ok(None);
        }
        let plain = old.open(cell, &sealed)?.ok_or_else(|| {
            Error::refused("keys", "wrong_key", format!("{lies} does not open with the old root key"))
        })?;
        let sealed = new.seal(cell, &plain)?;
        if new.open(cell, &sealed)?.is_none_or(|again| *again != *plain) {
            return Err(Error::fault("a root key does not open what it sealed"));
        }
        self.organization_key = BASE64.encode(sealed);
        Ok(Some(self))
    }
}

/// Writes a file in the place of another, whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let half = beside(path, ".half");
    let _ = fs::remove_file(&half);
    write_new(&half, bytes)?;
    rename(&half, path)
}

/// A file's name with something after it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Gives a file another's name, durably. It is atomic: a crash leaves the old file or the new one, whole.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::fault)?;
    sync_folder(to).map_err(Error::fault)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        // A bare name lies in the current folder.
        Some(folder) if folder.as_os_str().is_empty() => fs::File::open(".")?.sync_all(),
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Writes a file that did not exist, readable by its owner only, and syncs it and its folder.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |e: std::io::Error| {
        Error::refused("data_dir", "not_writable", format!("{} cannot be written ({e})", path.display()))
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    sync_folder(path).map_err(failed)
}
