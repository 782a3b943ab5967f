//! Reads clinical data in pieces of bounded size.

mod group;
mod hand_over;
mod head;
mod oids;

use std::collections::VecDeque;
use std::io::BufRead;

use trial::clinical::{Chunk, Context, EventHead, FormHead, GroupChunk, ItemGroupData, SubjectHead};

use self::head::Head;
use self::oids::Oids;
use super::admin;
use super::evidence::{annotation, association, audit_record, own, signature, transaction};
use super::file::{FileInfo, begin};
use super::study::pass_over;
use crate::error::ReadError;
use crate::limits::{Limits, Mode};
use crate::report::Report;
use crate::schema::Edition;
use crate::xml::{Kept, Source, Token};

/// The field by which a file of ours says that forms stand outside a visit.
pub(crate) const OUTSIDE_EVENT: &str = "outside_event";

/// Records handed over at once where they stand in a list of their own.
const LIST_CHUNK: usize = 1_000;

/// An iterator over the clinical data of a file, in its order. Study definitions are passed over.
///
/// After an error it ends. After the last chunk, [`ClinicalReader::report`] speaks of the whole file.
pub struct ClinicalReader<R: BufRead> {
    source: Source<R>,
    file: FileInfo,
    level: Level,
    context: Context,
    subject: Head<SubjectHead>,
    event: Head<EventHead>,
    form: Head<FormHead>,
    event_is_outside: bool,
    groups: Vec<ItemGroupData>,
    values: usize,
    oids: Oids,
    ready: VecDeque<Chunk>,
    failed: bool,
    /// The root's first child began: what is kept beside the root from then on is no longer the file's head.
    is_past_head: bool,
}

/// Where in the file the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Clinical,
    Reference,
    Subject,
    Event,
    Form,
    Over,
}

impl<R: BufRead> ClinicalReader<R> {
    /// Begins to read a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not ODM.
    pub fn new(input: R, mode: Mode, limits: &Limits) -> Result<Self, ReadError> {
        let mut source = Source::new(input, mode, limits)?;
        let file = begin(&mut source)?;
        Ok(Self {
            source,
            file,
            level: Level::Root,
            context: Context::default(),
            subject: Head::default(),
            event: Head::default(),
            form: Head::default(),
            event_is_outside: false,
            groups: Vec::new(),
            values: 0,
            oids: Oids::default(),
            ready: VecDeque::new(),
            failed: false,
            is_past_head: false,
        })
    }

    /// What the file says of itself. Extensions beside its root are known once the first chunk is.
    pub fn file(&self) -> &FileInfo {
        &self.file
    }

    /// The edition it is written in.
    pub fn edition(&self) -> Edition {
        self.source.edition()
    }

    /// What was found so far.
    pub fn report(&self) -> &Report {
        &self.source.report
    }

    /// What was found.
    pub fn into_report(self) -> Report {
        self.source.report
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on. Nothing of it should then be stored.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            if self.level == Level::Over || self.failed {
                return Ok(None);
            }
            if let Err(error) = self.step() {
                self.failed = true;
                return Err(error);
            }
        }
    }

    fn step(&mut self) -> Result<(), ReadError> {
        match self.source.next()? {
            Token::Start => match self.level {
                Level::Root => self.in_root(),
                Level::Clinical => self.in_clinical(),
                Level::Reference => self.in_reference(),
                Level::Subject => self.in_subject(),
                Level::Event => self.in_event(),
                Level::Form => self.in_form(),
                Level::Over => Ok(()),
            },
            Token::End(kept) => {
                self.end(kept);
                Ok(())
            }
            Token::Eof => {
                self.level = Level::Over;
                Ok(())
            }
        }
    }

    fn in_root(&mut self) -> Result<(), ReadError> {
        match self.source.name() {
            "ClinicalData" | "ReferenceData" => {
                let is_clinical = self.source.name() == "ClinicalData";
                self.context = Context {
                    study: self.source.attribute("StudyOID").unwrap_or("").into(),
                    version: self.source.attribute("MetaDataVersionOID").unwrap_or("").into(),
                };
                self.level = if is_clinical { Level::Clinical } else { Level::Reference };
            }
            "AdminData" => self.ready.push_back(Chunk::Admin(admin::admin_data(&mut self.source)?)),
            "Association" => self.ready.push_back(Chunk::Association(association(&mut self.source)?)),
            "Study" | "Description" => pass_over(&mut self.source)?,
            _ => self.source.keep_element()?,
        }
        let kept = self.source.take_kept(1);
        if self.is_past_head {
            self.hand_over_extensions(kept);
        } else {
            self.is_past_head = true;
            self.file.extensions.extend(kept.extensions);
        }
        Ok(())
    }

    fn in_clinical(&mut self) -> Result<(), ReadError> {
        match self.source.name() {
            "SubjectData" => {
                let subject = SubjectHead {
                    key: own(&self.source, "SubjectKey").unwrap_or_default(),
                    transaction: transaction(&mut self.source),
                    ..SubjectHead::default()
                };
                self.subject = Head::begin(subject, self.source.depth());
                self.level = Level::Subject;
            }
            "AuditRecords" | "Signatures" | "Annotations" => self.list(false)?,
            _ => self.source.keep_element()?,
        }
        let kept = self.source.take_kept(2);
        self.hand_over_extensions(kept);
        Ok(())
    }

    fn in_reference(&mut self) -> Result<(), ReadError> {
        match self.source.name() {
            "ItemGroupData" => {
                for group in self.read_row()? {
                    self.ready.push_back(Chunk::Reference(GroupChunk { context: self.context.clone(), group }));
                }
            }
            "AuditRecords" | "Signatures" | "Annotations" => self.list(true)?,
            _ => self.source.keep_element()?,
        }
        let kept = self.source.take_kept(2);
        self.hand_over_extensions(kept);
        Ok(())
    }

    fn in_subject(&mut self) -> Result<(), ReadError> {
        let source = &mut self.source;
        let subject = &mut self.subject.record;
        match source.name() {
            "AuditRecord" => subject.audit.push(audit_record(source)?),
            "Signature" if subject.signature.is_none() => subject.signature = Some(signature(source)?),
            "Annotation" => subject.annotations.push(annotation(source)?),
            "InvestigatorRef" if subject.investigator.is_none() => {
                subject.investigator = source.attribute("UserOID").map(Into::into);
                let kept = source.skip()?;
                source.keep_under("InvestigatorRef", kept);
            }
            "SiteRef" if subject.site.is_none() => {
                subject.site = source.attribute("LocationOID").map(Into::into);
                let kept = source.skip()?;
                source.keep_under("SiteRef", kept);
            }
            "StudyEventData" => {
                self.open_subject();
                self.begin_event();
            }
            // REDCap holds forms outside a visit; that they are misplaced is reported already.
            "FormData" => {
                self.open_subject();
                self.event_is_outside = true;
                self.event = Head { is_open: true, ..Head::default() };
                self.begin_form();
            }
            _ => source.keep_element()?,
        }
        self.few(self.subject.record.annotations.len())
    }

    fn begin_event(&mut self) {
        let event = EventHead {
            event: self.oids.get(self.source.attribute("StudyEventOID").unwrap_or("")).into(),
            repeat: own(&self.source, "StudyEventRepeatKey"),
            transaction: transaction(&mut self.source),
            ..EventHead::default()
        };
        self.event = Head::begin(event, self.source.depth());
        self.event_is_outside = false;
        self.level = Level::Event;
    }

    fn in_event(&mut self) -> Result<(), ReadError> {
        let is_form = match self.source.edition() {
            Edition::V1_3 => self.source.name() == "FormData",
            Edition::V2_0 => self.source.name() == "ItemGroupData",
        };
        if is_form {
            self.open_event();
            self.begin_form();
            return Ok(());
        }
        let event = &mut self.event.record;
        match self.source.name() {
            "AuditRecord" => event.audit.push(audit_record(&mut self.source)?),
            "Signature" if event.signature.is_none() => event.signature = Some(signature(&mut self.source)?),
            "Annotation" => event.annotations.push(annotation(&mut self.source)?),
            _ => self.source.keep_element()?,
        }
        self.few(self.event.record.annotations.len())
    }

    fn begin_form(&mut self) {
        let (oid, repeat) = match self.source.edition() {
            Edition::V1_3 => ("FormOID", "FormRepeatKey"),
            Edition::V2_0 => ("ItemGroupOID", "ItemGroupRepeatKey"),
        };
        let form = FormHead {
            form: self.oids.get(self.source.attribute(oid).unwrap_or("")).into(),
            repeat: own(&self.source, repeat),
            transaction: transaction(&mut self.source),
            ..FormHead::default()
        };
        self.source.keep_attribute("ItemGroupDataSeq");
        self.form = Head::begin(form, self.source.depth());
        self.level = Level::Form;
    }

    fn in_form(&mut self) -> Result<(), ReadError> {
        let form = &mut self.form.record;
        match self.source.name() {
            "ItemGroupData" => {
                let rows = self.read_row()?;
                self.values += rows.iter().map(|row| row.items.len()).sum::<usize>();
                self.groups.extend(rows);
                if self.values >= self.source.limits().form_values {
                    let kept = self.source.take_kept(self.form.depth);
                    self.hand_over_form(kept);
                }
            }
            // ODM 2.0: items directly in the form.
            name if name.starts_with("ItemData") => self.read_own_item()?,
            "AuditRecord" => form.audit.push(audit_record(&mut self.source)?),
            "Signature" if form.signature.is_none() => form.signature = Some(signature(&mut self.source)?),
            "Annotation" => form.annotations.push(annotation(&mut self.source)?),
            "ArchiveLayoutRef" if form.archive_layout.is_none() => {
                form.archive_layout = self.source.attribute("ArchiveLayoutOID").map(Into::into);
                let kept = self.source.skip()?;
                self.source.keep_under("ArchiveLayoutRef", kept);
            }
            _ => self.source.keep_element()?,
        }
        self.few(self.form.record.annotations.len())
    }

    fn end(&mut self, kept: Kept) {
        match self.level {
            Level::Form => {
                self.hand_over_form(kept);
                self.level = if self.event.depth > 0 { Level::Event } else { Level::Subject };
            }
            Level::Event => {
                self.hand_over_event(kept);
                self.event = Head::default();
                self.level = Level::Subject;
            }
            Level::Subject => {
                self.hand_over_subject(kept);
                self.level = Level::Clinical;
            }
            Level::Clinical | Level::Reference => {
                self.hand_over_extensions(kept);
                self.level = Level::Root;
            }
            Level::Root | Level::Over => {
                self.context = Context::default();
                self.hand_over_extensions(kept);
            }
        }
    }

    /// Reads a list of records that values refer to by their identifier.
    fn list(&mut self, reference: bool) -> Result<(), ReadError> {
        let (mut records, mut signatures, mut annotations) = (Vec::new(), Vec::new(), Vec::new());
        let depth = self.source.depth();
        loop {
            let is_over = match self.source.next()? {
                Token::Start => {
                    match self.source.name() {
                        "AuditRecord" => records.push(audit_record(&mut self.source)?),
                        "Signature" => signatures.push(signature(&mut self.source)?),
                        "Annotation" => annotations.push(annotation(&mut self.source)?),
                        _ => self.source.keep_element()?,
                    }
                    false
                }
                Token::End(kept) if self.source.depth() < depth => {
                    self.hand_over_extensions(kept);
                    true
                }
                Token::End(_) | Token::Eof => false,
            };
            let context = || self.context.clone();
            if records.len() >= LIST_CHUNK || (is_over && !records.is_empty()) {
                let records = std::mem::take(&mut records);
                self.ready.push_back(Chunk::AuditRecords { context: context(), reference, records });
            }
            if signatures.len() >= LIST_CHUNK || (is_over && !signatures.is_empty()) {
                let signatures = std::mem::take(&mut signatures);
                self.ready.push_back(Chunk::Signatures { context: context(), reference, signatures });
            }
            if annotations.len() >= LIST_CHUNK || (is_over && !annotations.is_empty()) {
                let annotations = std::mem::take(&mut annotations);
                self.ready.push_back(Chunk::Annotations { context: context(), reference, annotations });
            }
            if is_over {
                return Ok(());
            }
        }
    }

    fn few(&self, count: usize) -> Result<(), ReadError> {
        let most = self.source.limits().list_records;
        if count > most { Err(self.source.limit("annotations of one record", most as u64)) } else { Ok(()) }
    }
}

impl<R: BufRead> Iterator for ClinicalReader<R> {
    type Item = Result<Chunk, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_chunk().transpose()
    }
}
