//! Audit records, signatures and annotations, straight from the tokens: there may be one for every value.

use std::io::BufRead;

use trial::clinical::{
    Annotation, Association, AuditOrigin, AuditRecord, CommentSource, EditPoint, Flag, FlagCode, KeySet, Signature,
    TransactionType,
};

use super::record::restore;
use crate::error::ReadError;
use crate::xml::{Kept, Source, Token};

/// Calls `child` for each element within the one that just began; what it does not take is kept.
fn children<R: BufRead, T>(
    source: &mut Source<R>,
    record: &mut T,
    child: impl Fn(&mut Source<R>, &mut T, &'static str) -> Result<bool, ReadError>,
) -> Result<Kept, ReadError> {
    let depth = source.depth();
    loop {
        match source.next()? {
            Token::Start => {
                let name = source.name();
                if !child(source, record, name)? {
                    source.keep_element()?;
                }
            }
            Token::End(kept) if source.depth() < depth => return Ok(kept),
            Token::End(_) | Token::Eof => {}
        }
    }
}

/// Reads the text of a child into a field, and keeps what is kept of the child beside its parent's record.
fn text<R: BufRead>(source: &mut Source<R>, field: &mut Option<String>) -> Result<bool, ReadError> {
    if field.is_some() {
        return Ok(false);
    }
    let name = source.name();
    let (text, kept) = source.read_text()?;
    source.keep_under(name, kept);
    *field = Some(text);
    Ok(true)
}

/// Reads a child that only refers to something.
fn reference<R: BufRead, T: From<String>>(
    source: &mut Source<R>,
    attribute: &str,
    field: &mut Option<T>,
) -> Result<bool, ReadError> {
    let Some(oid) = source.attribute(attribute).filter(|_| field.is_none()).map(str::to_owned) else {
        return Ok(false);
    };
    let name = source.name();
    *field = Some(T::from(oid));
    let kept = source.skip()?;
    source.keep_under(name, kept);
    Ok(true)
}

pub(super) fn audit_record<R: BufRead>(source: &mut Source<R>) -> Result<AuditRecord, ReadError> {
    let mut record = AuditRecord { id: own(source, "ID"), origin: AuditOrigin::Standard, ..AuditRecord::default() };
    record.edit_point = match source.attribute("EditPoint") {
        Some("Monitoring") => Some(EditPoint::Monitoring),
        Some("DataManagement") => Some(EditPoint::DataManagement),
        Some("DBAudit") => Some(EditPoint::DBAudit),
        other => unknown(source, "EditPoint", other.is_some()),
    };
    for name in ["UsedImputationMethod", "UsedMethod"] {
        record.used_imputation_method = match source.attribute(name) {
            Some("Yes") => Some(true),
            Some("No") => Some(false),
            Some(_) => unknown(source, name, true),
            None => record.used_imputation_method,
        };
    }
    let kept = children(source, &mut record, |source, record, name| match name {
        "UserRef" => reference(source, "UserOID", &mut record.user),
        "LocationRef" => reference(source, "LocationOID", &mut record.location),
        "DateTimeStamp" => text(source, &mut record.at),
        "ReasonForChange" => text(source, &mut record.reason),
        "SourceID" => text(source, &mut record.source_id),
        _ => Ok(false),
    })?;
    Ok(sealed(record, kept))
}

pub(super) fn signature<R: BufRead>(source: &mut Source<R>) -> Result<Signature, ReadError> {
    let mut signature = Signature { id: own(source, "ID"), ..Signature::default() };
    let kept = children(source, &mut signature, |source, signature, name| match name {
        "UserRef" => reference(source, "UserOID", &mut signature.user),
        "LocationRef" => reference(source, "LocationOID", &mut signature.location),
        "SignatureRef" => reference(source, "SignatureOID", &mut signature.definition),
        "DateTimeStamp" => text(source, &mut signature.at),
        "CryptoBindingManifest" => text(source, &mut signature.crypto_binding_manifest),
        _ => Ok(false),
    })?;
    Ok(sealed(signature, kept))
}

pub(super) fn annotation<R: BufRead>(source: &mut Source<R>) -> Result<Annotation, ReadError> {
    let mut annotation = Annotation { id: own(source, "ID"), ..Annotation::default() };
    match source.attribute("SeqNum").and_then(|of| of.trim().parse().ok()) {
        Some(sequence) => annotation.sequence = sequence,
        None => source.keep_attribute("SeqNum"),
    }
    annotation.transaction = transaction(source);
    let kept = children(source, &mut annotation, |source, annotation, name| match name {
        "Comment" if annotation.comment.is_none() => comment(source, annotation).map(|()| true),
        "Flag" => {
            annotation.flags.push(flag(source)?);
            Ok(true)
        }
        _ => Ok(false),
    })?;
    Ok(sealed(annotation, kept))
}

/// A comment is a text in ODM 1.3, and in 2.0 a text in several languages, of which the first is taken.
fn comment<R: BufRead>(source: &mut Source<R>, annotation: &mut Annotation) -> Result<(), ReadError> {
    annotation.comment_source = match source.attribute("SponsorOrSite") {
        Some("Sponsor") => Some(CommentSource::Sponsor),
        Some("Site") => Some(CommentSource::Site),
        other => unknown(source, "SponsorOrSite", other.is_some()),
    };
    let mut first = None;
    let kept = children(source, &mut first, |source, first, name| match name {
        "TranslatedText" => text(source, first),
        _ => Ok(false),
    })?;
    annotation.comment = Some(first.unwrap_or_else(|| source.text().to_owned()));
    source.keep_under("Comment", kept);
    Ok(())
}

fn flag<R: BufRead>(source: &mut Source<R>) -> Result<Flag, ReadError> {
    let mut flag = (None, None, Flag::default());
    let kept = children(source, &mut flag, |source, flag, name| match name {
        "FlagValue" => flag_code(source, &mut flag.0),
        "FlagType" => flag_code(source, &mut flag.1),
        _ => Ok(false),
    })?;
    let (value, flag_type, mut flag) = flag;
    flag.value = value.unwrap_or_default();
    flag.flag_type = flag_type;
    Ok(sealed(flag, kept))
}

fn flag_code<R: BufRead>(source: &mut Source<R>, field: &mut Option<FlagCode>) -> Result<bool, ReadError> {
    if field.is_some() {
        return Ok(false);
    }
    let name = source.name();
    let code_list = source.attribute("CodeListOID").unwrap_or("").into();
    let (code, kept) = source.read_text()?;
    source.keep_under(name, kept);
    *field = Some(FlagCode { code_list, code });
    Ok(true)
}

pub(super) fn association<R: BufRead>(source: &mut Source<R>) -> Result<Association, ReadError> {
    let mut association = Association {
        study: source.attribute("StudyOID").unwrap_or("").into(),
        version: source.attribute("MetaDataVersionOID").unwrap_or("").into(),
        ..Association::default()
    };
    let kept = children(source, &mut association, |source, association, name| match name {
        "KeySet" => {
            association.keys.push(key_set(source)?);
            Ok(true)
        }
        "Annotation" => {
            association.annotation = annotation(source)?;
            Ok(true)
        }
        _ => Ok(false),
    })?;
    Ok(sealed(association, kept))
}

fn key_set<R: BufRead>(source: &mut Source<R>) -> Result<KeySet, ReadError> {
    let keys = KeySet {
        study: source.attribute("StudyOID").unwrap_or("").into(),
        subject: own(source, "SubjectKey"),
        event: source.attribute("StudyEventOID").map(Into::into),
        event_repeat: own(source, "StudyEventRepeatKey"),
        form: source.attribute("FormOID").map(Into::into),
        form_repeat: own(source, "FormRepeatKey"),
        group: source.attribute("ItemGroupOID").map(Into::into),
        group_repeat: own(source, "ItemGroupRepeatKey"),
        item: source.attribute("ItemOID").map(Into::into),
        extensions: Vec::new(),
    };
    source.keep_attribute("MetaDataVersionOID");
    let kept = source.skip()?;
    Ok(sealed(keys, kept))
}

/// The transaction type of the element that just began; one that is not known is kept.
pub(super) fn transaction<R: BufRead>(source: &mut Source<R>) -> Option<TransactionType> {
    let written = source.attribute("TransactionType")?;
    match TransactionType::ALL.into_iter().find(|of| of.as_odm() == written) {
        Some(transaction) => Some(transaction),
        None => unknown(source, "TransactionType", true),
    }
}

pub(super) fn own<R: BufRead>(source: &Source<R>, name: &str) -> Option<String> {
    source.attribute(name).map(str::to_owned)
}

/// Keeps an attribute whose value is not understood.
fn unknown<R: BufRead, T>(source: &mut Source<R>, name: &str, is_there: bool) -> Option<T> {
    if is_there {
        source.keep_attribute(name);
    }
    None
}

pub(super) fn sealed<T: super::Keeps>(record: T, kept: Kept) -> T {
    if kept.is_empty() { record } else { restore(record, kept) }
}
