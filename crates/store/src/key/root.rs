//! The root key: it wraps the organizations' keys, seals the password of a server's role, and nothing else. And the small files
//! that hold one secret: a root key, or the PIN of the token that has it.

use std::{fs, io::Read as _, path::Path};

use trial::ids::{Id, KeyId};
use zeroize::Zeroizing;

use super::{
    files::{beside, rename, write_new},
    place::{NEXT, RootKeyPlace, TokenKey},
    seal::{Cell, SealKey},
};
use crate::{
    backend::hex,
    error::{Error, Result},
};

/// Bytes of a file that holds one secret.
const SECRET_BYTES_MAX: u64 = 4_096;

/// The key above all others. Lost, everything is lost: back it up apart from the data.
pub(crate) enum RootKey {
    /// From a file, held in memory.
    Here(SealKey),
    /// On a token, which is asked each time.
    There(TokenKey, KeyId),
}

impl RootKeyPlace {
    /// Whether a key lies there.
    pub(crate) fn exists(&self) -> Result<bool> {
        match self {
            RootKeyPlace::File(path) => Ok(path.exists()),
            RootKeyPlace::Token(key) => key.exists(),
        }
    }

    /// The key that lies there.
    pub(crate) fn read(&self) -> Result<RootKey> {
        match self {
            RootKeyPlace::File(path) => read(path).map(RootKey::Here),
            RootKeyPlace::Token(key) => Ok(RootKey::There(key.clone(), key.id()?)),
        }
    }

    /// Makes a new key there; an existing one is never overwritten.
    pub(crate) fn make(&self) -> Result<RootKey> {
        match self {
            RootKeyPlace::File(path) => make(path).map(RootKey::Here),
            RootKeyPlace::Token(key) => Ok(RootKey::There(key.clone(), key.make()?)),
        }
    }

    /// Destroys the key that lies there, where it does still, and puts the one that follows it in its place.
    pub(crate) fn give_way(&self) -> Result<RootKey> {
        match self {
            RootKeyPlace::File(path) => rename(&beside(path, NEXT), path)?,
            RootKeyPlace::Token(key) => key.give_way(&key.next())?,
        }
        self.read()
    }
}

impl RootKey {
    pub(crate) fn seal(&self, cell: Cell<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        match self {
            RootKey::Here(key) => key.seal(cell, plain),
            RootKey::There(token, id) => token.seal(*id, cell, plain),
        }
    }

    /// Opens what this key sealed for this cell. `None`: another key, another cell, or a changed byte.
    ///
    /// # Errors
    /// Where a token does not answer.
    pub(crate) fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self {
            RootKey::Here(key) => Ok(key.open(cell, sealed)),
            RootKey::There(token, id) => token.open(*id, cell, sealed),
        }
    }
}

/// Reads the root key file (64 hexadecimal digits, readable by its owner only).
fn read(path: &Path) -> Result<SealKey> {
    let refuse = |code, why: String| Error::refused("root_key", code, why);
    let file = path.display();
    let text = secret(path).map_err(|e| {
        refuse("missing_key", format!("the root key {file} cannot be read ({e}): put it back, or name it with --root-key. Without it the data cannot be opened"))
    })?;
    only_its_owner(path, "the root key")?;
    let bytes = from_hex(text.trim()).ok_or_else(|| {
        refuse(
            "wrong_key",
            format!("{file} is not a root key (64 hexadecimal digits): put back the one made by `probity init`"),
        )
    })?;
    key_of(&bytes)
}

/// Makes a new root key file. It has its name once it is whole.
fn make(path: &Path) -> Result<SealKey> {
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
    key_of(&bytes)
}

fn key_of(bytes: &[u8; 32]) -> Result<SealKey> {
    // The id names the key without telling it: a hash of a hash.
    let digest = ledger::sha256(&[b"probity root key", &bytes[..]].concat());
    let mut id = [0; 16];
    id.copy_from_slice(digest.0.split_at(16).0);
    SealKey::new(KeyId::from_bytes(id), bytes)
}

/// The PIN of a token, from its file.
pub(super) fn pin(path: &Path) -> Result<Zeroizing<String>> {
    let file = path.display();
    let text = secret(path)
        .map_err(|e| Error::refused("root_key", "pin", format!("the PIN {file} cannot be read ({e}): put it there")))?;
    only_its_owner(path, "the PIN")?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn secret(path: &Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    fs::File::open(path)?.take(SECRET_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
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

#[cfg(unix)]
fn only_its_owner(path: &Path, what: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(Error::fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Error::refused(
            "root_key",
            "open_to_others",
            format!("{what} {} can be read by others (mode {:o}): run `chmod 600` on it", path.display(), mode & 0o777),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn only_its_owner(_: &Path, _: &str) -> Result<()> {
    Ok(())
}
