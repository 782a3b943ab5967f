//! Reads the definitions of a file, and its users and sites; passes over its data.

use std::io::BufRead;

use trial::clinical::AdminData;
use trial::definition::{Problem, Study, check_all};

use super::file::{FileInfo, begin};
use super::{Records, admin, definition};
use crate::error::ReadError;
use crate::limits::{Limits, Mode};
use crate::report::Report;
use crate::schema::Edition;
use crate::xml::{Source, Token};

/// What a file defines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudyRead {
    /// What the file says of itself.
    pub file: FileInfo,
    /// The edition it is written in.
    pub edition: Option<Edition>,
    /// The studies. One that is a site's includes the main one's version.
    pub studies: Vec<Study>,
    /// Users, sites and signature meanings.
    pub admin: Vec<AdminData>,
    /// What is wrong with the definitions; those of gravity refused must not be stored.
    pub problems: Vec<Problem>,
    /// Deviations and extensions of the whole file, its data included.
    pub report: Report,
}

/// Reads the definitions of a file.
///
/// The whole file is read and checked, so that the report speaks of all of it; its clinical data are passed over.
/// Problems of the definitions themselves (dangling references, duplicate OIDs) are in `problems`: reading does
/// not fail for them, so that the report can be shown.
///
/// # Errors
///
/// Where the file cannot be read, is beyond `limits`, is not ODM, or deviates and `mode` is strict.
pub fn read_study(input: impl BufRead, mode: Mode, limits: &Limits) -> Result<StudyRead, ReadError> {
    let mut source = Source::new(input, mode, limits)?;
    let mut read = StudyRead { file: begin(&mut source)?, edition: Some(source.edition()), ..StudyRead::default() };
    let mut bytes_left = limits.definition_bytes;
    loop {
        match source.next()? {
            Token::Start => match source.name() {
                "Study" => read.studies.push(definition::study(&mut source, &mut bytes_left)?),
                "AdminData" => read.admin.push(admin::admin_data(&mut source)?),
                "Description" => {
                    let mut records = Records::new(source.edition());
                    let node = crate::xml::Node::read(&mut source, bytes_left)?;
                    let text = definition::text(&mut records, Some(node), "Description", &mut read.file.extensions);
                    read.file.description = Some(text.in_language("en").to_owned());
                }
                _ => pass_over(&mut source)?,
            },
            Token::End(kept) => read.file.extensions.extend(kept.extensions),
            Token::Eof => break,
        }
    }
    read.problems = check_all(&read.studies);
    read.report = source.report;
    Ok(read)
}

/// Reads on past the element that just began, counting its values.
pub(super) fn pass_over<R: BufRead>(source: &mut Source<R>) -> Result<(), ReadError> {
    let depth = source.depth();
    while source.depth() >= depth {
        if let Token::Start = source.next()?
            && source.name().starts_with("ItemData")
        {
            source.report.value_count += 1;
        }
    }
    Ok(())
}
