//! Why a file could not be read or written.

use std::io;

use thiserror::Error;

use crate::report::{Deviation, Position};

/// Why a file could not be read. Nothing of it should be stored.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bytes could not be had.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
    /// It is not well-formed XML, or it ends too early.
    #[error("{position}: this is not well-formed XML: {message}")]
    Malformed {
        /// Where.
        position: Position,
        /// What is wrong.
        message: String,
    },
    /// It holds a document type or an entity that is not one of XML's five: both can be used to attack readers.
    #[error("{position}: {what} is not allowed; export the file without it")]
    Forbidden {
        /// Where.
        position: Position,
        /// What.
        what: String,
    },
    /// It is in an encoding that is not read.
    #[error("the file is encoded as {encoding}; save it as UTF-8")]
    Encoding {
        /// The encoding.
        encoding: String,
    },
    /// It is XML, but not CDISC ODM 1.3 or 2.0.
    #[error("{position}: expected an ODM element of CDISC ODM 1.3, 1.3.1, 1.3.2 or 2.0, found {found}")]
    NotOdm {
        /// Where.
        position: Position,
        /// What is there instead.
        found: String,
    },
    /// It deviates from the standard, and was read strictly.
    #[error("{0}; read it in tolerant mode to import it with a report")]
    Deviation(Box<Deviation>),
    /// It goes beyond a limit.
    #[error("{position}: {what} beyond the limit of {limit}")]
    Limit {
        /// Where.
        position: Position,
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

/// Why a file could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The bytes could not be stored, or a text holds a character that XML cannot carry.
    #[error("the file could not be written: {0}")]
    Io(#[from] io::Error),
    /// The zip file could not be made.
    #[error("the zip file could not be written: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The parts were given in an order that the standard does not have.
    #[error(
        "{0} cannot be written any more: studies come first, then users and sites, reference data, clinical data, associations"
    )]
    Order(&'static str),
    /// A row holds a value of an item that its table has no column for.
    #[error("{file} has no column for item {item}")]
    Column {
        /// The file.
        file: String,
        /// The item.
        item: String,
    },
}
