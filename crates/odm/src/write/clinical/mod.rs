//! Clinical data: opens and closes subjects, visits and forms as the pieces come.

mod row;

use std::io::{self, Write};

use serde::Serialize;
use trial::clinical::{
    Annotation, AuditRecord, Chunk, Context, EventChunk, EventHead, FormChunk, FormHead, Part, Signature, SubjectChunk,
    SubjectHead, TransactionType,
};
use trial::definition::{EventOid, Extension, FormOid, UNPLACED_FORMS};

use super::evidence::{annotation, association, audit_record, first_audit, reference, signature, whole_signature};
use super::keep::{Keep, NOTHING, instructions};
use crate::read::OUTSIDE_EVENT;
use crate::xml::Writer;

/// Which elements are open.
#[derive(Default)]
pub(super) struct Place {
    container: Option<(Container, Context)>,
    subject: Option<String>,
    /// `None` within: forms that stand outside a visit.
    event: Option<Option<(EventOid, Option<String>)>>,
    form: Option<(FormOid, Option<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Clinical,
    Reference,
}

impl Place {
    pub(super) fn write<W: Write>(&mut self, xml: &mut Writer<W>, chunk: &Chunk) -> io::Result<()> {
        match chunk {
            Chunk::Subject(chunk) => self.subject(xml, chunk),
            Chunk::Event(chunk) => self.event(xml, chunk),
            Chunk::Form(chunk) => self.form(xml, chunk),
            Chunk::Reference(chunk) => {
                self.enter(xml, Container::Reference, &chunk.context)?;
                row::row(xml, &chunk.group)
            }
            Chunk::AuditRecords { context, reference, records } => {
                self.list(xml, (context, *reference), "AuditRecords", records, audit_record)
            }
            Chunk::Signatures { context, reference, signatures } => {
                self.list(xml, (context, *reference), "Signatures", signatures, signature)
            }
            Chunk::Annotations { context, reference, annotations } => {
                self.list(xml, (context, *reference), "Annotations", annotations, annotation)
            }
            Chunk::Association(of) => {
                self.leave_all(xml)?;
                association(xml, of)
            }
            Chunk::Extension { context, extension } => {
                if let Some(context) = context {
                    let container = self.container.as_ref().map_or(Container::Clinical, |(kind, _)| *kind);
                    self.enter(xml, container, context)?;
                    self.leave_subject(xml)?;
                }
                instructions(xml, Keep::default(), std::slice::from_ref(extension), false)
            }
            // Written by the file's writer.
            Chunk::Admin(_) => Ok(()),
        }
    }

    /// Closes everything but the file.
    pub(super) fn leave_all<W: Write>(&mut self, xml: &mut Writer<W>) -> io::Result<()> {
        self.leave_subject(xml)?;
        if self.container.take().is_some() {
            xml.end()?;
        }
        Ok(())
    }

    fn leave_subject<W: Write>(&mut self, xml: &mut Writer<W>) -> io::Result<()> {
        self.leave_event(xml)?;
        if self.subject.take().is_some() {
            xml.end()?;
        }
        Ok(())
    }

    fn leave_event<W: Write>(&mut self, xml: &mut Writer<W>) -> io::Result<()> {
        self.leave_form(xml)?;
        if self.event.take().is_some() {
            xml.end()?;
        }
        Ok(())
    }

    fn leave_form<W: Write>(&mut self, xml: &mut Writer<W>) -> io::Result<()> {
        if self.form.take().is_some() {
            xml.end()?;
        }
        Ok(())
    }

    fn enter<W: Write>(&mut self, xml: &mut Writer<W>, container: Container, context: &Context) -> io::Result<()> {
        if self.container.as_ref().is_some_and(|(kind, of)| *kind == container && of == context) {
            return Ok(());
        }
        self.leave_all(xml)?;
        xml.start(match container {
            Container::Clinical => "ClinicalData",
            Container::Reference => "ReferenceData",
        })?;
        let or_nothing = |oid: &str| if oid.is_empty() { NOTHING.to_owned() } else { oid.to_owned() };
        xml.attribute("StudyOID", &or_nothing(context.study.as_str()))?;
        xml.attribute("MetaDataVersionOID", &or_nothing(context.version.as_str()))?;
        self.container = Some((container, context.clone()));
        Ok(())
    }

    /// Writes a list of records. What follows it in the same container begins a new one, as the schema wants.
    fn list<W: Write, T>(
        &mut self,
        xml: &mut Writer<W>,
        (context, is_reference): (&Context, bool),
        element: &'static str,
        records: &[T],
        write: impl Fn(&mut Writer<W>, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        let container = if is_reference { Container::Reference } else { Container::Clinical };
        self.enter(xml, container, context)?;
        self.leave_subject(xml)?;
        xml.start(element)?;
        records.iter().try_for_each(|record| write(xml, record))?;
        xml.end()
    }

    fn subject<W: Write>(&mut self, xml: &mut Writer<W>, chunk: &SubjectChunk) -> io::Result<()> {
        let subject = &chunk.subject;
        if chunk.part == Part::Closing {
            self.enter_subject(xml, &chunk.context, &subject.key)?;
            self.leave_event(xml)?;
            return closing(xml, subject, &SubjectHead::default(), &["key"], &subject.extensions);
        }
        self.enter(xml, Container::Clinical, &chunk.context)?;
        self.leave_subject(xml)?;
        self.open_subject(xml, subject)
    }

    fn enter_subject<W: Write>(&mut self, xml: &mut Writer<W>, context: &Context, key: &str) -> io::Result<()> {
        self.enter(xml, Container::Clinical, context)?;
        if self.subject.as_deref() == Some(key) {
            return Ok(());
        }
        self.leave_subject(xml)?;
        self.open_subject(xml, &SubjectHead { key: key.to_owned(), ..SubjectHead::default() })
    }

    fn open_subject<W: Write>(&mut self, xml: &mut Writer<W>, subject: &SubjectHead) -> io::Result<()> {
        let mut keep = Keep::default();
        let key = keep.non_empty("key", &subject.key);
        let audit = first_audit(&mut keep, &subject.audit);
        let signed = whole_signature(&mut keep, subject.signature.as_ref());
        let investigator = subject.investigator.as_ref().map(AsRef::as_ref);
        let investigator = keep.fitting("investigator", investigator, |of| !of.is_empty());
        let site = keep.fitting("site", subject.site.as_ref().map(AsRef::as_ref), |of| !of.is_empty());
        xml.start("SubjectData")?;
        xml.attribute("SubjectKey", key)?;
        xml.optional("TransactionType", subject.transaction.map(TransactionType::as_odm))?;
        instructions(xml, keep, &subject.extensions, false)?;
        proof(xml, audit, signed)?;
        if let Some(user) = investigator {
            reference(xml, "InvestigatorRef", "UserOID", user)?;
        }
        if let Some(site) = site {
            reference(xml, "SiteRef", "LocationOID", site)?;
        }
        subject.annotations.iter().try_for_each(|of| annotation(xml, of))?;
        self.subject = Some(subject.key.clone());
        Ok(())
    }

    fn event<W: Write>(&mut self, xml: &mut Writer<W>, chunk: &EventChunk) -> io::Result<()> {
        let event = &chunk.event;
        self.enter_subject(xml, &chunk.context, &chunk.subject_key)?;
        if chunk.part == Part::Closing {
            let keys = Some((event.event.clone(), event.repeat.clone()));
            self.enter_event(xml, &keys)?;
            self.leave_form(xml)?;
            return closing(xml, event, &EventHead::default(), &["event", "repeat"], &event.extensions);
        }
        self.leave_event(xml)?;
        self.open_event(xml, event)
    }

    fn enter_event<W: Write>(
        &mut self,
        xml: &mut Writer<W>,
        event: &Option<(EventOid, Option<String>)>,
    ) -> io::Result<()> {
        if self.event.as_ref() == Some(event) {
            return Ok(());
        }
        self.leave_event(xml)?;
        if let Some((event, repeat)) = event.clone() {
            return self.open_event(xml, &EventHead { event, repeat, ..EventHead::default() });
        }
        // The schema has forms in visits only: this one is marked as none.
        let mut keep = Keep::default();
        keep.field(OUTSIDE_EVENT, &true);
        xml.start("StudyEventData")?;
        xml.attribute("StudyEventOID", UNPLACED_FORMS)?;
        instructions(xml, keep, &[], false)?;
        self.event = Some(None);
        Ok(())
    }

    fn open_event<W: Write>(&mut self, xml: &mut Writer<W>, event: &EventHead) -> io::Result<()> {
        let mut keep = Keep::default();
        let audit = first_audit(&mut keep, &event.audit);
        let signed = whole_signature(&mut keep, event.signature.as_ref());
        let repeat = keep.fitting("repeat", event.repeat.as_deref(), |of| !of.is_empty());
        xml.start("StudyEventData")?;
        xml.attribute("StudyEventOID", keep.non_empty("event", event.event.as_str()))?;
        xml.optional("StudyEventRepeatKey", repeat)?;
        xml.optional("TransactionType", event.transaction.map(TransactionType::as_odm))?;
        instructions(xml, keep, &event.extensions, false)?;
        proof(xml, audit, signed)?;
        event.annotations.iter().try_for_each(|of| annotation(xml, of))?;
        self.event = Some(Some((event.event.clone(), event.repeat.clone())));
        Ok(())
    }

    fn form<W: Write>(&mut self, xml: &mut Writer<W>, chunk: &FormChunk) -> io::Result<()> {
        let form = &chunk.form;
        self.enter_subject(xml, &chunk.context, &chunk.subject_key)?;
        self.enter_event(xml, &chunk.event)?;
        let keys = (form.form.clone(), form.repeat.clone());
        let goes_on = chunk.continues && self.form.as_ref() == Some(&keys);
        if !goes_on {
            self.leave_form(xml)?;
            self.form = Some(keys);
            open_form(xml, form)?;
        }
        chunk.groups.iter().try_for_each(|of| row::row(xml, of))?;
        if goes_on {
            closing(xml, form, &FormHead::default(), &["form", "repeat"], &form.extensions)?;
        }
        Ok(())
    }
}

fn open_form<W: Write>(xml: &mut Writer<W>, form: &FormHead) -> io::Result<()> {
    let mut keep = Keep::default();
    let audit = first_audit(&mut keep, &form.audit);
    let signed = whole_signature(&mut keep, form.signature.as_ref());
    let repeat = keep.fitting("repeat", form.repeat.as_deref(), |of| !of.is_empty());
    let layout = form.archive_layout.as_ref().map(AsRef::as_ref);
    let layout = keep.fitting("archive_layout", layout, |of| !of.is_empty());
    xml.start("FormData")?;
    xml.attribute("FormOID", keep.non_empty("form", form.form.as_str()))?;
    xml.optional("FormRepeatKey", repeat)?;
    xml.optional("TransactionType", form.transaction.map(TransactionType::as_odm))?;
    instructions(xml, keep, &form.extensions, false)?;
    proof(xml, audit, signed)?;
    if let Some(layout) = layout {
        reference(xml, "ArchiveLayoutRef", "ArchiveLayoutOID", layout)?;
    }
    form.annotations.iter().try_for_each(|of| annotation(xml, of))
}

/// The audit record and the signature, in the places the standard has for them.
fn proof<W: Write>(xml: &mut Writer<W>, audit: Option<&AuditRecord>, signed: Option<&Signature>) -> io::Result<()> {
    if let Some(record) = audit {
        audit_record(xml, record)?;
    }
    if let Some(of) = signed {
        signature(xml, of)?;
    }
    Ok(())
}

/// What a file says of a record after what the record holds: the standard has no place for it there.
fn closing<W: Write, T: Serialize>(
    xml: &mut Writer<W>,
    record: &T,
    nothing: &T,
    keys: &[&str],
    extensions: &[Extension],
) -> io::Result<()> {
    let fields = |of: &T| serde_json::to_value(of).map_err(io::Error::other);
    let (record, nothing) = (fields(record)?, fields(nothing)?);
    let mut keep = Keep::default();
    for (name, value) in record.as_object().into_iter().flatten() {
        let is_said = nothing.get(name) != Some(value);
        if is_said && name != "extensions" && !keys.contains(&name.as_str()) {
            keep.field(name, value);
        }
    }
    instructions(xml, keep, extensions, false)
}

/// The annotations of a record, for the row's module.
pub(super) fn annotations<W: Write>(xml: &mut Writer<W>, of: &[Annotation]) -> io::Result<()> {
    of.iter().try_for_each(|of| annotation(xml, of))
}
