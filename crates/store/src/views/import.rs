//! Imports into a study and what reading their files reported.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    ids::{ImportId, StudyId},
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    record::ImportRecord,
    time,
    view::{Snapshot, View},
};

/// The imports into a study, newest first.
#[derive(Debug)]
pub struct Imports {
    /// Into which.
    pub study: StudyId,
}

/// An import.
#[derive(Debug, Clone, Serialize)]
pub struct ImportLine {
    /// Which.
    pub id: ImportId,
    /// The file's name.
    pub file_name: String,
    /// Its length.
    pub file_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub file_digest: String,
    /// What it says it was written by.
    pub source_system: String,
    /// When it was begun.
    pub opened: Timestamp,
    /// Whether all of it was taken.
    pub complete: bool,
    /// What reading it reported.
    pub report: serde_json::Value,
}

impl View for Imports {
    const NAME: &'static str = "view.imports";
    const NEEDS: Permission = Permission::DataImport;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<ImportLine>;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Vec<ImportLine>> {
        let rows = snapshot.db.select(
            "SELECT id, opened, state FROM import WHERE study = ?1 ORDER BY id DESC",
            values![&self.study],
            |row| Ok((row.id::<ImportId>(0)?, time::instant(row.int(1)?), row.text(2)? == "complete")),
        )?;
        let mut lines = Vec::with_capacity(rows.len());
        for (id, opened, complete) in rows {
            if let Some((_, record)) = snapshot.current::<ImportRecord>(&id)? {
                lines.push(ImportLine {
                    id,
                    file_name: record.file_name,
                    file_bytes: record.file_bytes,
                    file_digest: record.file_digest,
                    source_system: record.source_system,
                    opened,
                    complete,
                    report: record.report,
                });
            }
        }
        Ok(lines)
    }

    fn count(shown: &Vec<ImportLine>) -> u64 {
        shown.len() as u64
    }
}
