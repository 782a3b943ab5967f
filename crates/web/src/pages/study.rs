//! A study: its sites, and what its definition asks at which visit.

use std::sync::Arc;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    Defined,
    acts::AddSite,
    views::{Definition, StudyShown},
};
use trial::ids::StudyId;

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::filters,
};
use crate::{
    error::{Answer, Problem},
    input::Path,
};

#[derive(Template)]
#[template(path = "study.html")]
struct StudyPage {
    frame: Frame,
    study: StudyShown,
    subjects: u64,
    plan: Option<Plan>,
    oid: String,
    name: String,
    country: String,
    why: Refused,
}

/// What a definition asks.
struct Plan {
    number: u32,
    version: String,
    visits: Vec<Visit>,
    forms: Vec<PlannedForm>,
    items: u64,
    code_lists: u64,
    deviations: u64,
}

struct Visit {
    name: String,
    repeating: bool,
}

struct PlannedForm {
    name: String,
    items: u64,
    repeating: bool,
    /// For each visit, whether it asks for this form.
    at: Vec<bool>,
}

/// Shows a study.
pub async fn study(reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    page(&reader, study, StatusCode::OK, [String::new(), String::new(), String::new()], Refused::default()).await
}

/// Adds a site.
pub async fn add_site(reader: Reader, Path(study): Path<StudyId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [oid, name, country] = ["oid", "name", "country"].map(|field| fields.get(field).trim().to_owned());
    let act = AddSite {
        study,
        oid: oid.clone(),
        name: name.clone(),
        country: Some(country.to_uppercase()).filter(|country| !country.is_empty()),
    };
    match outcome(reader.asker.act(act, request).await)? {
        Ok(_) => Ok(to(format!("/studies/{study}"))),
        Err((status, why)) => page(&reader, study, status, [oid, name, country], why).await,
    }
}

async fn page(
    reader: &Reader,
    study: StudyId,
    status: StatusCode,
    [oid, name, country]: [String; 3],
    why: Refused,
) -> Answer<Response> {
    let frame = reader.study_frame("study", study).await?;
    let shown = frame.study.clone().ok_or_else(Problem::hidden)?;
    let plan = reader.asker.view(Definition { study }).await?.0.map(|defined| plan(&defined));
    let subjects = frame.studies.iter().find(|line| line.id == study).map_or(0, |line| line.subjects);
    render_as(status, &StudyPage { study: shown, subjects, plan, oid, name, country, why, frame })
}

fn plan(defined: &Arc<Defined>) -> Plan {
    let index = defined.current();
    let events = index.events_in_order();
    let forms = index.version().forms.iter().map(|form| {
        let items = index.groups_of(form).into_iter().map(|(_, group)| group.items.len() as u64).sum();
        let at = events.iter().map(|event| event.forms.iter().any(|asked| asked.form == form.oid)).collect();
        PlannedForm { name: form.name.clone(), items, repeating: form.repeating, at }
    });
    let version = index.version();
    Plan {
        number: defined.number,
        version: if version.name.is_empty() { version.oid.as_str().to_owned() } else { version.name.clone() },
        forms: forms.collect(),
        visits: events.iter().map(|event| Visit { name: event.name.clone(), repeating: event.repeating }).collect(),
        items: version.items.len() as u64,
        code_lists: version.code_lists.len() as u64,
        deviations: defined.report.get("deviation_count").and_then(serde_json::Value::as_u64).unwrap_or(0),
    }
}
