//! Subjects: added at a site, under a key of their own; erased by destroying it.

use serde::Serialize;
use trial::{
    access::Scope,
    clinical::SubjectHead,
    ids::{KeyId, SiteId, SubjectId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    acts::live::takes_subjects,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    key::Purpose,
    place::Target,
    record::{Claim, ErasureRecord, Kept, SubjectRecord},
    tx::Tx,
};

/// Adds a subject at a site.
#[derive(Debug, Serialize)]
pub struct AddSubject {
    /// Where.
    pub site: SiteId,
    /// Its code, unique in the study (ODM SubjectKey). Never a name.
    pub code: String,
}

impl Act for AddSubject {
    const NAME: &'static str = "subject.add";
    const NEEDS: Permission = Permission::SubjectAdd;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Site(self.site)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        add_subject(tx, access, self.site, &self.code, None).map(drop)
    }
}

/// Adds a subject whose code must be new in the study.
pub(crate) fn add_subject(
    tx: &mut Tx<'_>,
    access: &Access,
    site: SiteId,
    code: &str,
    claim: Option<Claim<SubjectHead>>,
) -> Result<(SubjectId, KeyId)> {
    let study = access.study()?;
    takes_subjects(tx, access, Scope::Site { study, site })?;
    let code = limit::text("code", code, limit::SUBJECT_CODE_BYTES_MAX)?;
    if tx.db.one("SELECT 1 FROM subject WHERE study = ?1 AND code = ?2", values![&study, &code], |_| Ok(()))?.is_some()
    {
        return Err(Error::refused("code", "taken", format!("this study has a subject {code} already")));
    }
    let study_key =
        tx.db.one("SELECT key FROM study WHERE id = ?1", values![&study], |row| row.id(0))?.ok_or(Error::Hidden)?;
    let key = tx.new_key(Purpose::Subject, Some(study_key))?;
    let id: SubjectId = tx.new_id()?;
    tx.put(&id, 1, &SubjectRecord { study, site, code: Kept(code), key: key.id(), claim }, &key)?;
    Ok((id, key.id()))
}

/// Destroys a subject's key: every value, reason and code sealed by it is gone for good, here and in every copy
/// that is wrapped by this key. The ledger, and every proof from it, stays whole.
#[derive(Debug, Serialize)]
pub struct EraseSubject {
    /// Whom.
    pub subject: SubjectId,
    /// Why: the request or the law it follows.
    pub reason: String,
}

impl Act for EraseSubject {
    const NAME: &'static str = "subject.erase";
    const NEEDS: Permission = Permission::SubjectErase;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Subject(self.subject)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let reason = limit::text("reason", &self.reason, limit::REASON_BYTES_MAX)?;
        let study = access.study()?;
        let row = tx.db.one(
            "SELECT site, added, version, key, status FROM subject WHERE id = ?1",
            values![&self.subject],
            |row| Ok((row.id::<SiteId>(0)?, row.int(1)?, row.number(2)?, row.id::<KeyId>(3)?, row.text(4)?)),
        )?;
        let (site, added, version, key, status) = row.ok_or(Error::Hidden)?;
        if status == "erased" {
            return Err(Error::Conflict { message: "this subject was erased already".into(), current: None });
        }
        let study_key =
            tx.db.one("SELECT key FROM study WHERE id = ?1", values![&study], |row| row.id(0))?.ok_or(Error::Hidden)?;
        let with = tx.key(study_key)?;
        tx.put(&self.subject, 1, &ErasureRecord { study, site, added, version, key, reason }, &with)?;
        tx.destroy_key(key)
    }
}
