//! Clinical data from an ODM file into the store, as imported claims.
//!
//! The file is read twice. The first reading stores nothing and refuses what could not be stored to the end; the
//! second hands it over in parts. Each part is one act under a request id of its own, so an import that was broken
//! off goes on where it stopped when the same file is given again.

use std::{
    collections::VecDeque,
    io::{BufReader, Read, Seek},
    sync::mpsc::{Receiver, sync_channel},
};

use odm::ClinicalReader;
use store::{
    Actor, Defined, Error, Organization, Receipt,
    acts::{BeginImport, CompleteImport, Piece, TakeImport},
    views::{Definition, ImportLine, Imports, ShowStudy, StudyShown},
};
use trial::ids::{ImportId, RequestId, SiteId, StudyId};

use super::{
    FileIn, READ_BYTES,
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
    let whole = Taking::new(organization, actor, import, site).all(file, &mut progress)?;
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
        let buffered = BufReader::with_capacity(READ_BYTES, &mut hashed);
        let mut reader = ClinicalReader::new(buffered, mode, &limits).map_err(refused)?;
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

/// Parts on their way at once: the next are read while one is written, and several share a sync of the disk.
const ON_THEIR_WAY_MAX: usize = 3;

/// Hands a file over, part by part.
struct Taking<'a> {
    organization: &'a Organization,
    actor: &'a Actor,
    import: ImportId,
    site: Option<SiteId>,
    number: u64,
    on_their_way: VecDeque<Receiver<store::Result<Receipt>>>,
}

impl<'a> Taking<'a> {
    fn new(organization: &'a Organization, actor: &'a Actor, import: ImportId, site: Option<SiteId>) -> Self {
        Taking { organization, actor, import, site, number: 0, on_their_way: VecDeque::new() }
    }

    /// Reads the file again and hands it over. Whatever comes of it, nothing is on its way afterwards.
    fn all<R: Read + Seek>(mut self, file: &mut FileIn<R>, progress: &mut impl FnMut(u64)) -> store::Result<Digested> {
        let read = self.read(file, progress);
        let mut stored = Ok(());
        while !self.on_their_way.is_empty() {
            stored = stored.and(self.answered());
        }
        read.and_then(|whole| stored.map(|()| whole))
    }

    fn read<R: Read + Seek>(
        &mut self,
        file: &mut FileIn<R>,
        progress: &mut impl FnMut(u64),
    ) -> store::Result<Digested> {
        let (mode, limits) = (file.mode, file.limits.clone());
        let length = file.content.seek(std::io::SeekFrom::End(0)).map_err(|error| unreadable(&error))?;
        let mut hashed = HashReader::new(file.rewound()?, |bytes| progress(length.saturating_add(bytes)));
        {
            let buffered = BufReader::with_capacity(READ_BYTES, &mut hashed);
            let mut reader = ClinicalReader::new(buffered, mode, &limits).map_err(refused)?;
            let mut parts = Parts::default();
            while let Some(chunk) = reader.next_chunk().map_err(refused)? {
                parts.take(chunk, |pieces| self.part(pieces))?;
            }
            if let Some(pieces) = parts.rest() {
                self.part(pieces)?;
            }
        }
        hashed.whole().map_err(|error| unreadable(&error))
    }

    fn part(&mut self, pieces: Vec<Piece>) -> store::Result<()> {
        while self.on_their_way.len() >= ON_THEIR_WAY_MAX {
            self.answered()?;
        }
        let act = TakeImport { import: self.import, site: self.site, pieces };
        let request = part::request(self.import, Some(self.number));
        let (answer, answers) = sync_channel(1);
        self.organization.act_then(self.actor, act, request, move |outcome| {
            // Who reads it waits for all.
            let _ = answer.send(outcome);
        })?;
        self.number = self.number.saturating_add(1);
        self.on_their_way.push_back(answers);
        Ok(())
    }

    /// Waits until the store has told of the oldest of them.
    fn answered(&mut self) -> store::Result<()> {
        let Some(oldest) = self.on_their_way.pop_front() else { return Ok(()) };
        match oldest.recv().map_err(|_| Error::fault("the writer stopped before it answered"))? {
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
