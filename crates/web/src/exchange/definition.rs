//! A study definition from an ODM file into the store.

use std::io::{Read, Seek};

use odm::{StudyRead, read_study};
use store::{
    Actor, Error, Organization, Receipt, Refusal,
    acts::{PublishDefinition, RegisterStudy},
    current_version,
    views::ShowStudy,
};
use trial::{
    clinical::Chunk,
    definition::{Gravity, Study},
    ids::{RequestId, StudyId},
    limit,
};

use super::{
    FileIn,
    digest::{Digested, HashReader},
    refused,
    report::{Counts, Definitional, ImportReport, ReadFile},
    unreadable,
};

/// Reasons for a refusal that are told at once.
const REFUSALS_MAX: usize = 50;

/// Publishes what the file defines as the study's definition. The whole file is read and checked first; a file with
/// dangling references or identifiers used twice publishes nothing.
///
/// # Errors
/// What is wrong with the file, or why the act was refused; then nothing is stored.
pub fn import_definition<R: Read + Seek>(
    organization: &Organization,
    actor: &Actor,
    study: StudyId,
    file: &mut FileIn<R>,
    request: RequestId,
    progress: impl FnMut(u64),
) -> store::Result<(Receipt, ImportReport)> {
    // Whoever may not see the study learns it before a large file is read.
    organization.view(actor, &ShowStudy { study })?;
    let (read, report) = read_checked(file, progress)?;
    let beside: Vec<Chunk> = read.admin.into_iter().map(Chunk::Admin).collect();
    let act = PublishDefinition {
        study,
        studies: read.studies,
        beside,
        file_digest: report.file.digest.clone(),
        report: serde_json::to_value(&report).map_err(Error::fault)?,
    };
    let receipt = organization.act(actor, act, request)?;
    Ok((receipt, report))
}

/// Registers a study under the identifier and name that the file gives it. Publishing its definition is another
/// person's act: registering gives nobody a role in it.
///
/// # Errors
/// What is wrong with the file, or why the act was refused; then nothing is stored.
pub fn register_study<R: Read + Seek>(
    organization: &Organization,
    actor: &Actor,
    file: &mut FileIn<R>,
    request: RequestId,
    progress: impl FnMut(u64),
) -> store::Result<(Receipt, RegisterStudy)> {
    let (read, _) = read_checked(file, progress)?;
    let main = read.studies.iter().find(|study| !study.versions.is_empty()).or(read.studies.first());
    let Some(main) = main else { return Err(no_version()) };
    let named = || RegisterStudy { oid: main.oid.as_str().to_owned(), name: name_of(main) };
    let receipt = organization.act(actor, named(), request)?;
    Ok((receipt, named()))
}

fn read_checked<R: Read + Seek>(
    file: &mut FileIn<R>,
    progress: impl FnMut(u64),
) -> store::Result<(StudyRead, ImportReport)> {
    let (mode, limits, name) = (file.mode, file.limits.clone(), file.name.clone());
    let mut hashed = HashReader::new(file.rewound()?, progress);
    let read = read_study(std::io::BufReader::new(&mut hashed), mode, &limits).map_err(refused)?;
    let whole = hashed.whole().map_err(|error| unreadable(&error))?;
    refuse_broken(&read)?;
    if current_version(&read.studies).is_none() {
        return Err(no_version());
    }
    let report = report(&name, whole, &read);
    Ok((read, report))
}

/// The act refuses these too; here they are told together with what else the file has.
fn refuse_broken(read: &StudyRead) -> store::Result<()> {
    let refusals: Vec<Refusal> = read
        .problems
        .iter()
        .filter(|problem| problem.gravity == Gravity::Refused)
        .take(REFUSALS_MAX)
        .map(|problem| Refusal {
            field: problem.place.clone(),
            code: "broken_definition",
            message: problem.message.clone(),
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(Error::Refused(refusals)) }
}

fn no_version() -> Error {
    Error::refused(
        "file",
        "no_version",
        "this file defines no study version (MetaDataVersion): choose one that does, or import it as data",
    )
}

fn report(name: &str, whole: Digested, read: &StudyRead) -> ImportReport {
    let versions = || read.studies.iter().flat_map(|study| &study.versions);
    let sum = |of: fn(&trial::definition::StudyVersion) -> usize| versions().map(of).sum::<usize>() as u64;
    ImportReport {
        file: ReadFile::new(name, whole, read.edition, read.file.clone()),
        counts: Counts {
            studies: read.studies.len() as u64,
            versions: versions().count() as u64,
            defined_visits: sum(|version| version.events.len()),
            defined_forms: sum(|version| version.forms.len()),
            defined_groups: sum(|version| version.groups.len()),
            defined_items: sum(|version| version.items.len()),
            defined_code_lists: sum(|version| version.code_lists.len()),
            values: read.report.value_count,
            ..Counts::default()
        },
        deviations: read.report.deviations.clone(),
        deviation_count: read.report.deviation_count,
        extensions: read.report.extensions.clone(),
        extension_count: read.report.extension_count(),
        definitional: Definitional::noted(&read.problems),
    }
}

/// A name for the study's page: as the file has it, cut to what a name may be.
fn name_of(study: &Study) -> String {
    let said = [study.name.as_str(), study.protocol_name.as_str(), study.oid.as_str()];
    let name = said.into_iter().map(str::trim).find(|name| !name.is_empty()).unwrap_or_default();
    let mut short = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if short.len().saturating_add(c.len_utf8()) > limit::NAME_BYTES_MAX {
            break;
        }
        short.push(c);
    }
    short
}
