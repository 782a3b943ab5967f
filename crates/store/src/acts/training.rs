//! Training: which courses roles need, and who had them.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    ids::{CourseId, PersonId, StudyId, TrainingId},
    limit,
    permission::Permission,
    role::Role,
};

use crate::{
    act::Act,
    actor::Access,
    acts::live::keeping,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{CourseRecord, TrainingRecord},
    tx::Tx,
};

/// Courses of one organization.
pub const COURSES_MAX: i64 = 500;
/// How long a course may be enough, in days.
pub const COURSE_DAYS_MAX: u32 = 3_650;

/// Says which training roles need, or changes that.
#[derive(Debug, Clone, Serialize)]
pub struct KeepCourse {
    /// Which; `None`: a new one.
    pub course: Option<CourseId>,
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

impl Act for KeepCourse {
    const NAME: &'static str = "course.keep";
    const NEEDS: Permission = Permission::TrainingKeep;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let title = limit::text("title", &self.title, limit::NAME_BYTES_MAX)?;
        if !(1..=COURSE_DAYS_MAX).contains(&self.valid_days) {
            return Err(Error::refused("valid_days", "out_of_bounds", format!("give 1 to {COURSE_DAYS_MAX} days")));
        }
        let roles = &access.rules()?.roles;
        if self.roles.as_ref().is_some_and(|named| named.is_empty() || named.iter().any(|role| !roles.offers(*role))) {
            return Err(Error::refused("roles", "unknown", "name roles that there are, or leave all"));
        }
        if let Some(study) = self.study {
            tx.db
                .one("SELECT 1 FROM study WHERE id = ?1", values![&study], |_| Ok(()))?
                .ok_or_else(|| Error::refused("study", "unknown", "there is no such study here"))?;
        }
        let (id, version) = match self.course {
            Some(id) => (id, tx.current::<CourseRecord>(&id)?.ok_or(Error::Hidden)?.0),
            None => (tx.new_id()?, 0),
        };
        let count = tx.db.one("SELECT count(*) FROM course", &[], |row| row.int(0))?.unwrap_or(0);
        if version == 0 && count >= COURSES_MAX {
            return Err(Error::refused(
                "title",
                "too_many",
                format!("an organization has at most {COURSES_MAX} courses"),
            ));
        }
        let record = CourseRecord {
            title,
            roles: self.roles.clone(),
            study: self.study,
            valid_days: self.valid_days,
            needed: self.needed,
            by: access.person()?,
        };
        let top = Arc::clone(tx.ring.top());
        let then = access.rules()?.with_course(id, record.clone());
        keeping(tx, access, None, Some(&then), |tx| tx.put(&id, version.saturating_add(1), &record, &top))
    }
}

/// Records that somebody had a course.
#[derive(Debug, Serialize)]
pub struct RecordTraining {
    /// Who.
    pub person: PersonId,
    /// Which course.
    pub course: CourseId,
    /// When it was completed.
    pub completed: Timestamp,
    /// What shows it: a certificate's number, a list of attendance.
    pub evidence: String,
}

impl Act for RecordTraining {
    const NAME: &'static str = "training.record";
    const NEEDS: Permission = Permission::TrainingKeep;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody records their own training: ask another administrator")?;
        let evidence = limit::text("evidence", &self.evidence, limit::REASON_BYTES_MAX)?;
        if self.completed > tx.at() {
            return Err(Error::refused("completed", "future", "this day has not come yet"));
        }
        tx.current::<CourseRecord>(&self.course)?
            .ok_or_else(|| Error::refused("course", "unknown", "there is no such course"))?;
        let id: TrainingId = tx.new_id()?;
        let top = Arc::clone(tx.ring.top());
        let record =
            TrainingRecord { person: self.person, course: self.course, completed: self.completed, evidence, by };
        tx.put(&id, 1, &record, &top)
    }
}
