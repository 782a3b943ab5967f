//! The delegation log of a site.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::Scope,
    ids::{DelegationId, PersonId, SiteId, StudyId},
    permission::Permission,
};

use super::people::{name, place_names};
use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    record::DelegationRecord,
    view::{Snapshot, View},
};

/// Who does what for the investigator at a site, and who did.
#[derive(Debug)]
pub struct DelegationLog {
    /// Which site.
    pub site: SiteId,
}

/// A line of the log.
#[derive(Debug, Clone, Serialize)]
pub struct DelegationLine {
    /// Which.
    pub id: DelegationId,
    /// Who.
    pub person: PersonId,
    /// Who, by name.
    pub name: String,
    /// Which duties.
    pub duties: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
    /// Whether it holds now.
    pub holds: bool,
    /// The investigator who authorized it, by name.
    pub authorized_by: String,
    /// Who ended it, by name.
    pub ended_by: Option<String>,
}

/// The log, and whom one may delegate to.
#[derive(Debug, Clone, Serialize)]
pub struct DelegationLogShown {
    /// In which study.
    pub study: StudyId,
    /// The site, by name.
    pub site: String,
    /// Its lines, the newest first.
    pub lines: Vec<DelegationLine>,
    /// People with a role at the site.
    pub people: Vec<(PersonId, String)>,
}

impl View for DelegationLog {
    const NAME: &'static str = "view.delegations";
    const NEEDS: Permission = Permission::DelegationSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = DelegationLogShown;

    fn target(&self) -> Target {
        Target::DelegationLog(self.site)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<DelegationLogShown> {
        let ids = snapshot.db.select(
            "SELECT id FROM delegation WHERE site = ?1 ORDER BY id DESC",
            values![&self.site],
            |row| row.id::<DelegationId>(0),
        )?;
        let mut lines = Vec::with_capacity(ids.len());
        for id in ids {
            let Some((_, record)) = snapshot.current::<DelegationRecord>(&id)? else { continue };
            let begun = record.from <= access.at();
            lines.push(DelegationLine {
                id,
                person: record.person,
                name: name(snapshot, record.person)?,
                duties: record.duties,
                from: record.from,
                until: record.until,
                holds: begun && record.until.is_none_or(|until| access.at() < until),
                authorized_by: name(snapshot, record.authorized_by)?,
                ended_by: record.ended_by.map(|by| name(snapshot, by)).transpose()?,
            });
        }
        let here = snapshot.db.select(
            "SELECT DISTINCT person FROM role_grant WHERE site = ?1 AND (ends > ?2 OR ends IS NULL) ORDER BY person",
            values![&self.site, crate::time::micros(access.at())],
            |row| row.id::<PersonId>(0),
        )?;
        let asker = access.person()?;
        let people = here.into_iter().filter(|person| *person != asker);
        let people = people.map(|person| Ok((person, name(snapshot, person)?))).collect::<Result<_>>()?;
        let study = access.study()?;
        let (_, site) = place_names(snapshot, &Scope::Site { study, site: self.site })?;
        Ok(DelegationLogShown { study, site: site.unwrap_or_default(), lines, people })
    }

    fn count(shown: &DelegationLogShown) -> u64 {
        shown.lines.len() as u64
    }
}
