//! Writes ODM 1.3.2 that validates against the standard's schema and is read again to equal records.
//!
//! What the standard has a place for is written there. What it has none for (vendor extensions, concepts of
//! ODM 2.0, a second audit record of a value) stands in a processing instruction at its place: the schema of
//! ODM 1.3.2 allows no foreign element or attribute anywhere, but instructions everywhere, and other software
//! passes over them. `docs/decisions` says why.

mod admin;
mod clinical;
mod evidence;
mod keep;
mod metadata;
mod table;

use std::io::Write;

use trial::clinical::{AdminData, Chunk};
use trial::definition::Study;

use crate::error::WriteError;
use crate::read::{FileInfo, FileType};
use crate::schema::{Edition, is_datetime};
use crate::xml::Writer;

pub use table::{Row, Rows, Table, tables, write_csv_zip};

use self::clinical::Place;
use self::keep::{Keep, instructions};

/// Writes one ODM 1.3.2 file, in the standard's order: studies, then users and sites, then data.
///
/// Memory does not grow with what is written.
pub struct OdmWriter<W: Write> {
    xml: Writer<W>,
    stage: Stage,
    place: Place,
}

/// The parts of a file, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Studies,
    Admin,
    Reference,
    Clinical,
    Associations,
}

impl<W: Write> OdmWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// Where `out` does not take it.
    pub fn new(out: W, file: &FileInfo) -> Result<Self, WriteError> {
        let mut xml = Writer::new(out)?;
        let created = if is_datetime(&file.created) { file.created.as_str() } else { "1970-01-01T00:00:00Z" };
        xml.start("ODM")?;
        xml.attribute("xmlns", Edition::V1_3.namespace())?;
        xml.attribute("ODMVersion", "1.3.2")?;
        xml.attribute("FileOID", if file.file_oid.is_empty() { "-" } else { &file.file_oid })?;
        let file_type = match file.file_type {
            FileType::Snapshot => "Snapshot",
            FileType::Transactional => "Transactional",
        };
        xml.attribute("FileType", file_type)?;
        let granularities =
            ["All", "Metadata", "AdminData", "ReferenceData", "AllClinicalData", "SingleSite", "SingleSubject"];
        let granularity = file.granularity.as_deref().filter(|of| granularities.contains(of));
        xml.optional("Granularity", granularity)?;
        xml.attribute("CreationDateTime", created)?;
        xml.optional("AsOfDateTime", file.as_of.as_deref().filter(|of| is_datetime(of)))?;
        xml.optional("PriorFileOID", file.prior_file_oid.as_deref().filter(|of| !of.is_empty()))?;
        xml.optional("Description", file.description.as_deref())?;
        xml.optional("Archival", file.archival.then_some("Yes"))?;
        xml.optional("Originator", file.originator.as_deref())?;
        xml.optional("SourceSystem", file.source_system.as_deref())?;
        xml.optional("SourceSystemVersion", file.source_system_version.as_deref())?;
        instructions(&mut xml, Keep::default(), &file.extensions, false)?;
        Ok(Self { xml, stage: Stage::Studies, place: Place::default() })
    }

    /// Writes a study with all its versions.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or data were written already.
    pub fn study(&mut self, study: &Study) -> Result<(), WriteError> {
        self.go_to(Stage::Studies, "a study")?;
        Ok(metadata::study(&mut self.xml, study)?)
    }

    /// Writes users, sites and signature meanings.
    ///
    /// # Errors
    ///
    /// Where they cannot be written, or clinical data were written already.
    pub fn admin(&mut self, admin: &AdminData) -> Result<(), WriteError> {
        self.go_to(Stage::Admin, "users and sites")?;
        Ok(admin::admin_data(&mut self.xml, admin)?)
    }

    /// Writes a piece of clinical data. Pieces come in the order in which [`crate::ClinicalReader`] hands them
    /// over: a subject, then its visits, each with its forms. A form whose subject or visit was not announced is
    /// written into one that says nothing more than its key.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or comes after what must follow it.
    pub fn chunk(&mut self, chunk: &Chunk) -> Result<(), WriteError> {
        match chunk {
            Chunk::Admin(admin) => return self.admin(admin),
            Chunk::Reference(_)
            | Chunk::AuditRecords { reference: true, .. }
            | Chunk::Signatures { reference: true, .. }
            | Chunk::Annotations { reference: true, .. } => self.go_to(Stage::Reference, "reference data")?,
            Chunk::Association(_) => self.go_to(Stage::Associations, "an association")?,
            Chunk::Extension { context: None, .. } => self.place.leave_all(&mut self.xml)?,
            // Beside data of the kind that is being written.
            Chunk::Extension { context: Some(_), .. } if self.stage == Stage::Reference => {}
            _ => self.go_to(Stage::Clinical, "clinical data")?,
        }
        Ok(self.place.write(&mut self.xml, chunk)?)
    }

    /// Ends the file and gives back where it was written to.
    ///
    /// # Errors
    ///
    /// Where `out` does not take it.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.place.leave_all(&mut self.xml)?;
        Ok(self.xml.finish()?)
    }

    fn go_to(&mut self, stage: Stage, what: &'static str) -> Result<(), WriteError> {
        if stage < self.stage {
            return Err(WriteError::Order(what));
        }
        if stage > self.stage {
            self.place.leave_all(&mut self.xml)?;
        }
        self.stage = stage;
        Ok(())
    }
}
