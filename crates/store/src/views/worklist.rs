//! What waits to be done: forms in progress at the sites of a study that one may see.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::Sites,
    definition::Indexed,
    ids::{SiteId, StudyId, SubjectId},
    limit::PAGE_ROWS_MAX,
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{Kept, Shown},
    time,
    view::{Snapshot, View},
};

/// Forms in progress, those longest untouched first.
#[derive(Debug)]
pub struct Worklist {
    /// In which study.
    pub study: StudyId,
    /// At most so many, 1 to [`PAGE_ROWS_MAX`].
    pub limit: u32,
}

/// What waits.
#[derive(Debug, Clone, Serialize)]
pub struct WorklistShown {
    /// Forms, those longest untouched first.
    pub forms: Vec<WaitingForm>,
    /// How many there are in all.
    pub total: u64,
}

/// A form in progress.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingForm {
    /// Whose.
    pub subject: SubjectId,
    /// The subject's code.
    pub code: Shown,
    /// The site's name.
    pub site: String,
    /// ODM StudyEventOID.
    pub event: String,
    /// Which of several.
    pub event_repeat: String,
    /// The visit's name.
    pub visit: String,
    /// ODM FormOID.
    pub form: String,
    /// Which of several.
    pub form_repeat: String,
    /// The form's name.
    pub name: String,
    /// When it last changed.
    pub changed: Timestamp,
}

impl View for Worklist {
    const NAME: &'static str = "view.worklist";
    const NEEDS: Permission = Permission::SubjectSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = WorklistShown;

    fn target(&self) -> Target {
        Target::SitesOf(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<WorklistShown> {
        if !(1..=PAGE_ROWS_MAX).contains(&self.limit) {
            return Err(Error::refused("limit", "out_of_bounds", format!("ask for 1 to {PAGE_ROWS_MAX} rows")));
        }
        let defined = snapshot.definitions.newest(snapshot.db, snapshot.ring, snapshot.organization, self.study)?;
        let study = defined.as_deref().map(|defined| defined.current());
        let sites = match access.sites() {
            Sites::Only(sites) => sites.clone(),
            Sites::All => {
                snapshot.db.select("SELECT id FROM site WHERE study = ?1", values![&self.study], |row| row.id(0))?
            }
        };
        let mut shown = WorklistShown { forms: Vec::new(), total: 0 };
        for site in &sites {
            let country = snapshot
                .db
                .one("SELECT country FROM site WHERE id = ?1", values![site], |row| row.maybe_text(0))?
                .flatten()
                .and_then(|country| country.parse().ok());
            let waiting = snapshot.db.select(
                "SELECT f.form_oid, count(*) FROM subject s JOIN visit v ON v.subject = s.id JOIN form f ON f.visit = v.id
                 WHERE s.study = ?1 AND s.site = ?2 AND f.state = 'in_progress' GROUP BY f.form_oid",
                values![&self.study, site],
                |row| Ok((row.text(0)?, row.size(1)?)),
            )?;
            // A role may be bounded to some forms: of the others not even the names are told.
            for (form, count) in waiting {
                if access.reaches_form_at(self.study, *site, country, &form) {
                    shown.total = shown.total.saturating_add(count);
                    shown.forms.append(&mut self.waiting(snapshot, access, study, *site, &form)?);
                }
            }
        }
        shown.forms.sort_by_key(|form| form.changed);
        shown.forms.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        Ok(shown)
    }

    fn count(shown: &WorklistShown) -> u64 {
        shown.forms.len() as u64
    }
}

impl Worklist {
    /// The forms of this kind that wait at a site, the longest first.
    fn waiting(
        &self,
        snapshot: &Snapshot<'_>,
        access: &Access,
        study: Option<&Arc<Indexed>>,
        site: SiteId,
        form: &str,
    ) -> Result<Vec<WaitingForm>> {
        snapshot.db.select(
            "SELECT s.id, s.code, t.name, v.event_oid, v.repeat, f.form_oid, f.repeat, f.changed
             FROM subject s JOIN site t ON t.id = s.site JOIN visit v ON v.subject = s.id
                  JOIN form f ON f.visit = v.id
             WHERE s.study = ?1 AND s.site = ?2 AND f.state = 'in_progress' AND f.form_oid = ?3
             ORDER BY f.changed LIMIT ?4",
            values![&self.study, &site, form, self.limit],
            |row| {
                let code = row.maybe_text(1)?;
                let (event, form) = (row.text(3)?, row.text(5)?);
                Ok(WaitingForm {
                    subject: row.id(0)?,
                    code: code.map_or(Shown::Withheld, |code| access.show(&Kept(code))),
                    site: row.text(2)?,
                    visit: study
                        .and_then(|study| study.event(&event))
                        .map_or_else(|| event.clone(), |def| def.name.clone()),
                    name: study
                        .and_then(|study| study.form(&form))
                        .map_or_else(|| form.clone(), |def| def.name.clone()),
                    event,
                    event_repeat: row.text(4)?,
                    form,
                    form_repeat: row.text(6)?,
                    changed: time::instant(row.int(7)?),
                })
            },
        )
    }
}
