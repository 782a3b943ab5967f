//! A whole study as ODM 1.3.2: definition, users and sites, values with their audit records. It is written while it
//! is read, in memory that does not grow with the study; the ledger gets the file's digest.

use std::{cell::RefCell, collections::HashSet, io::Write};

use jiff::Timestamp;
use odm::{FileInfo, FileType, OdmWriter, WriteError};
use serde::Serialize;
use store::{Actor, Error, Organization, views::ExportPart};
use trial::{
    clinical::{AdminData, Chunk, Location, LocationType, User},
    definition::{LocationOid, StudyOid, UserOid},
    ids::StudyId,
};

use super::digest::HashWriter;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedFile {
    /// Subjects, forms and item groups in it.
    pub held: store::views::Exported,
    /// SHA-256 of the file, in hexadecimal, as the ledger has it.
    pub digest: String,
    /// Its length.
    pub bytes: u64,
}

/// Writes the study to `out`. `at` is the time that the file says it was made.
///
/// # Errors
/// Why it may not be exported, or could not be written; what was written by then is no whole file.
pub fn export_odm(
    organization: &Organization,
    actor: &Actor,
    study: StudyId,
    at: Timestamp,
    out: impl Write,
) -> store::Result<ExportedFile> {
    let says = FileInfo {
        file_oid: format!("{study}.{}", at.as_microsecond()),
        file_type: FileType::Snapshot,
        granularity: Some("All".into()),
        created: at.to_string(),
        as_of: Some(at.to_string()),
        originator: Some(organization.name().to_owned()),
        source_system: Some("Probity".into()),
        source_system_version: Some(env!("CARGO_PKG_VERSION").into()),
        odm_version: Some("1.3.2".into()),
        ..FileInfo::default()
    };
    let writer = OdmWriter::new(HashWriter::new(out), &says).map_err(|error| not_written(&error))?;
    let file = RefCell::new(Some(OdmFile::new(writer)));
    let written = RefCell::new(None);
    let held = organization.export(
        actor,
        study,
        |part| match file.borrow_mut().as_mut() {
            Some(file) => file.part(part).map_err(|error| not_written(&error)),
            None => Err(Error::fault("an export went on after its end")),
        },
        || {
            let file = file.borrow_mut().take().ok_or_else(|| Error::fault("an export ended twice"))?;
            let mut out = file.finish().map_err(|error| not_written(&error))?;
            out.flush().map_err(|error| not_written(&error.into()))?;
            let digested = out.digested();
            written.replace(Some(digested));
            Ok(digested.digest)
        },
    )?;
    let digested = written.into_inner().ok_or_else(|| Error::fault("an export did not end"))?;
    Ok(ExportedFile { held, digest: digested.digest.to_hex(), bytes: digested.bytes })
}

/// Why a file could not be written, as the person who asked for it is told.
pub(super) fn not_written(error: &WriteError) -> Error {
    Error::refused("file", "not_written", format!("the export was broken off: {error}"))
}

/// A file being written. Users and sites of our own are held back until those of imported files have passed, because
/// the same ones may be among them.
struct OdmFile<W: Write> {
    writer: OdmWriter<W>,
    study: Option<StudyOid>,
    own: Option<AdminData>,
    /// Digests of those written: a file may have been imported twice, once for its definition, once for its data.
    written: HashSet<ledger::Hash>,
    users: HashSet<UserOid>,
    locations: HashSet<LocationOid>,
}

impl<W: Write> OdmFile<W> {
    fn new(writer: OdmWriter<W>) -> Self {
        OdmFile {
            writer,
            study: None,
            own: Some(AdminData::default()),
            written: HashSet::new(),
            users: HashSet::new(),
            locations: HashSet::new(),
        }
    }

    fn part(&mut self, part: ExportPart) -> Result<(), WriteError> {
        match part {
            ExportPart::Definition(defined, beside) => {
                self.study = defined.studies.first().map(|study| study.oid.clone());
                defined.studies.iter().try_for_each(|study| self.writer.study(study))?;
                beside.iter().try_for_each(|chunk| self.beside(chunk))
            }
            ExportPart::Site(site) => {
                self.hold(|own| {
                    own.locations.push(Location {
                        oid: site.oid.as_str().into(),
                        name: site.name.clone(),
                        location_type: Some(LocationType::Site),
                        ..Location::default()
                    });
                });
                Ok(())
            }
            ExportPart::Person(person, name) => {
                self.hold(|own| {
                    own.users.push(User {
                        oid: person.to_string().into(),
                        display_name: Some(name.clone()),
                        ..User::default()
                    });
                });
                Ok(())
            }
            ExportPart::Beside(chunk) => self.beside(&chunk),
            ExportPart::Clinical(chunk) => {
                self.own_admin()?;
                self.writer.chunk(&chunk)
            }
        }
    }

    fn hold(&mut self, add: impl FnOnce(&mut AdminData)) {
        if let Some(own) = &mut self.own {
            add(own);
        }
    }

    fn beside(&mut self, chunk: &Chunk) -> Result<(), WriteError> {
        match chunk {
            Chunk::Admin(admin) => self.admin(admin),
            Chunk::Extension { context: None, .. } => self.writer.chunk(chunk),
            data => {
                self.own_admin()?;
                self.writer.chunk(data)
            }
        }
    }

    fn admin(&mut self, admin: &AdminData) -> Result<(), WriteError> {
        let json = serde_json::to_vec(admin).map_err(std::io::Error::other)?;
        if !self.written.insert(ledger::sha256(&json)) {
            return Ok(());
        }
        self.users.extend(admin.users.iter().map(|user| user.oid.clone()));
        self.locations.extend(admin.locations.iter().map(|location| location.oid.clone()));
        self.writer.admin(admin)
    }

    /// Our own users and sites, but those that an imported file had already.
    fn own_admin(&mut self) -> Result<(), WriteError> {
        let Some(mut own) = self.own.take() else { return Ok(()) };
        own.users.retain(|user| !self.users.contains(&user.oid));
        own.locations.retain(|location| !self.locations.contains(&location.oid));
        if own.users.is_empty() && own.locations.is_empty() {
            return Ok(());
        }
        own.study = self.study.clone();
        self.writer.admin(&own)
    }

    fn finish(mut self) -> Result<W, WriteError> {
        self.own_admin()?;
        self.writer.finish()
    }
}
