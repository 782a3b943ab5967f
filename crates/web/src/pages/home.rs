//! Home: one's studies, and what waits to be done in them. Search lands here too where it finds several.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    acts::{GiveGrant, RegisterStudy},
    views::{People, PersonLine, SubjectLine, Subjects, Worklist, WorklistShown},
};
use trial::{
    access::Scope,
    ids::{PersonId, StudyId},
    permission::Permission,
    role::Role,
};

use super::{
    access::query,
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, any, render, render_as, titles, to},
    show::{exception, filters, lapse, left},
};
use crate::{error::Answer, input::Query};

/// Rows of one study's worklist on this page.
const WAITING_MAX: u32 = 15;
/// Subjects found in one study.
const FOUND_MAX: u32 = 25;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    /// Access that the reader holds by exception.
    exceptions: Vec<Opened>,
    /// What others asked for or opened, and the reader may answer or review.
    waiting: Vec<Waiting>,
    work: Vec<Work>,
    /// Who may be appointed study administrator of a new study.
    people: Vec<PersonLine>,
    oid: String,
    name: String,
    why: Refused,
}

/// A role that is held by exception, and for how long still.
struct Opened {
    title: String,
    place: String,
    how: &'static str,
    left: String,
}

/// Requests for access at a place, and the page where they are answered or reviewed.
struct Waiting {
    emergency: bool,
    count: u64,
    place: String,
    href: String,
}

/// A study and what waits in it.
struct Work {
    id: StudyId,
    name: String,
    roles: String,
    /// Whether one of one's roles there opens the study.
    opens: bool,
    /// Roles that give nothing for the time being, and why.
    resting: Vec<(String, &'static str)>,
    defined: bool,
    sees_subjects: bool,
    builds: bool,
    subjects: u64,
    waiting: Option<WorklistShown>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    query: String,
    found: Vec<(String, SubjectLine)>,
}

/// Shows home.
pub async fn home(reader: Reader) -> Answer<Response> {
    page(&reader, StatusCode::OK, String::new(), String::new(), Refused::default()).await
}

/// Registers a study and appoints its administrator, who does the rest.
pub async fn register(reader: Reader, fields: Fields) -> Answer<Response> {
    let (oid, name) = (fields.get("oid").to_owned(), fields.get("name").to_owned());
    let done = register_with(&reader, &fields, &oid, &name).await;
    match outcome(done)? {
        Ok(()) => Ok(to("/access")),
        Err((status, why)) => page(&reader, status, oid, name, why).await,
    }
}

async fn register_with(reader: &Reader, fields: &Fields, oid: &str, name: &str) -> store::Result<()> {
    let request = fields.request().map_err(|_| store::Error::refused("", "request", "load the page again"))?;
    let person: PersonId = fields.id("administrator", "choose who administers the study")?;
    let receipt = reader.asker.act(RegisterStudy { oid: oid.to_owned(), name: name.to_owned() }, request).await?;
    let study: StudyId =
        receipt.id("study").ok_or_else(|| store::Error::fault("a study was registered without an id"))?;
    let appoint = GiveGrant {
        person,
        role: Role::StudyAdministrator,
        scope: Scope::Study { study },
        from: None,
        until: None,
        reason: None,
    };
    reader.asker.act(appoint, reader.asker.organization().fresh_request()?).await?;
    Ok(())
}

async fn page(reader: &Reader, status: StatusCode, oid: String, name: String, why: Refused) -> Answer<Response> {
    let frame = reader.frame("home").await?;
    let mut work = Vec::with_capacity(frame.studies.len());
    for study in &frame.studies {
        let sees_subjects = any(&study.roles, Permission::SubjectSee);
        let waiting = if sees_subjects && study.defined {
            Some(reader.asker.view(Worklist { study: study.id, limit: WAITING_MAX }).await?)
        } else {
            None
        };
        work.push(Work {
            id: study.id,
            name: study.name.clone(),
            roles: titles(&study.roles),
            opens: any(&study.roles, Permission::StudySee),
            resting: study
                .roles
                .iter()
                .filter_map(|held| Some((held.title.clone(), lapse(held.lapse.as_ref()?))))
                .collect(),
            defined: study.defined,
            sees_subjects,
            builds: any(&study.roles, Permission::StudyBuild),
            subjects: study.subjects,
            waiting,
        });
    }
    let people = if frame.organization_may(Permission::StudyRegister) {
        let mut people = reader.asker.view(People { scope: Scope::Organization }).await?;
        people.retain(|person| person.active && person.id != frame.account.id);
        people
    } else {
        Vec::new()
    };
    let (exceptions, waiting) = (opened(&frame, reader.now), waiting(&frame));
    render_as(status, &HomePage { frame, exceptions, waiting, work, people, oid, name, why })
}

/// What the reader holds by exception.
fn opened(frame: &Frame, now: Timestamp) -> Vec<Opened> {
    let held = frame.account.roles.iter().filter_map(|held| {
        Some(Opened {
            title: held.title.clone(),
            place: frame.scope(&held.scope),
            how: exception(&held.exception?),
            left: left(now, held.until?),
        })
    });
    held.collect()
}

fn waiting(frame: &Frame) -> Vec<Waiting> {
    let lines = frame.account.waiting.iter().map(|line| Waiting {
        emergency: line.emergency,
        count: line.count,
        place: [&line.site, &line.study].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", "),
        href: format!("/requests{}", query(line.scope)),
    });
    lines.collect()
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// Finds subjects by their code, in every study where one may see them. A single one is opened.
pub async fn search(reader: Reader, Query(asked): Query<Asked>) -> Answer<Response> {
    let frame = reader.frame("search").await?;
    let query = asked.q.trim().to_owned();
    let mut found = Vec::new();
    for study in frame.studies.iter().filter(|study| !query.is_empty() && any(&study.roles, Permission::SubjectSee)) {
        let ask =
            Subjects { study: study.id, site: None, search: query.clone(), after: String::new(), limit: FOUND_MAX };
        let shown = reader.asker.view(ask).await?;
        found.extend(shown.subjects.into_iter().map(|subject| (study.name.clone(), subject)));
    }
    if let [(_, only)] = found.as_slice() {
        return Ok(to(format!("/subjects/{}", only.id)));
    }
    render(&SearchPage { frame, query, found })
}
