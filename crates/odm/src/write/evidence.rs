//! Audit records, signatures and annotations.

use std::io::{self, Write};

use trial::clinical::{
    Annotation, Association, AuditOrigin, AuditRecord, CommentSource, EditPoint, Flag, FlagCode, KeySet, Signature,
    TransactionType,
};

use super::keep::{Keep, NOTHING, instructions, yes_no};
use crate::schema::{is_datetime, is_ncname};
use crate::xml::Writer;

/// Stands where the schema wants a time and the record has none; the record's own is kept beside it.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The audit record that stands in the one place the standard has for it: the first that says who and when.
/// Where there are more, or it is not wholly the standard's, all are kept beside it.
pub(super) fn first_audit<'a>(keep: &mut Keep, records: &'a [AuditRecord]) -> Option<&'a AuditRecord> {
    match records {
        [] => None,
        [only] if is_whole(only) => Some(only),
        all => {
            keep.field("audit", &all);
            all.iter().find(|of| has(of.user.as_ref()) && of.at.as_deref().is_some_and(is_datetime))
        }
    }
}

fn is_whole(record: &AuditRecord) -> bool {
    has(record.user.as_ref())
        && has(record.location.as_ref())
        && record.at.as_deref().is_some_and(is_datetime)
        && record.origin == AuditOrigin::Standard
}

fn has(oid: Option<&impl AsRef<str>>) -> bool {
    oid.is_some_and(|oid| !oid.as_ref().is_empty())
}

/// The signature, where it can stand in the standard's place; one that lacks something is only kept beside it.
pub(super) fn whole_signature<'a>(keep: &mut Keep, signature: Option<&'a Signature>) -> Option<&'a Signature> {
    let signature = signature?;
    let is_whole = has(signature.user.as_ref())
        && has(signature.location.as_ref())
        && has(signature.definition.as_ref())
        && signature.at.as_deref().is_some_and(is_datetime);
    if !is_whole {
        keep.field("signature", signature);
    }
    is_whole.then_some(signature)
}

pub(super) fn audit_record<W: Write>(xml: &mut Writer<W>, record: &AuditRecord) -> io::Result<()> {
    let mut keep = Keep::default();
    let id = keep.fitting("id", record.id.as_deref(), is_ncname);
    let user = required(&mut keep, "user", record.user.as_ref().map(AsRef::as_ref));
    let location = required(&mut keep, "location", record.location.as_ref().map(AsRef::as_ref));
    let at = time(&mut keep, record.at.as_deref());
    if record.origin != AuditOrigin::Standard {
        keep.field("origin", &record.origin);
    }
    xml.start("AuditRecord")?;
    xml.optional("EditPoint", record.edit_point.map(edit_point))?;
    xml.optional("UsedImputationMethod", record.used_imputation_method.map(yes_no))?;
    xml.optional("ID", id)?;
    instructions(xml, keep, &record.extensions, false)?;
    reference(xml, "UserRef", "UserOID", user)?;
    reference(xml, "LocationRef", "LocationOID", location)?;
    xml.leaf("DateTimeStamp", at)?;
    if let Some(reason) = &record.reason {
        xml.leaf("ReasonForChange", reason)?;
    }
    if let Some(source) = &record.source_id {
        xml.leaf("SourceID", source)?;
    }
    xml.end()
}

fn edit_point(of: EditPoint) -> &'static str {
    match of {
        EditPoint::Monitoring => "Monitoring",
        EditPoint::DataManagement => "DataManagement",
        EditPoint::DBAudit => "DBAudit",
    }
}

/// An OID that must be there; where it is not, that is kept.
fn required<'a>(keep: &mut Keep, name: &str, oid: Option<&'a str>) -> &'a str {
    match oid {
        Some(oid) if !oid.is_empty() => oid,
        other => {
            keep.field(name, &other);
            NOTHING
        }
    }
}

fn time<'a>(keep: &mut Keep, at: Option<&'a str>) -> &'a str {
    match at {
        Some(at) if is_datetime(at) => at,
        other => {
            keep.field("at", &other);
            NO_TIME
        }
    }
}

pub(super) fn reference<W: Write>(
    xml: &mut Writer<W>,
    element: &'static str,
    attribute: &str,
    oid: &str,
) -> io::Result<()> {
    xml.start(element)?;
    xml.attribute(attribute, oid)?;
    xml.end()
}

pub(super) fn signature<W: Write>(xml: &mut Writer<W>, signature: &Signature) -> io::Result<()> {
    let mut keep = Keep::default();
    let id = keep.fitting("id", signature.id.as_deref(), is_ncname);
    let user = required(&mut keep, "user", signature.user.as_ref().map(AsRef::as_ref));
    let location = required(&mut keep, "location", signature.location.as_ref().map(AsRef::as_ref));
    let definition = required(&mut keep, "definition", signature.definition.as_ref().map(AsRef::as_ref));
    let at = time(&mut keep, signature.at.as_deref());
    xml.start("Signature")?;
    xml.optional("ID", id)?;
    instructions(xml, keep, &signature.extensions, false)?;
    reference(xml, "UserRef", "UserOID", user)?;
    reference(xml, "LocationRef", "LocationOID", location)?;
    reference(xml, "SignatureRef", "SignatureOID", definition)?;
    xml.leaf("DateTimeStamp", at)?;
    if let Some(manifest) = &signature.crypto_binding_manifest {
        xml.leaf("CryptoBindingManifest", manifest)?;
    }
    xml.end()
}

pub(super) fn annotation<W: Write>(xml: &mut Writer<W>, annotation: &Annotation) -> io::Result<()> {
    let mut keep = Keep::default();
    let id = keep.fitting("id", annotation.id.as_deref(), is_ncname);
    if annotation.comment.is_none() && annotation.comment_source.is_some() {
        keep.field("comment_source", &annotation.comment_source);
    }
    xml.start("Annotation")?;
    xml.attribute("SeqNum", &annotation.sequence.to_string())?;
    xml.optional("TransactionType", annotation.transaction.map(TransactionType::as_odm))?;
    xml.optional("ID", id)?;
    instructions(xml, keep, &annotation.extensions, false)?;
    if let Some(comment) = &annotation.comment {
        xml.start("Comment")?;
        let source = annotation.comment_source.map(|of| match of {
            CommentSource::Sponsor => "Sponsor",
            CommentSource::Site => "Site",
        });
        xml.optional("SponsorOrSite", source)?;
        xml.text(comment)?;
        xml.end()?;
    }
    annotation.flags.iter().try_for_each(|of| flag(xml, of))?;
    xml.end()
}

fn flag<W: Write>(xml: &mut Writer<W>, flag: &Flag) -> io::Result<()> {
    let mut keep = Keep::default();
    if flag.value.code_list.as_str().is_empty() {
        keep.field("value", &flag.value);
    }
    let is_whole = |of: &&FlagCode| !of.code_list.as_str().is_empty() && !of.code.is_empty();
    let flag_type = flag.flag_type.as_ref().filter(is_whole);
    if flag_type != flag.flag_type.as_ref() {
        keep.field("flag_type", &flag.flag_type);
    }
    xml.start("Flag")?;
    instructions(xml, keep, &flag.extensions, false)?;
    flag_code(xml, "FlagValue", &flag.value)?;
    if let Some(of) = flag_type {
        flag_code(xml, "FlagType", of)?;
    }
    xml.end()
}

fn flag_code<W: Write>(xml: &mut Writer<W>, element: &'static str, code: &FlagCode) -> io::Result<()> {
    let list = code.code_list.as_str();
    xml.start(element)?;
    xml.attribute("CodeListOID", if list.is_empty() { NOTHING } else { list })?;
    xml.text(&code.code)?;
    xml.end()
}

pub(super) fn association<W: Write>(xml: &mut Writer<W>, association: &Association) -> io::Result<()> {
    let mut keep = Keep::default();
    // The schema wants two records; where there are more or fewer, all are kept beside them.
    let none = KeySet { study: association.study.clone(), ..KeySet::default() };
    if association.keys.len() != 2 {
        keep.field("keys", &association.keys);
    }
    xml.start("Association")?;
    xml.attribute("StudyOID", keep.non_empty("study", association.study.as_str()))?;
    xml.attribute("MetaDataVersionOID", keep.non_empty("version", association.version.as_str()))?;
    instructions(xml, keep, &association.extensions, false)?;
    for keys in association.keys.iter().chain([&none, &none]).take(2) {
        key_set(xml, keys)?;
    }
    annotation(xml, &association.annotation)?;
    xml.end()
}

fn key_set<W: Write>(xml: &mut Writer<W>, keys: &KeySet) -> io::Result<()> {
    let mut keep = Keep::default();
    xml.start("KeySet")?;
    xml.attribute("StudyOID", keep.non_empty("study", keys.study.as_str()))?;
    let optional: [(&str, &str, Option<&str>); 8] = [
        ("SubjectKey", "subject", keys.subject.as_deref()),
        ("StudyEventOID", "event", keys.event.as_ref().map(AsRef::as_ref)),
        ("StudyEventRepeatKey", "event_repeat", keys.event_repeat.as_deref()),
        ("FormOID", "form", keys.form.as_ref().map(AsRef::as_ref)),
        ("FormRepeatKey", "form_repeat", keys.form_repeat.as_deref()),
        ("ItemGroupOID", "group", keys.group.as_ref().map(AsRef::as_ref)),
        ("ItemGroupRepeatKey", "group_repeat", keys.group_repeat.as_deref()),
        ("ItemOID", "item", keys.item.as_ref().map(AsRef::as_ref)),
    ];
    for (attribute, field, value) in optional {
        let value = keep.fitting(field, value, |of| !of.is_empty());
        xml.optional(attribute, value)?;
    }
    instructions(xml, keep, &keys.extensions, false)?;
    xml.end()
}
