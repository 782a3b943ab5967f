//! Clinical data from an ODM file into the store, as imported claims.
//!
//! The file is read twice. The first reading stores nothing and refuses what could not be stored to the end; the
//! second hands it over in parts. Each part is one act under a request id of its own, so an import that was broken
//! off goes on where it stopped when the same file is given again.

use std::io::{BufReader, Read, Seek};

use odm::ClinicalReader;
use store::{
    Actor, Defined, Error, Organization,
    acts::{BeginImport, CompleteImport, Piece, TakeImport},
    views::{Definition, ImportLine, Imports, ShowStudy, StudyShown},
};
use trial::ids::{ImportId, RequestId, SiteId, StudyId};

use super::{
    FileIn,
    digest::{Digested, HashReader},
    part::{self, Parts},
    refused,
    report::{Counts, DataReport, ImportReport, ReadFile},
    survey::Survey,
    unreadable,
};

/// How an import of data is asked for.
#[derive(Debug, Clone, Copy)]
pub struct DataImport {
    /// Into which study.
    pub study: StudyId,
    /// The site of subjects whose file names none.
    pub site: Option<SiteId>,
    /// Import a file again that was imported before.
    pub again: bool,
    /// Read and report only; store nothing.
    pub dry_run: bool,
    /// The request id of its beginning.
    pub request: RequestId,
}

/// Imports the clinical data of a file. `progress` is told the bytes done, of twice the file's length.
///
/// A file that was imported to its end before is not imported again, unless asked: its report comes back, marked.
///
/// # Errors
/// What is wrong with the file or with the request: then nothing is stored. A fault or a full disk may break off
/// between two parts; the same call then goes on.
pub fn import_data<R: Read + Seek>(
    organization: &Organization,
    actor: &Actor,
    asked: DataImport,
    file: &mut FileIn<R>,
    mut progress: impl FnMut(u64),
) -> store::Result<DataReport> {
    let study = organization.view(actor, &ShowStudy { study: asked.study })?;
    let before = organization.view(actor, &Imports { study: asked.study })?;
    let defined = organization.view(actor, &Definition { study: asked.study })?.0.ok_or_else(|| {
        Error::refused("study", "not_defined", "this study has no definition yet: import one (ODM) first")
    })?;
    let (mut report, needs_site) = survey(file, &study, &defined, &mut progress)?;
    let digest = report.reading.file.digest.clone();
    if let Some(done) = before.iter().find(|line| line.complete && line.file_digest == digest && !asked.again) {
        return Ok(repeated(done));
    }
    let site = site_for(&study, asked.site, needs_site)?;
    if asked.dry_run {
        return Ok(report);
    }
    let open = before.iter().find(|line| !line.complete && line.file_digest == digest).map(|line| line.id);
    let import = match open {
        Some(import) => import,
        None => begin(organization, actor, asked, &report)?,
    };
    report.import = Some(import);
    let taking = Taking { organization, actor, import, site };
    let whole = taking.all(file, &mut progress)?;
    if whole.digest.to_hex() != digest {
        return Err(Error::refused(
            "file",
            "changed",
            "the file changed while it was read: the import stays open; give the file as it was to finish it",
        ));
    }
    let complete = CompleteImport { import, report: serde_json::to_value(&report).map_err(Error::fault)? };
    organization.act(actor, complete, part::request(import, None))?;
    Ok(report)
}

/// Reads all of it and stores nothing.
fn survey<R: Read + Seek>(
    file: &mut FileIn<R>,
    study: &StudyShown,
    defined: &Defined,
    progress: &mut impl FnMut(u64),
) -> store::Result<(DataReport, bool)> {
    let (mode, limits, name) = (file.mode, file.limits.clone(), file.name.clone());
    let mut hashed = HashReader::new(file.rewound()?, progress);
    let mut survey = Survey::new(defined, &study.oid);
    let (says, edition, found) = {
        let mut reader = ClinicalReader::new(BufReader::new(&mut hashed), mode, &limits).map_err(refused)?;
        while let Some(chunk) = reader.next_chunk().map_err(refused)? {
            survey.look(&chunk);
        }
        (reader.file().clone(), reader.edition(), reader.into_report())
    };
    let whole = hashed.whole().map_err(|error| unreadable(&error))?;
    survey.refused()?;
    if survey.counts == Counts::default() {
        return Err(Error::refused(
            "file",
            "no_data",
            "this file holds no clinical data: choose one that does, or import it as a definition",
        ));
    }
    let reading = ImportReport {
        file: ReadFile::new(&name, whole, Some(edition), says),
        counts: survey.counts,
        extension_count: found.extension_count(),
        deviations: found.deviations,
        deviation_count: found.deviation_count,
        extensions: found.extensions,
        definitional: Vec::new(),
    };
    let report = DataReport {
        import: None,
        repeated: false,
        reading,
        misfits: survey.misfits,
        misfit_count: survey.misfit_count,
        sites: survey.sites.into_iter().collect(),
    };
    Ok((report, survey.needs_site))
}

/// What was reported when this file was imported.
fn repeated(done: &ImportLine) -> DataReport {
    let report: DataReport = serde_json::from_value(done.report.clone()).unwrap_or_default();
    DataReport { import: Some(done.id), repeated: true, ..report }
}

/// The site of subjects whose file names none: the one named, or the only one.
fn site_for(study: &StudyShown, named: Option<SiteId>, needed: bool) -> store::Result<Option<SiteId>> {
    let list = || study.sites.iter().map(|site| format!("{} ({})", site.oid, site.name)).collect::<Vec<_>>().join(", ");
    match (named, study.sites.as_slice()) {
        (Some(site), sites) if sites.iter().any(|line| line.id == site) => Ok(Some(site)),
        (Some(_), _) => {
            Err(Error::refused("site", "unknown", format!("this study has no such site; it has: {}", list())))
        }
        (None, [only]) => Ok(Some(only.id)),
        (None, _) if !needed => Ok(None),
        (None, []) => Err(Error::refused(
            "site",
            "needed",
            "the file does not say at which site its subjects are, and the study has none: a study administrator \
             adds one first",
        )),
        (None, _) => Err(Error::refused(
            "site",
            "needed",
            format!("the file does not say at which site its subjects are: choose one of {}", list()),
        )),
    }
}

fn begin(
    organization: &Organization,
    actor: &Actor,
    asked: DataImport,
    report: &DataReport,
) -> store::Result<ImportId> {
    let file = &report.reading.file;
    let act = BeginImport {
        study: asked.study,
        file_digest: file.digest.clone(),
        file_name: file.name.clone(),
        file_bytes: file.bytes,
        source_system: file.source_system(),
    };
    let receipt = organization.act(actor, act, asked.request)?;
    receipt.id("import").ok_or_else(|| Error::fault("an import was begun without a record of it"))
}

struct Taking<'a> {
    organization: &'a Organization,
    actor: &'a Actor,
    import: ImportId,
    site: Option<SiteId>,
}

impl Taking<'_> {
    /// Reads the file again and hands it over, part by part.
    fn all<R: Read + Seek>(&self, file: &mut FileIn<R>, progress: &mut impl FnMut(u64)) -> store::Result<Digested> {
        let (mode, limits) = (file.mode, file.limits.clone());
        let length = file.content.seek(std::io::SeekFrom::End(0)).map_err(|error| unreadable(&error))?;
        let mut hashed = HashReader::new(file.rewound()?, |bytes| progress(length.saturating_add(bytes)));
        let mut number = 0_u64;
        {
            let mut reader = ClinicalReader::new(BufReader::new(&mut hashed), mode, &limits).map_err(refused)?;
            let mut parts = Parts::default();
            while let Some(chunk) = reader.next_chunk().map_err(refused)? {
                parts.take(chunk, |pieces| self.part(&mut number, pieces))?;
            }
            if let Some(pieces) = parts.rest() {
                self.part(&mut number, pieces)?;
            }
        }
        hashed.whole().map_err(|error| unreadable(&error))
    }

    fn part(&self, number: &mut u64, pieces: Vec<Piece>) -> store::Result<()> {
        let act = TakeImport { import: self.import, site: self.site, pieces };
        let request = part::request(self.import, Some(*number));
        *number = number.saturating_add(1);
        match self.organization.act(self.actor, act, request) {
            Ok(_) => Ok(()),
            Err(Error::Conflict { .. }) => Err(Error::Conflict {
                message: "this import was begun by somebody else or with another site: whoever began it finishes it, \
                          with the site that was chosen then"
                    .into(),
                current: None,
            }),
            Err(other) => Err(other),
        }
    }
}
