//! What an import reports: what the file is, what it held, where it deviates, what was kept beyond the standard, and
//! what does not fit the definition. Lists are cut at a limit; the counts beside them are of all.

use odm::{Deviation, FileInfo, KeptExtension};
use serde::{Deserialize, Serialize};
use trial::{
    definition::{Gravity, Problem},
    ids::ImportId,
};

use super::digest::Digested;

/// Misfits that are described one by one.
pub(super) const MISFITS_MAX: usize = 10_000;

/// What an import of a definition reports; the first part of what one of data does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportReport {
    /// The file.
    pub file: ReadFile,
    /// What it held.
    pub counts: Counts,
    /// Where it deviates from the standard: line, path, what is wrong.
    pub deviations: Vec<Deviation>,
    /// How many deviations there are.
    pub deviation_count: u64,
    /// What was kept beyond the standard, kind by kind.
    pub extensions: Vec<KeptExtension>,
    /// How many things were kept beyond the standard.
    pub extension_count: u64,
    /// What is odd about the definitions, and harms nothing.
    pub definitional: Vec<Definitional>,
}

/// The file that was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadFile {
    /// Its name.
    pub name: String,
    /// Its SHA-256, in hexadecimal.
    pub digest: String,
    /// Its length.
    pub bytes: u64,
    /// The edition of the standard it is written in.
    pub edition: String,
    /// What it says of itself.
    pub says: FileInfo,
}

impl ReadFile {
    pub(super) fn new(name: &str, of: Digested, edition: Option<odm::Edition>, says: FileInfo) -> Self {
        let edition = match edition {
            Some(odm::Edition::V2_0) => "CDISC ODM 2.0",
            _ => "CDISC ODM 1.3",
        };
        ReadFile { name: name.to_owned(), digest: of.digest.to_hex(), bytes: of.bytes, edition: edition.into(), says }
    }

    /// What it was written by, as it says.
    #[must_use]
    pub fn source_system(&self) -> String {
        let said = [self.says.source_system.as_deref(), self.says.source_system_version.as_deref()];
        said.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// What a file held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Studies, those of sites included.
    pub studies: u64,
    /// Study versions.
    pub versions: u64,
    /// Visits, forms, item groups, items and code lists that it defines.
    pub defined_visits: u64,
    /// Forms that it defines.
    pub defined_forms: u64,
    /// Item groups that it defines.
    pub defined_groups: u64,
    /// Items that it defines.
    pub defined_items: u64,
    /// Code lists that it defines.
    pub defined_code_lists: u64,
    /// Subjects.
    pub subjects: u64,
    /// Visits with data.
    pub visits: u64,
    /// Forms with data.
    pub forms: u64,
    /// Rows of item groups.
    pub groups: u64,
    /// Item values.
    pub values: u64,
    /// Audit records, of whatever.
    pub audit_records: u64,
    /// Pieces beside the subjects: users and sites, reference data, lists of audit records and signatures.
    pub beside: u64,
}

/// Something odd about a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitional {
    /// Where, outermost first.
    pub place: String,
    /// What, in words.
    pub message: String,
}

impl Definitional {
    /// Those of the problems that do not refuse the definition.
    pub(super) fn noted(problems: &[Problem]) -> Vec<Self> {
        let noted = problems.iter().filter(|problem| problem.gravity == Gravity::Noted);
        noted.map(|problem| Self { place: problem.place.clone(), message: problem.message.clone() }).collect()
    }
}

/// Something in the data that does not fit the definition. It was kept as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// Which subject, as the file names it.
    pub subject: String,
    /// Where below it: visit, form, item group, item.
    pub place: String,
    /// For programs.
    pub code: String,
    /// In words. Never holds the value.
    pub message: String,
}

/// What an import of data reports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataReport {
    /// Which import; absent in a dry run.
    pub import: Option<ImportId>,
    /// True where the file had been imported already, and nothing was imported again.
    pub repeated: bool,
    /// What reading reports.
    #[serde(flatten)]
    pub reading: ImportReport,
    /// What does not fit the definition.
    pub misfits: Vec<Misfit>,
    /// How many things do not fit it.
    pub misfit_count: u64,
    /// Sites that the file names.
    pub sites: Vec<String>,
}
