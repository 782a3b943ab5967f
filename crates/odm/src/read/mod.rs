//! Reads ODM files: definitions, users and sites, clinical data.

mod admin;
mod clinical;
mod definition;
mod evidence;
mod file;
mod record;
mod study;

pub use clinical::ClinicalReader;
pub(crate) use clinical::OUTSIDE_EVENT;
pub use file::{FileInfo, FileType};
pub use study::{StudyRead, read_study};

pub(crate) use record::{Keeps, Records};
