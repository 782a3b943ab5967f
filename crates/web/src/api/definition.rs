//! The study's definition.

use axum::Json;
use store::views::{Definition, DefinitionShown};
use trial::ids::StudyId;

use super::routes;
use crate::{
    error::Answer,
    input::Path,
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/definition", Does::view::<Definition>(), show)
}

/// The published definition
///
/// As Probity has it, ODM's elements by their names: studies, versions, visits, forms, item groups, items. `null`
/// where none is published yet.
#[utoipa::path(get, path = "/api/v1/studies/{study}/definition", tag = "studies",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = Value)))]
pub(super) async fn show(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<DefinitionShown>> {
    Ok(Json(asker.view(Definition { study }).await?))
}
