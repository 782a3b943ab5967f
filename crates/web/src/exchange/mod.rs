//! Files in and out: ODM and CSV against the store.
//!
//! Pages, API and command line call the same functions. All are synchronous: they belong on a thread that may block.
//! What a file says is `odm`'s to read and `store`'s to accept. Nothing here repairs a value or leaves one out: what
//! does not fit its definition is reported and kept.

mod csv;
mod data;
mod definition;
mod digest;
mod export;
mod part;
mod report;
mod survey;

use std::io::{self, Read, Seek};

use odm::{Limits, Mode, ReadError};
use store::Error;

pub use csv::export_csv;
pub use data::{DataImport, import_data};
pub use definition::{import_definition, register_study};
pub use digest::{Digested, HashWriter};
pub use export::{ExportedFile, export_odm};
pub use report::{Counts, DataReport, Definitional, ImportReport, Misfit, ReadFile};

/// A file to be read, more than once.
#[derive(Debug)]
pub struct FileIn<R> {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub content: R,
    /// How deviations from the standard are met.
    pub mode: Mode,
    /// How large it may be.
    pub limits: Limits,
}

impl<R: Read + Seek> FileIn<R> {
    /// A file that deviates as real ones do, and may be as large as any.
    pub fn new(name: impl Into<String>, content: R) -> Self {
        FileIn { name: name.into(), content, mode: Mode::Tolerant, limits: Limits::default() }
    }

    /// From its beginning.
    fn rewound(&mut self) -> store::Result<io::BufReader<&mut R>> {
        self.content.rewind().map_err(|error| unreadable(&error))?;
        Ok(io::BufReader::with_capacity(READ_BYTES, &mut self.content))
    }
}

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// Why a file could not be read, as the person who sent it is told.
fn refused(error: ReadError) -> Error {
    let code = match &error {
        ReadError::Io(error) => return unreadable(error),
        ReadError::Malformed { .. } => "malformed",
        ReadError::Forbidden { .. } => "forbidden",
        ReadError::Encoding { .. } => "encoding",
        ReadError::NotOdm { .. } => "not_odm",
        ReadError::Deviation(_) => "deviation",
        ReadError::Limit { .. } => "over_limit",
    };
    Error::refused("file", code, format!("{error}; nothing was stored"))
}

fn unreadable(error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::FileTooLarge => "too_large",
        io::ErrorKind::UnexpectedEof => "truncated",
        _ => "unreadable",
    };
    Error::refused("file", code, format!("the file could not be read: {error}; nothing was stored"))
}
