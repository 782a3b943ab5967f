//! Import of clinical data. What a file says becomes imported claims: kept as said, with the file's digest and its
//! own audit records attached, never as if it had been entered here. A file arrives in parts; each part is one act,
//! and a part that was taken is not taken again, so an interrupted import goes on where it stopped.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Serialize;
use trial::{
    access::Scope,
    clinical::{Chunk, EventHead, FormHead, ItemGroupData, SubjectHead},
    form::FormState,
    ids::{FormId, GroupId, ImportId, PersonId, SiteId, StudyId, SubjectId, VisitId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        import_met::{find_group, find_subject, find_visit, join_event, join_form, join_subject, study_key},
        live::takes_subjects,
        study::add_site,
        subject::add_subject,
    },
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    key::SealKey,
    place::Target,
    record::{Claim, FormRecord, GroupRecord, ImportPart, ImportRecord, ItemKept, Kept, SubjectRecord, VisitRecord},
    time,
    tx::Tx,
};

/// Pieces in one part, so that its entry stays within what one entry can name.
pub const PIECES_MAX: usize = 300;
/// Files that one person brings within a day.
pub const IMPORTS_MAX: u64 = 200;

/// Begins an import of one file into one study.
#[derive(Debug, Serialize)]
pub struct BeginImport {
    /// Into which study.
    pub study: StudyId,
    /// SHA-256 of the file, in hexadecimal.
    pub file_digest: String,
    /// Its name.
    pub file_name: String,
    /// Its length.
    pub file_bytes: u64,
    /// What it says it was written by.
    pub source_system: String,
}

impl Act for BeginImport {
    const NAME: &'static str = "import.begin";
    const NEEDS: Permission = Permission::DataImport;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.person()?;
        takes_subjects(tx, access, Scope::Study { study: self.study })?;
        if ledger::Hash::from_hex(self.file_digest.as_bytes()).is_err() {
            return Err(Error::refused("file_digest", "format", "send the file's SHA-256 as 64 hexadecimal digits"));
        }
        tx.definitions.published(tx.db, tx.ring, tx.organization, self.study)?;
        within_the_day(tx, by)?;
        let id: ImportId = tx.new_id()?;
        let key = study_key(tx, self.study)?;
        let record = ImportRecord {
            study: self.study,
            by,
            file_digest: self.file_digest.clone(),
            file_name: limit::text("file_name", &self.file_name, limit::NAME_BYTES_MAX)?,
            file_bytes: self.file_bytes,
            source_system: self.source_system.chars().take(limit::NAME_BYTES_MAX).collect(),
            complete: false,
            report: serde_json::Value::Null,
        };
        tx.put(&id, 1, &record, &key)
    }
}

/// Refuses one file more than one person may bring in a day: a program that went wild is noticed before the disk is full.
fn within_the_day(tx: &Tx<'_>, by: PersonId) -> Result<()> {
    let since = tx.at().checked_sub(SignedDuration::from_hours(24)).map_err(Error::fault)?;
    let count = "SELECT count(*) FROM import WHERE person = ?1 AND opened > ?2";
    let brought = tx.db.one(count, values![&by, time::micros(since)], |row| row.size(0))?.unwrap_or(0);
    if brought < IMPORTS_MAX {
        return Ok(());
    }
    let message = format!("you have brought {IMPORTS_MAX} files within a day: go on tomorrow, or put several into one");
    Err(Error::refused("", "too_many", message))
}

/// Ends an import, with what reading the file reported.
#[derive(Debug, Serialize)]
pub struct CompleteImport {
    /// Which.
    pub import: ImportId,
    /// What reading reported.
    pub report: serde_json::Value,
}

impl Act for CompleteImport {
    const NAME: &'static str = "import.complete";
    const NEEDS: Permission = Permission::DataImport;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Import(self.import)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (version, mut record) = tx.current::<ImportRecord>(&self.import)?.ok_or(Error::Hidden)?;
        if record.complete {
            return Err(Error::Conflict {
                message: "this import is complete already".into(),
                current: Some(u64::from(version)),
            });
        }
        record.complete = true;
        record.report = self.report.clone();
        let key = study_key(tx, access.study()?)?;
        tx.put(&self.import, version.saturating_add(1), &record, &key)
    }
}

/// One part of a file, of bounded size.
#[derive(Debug, Serialize)]
pub struct TakeImport {
    /// Of which import.
    pub import: ImportId,
    /// The site of subjects whose file names none; where it names one for each, none is needed.
    pub site: Option<SiteId>,
    /// What the part holds, in the order of the file.
    pub pieces: Vec<Piece>,
}

/// A piece of a file.
#[derive(Debug, Serialize)]
pub enum Piece {
    /// A subject.
    Subject(ImportedSubject),
    /// A visit.
    Visit(ImportedVisit),
    /// A form with its values.
    Form(ImportedForm),
    /// What a file has beside its subjects.
    Beside(Box<Chunk>),
}

/// A subject as a file has it.
#[derive(Debug, Serialize)]
pub struct ImportedSubject {
    /// The study of the file that it is in: a site's, where a file has one per site.
    pub file_study: String,
    /// What the file says of it.
    pub said: SubjectHead,
}

/// A visit as a file has it.
#[derive(Debug, Serialize)]
pub struct ImportedVisit {
    /// Whose.
    pub subject: String,
    /// What the file says of it.
    pub said: EventHead,
}

/// A form as a file has it.
#[derive(Debug, Serialize)]
pub struct ImportedForm {
    /// Whose.
    pub subject: String,
    /// The visit and which of several; `None` where the file holds the form outside any.
    pub event: Option<(String, Option<String>)>,
    /// The study version it was collected with, as the file says.
    pub study_version: String,
    /// What the file says of the form.
    pub said: FormHead,
    /// Its item groups.
    pub groups: Vec<ItemGroupData>,
}

impl Act for TakeImport {
    const NAME: &'static str = "import.take";
    const NEEDS: Permission = Permission::DataImport;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Import(self.import)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let study = access.study()?;
        if self.pieces.len() > PIECES_MAX {
            return Err(Error::refused("pieces", "too_many", format!("one part holds at most {PIECES_MAX} pieces")));
        }
        let open = tx.db.one("SELECT state FROM import WHERE id = ?1", values![&self.import], |row| row.text(0))?;
        if open.as_deref() != Some("open") {
            return Err(Error::Conflict { message: "this import is complete: begin another".into(), current: None });
        }
        if let Some(site) = &self.site {
            let of_study =
                tx.db.one("SELECT study FROM site WHERE id = ?1", values![site], |row| row.id::<StudyId>(0))?;
            if of_study != Some(study) {
                return Err(Error::refused("site", "unknown", "this study has no such site"));
            }
        }
        let definition = tx.definitions.published(tx.db, tx.ring, tx.organization, study)?.number;
        let mut taking =
            Taking { import: self.import, study, site: self.site, definition, last: None, seen: Seen::default() };
        for piece in &self.pieces {
            match piece {
                Piece::Subject(subject) => taking.subject(tx, access, subject)?,
                Piece::Visit(visit) => taking.visit(tx, visit)?,
                Piece::Form(form) => taking.form(tx, form)?,
                Piece::Beside(chunk) => taking.beside(tx, chunk)?,
            }
        }
        Ok(())
    }
}

/// Records put by this act, which the record table does not show before its end: version and content by key.
#[derive(Default)]
struct Seen {
    subjects: std::collections::HashMap<SubjectId, (u32, SubjectRecord)>,
    visits: std::collections::HashMap<VisitId, (u32, VisitRecord)>,
    forms: std::collections::HashMap<FormId, (u32, FormRecord)>,
    parts: u32,
}

struct Taking {
    import: ImportId,
    study: StudyId,
    site: Option<SiteId>,
    definition: u32,
    /// The subject of the piece before: neighbours mostly share it.
    last: Option<(String, SubjectId, Arc<SealKey>)>,
    seen: Seen,
}

impl Taking {
    fn claim<T>(&self, said: T) -> Option<Claim<T>> {
        Some(Claim { import: self.import, said: Box::new(said) })
    }

    fn subject(&mut self, tx: &mut Tx<'_>, access: &Access, new: &ImportedSubject) -> Result<()> {
        let found = find_subject(tx, self.study, &new.said.key)?;
        let Some((id, key)) = found else {
            let site = self.site_of(tx, new)?;
            let (id, key) = add_subject(tx, access, site, &new.said.key, self.claim(new.said.clone()))?;
            let record = SubjectRecord {
                study: self.study,
                site,
                code: Kept(new.said.key.clone()),
                key,
                claim: self.claim(new.said.clone()),
            };
            self.seen.subjects.insert(id, (1, record));
            self.last = Some((new.said.key.clone(), id, tx.key(key)?));
            return Ok(());
        };
        let key = tx.key(key)?;
        let known = self.seen.subjects.remove(&id);
        let (version, mut record) = match known {
            Some(known) => known,
            None => tx.current::<SubjectRecord>(&id)?.ok_or(Error::Hidden)?,
        };
        record.claim = match record.claim {
            Some(claim) if claim.import == self.import => self.claim(join_subject(*claim.said, new.said.clone())),
            _ => self.claim(new.said.clone()),
        };
        tx.put(&id, version.saturating_add(1), &record, &key)?;
        self.seen.subjects.insert(id, (version.saturating_add(1), record));
        self.last = Some((new.said.key.clone(), id, key));
        Ok(())
    }

    /// The site a file names, by location or by a study of its own; made where it is new.
    fn site_of(&self, tx: &mut Tx<'_>, new: &ImportedSubject) -> Result<SiteId> {
        let study_oid = tx
            .db
            .one("SELECT oid FROM study WHERE id = ?1", values![&self.study], |row| row.text(0))?
            .ok_or(Error::Hidden)?;
        let oid = match &new.said.site {
            Some(location) => location.as_str(),
            None if new.file_study != study_oid && !new.file_study.is_empty() => new.file_study.as_str(),
            None => {
                return self.site.ok_or_else(|| {
                    Error::refused("site", "needed", "the file names no site for some subjects: choose one for them")
                });
            }
        };
        let found =
            tx.db
                .one("SELECT id FROM site WHERE study = ?1 AND oid = ?2", values![&self.study, oid], |row| row.id(0))?;
        match found {
            Some(site) => Ok(site),
            None => add_site(tx, self.study, oid, oid, None),
        }
    }

    fn owner(&mut self, tx: &mut Tx<'_>, code: &str) -> Result<(SubjectId, Arc<SealKey>)> {
        if let Some((last, id, key)) = &self.last
            && last == code
        {
            return Ok((*id, Arc::clone(key)));
        }
        let (id, key) = match find_subject(tx, self.study, code)? {
            Some(found) => found,
            None => {
                return Err(Error::refused(
                    "subject",
                    "unknown",
                    format!("the file has data of {code} before the subject itself"),
                ));
            }
        };
        let key = tx.key(key)?;
        self.last = Some((code.to_owned(), id, Arc::clone(&key)));
        Ok((id, key))
    }

    fn visit(&mut self, tx: &mut Tx<'_>, new: &ImportedVisit) -> Result<()> {
        let (subject, key) = self.owner(tx, &new.subject)?;
        let repeat = new.said.repeat.clone().unwrap_or_default();
        match find_visit(tx, subject, new.said.event.as_str(), &repeat)? {
            None => {
                let record = VisitRecord {
                    subject,
                    event_oid: new.said.event.as_str().to_owned(),
                    repeat,
                    claim: self.claim(new.said.clone()),
                };
                self.put_visit(tx, None, record, &key).map(drop)
            }
            Some(id) => {
                let (version, mut record) = match self.seen.visits.remove(&id) {
                    Some(known) => known,
                    None => tx.current::<VisitRecord>(&id)?.ok_or(Error::Hidden)?,
                };
                record.claim = match record.claim {
                    Some(claim) if claim.import == self.import => self.claim(join_event(*claim.said, new.said.clone())),
                    _ => self.claim(new.said.clone()),
                };
                self.put_visit(tx, Some((id, version)), record, &key).map(drop)
            }
        }
    }

    fn put_visit(
        &mut self,
        tx: &mut Tx<'_>,
        old: Option<(VisitId, u32)>,
        record: VisitRecord,
        key: &SealKey,
    ) -> Result<VisitId> {
        let (id, version) = match old {
            Some((id, version)) => (id, version.saturating_add(1)),
            None => (tx.new_id()?, 1),
        };
        tx.put(&id, version, &record, key)?;
        self.seen.visits.insert(id, (version, record));
        Ok(id)
    }

    fn form(&mut self, tx: &mut Tx<'_>, new: &ImportedForm) -> Result<()> {
        let (subject, key) = self.owner(tx, &new.subject)?;
        let (event, event_repeat) = match &new.event {
            Some((event, repeat)) => (event.as_str(), repeat.clone().unwrap_or_default()),
            None => ("", String::new()),
        };
        let visit = match find_visit(tx, subject, event, &event_repeat)? {
            Some(visit) => visit,
            None => {
                let record = VisitRecord { subject, event_oid: event.to_owned(), repeat: event_repeat, claim: None };
                self.put_visit(tx, None, record, &key)?
            }
        };
        let repeat = new.said.repeat.clone().unwrap_or_default();
        let found = tx.db.one(
            "SELECT id FROM form WHERE visit = ?1 AND form_oid = ?2 AND repeat = ?3",
            values![&visit, new.said.form.as_str(), &repeat],
            |row| row.id::<FormId>(0),
        )?;
        let (id, version, claim) = match found {
            None => (tx.new_id()?, 1, self.claim(new.said.clone())),
            Some(id) => {
                let (version, record) = match self.seen.forms.remove(&id) {
                    Some(known) => known,
                    None => tx.current::<FormRecord>(&id)?.ok_or(Error::Hidden)?,
                };
                let said = match record.claim {
                    Some(claim) if claim.import == self.import => join_form(*claim.said, new.said.clone()),
                    _ => new.said.clone(),
                };
                (id, version.saturating_add(1), self.claim(said))
            }
        };
        let record = FormRecord {
            subject,
            visit,
            form_oid: new.said.form.as_str().to_owned(),
            repeat,
            state: FormState::InProgress,
            definition: self.definition,
            study_version: new.study_version.clone(),
            reason: None,
            claim,
        };
        tx.put(&id, version, &record, &key)?;
        self.seen.forms.insert(id, (version, record));
        for group in &new.groups {
            self.group(tx, id, group, &key)?;
        }
        Ok(())
    }

    fn group(&self, tx: &mut Tx<'_>, form: FormId, new: &ItemGroupData, key: &SealKey) -> Result<()> {
        let oid = new.group.as_str();
        let mut repeat = new.repeat.clone().unwrap_or_default();
        let mut old = None;
        let mut nth = 1_u32;
        // A file may hold the same row twice. Both are kept: the second under a repeat of its own.
        while let Some((id, version)) = find_group(tx, form, oid, &repeat)? {
            // A version that the record table does not show yet was put by this very act.
            if let Some((stored, record)) = tx.current::<GroupRecord>(&id)?
                && stored == version
                && record.claim.as_ref().is_none_or(|claim| claim.import != self.import)
            {
                old = Some((id, version, record));
                break;
            }
            nth = nth.saturating_add(1);
            repeat = format!("{}~{nth}", new.repeat.as_deref().unwrap_or_default());
        }
        let (id, version, mut items) = match old {
            None => (tx.new_id::<GroupId>()?, 1, Vec::new()),
            Some((id, version, mut record)) => {
                record.settle();
                (id, version.saturating_add(1), record.items)
            }
        };
        let stood = items.len();
        items.reserve(new.items.len());
        for item in &new.items {
            let kept = ItemKept {
                oid: item.item.as_str().to_owned(),
                value: item.value.clone().map(Kept),
                unit: item.unit.as_ref().map(|unit| unit.as_str().to_owned()),
                changed: true,
                reason: None,
                because: None,
                findings: Vec::new(),
                claim: self.claim(item.beside()),
            };
            // An item that stood here before the import is replaced; one that the file holds twice is kept twice.
            match items.iter_mut().take(stood).find(|old: &&mut ItemKept| old.oid == kept.oid && !old.changed) {
                Some(slot) => *slot = kept,
                None => items.push(kept),
            }
        }
        let claim = self.claim(new.head());
        let record = GroupRecord { form, group_oid: oid.to_owned(), repeat, removed: None, items, claim };
        tx.put(&id, version, &record, key)
    }

    /// Parts are versions of one record under the import's id; the study's key seals them.
    fn beside(&mut self, tx: &mut Tx<'_>, chunk: &Chunk) -> Result<()> {
        if self.seen.parts == 0 {
            self.seen.parts = tx
                .db
                .one(
                    "SELECT max(version) FROM record WHERE kind = 'import_part' AND key = ?1",
                    values![&self.import],
                    |row| row.maybe_int(0),
                )?
                .flatten()
                .and_then(|version| u32::try_from(version).ok())
                .unwrap_or(0);
        }
        self.seen.parts = self.seen.parts.saturating_add(1);
        let key = study_key(tx, self.study)?;
        tx.put(&self.import, self.seen.parts, &ImportPart { import: self.import, part: chunk.clone() }, &key)
    }
}
