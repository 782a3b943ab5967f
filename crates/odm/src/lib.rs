//! CDISC ODM and the other exchange formats: reading and writing, streaming.
//!
//! [`read_study`] reads the definitions of a file, [`ClinicalReader`] its data in [`trial::clinical::Chunk`]s of bounded size.
//! [`OdmWriter`] writes ODM 1.3.2 that validates against the standard's schema and is
//! read again to equal records. [`write_csv_zip`] writes one table per item group.
//!
//! Nothing here knows the database, and nothing here decides whether a value is right: values are handed over
//! as they are written. `docs/odm.md` says what is read, what is written and what is kept as an extension.

mod error;
mod limits;
mod read;
mod report;
mod schema;
mod vendor;
mod write;
mod xml;

pub use error::{ReadError, WriteError};
pub use limits::{Limits, Mode};
pub use read::{ClinicalReader, FileInfo, FileType, StudyRead, read_study};
pub use report::{Deviation, DeviationCode, KeptExtension, Position, Report};
pub use schema::Edition;
pub use vendor::Vendor;
pub use write::{OdmWriter, Row, Rows, Table, tables, write_csv_zip};
