//! What a file says of itself (ODM: the ODM element's attributes).

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use trial::definition::Extension;

use crate::error::ReadError;
use crate::schema::Edition;
use crate::xml::{Source, Token};

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileInfo {
    /// Its identifier.
    pub file_oid: String,
    /// Whether it holds a state or changes to one.
    pub file_type: FileType,
    /// What it holds (`Metadata`, `AllClinicalData` …), as written.
    pub granularity: Option<String>,
    /// When it was made, as written.
    pub created: String,
    /// The state of the data it shows, as written.
    pub as_of: Option<String>,
    /// The file it follows.
    pub prior_file_oid: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Whether it meets the demands on an electronic record.
    pub archival: bool,
    /// Who made it.
    pub originator: Option<String>,
    /// The software that made it.
    pub source_system: Option<String>,
    /// That software's version.
    pub source_system_version: Option<String>,
    /// The version of the standard it names, as written.
    pub odm_version: Option<String>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// Whether a file holds a state or changes to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileType {
    /// The state at one time.
    #[default]
    Snapshot,
    /// Changes, each with its transaction type.
    Transactional,
}

/// Reads up to the root's first child.
pub(super) fn begin<R: BufRead>(source: &mut Source<R>) -> Result<FileInfo, ReadError> {
    match source.next()? {
        Token::Start => {}
        Token::End(_) | Token::Eof => return Ok(FileInfo::default()),
    }
    let text = |name: &str| source.attribute(name).map(str::to_owned);
    let file_type = match source.attribute("FileType") {
        Some("Transactional") => FileType::Transactional,
        _ => FileType::Snapshot,
    };
    let info = FileInfo {
        file_oid: text("FileOID").unwrap_or_default(),
        file_type,
        granularity: text("Granularity"),
        created: text("CreationDateTime").unwrap_or_default(),
        as_of: text("AsOfDateTime"),
        prior_file_oid: text("PriorFileOID"),
        description: text("Description").filter(|_| source.edition() == Edition::V1_3),
        archival: source.attribute("Archival") == Some("Yes"),
        originator: text("Originator"),
        source_system: text("SourceSystem"),
        source_system_version: text("SourceSystemVersion"),
        odm_version: text("ODMVersion"),
        extensions: Vec::new(),
    };
    Ok(FileInfo { extensions: source.take_kept(1).extensions, ..info })
}
