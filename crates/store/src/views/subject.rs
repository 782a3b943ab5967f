//! Subjects: the list, and one subject's visits and forms with their states.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::Sites,
    form::FormState,
    ids::{SiteId, StudyId, SubjectId},
    limit::PAGE_ROWS_MAX,
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::{Row, Value, values},
    error::{Error, Result},
    place::Target,
    record::{Kept, Shown},
    time,
    view::{Snapshot, View},
};

/// A page of the subjects that one may see.
#[derive(Debug)]
pub struct Subjects {
    /// Of which study.
    pub study: StudyId,
    /// At which site only; `None`: at all one may see.
    pub site: Option<SiteId>,
    /// Codes that begin like this.
    pub search: String,
    /// Codes after this one, for the next page.
    pub after: String,
    /// At most so many, 1 to [`PAGE_ROWS_MAX`].
    pub limit: u32,
}

/// A page of subjects.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectsShown {
    /// The subjects, by code.
    pub subjects: Vec<SubjectLine>,
    /// How many there are in all, with this site and search.
    pub total: u64,
    /// Give this as `after` for the next page; `None`: this was the last.
    pub next: Option<String>,
}

/// A subject in the list.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectLine {
    /// Which.
    pub id: SubjectId,
    /// Its code.
    pub code: Shown,
    /// Its site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: String,
    /// Whether its key was destroyed.
    pub erased: bool,
    /// Forms in progress.
    pub forms_in_progress: u64,
    /// Complete forms.
    pub forms_complete: u64,
    /// When something of it last changed.
    pub changed: Timestamp,
}

impl View for Subjects {
    const NAME: &'static str = "view.subjects";
    const NEEDS: Permission = Permission::SubjectSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = SubjectsShown;

    fn target(&self) -> Target {
        Target::SitesOf(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<SubjectsShown> {
        if !(1..=PAGE_ROWS_MAX).contains(&self.limit) {
            return Err(Error::refused("limit", "out_of_bounds", format!("ask for 1 to {PAGE_ROWS_MAX} rows")));
        }
        let sites: Vec<SiteId> = match (self.site, access.sites()) {
            (Some(site), sites) if sites.hold(site) => vec![site],
            (Some(_), _) => return Err(Error::Hidden),
            (None, Sites::Only(sites)) => sites.clone(),
            (None, Sites::All) => {
                snapshot.db.select("SELECT id FROM site WHERE study = ?1", values![&self.study], |row| row.id(0))?
            }
        };
        let pattern = begins_like(self.search.trim());
        let mut lines = Vec::new();
        let mut total = 0_u64;
        for site in &sites {
            let (mut some, count) = at_site(snapshot, access, self, *site, &pattern)?;
            lines.append(&mut some);
            total = total.saturating_add(count);
        }
        lines.sort_by(|a, b| a.code.text().cmp(b.code.text()));
        let page = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let next = if lines.len() > page {
            lines.get(page.saturating_sub(1)).map(|line| line.code.text().to_owned())
        } else {
            None
        };
        lines.truncate(page);
        Ok(SubjectsShown { subjects: lines, total, next })
    }

    fn count(shown: &SubjectsShown) -> u64 {
        shown.subjects.len() as u64
    }
}

/// A pattern for texts that begin like this one, whatever signs it holds.
fn begins_like(start: &str) -> String {
    let mut pattern = String::with_capacity(start.len().saturating_add(1));
    for sign in start.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

/// One more than a page of a site's subjects, and how many there are.
fn at_site(
    snapshot: &Snapshot<'_>,
    access: &Access,
    ask: &Subjects,
    site: SiteId,
    pattern: &str,
) -> Result<(Vec<SubjectLine>, u64)> {
    let filter = "study = ?1 AND site = ?2 AND lower(code) LIKE ?3 ESCAPE '\\'";
    let total = snapshot
        .db
        .one(&format!("SELECT count(*) FROM subject WHERE {filter}"), values![&ask.study, &site, pattern], |row| {
            row.size(0)
        })?
        .unwrap_or(0);
    let lines = snapshot.db.select(
        &format!(
            "SELECT s.id, s.code, s.status, s.added, t.name,
                    (SELECT count(*) FROM visit v JOIN form f ON f.visit = v.id WHERE v.subject = s.id AND f.state = 'in_progress'),
                    (SELECT count(*) FROM visit v JOIN form f ON f.visit = v.id WHERE v.subject = s.id AND f.state = 'complete'),
                    (SELECT max(changed) FROM visit v JOIN form f ON f.visit = v.id WHERE v.subject = s.id)
             FROM (SELECT * FROM subject WHERE {filter} AND code > ?4 ORDER BY code LIMIT ?5) s
             JOIN site t ON t.id = s.site ORDER BY s.code"
        ),
        values![&ask.study, &site, pattern, ask.after.as_str(), ask.limit.saturating_add(1)],
        |row| line(row, access, site),
    )?;
    Ok((lines, total))
}

fn line(row: &Row<'_>, access: &Access, site: SiteId) -> Result<SubjectLine> {
    let code = row.maybe_text(1)?;
    Ok(SubjectLine {
        id: row.id(0)?,
        code: code.map_or(Shown::Withheld, |code| access.show(&Kept(code))),
        site,
        site_name: row.text(4)?,
        erased: row.text(2)? == "erased",
        forms_in_progress: row.size(5)?,
        forms_complete: row.size(6)?,
        changed: time::instant(row.maybe_int(7)?.unwrap_or(row.int(3)?)),
    })
}

/// One subject: its visits and the state of each form.
#[derive(Debug)]
pub struct ShowSubject {
    /// Which.
    pub subject: SubjectId,
}

/// A subject's matrix.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectShown {
    /// Which.
    pub id: SubjectId,
    /// Its code.
    pub code: Shown,
    /// Of which study.
    pub study: StudyId,
    /// Its site.
    pub site: SiteId,
    /// The site's name.
    pub site_name: String,
    /// Whether its key was destroyed.
    pub erased: bool,
    /// Whether the asker may enter data for it.
    pub editable: bool,
    /// Its visits so far, and those the study plans, in the study's order.
    pub visits: Vec<VisitColumn>,
}

/// A visit.
#[derive(Debug, Clone, Serialize)]
pub struct VisitColumn {
    /// ODM StudyEventOID; empty for forms that a file held outside any visit.
    pub event: String,
    /// Which of several.
    pub repeat: String,
    /// Its name.
    pub name: String,
    /// Whether it may take place again.
    pub repeating: bool,
    /// Whether anything was entered.
    pub started: bool,
    /// Its forms, in the study's order.
    pub forms: Vec<FormCell>,
}

/// A form of a visit.
#[derive(Debug, Clone, Serialize)]
pub struct FormCell {
    /// ODM FormOID.
    pub form: String,
    /// Which of several.
    pub repeat: String,
    /// Its name.
    pub name: String,
    /// Whether the visit may hold it again.
    pub repeating: bool,
    /// Where it stands.
    pub state: FormState,
    /// When it last changed.
    pub changed: Option<Timestamp>,
}

impl View for ShowSubject {
    const NAME: &'static str = "view.subject";
    const NEEDS: Permission = Permission::SubjectSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = SubjectShown;

    fn target(&self) -> Target {
        Target::Subject(self.subject)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<SubjectShown> {
        let study = access.study()?;
        let (code, site, site_name, status) = snapshot
            .db
            .one(
                "SELECT s.code, s.site, t.name, s.status FROM subject s JOIN site t ON t.id = s.site WHERE s.id = ?1",
                values![&self.subject],
                |row| Ok((row.maybe_text(0)?, row.id(1)?, row.text(2)?, row.text(3)?)),
            )?
            .ok_or(Error::Hidden)?;
        let cells = snapshot.db.select(
            "SELECT v.event_oid, v.repeat, f.form_oid, f.repeat, f.state, f.changed FROM visit v
             LEFT JOIN form f ON f.visit = v.id WHERE v.subject = ?1 ORDER BY v.id, f.id",
            &[Value::from(&self.subject)],
            |row| {
                let form = match row.maybe_text(2)? {
                    None => None,
                    Some(form) => Some((form, row.text(3)?, row.text(4)?, time::instant(row.int(5)?))),
                };
                Ok((row.text(0)?, row.text(1)?, form))
            },
        )?;
        let defined = snapshot.definitions.newest(snapshot.db, snapshot.ring, snapshot.organization, study)?;
        let mut matrix = Matrix::planned(defined.as_deref());
        for (event, repeat, form) in cells {
            matrix.take(&event, &repeat, form);
        }
        for visit in &mut matrix.visits {
            visit.forms.retain(|cell| access.reaches_form(&cell.form));
        }
        let editable = access.may_also(Permission::FormEdit);
        Ok(SubjectShown {
            id: self.subject,
            code: code.map_or(Shown::Withheld, |code| access.show(&Kept(code))),
            study,
            site,
            site_name,
            erased: status == "erased",
            editable: editable && status != "erased",
            visits: matrix.visits,
        })
    }

    fn count(shown: &SubjectShown) -> u64 {
        shown.visits.iter().map(|visit| visit.forms.len() as u64).sum()
    }
}

/// Visits and forms as they are put together: planned ones first, then what was collected besides.
struct Matrix<'a> {
    defined: Option<&'a crate::definitions::Defined>,
    visits: Vec<VisitColumn>,
}

impl<'a> Matrix<'a> {
    fn planned(defined: Option<&'a crate::definitions::Defined>) -> Self {
        let mut matrix = Matrix { defined, visits: Vec::new() };
        if let Some(defined) = defined {
            for event in defined.current().events_in_order() {
                let repeat = if event.repeating { "1" } else { "" };
                let column = matrix.column(event.oid.as_str(), repeat);
                matrix.visits.push(column);
            }
        }
        matrix
    }

    /// A visit with its planned forms, none started.
    fn column(&self, event: &str, repeat: &str) -> VisitColumn {
        let study = self.defined.map(|defined| defined.current());
        let def = study.and_then(|study| study.event(event));
        let forms = def.map_or_else(Vec::new, |def| {
            def.forms
                .iter()
                .filter_map(|reference| study.and_then(|study| study.form(reference.form.as_str())))
                .map(|form| FormCell {
                    form: form.oid.as_str().to_owned(),
                    repeat: if form.repeating { "1".into() } else { String::new() },
                    name: form.name.clone(),
                    repeating: form.repeating,
                    state: FormState::NotStarted,
                    changed: None,
                })
                .collect()
        });
        VisitColumn {
            event: event.to_owned(),
            repeat: repeat.to_owned(),
            name: match def {
                Some(def) => def.name.clone(),
                None if event.is_empty() => "Outside any visit".into(),
                None => event.to_owned(),
            },
            repeating: def.is_some_and(|def| def.repeating),
            started: false,
            forms,
        }
    }

    fn take(&mut self, event: &str, repeat: &str, form: Option<(String, String, String, Timestamp)>) {
        let at = match self.visits.iter().position(|visit| visit.event == event && visit.repeat == repeat) {
            Some(at) => at,
            None => {
                let column = self.column(event, repeat);
                // A repeat stands after its own kind; a visit that the study does not plan, at the end.
                let after = self
                    .visits
                    .iter()
                    .rposition(|visit| visit.event == event)
                    .map_or(self.visits.len(), |at| at.saturating_add(1));
                // The planned first repeat gives way where a file numbers its repeats otherwise.
                self.visits.insert(after, column);
                after
            }
        };
        let name = |oid: &str| {
            self.defined
                .and_then(|defined| defined.current().form(oid))
                .map_or_else(|| (oid.to_owned(), false), |form| (form.name.clone(), form.repeating))
        };
        let named = form.as_ref().map(|(oid, ..)| name(oid));
        let Some(visit) = self.visits.get_mut(at) else { return };
        visit.started = true;
        let (Some((oid, repeat, state, changed)), Some((name, repeating))) = (form, named) else { return };
        let state = FormState::from_code(&state).unwrap_or(FormState::InProgress);
        match visit.forms.iter_mut().find(|cell| cell.form == oid && cell.repeat == repeat) {
            Some(cell) => {
                cell.state = state;
                cell.changed = Some(changed);
            }
            None => {
                let after = visit
                    .forms
                    .iter()
                    .rposition(|cell| cell.form == oid)
                    .map_or(visit.forms.len(), |at| at.saturating_add(1));
                visit
                    .forms
                    .insert(after, FormCell { form: oid, repeat, name, repeating, state, changed: Some(changed) });
            }
        }
    }
}
