//! The only I/O: whole files are read, none larger than anything the formats allow, none written.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ledger::archive::ArchiveReader;

/// Larger than a full entry bundle (256 entries of 65,535 bytes, each with its length).
const FILE_BYTES_MAX: u64 = 17 * 1024 * 1024;

/// A file that is there, or should be, and cannot be read.
pub(crate) struct Unreadable {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}: {}", self.path.display(), self.reason)
    }
}

/// The whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let failed = |error: io::Error| Unreadable { path: path.to_owned(), reason: error.to_string() };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Unreadable { path: path.to_owned(), reason: format!("larger than {FILE_BYTES_MAX} bytes") });
    }
    Ok(bytes)
}

/// All of the files, in order.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Unreadable> {
    paths.iter().map(|path| read(path)).collect()
}

/// An archive as a folder.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn open(root: &Path) -> Result<Self, Unreadable> {
        let unreadable = |reason: &str| Unreadable { path: root.to_owned(), reason: reason.to_owned() };
        match std::fs::metadata(root) {
            Ok(found) if found.is_dir() => Ok(Self { root: root.to_owned() }),
            Ok(_) => Err(unreadable("it is not a folder")),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

impl ArchiveReader for Folder {
    type Error = Unreadable;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        let path = self.root.join(path);
        if path.try_exists().unwrap_or(true) { read(&path).map(Some) } else { Ok(None) }
    }
}
