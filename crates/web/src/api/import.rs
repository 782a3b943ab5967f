//! Imports of clinical data.

use axum::{Json, extract::State, response::Response};
use serde::Deserialize;
use store::{
    acts::{BeginImport, CompleteImport, TakeImport},
    views::{Definition, ImportLine, Imports, ShowStudy},
};
use trial::ids::{SiteId, StudyId};
use utoipa::IntoParams;

use super::{created, routes, schema};
use crate::{
    error::Answer,
    exchange::{DataImport, FileIn, import_data},
    input::{Path, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
    state::AppState,
    stream::Upload,
};

/// Bytes of a file over HTTP; `probity data import` takes larger ones.
const FILE_BYTES_MAX: usize = 900 * 1024 * 1024;

pub(super) fn table() -> Table {
    let takes = Does::act::<BeginImport>()
        .and_act::<TakeImport>()
        .and_act::<CompleteImport>()
        .and_view::<Imports>()
        .and_view::<ShowStudy>()
        .and_view::<Definition>();
    routes().get("/studies/{study}/imports", Does::view::<Imports>(), list).post(
        "/studies/{study}/imports",
        takes.body_max(FILE_BYTES_MAX),
        take,
    )
}

/// Imports into a study, newest first
#[utoipa::path(get, path = "/api/v1/studies/{study}/imports", tag = "imports",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = Vec<schema::Import>)))]
pub(super) async fn list(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<Vec<ImportLine>>> {
    Ok(Json(asker.view(Imports { study }).await?))
}

/// What the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Named {
    /// The file's name, for the report.
    name: Option<String>,
}

impl Named {
    pub(super) fn file(self) -> String {
        self.name.unwrap_or_else(|| "file.xml".into())
    }
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// The file's name, for the report.
    name: Option<String>,
    /// The site of subjects whose file names none.
    #[param(value_type = Option<String>, format = Uuid)]
    site: Option<SiteId>,
    /// Import a file again that was imported before.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    again: bool,
    /// Read and report only; store nothing.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    dry_run: bool,
}

/// Import clinical data
///
/// The body is an ODM file. Its values become imported claims, with the file's digest and its own audit records
/// attached. An import that broke off goes on where it stopped when the same file is sent again.
#[utoipa::path(post, path = "/api/v1/studies/{study}/imports", tag = "imports",
    params(("study" = String, Path, format = Uuid), How),
    request_body(content = String, content_type = "application/xml"), responses((status = 201, body = Object)))]
pub(super) async fn take(
    State(state): State<AppState>,
    asker: Asker,
    Path(study): Path<StudyId>,
    Query(How { name, site, again, dry_run }): Query<How>,
    RequestKey(request): RequestKey,
    upload: Upload,
) -> Answer<Response> {
    // Before a large file is taken in: may this person import here?
    asker.view(Imports { study }).await?;
    let mut file = FileIn::new(Named { name }.file(), upload.spool(&state).await?);
    let asked = DataImport { study, site, again, dry_run, request };
    let report =
        asker.blocking(move |organization, actor| import_data(organization, actor, asked, &mut file, |_| ())).await?;
    Ok(created(report))
}
