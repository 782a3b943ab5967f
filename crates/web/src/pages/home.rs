//! Home: one's studies, and what waits to be done in them. Search lands here too where it finds several.

use askama::Template;
use axum::{http::StatusCode, response::Response};
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
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, any, render, render_as, titles, to},
    show::filters,
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
    work: Vec<Work>,
    /// Who may be appointed study administrator of a new study.
    people: Vec<PersonLine>,
    oid: String,
    name: String,
    why: Refused,
}

/// A study and what waits in it.
struct Work {
    id: StudyId,
    name: String,
    roles: String,
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
    render_as(status, &HomePage { frame, work, people, oid, name, why })
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
