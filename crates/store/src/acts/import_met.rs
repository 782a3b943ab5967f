//! What an import meets that is there already: finding it, and joining what a file says now to what it said before.

use std::sync::Arc;

use trial::{
    clinical::{EventHead, FormHead, SubjectHead},
    ids::{FormId, GroupId, KeyId, StudyId, SubjectId, VisitId},
};

use crate::{
    backend::values,
    error::{Error, Result},
    key::SealKey,
    tx::Tx,
};

pub(super) fn study_key(tx: &Tx<'_>, study: StudyId) -> Result<Arc<SealKey>> {
    let key = tx
        .db
        .one("SELECT key FROM study WHERE id = ?1", values![&study], |row| row.id::<KeyId>(0))?
        .ok_or(Error::Hidden)?;
    tx.key(key)
}

pub(super) fn find_subject(tx: &Tx<'_>, study: StudyId, code: &str) -> Result<Option<(SubjectId, KeyId)>> {
    tx.db.one("SELECT id, key FROM subject WHERE study = ?1 AND code = ?2", values![&study, code.trim()], |row| {
        Ok((row.id(0)?, row.id(1)?))
    })
}

pub(super) fn find_visit(tx: &Tx<'_>, subject: SubjectId, event: &str, repeat: &str) -> Result<Option<VisitId>> {
    tx.db.one(
        "SELECT id FROM visit WHERE subject = ?1 AND event_oid = ?2 AND repeat = ?3",
        values![&subject, event, repeat],
        |row| row.id(0),
    )
}

/// A group and its version; derived rows show it also before the act ends.
pub(super) fn find_group(tx: &Tx<'_>, form: FormId, oid: &str, repeat: &str) -> Result<Option<(GroupId, u32)>> {
    tx.db.one(
        "SELECT id, version FROM item_group WHERE form = ?1 AND group_oid = ?2 AND repeat = ?3",
        values![&form, oid, repeat],
        |row| Ok((row.id(0)?, row.number(1)?)),
    )
}

/// Puts what a file says of a subject after its visits to what it said before.
pub(super) fn join_subject(mut first: SubjectHead, then: SubjectHead) -> SubjectHead {
    first.transaction = first.transaction.or(then.transaction);
    first.investigator = first.investigator.or(then.investigator);
    first.site = first.site.or(then.site);
    first.audit.extend(then.audit);
    first.signature = first.signature.or(then.signature);
    first.annotations.extend(then.annotations);
    first.extensions.extend(then.extensions);
    first
}

pub(super) fn join_event(mut first: EventHead, then: EventHead) -> EventHead {
    first.transaction = first.transaction.or(then.transaction);
    first.audit.extend(then.audit);
    first.signature = first.signature.or(then.signature);
    first.annotations.extend(then.annotations);
    first.extensions.extend(then.extensions);
    first
}

pub(super) fn join_form(mut first: FormHead, then: FormHead) -> FormHead {
    first.transaction = first.transaction.or(then.transaction);
    first.archive_layout = first.archive_layout.or(then.archive_layout);
    first.audit.extend(then.audit);
    first.signature = first.signature.or(then.signature);
    first.annotations.extend(then.annotations);
    first.extensions.extend(then.extensions);
    first
}
