//! The delegation log of a site: who does what for its investigator.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    ids::{DelegationId, PersonId, SiteId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::DelegationRecord,
    tx::Tx,
};

/// Delegates duties at a site to somebody, by its investigator (ICH E6(R3) 2.3.3).
#[derive(Debug, Serialize)]
pub struct Delegate {
    /// At which site.
    pub site: SiteId,
    /// To whom.
    pub person: PersonId,
    /// Which duties, in words.
    pub duties: String,
    /// From when on; `None`: now.
    pub from: Option<Timestamp>,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
}

impl Act for Delegate {
    const NAME: &'static str = "delegation.give";
    const NEEDS: Permission = Permission::DelegationAuthorize;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::DelegationLog(self.site)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody delegates to themselves")?;
        let duties = limit::text("duties", &self.duties, limit::REASON_BYTES_MAX)?;
        let there = "SELECT 1 FROM role_grant WHERE person = ?1 AND site = ?2 LIMIT 1";
        tx.db.one(there, values![&self.person, &self.site], |_| Ok(()))?.ok_or_else(|| {
            Error::refused(
                "person",
                "not_here",
                "this person has no role at the site: an administrator gives one first",
            )
        })?;
        let from = self.from.unwrap_or(tx.at());
        if self.until.is_some_and(|until| until <= from.max(tx.at())) {
            return Err(Error::refused("until", "past", "this end lies in the past: choose a later day, or none"));
        }
        let id: DelegationId = tx.new_id()?;
        let top = Arc::clone(tx.ring.top());
        let record = DelegationRecord {
            site: self.site,
            person: self.person,
            duties,
            from,
            until: self.until,
            authorized_by: by,
            ended_by: None,
        };
        tx.put(&id, 1, &record, &top)
    }
}

/// Ends a delegation now.
#[derive(Debug, Serialize)]
pub struct EndDelegation {
    /// Which.
    pub delegation: DelegationId,
}

impl Act for EndDelegation {
    const NAME: &'static str = "delegation.end";
    const NEEDS: Permission = Permission::DelegationAuthorize;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Delegation(self.delegation)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (version, mut record) = tx.current::<DelegationRecord>(&self.delegation)?.ok_or(Error::Hidden)?;
        if record.until.is_some_and(|until| until <= tx.at()) {
            return Err(Error::Conflict {
                message: "this delegation has ended already".into(),
                current: Some(u64::from(version)),
            });
        }
        record.until = Some(tx.at());
        record.from = record.from.min(tx.at());
        record.ended_by = Some(access.person()?);
        let top = Arc::clone(tx.ring.top());
        tx.put(&self.delegation, version.saturating_add(1), &record, &top)
    }
}
