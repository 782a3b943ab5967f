//! What people have to sign and learn before their roles work.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    gate::days,
    ids::{AgreementId, CourseId, PersonId, StudyId},
    permission::Permission,
    policy::Setting,
    role::Role,
};

use super::people::{IdentityCheck, identity, name};
use crate::{
    actor::{Access, grants_of},
    acts::SignAgreements,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    record::{AgreementKind, AgreementRecord, CourseRecord, TrainingRecord},
    time,
    view::{Snapshot, View},
};

/// What the asker has to sign and learn, and how their identity was checked.
#[derive(Debug)]
pub struct MyDuties {}

/// An agreement.
#[derive(Debug, Clone, Serialize)]
pub struct AgreementLine {
    /// Which.
    pub id: AgreementId,
    /// Which kind.
    pub kind: AgreementKind,
    /// Its version.
    pub version: u32,
    /// Its text.
    pub text: String,
    /// When the asker signed this version; `None`: not yet.
    pub signed: Option<Timestamp>,
}

/// A training that one of the asker's roles needs.
#[derive(Debug, Clone, Serialize)]
pub struct DutyLine {
    /// Which course.
    pub course: CourseId,
    /// Its title.
    pub title: String,
    /// When it was last completed; `None`: never.
    pub completed: Option<Timestamp>,
    /// Until when that is enough.
    pub until: Option<Timestamp>,
}

/// What somebody has to do.
#[derive(Debug, Clone, Serialize)]
pub struct Duties {
    /// Agreements, signed ones too.
    pub agreements: Vec<AgreementLine>,
    /// Training that one's roles need.
    pub training: Vec<DutyLine>,
    /// How one's identity was last checked; `None`: nobody has.
    pub identity: Option<IdentityCheck>,
    /// Whether one of one's roles carries a right to sign, which waits for that.
    pub signs: bool,
}

impl Duties {
    /// The act that signs what waits for a signature, in the versions that were shown.
    #[must_use]
    pub fn signature(&self) -> SignAgreements {
        let waiting = self.agreements.iter().filter(|agreement| agreement.signed.is_none());
        SignAgreements { agreements: waiting.map(|agreement| (agreement.id, agreement.version)).collect() }
    }
}

impl View for MyDuties {
    const NAME: &'static str = "view.my_duties";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Duties;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Duties> {
        let person = access.person()?;
        let rules = access.rules()?;
        let mut training: Vec<DutyLine> = Vec::new();
        let mut signs = false;
        let grants = grants_of(snapshot.db, access, person)?;
        for grant in grants.iter().filter(|grant| grant.until.is_none_or(|until| access.at() < until)) {
            signs |= rules.roles.signs(grant.role);
            let most = rules.policy_of(&grant.scope).get(Setting::Training);
            for (id, course) in rules.courses_of(grant) {
                let valid = days(course.valid_days.min(most));
                let completed = snapshot
                    .db
                    .one(
                        "SELECT max(completed) FROM training WHERE person = ?1 AND course = ?2",
                        values![&person, id],
                        |row| row.maybe_int(0),
                    )?
                    .flatten()
                    .map(time::instant);
                let until = completed.and_then(|completed| completed.checked_add(valid).ok());
                match training.iter_mut().find(|line| line.course == *id) {
                    // Two roles may want it in different times: the shorter one counts.
                    Some(line) => line.until = line.until.min(until),
                    None => training.push(DutyLine { course: *id, title: course.title.clone(), completed, until }),
                }
            }
        }
        let agreements = agreements(snapshot, Some(person))?;
        Ok(Duties { agreements, training, identity: identity(snapshot, person)?, signs })
    }

    fn count(shown: &Duties) -> u64 {
        shown.agreements.len().saturating_add(shown.training.len()) as u64
    }
}

/// Every agreement, and when somebody signed its current version.
fn agreements(snapshot: &Snapshot<'_>, person: Option<PersonId>) -> Result<Vec<AgreementLine>> {
    let mut lines = Vec::new();
    for id in snapshot.db.select("SELECT id FROM agreement", &[], |row| row.id::<AgreementId>(0))? {
        let Some((version, record)) = snapshot.current::<AgreementRecord>(&id)? else { continue };
        let signed = match person {
            Some(person) => snapshot.db.one(
                "SELECT at FROM agreement_signed WHERE person = ?1 AND agreement = ?2 AND signed = ?3",
                values![&person, &id, version],
                |row| row.int(0),
            )?,
            None => None,
        };
        let signed = signed.map(time::instant);
        lines.push(AgreementLine { id, kind: record.kind, version, text: record.text, signed });
    }
    lines.sort_by_key(|line| line.kind);
    Ok(lines)
}

/// What the organization asks of its people, and who has not done it.
#[derive(Debug)]
pub struct DutyBook {}

/// A course.
#[derive(Debug, Clone, Serialize)]
pub struct CourseLine {
    /// Which.
    pub id: CourseId,
    /// Its title.
    pub title: String,
    /// The roles that need it; `None`: all.
    pub roles: Option<BTreeSet<Role>>,
    /// In this study only; `None`: everywhere.
    pub study: Option<StudyId>,
    /// How long having had it is enough.
    pub valid_days: u32,
    /// Whether it is asked for.
    pub needed: bool,
}

/// A completion.
#[derive(Debug, Clone, Serialize)]
pub struct TrainingLine {
    /// Who.
    pub person: PersonId,
    /// Who, by name.
    pub name: String,
    /// Which course.
    pub course: CourseId,
    /// When.
    pub completed: Timestamp,
    /// What shows it.
    pub evidence: String,
    /// Who recorded it, by name.
    pub by: String,
}

/// Agreements, courses and completions of an organization.
#[derive(Debug, Clone, Serialize)]
pub struct DutiesKept {
    /// Agreements in their current version.
    pub agreements: Vec<AgreementLine>,
    /// People with an account that works who have not signed all of them.
    pub unsigned: Vec<(PersonId, String)>,
    /// Courses.
    pub courses: Vec<CourseLine>,
    /// The last completion of each course by each person.
    pub training: Vec<TrainingLine>,
}

impl View for DutyBook {
    const NAME: &'static str = "view.duties";
    const NEEDS: Permission = Permission::TrainingKeep;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = DutiesKept;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<DutiesKept> {
        let rules = access.rules()?;
        let mut unsigned = Vec::new();
        let people = "SELECT id FROM person WHERE active = 1 AND enrolled = 1 ORDER BY id";
        for person in snapshot.db.select(people, &[], |row| row.id::<PersonId>(0))? {
            if !rules.unsigned(snapshot.db, person)?.is_empty() {
                unsigned.push((person, name(snapshot, person)?));
            }
        }
        let mut courses = Vec::new();
        for id in snapshot.db.select("SELECT id FROM course ORDER BY id", &[], |row| row.id::<CourseId>(0))? {
            if let Some((_, course)) = snapshot.current::<CourseRecord>(&id)? {
                let CourseRecord { title, roles, study, valid_days, needed, .. } = course;
                courses.push(CourseLine { id, title, roles, study, valid_days, needed });
            }
        }
        let newest = "SELECT t.id FROM training t WHERE NOT EXISTS (SELECT 1 FROM training n WHERE n.person = t.person
             AND n.course = t.course AND (n.completed > t.completed OR (n.completed = t.completed AND n.id > t.id)))
             ORDER BY t.id";
        let mut training = Vec::new();
        for id in snapshot.db.select(newest, &[], |row| row.id::<trial::ids::TrainingId>(0))? {
            if let Some((_, record)) = snapshot.current::<TrainingRecord>(&id)? {
                training.push(TrainingLine {
                    person: record.person,
                    name: name(snapshot, record.person)?,
                    course: record.course,
                    completed: record.completed,
                    evidence: record.evidence,
                    by: name(snapshot, record.by)?,
                });
            }
        }
        Ok(DutiesKept { agreements: agreements(snapshot, None)?, unsigned, courses, training })
    }

    fn count(shown: &DutiesKept) -> u64 {
        shown.unsigned.len().saturating_add(shown.training.len()) as u64
    }
}
