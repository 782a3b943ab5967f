//! Imports of clinical data.

use axum::Json;
use store::views::{ImportLine, Imports};
use trial::ids::StudyId;

use super::{routes, schema};
use crate::{
    error::Answer,
    input::Path,
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/imports", Does::view::<Imports>(), list)
}

/// Imports into a study, newest first
#[utoipa::path(get, path = "/api/v1/studies/{study}/imports", tag = "imports",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = Vec<schema::Import>)))]
pub(super) async fn list(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<Vec<ImportLine>>> {
    Ok(Json(asker.view(Imports { study }).await?))
}
