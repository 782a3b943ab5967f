//! The root key file, and an organization's key file: its organization key wrapped by the root key, and its
//! database key wrapped by the organization key.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use trial::ids::{Id, KeyId, OrganizationId};
use zeroize::Zeroizing;

use super::seal::{Cell, SealKey};
use crate::{
    backend::hex,
    error::{Error, Result},
};

const ORGANIZATION_KEY: &str = "organization_key";
const DATABASE_KEY: &str = "database_key";
/// Bytes of a file of keys.
const FILE_BYTES_MAX: u64 = 4_096;

/// The key above all others. Lost, everything is lost: back it up apart from the data.
pub(crate) struct RootKey(SealKey);

impl RootKey {
    /// Reads the root key file (64 hexadecimal digits, readable by its owner only).
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let refuse = |code, why: String| Error::refused("root_key", code, why);
        let file = path.display();
        let mut text = Zeroizing::new(String::new());
        fs::File::open(path)
            .and_then(|f| f.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(|e| refuse("missing_key", format!("the root key {file} cannot be read ({e}): put it back, or name it with --root-key. Without it the data cannot be opened")))?;
        only_its_owner(path)?;
        let bytes = from_hex(text.trim()).ok_or_else(|| {
            refuse(
                "wrong_key",
                format!("{file} is not a root key (64 hexadecimal digits): put back the one made by `probity init`"),
            )
        })?;
        Self::new(&bytes)
    }

    /// Makes a new root key file; an existing one is never overwritten. It has its name once it is whole.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *bytes).map_err(Error::fault)?;
        if path.exists() {
            let why = format!("{} exists already, and a key is never overwritten", path.display());
            return Err(Error::refused("root_key", "exists", why));
        }
        let half = beside(path, ".half");
        // What a crash left: it never had its name, so nothing was sealed with it.
        let _ = fs::remove_file(&half);
        write_new(&half, Zeroizing::new(hex(&*bytes)).as_bytes())?;
        rename(&half, path)?;
        Self::new(&bytes)
    }

    fn new(bytes: &[u8; 32]) -> Result<Self> {
        // The id names the key without telling it: a hash of a hash.
        let digest = ledger::sha256(&[b"probity root key", &bytes[..]].concat());
        let mut id = [0; 16];
        id.copy_from_slice(digest.0.split_at(16).0);
        Ok(RootKey(SealKey::new(KeyId::from_bytes(id), bytes)?))
    }
}

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
            organization_key: BASE64.encode(root.0.seal(cell(ORGANIZATION_KEY), plain)?),
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
        let plain = root.0.open(cell(ORGANIZATION_KEY), &decode(&self.organization_key)?).ok_or_else(wrong)?;
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
        if self.unwrap(new, lies).is_ok() {
            return Ok(None);
        }
        let cell = Cell {
            organization: self.organization,
            kind: ORGANIZATION_KEY,
            key: self.organization.bytes(),
            version: 1,
        };
        let sealed = BASE64.decode(&self.organization_key).map_err(Error::fault)?;
        let plain = old.0.open(cell, &sealed).ok_or_else(|| {
            Error::refused("keys", "wrong_key", format!("{lies} does not open with the old root key"))
        })?;
        self.organization_key = BASE64.encode(new.0.seal(cell, &plain)?);
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

fn from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
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

#[cfg(unix)]
fn only_its_owner(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(Error::fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::refused(
            "root_key",
            "open_to_others",
            format!(
                "the root key {} can be read by others (mode {:o}): run `chmod 600` on it",
                path.display(),
                mode & 0o777
            ),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn only_its_owner(_: &Path) -> Result<()> {
    Ok(())
}
