//! The subjects of a study: a page of them, found by the beginning of their code; and adding one.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use store::{
    acts::AddSubject,
    views::{SubjectLine, Subjects},
};
use trial::{
    ids::{SiteId, StudyId, SubjectId},
    permission::Permission,
};

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::{filters, part},
};
use crate::{
    error::Answer,
    input::{Path, Query},
};

/// Rows of a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "subjects.html")]
struct SubjectsPage {
    frame: Frame,
    study: StudyId,
    site: Option<SiteId>,
    site_name: Option<String>,
    search: String,
    first_page: bool,
    next: Option<String>,
    subjects: Vec<SubjectLine>,
    total: u64,
    code: String,
    at: String,
    why: Refused,
}

/// Which subjects are asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    after: String,
}

/// Shows a page of subjects.
pub async fn subjects(reader: Reader, Path(study): Path<StudyId>, Query(asked): Query<Asked>) -> Answer<Response> {
    page(&reader, study, StatusCode::OK, asked, [String::new(), String::new()], Refused::default()).await
}

/// Adds a subject and opens it.
pub async fn add(reader: Reader, Path(study): Path<StudyId>, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let (code, at) = (fields.get("code").to_owned(), fields.get("site").to_owned());
    let done = match fields.id::<SiteId>("site", "choose the site of the subject") {
        Ok(site) => reader.asker.act(AddSubject { site, code: code.clone() }, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(receipt) => {
            let subject: SubjectId =
                receipt.id("subject").ok_or_else(|| store::Error::fault("a subject was added without an id"))?;
            Ok(to(format!("/subjects/{subject}")))
        }
        Err((status, why)) => page(&reader, study, status, Asked::default(), [code, at], why).await,
    }
}

async fn page(
    reader: &Reader,
    study: StudyId,
    status: StatusCode,
    asked: Asked,
    [code, at]: [String; 2],
    why: Refused,
) -> Answer<Response> {
    let frame = reader.study_frame("subjects", study).await?;
    let site = asked.site.parse::<SiteId>().ok();
    let ask = Subjects { study, site, search: asked.q.clone(), after: asked.after.clone(), limit: ROWS };
    let shown = reader.asker.view(ask).await?;
    let site_name = frame
        .study
        .as_ref()
        .and_then(|study| study.sites.iter().find(|line| Some(line.id) == site))
        .map(|line| line.name.clone());
    let page = SubjectsPage {
        study,
        site,
        site_name,
        search: asked.q,
        first_page: asked.after.is_empty(),
        next: shown.next,
        subjects: shown.subjects,
        total: shown.total,
        code,
        at,
        why,
        frame,
    };
    render_as(status, &page)
}

impl SubjectsPage {
    /// Whether a site is the one of the list, or was chosen for the subject that was not added.
    fn chosen(&self, site: &SiteId) -> bool {
        self.site == Some(*site) || self.at == site.to_string()
    }

    /// The address of this list from another place on.
    fn address(&self, after: &str) -> String {
        let site = self.site.map_or_else(String::new, |site| site.to_string());
        let after = if after.is_empty() { String::new() } else { part(after) };
        let search = if self.search.is_empty() { String::new() } else { part(&self.search) };
        format!("/studies/{}/subjects?q={search}&site={site}&after={after}", self.study)
    }
}
