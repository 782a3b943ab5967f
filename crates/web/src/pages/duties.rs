//! What the organization asks of its people before their roles work: the agreements in force and who has not signed them,
//! courses, and who had them.

use std::collections::BTreeSet;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use store::{
    AgreementKind, Error,
    acts::{KeepCourse, PublishAgreement, RecordTraining},
    views::{CourseLine, DutiesKept, DutyBook, Grants, People, PersonLine, RoleBook},
};
use trial::{
    access::Scope,
    ids::{CourseId, StudyId},
    permission::Permission,
    role::Role,
};

use super::{
    access::studies_in,
    days::start_of,
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::filters,
};
use crate::{
    error::Answer,
    input::{Path, Query},
};

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    frame: Frame,
    kept: DutiesKept,
    publishes: bool,
    /// Whose training may be recorded.
    people: Vec<PersonLine>,
    roles: Vec<(Role, String)>,
    studies: Vec<(StudyId, String)>,
    /// The course that the form changes; `None`: it adds one.
    changes: Option<CourseId>,
    typed: Typed,
    why: Refused,
}

/// What the forms have.
#[derive(Default)]
struct Typed {
    /// The kind of the agreement that was not published, and its text.
    agreement: Option<(AgreementKind, String)>,
    course: TypedCourse,
    training: TypedTraining,
}

#[derive(Default)]
struct TypedCourse {
    title: String,
    roles: BTreeSet<Role>,
    study: String,
    valid_days: String,
    needed: bool,
}

#[derive(Default)]
struct TypedTraining {
    person: String,
    course: String,
    completed: String,
    evidence: String,
}

/// Which course is to be changed.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    #[serde(default)]
    course: String,
}

/// Shows agreements, courses and training.
pub async fn duties(reader: Reader, Query(which): Query<Which>) -> Answer<Response> {
    page(&reader, StatusCode::OK, which.course.parse().ok(), None, Refused::default()).await
}

/// Publishes a new version of an agreement.
pub async fn publish(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let text = fields.get("text").to_owned();
    let kind = AgreementKind::ALL.iter().copied().find(|kind| kind.code() == fields.get("kind"));
    let done = match kind {
        Some(kind) => reader.asker.act(PublishAgreement { kind, text: text.clone() }, request).await,
        None => Err(Error::refused("", "unknown", "the form was changed: load the page again")),
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/duties")),
        Err((status, why)) => {
            let typed = Typed { agreement: kind.map(|kind| (kind, text)), course: new_course(), ..Typed::default() };
            page(&reader, status, None, Some(typed), why).await
        }
    }
}

/// Adds a course.
pub async fn add_course(reader: Reader, fields: Fields) -> Answer<Response> {
    keep(&reader, None, &fields).await
}

/// Changes one.
pub async fn change_course(reader: Reader, Path(course): Path<CourseId>, fields: Fields) -> Answer<Response> {
    keep(&reader, Some(course), &fields).await
}

async fn keep(reader: &Reader, course: Option<CourseId>, fields: &Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [title, study, valid_days] = ["title", "study", "valid_days"].map(|field| fields.get(field).trim().to_owned());
    let roles = fields.each("roles").filter_map(Role::from_code).collect();
    let typed = TypedCourse { title, roles, study, valid_days, needed: fields.has("needed") };
    let done = match kept_course(course, &typed) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/duties")),
        Err((status, why)) => {
            page(reader, status, course, Some(Typed { course: typed, ..Typed::default() }), why).await
        }
    }
}

fn kept_course(course: Option<CourseId>, typed: &TypedCourse) -> store::Result<KeepCourse> {
    let days = typed.valid_days.parse();
    Ok(KeepCourse {
        course,
        title: typed.title.clone(),
        roles: Some(typed.roles.clone()).filter(|roles| !roles.is_empty()),
        study: match typed.study.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Error::refused("study", "unknown", "choose a study, or all"))?),
        },
        valid_days: days.map_err(|_| Error::refused("valid_days", "no_number", "type how many days, as a number"))?,
        needed: typed.needed,
    })
}

/// Records that somebody had a course.
pub async fn record(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [person, course, completed, evidence] =
        ["person", "course", "completed", "evidence"].map(|field| fields.get(field).trim().to_owned());
    let training = TypedTraining { person, course, completed, evidence };
    let done = match recorded(&fields, &training) {
        Ok(act) => reader.asker.act(act, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/duties")),
        Err((status, why)) => {
            let typed = Typed { training, course: new_course(), ..Typed::default() };
            page(&reader, status, None, Some(typed), why).await
        }
    }
}

fn recorded(fields: &Fields, typed: &TypedTraining) -> store::Result<RecordTraining> {
    Ok(RecordTraining {
        person: fields.id("person", "choose who had it")?,
        course: fields.id("course", "choose the course")?,
        completed: start_of("completed", &typed.completed)?,
        evidence: typed.evidence.clone(),
    })
}

fn new_course() -> TypedCourse {
    TypedCourse { needed: true, valid_days: "365".to_owned(), ..TypedCourse::default() }
}

async fn page(
    reader: &Reader,
    status: StatusCode,
    changes: Option<CourseId>,
    typed: Option<Typed>,
    why: Refused,
) -> Answer<Response> {
    let kept = reader.asker.view(DutyBook {}).await?;
    let frame = reader.frame("duties").await?;
    let scope = Scope::Organization;
    let mut people = Vec::new();
    if frame.organization_may(Permission::PeopleSee) {
        people = reader.asker.view(People { scope }).await?;
        people.retain(|person| person.active && person.id != frame.account.id);
    }
    let (mut roles, mut studies) = (Vec::new(), Vec::new());
    if frame.organization_may(Permission::GrantSee) {
        let book = reader.asker.view(RoleBook { scope }).await?;
        roles = book.into_iter().filter(|line| line.offered).map(|line| (line.role, line.title)).collect();
        studies = studies_in(&reader.asker.view(Grants { scope }).await?);
    } else {
        let brought = Role::BUILT_IN.iter().filter_map(|role| Some((*role, role.title()?.to_owned())));
        roles.extend(brought);
    }
    let line = changes.and_then(|course| kept.courses.iter().find(|line| line.id == course));
    let (changes, course) = (line.and(changes), line.map_or_else(new_course, kept_as));
    let typed = typed.unwrap_or_else(|| Typed { course, ..Typed::default() });
    let publishes = frame.organization_may(Permission::AgreementPublish);
    render_as(status, &DutiesPage { frame, kept, publishes, people, roles, studies, changes, typed, why })
}

/// A course as the form has it.
fn kept_as(line: &CourseLine) -> TypedCourse {
    TypedCourse {
        title: line.title.clone(),
        roles: line.roles.clone().unwrap_or_default(),
        study: line.study.map(|study| study.to_string()).unwrap_or_default(),
        valid_days: line.valid_days.to_string(),
        needed: line.needed,
    }
}

impl DutiesPage {
    /// The text that the form of an agreement has, and whether it was refused.
    fn text<'a>(&'a self, kind: &AgreementKind, current: &'a str) -> (&'a str, bool) {
        match &self.typed.agreement {
            Some((refused, text)) if refused == kind => (text, true),
            _ => (current, false),
        }
    }

    /// Who needs a course, in words.
    fn needed_by(&self, line: &CourseLine) -> String {
        let title = |role: &Role| self.roles.iter().find(|(known, _)| known == role).map(|(_, title)| title.clone());
        match &line.roles {
            None => "every role".to_owned(),
            Some(roles) => roles
                .iter()
                .map(|role| title(role).unwrap_or_else(|| "a role that is no longer given".to_owned()))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// In which study a course is needed, in words.
    fn study(&self, line: &CourseLine) -> &str {
        let Some(study) = line.study else { return "every study" };
        self.studies.iter().find(|(known, _)| *known == study).map_or("one study", |(_, name)| name)
    }

    /// The title of a course.
    fn course(&self, course: &CourseId) -> &str {
        self.kept.courses.iter().find(|line| line.id == *course).map_or("", |line| &line.title)
    }

    /// Where the form of a course leads.
    fn action(&self) -> String {
        self.changes.map_or_else(|| "/duties/courses".to_owned(), |course| format!("/duties/courses/{course}"))
    }
}
