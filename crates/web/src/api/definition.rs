//! The study's definition: as it is published, and publishing one from a file.

use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use store::{
    Receipt,
    acts::PublishDefinition,
    views::{Definition, DefinitionShown, ShowStudy},
};
use trial::ids::StudyId;
use utoipa::ToSchema;

use super::{created, import::Named, routes, schema};
use crate::{
    error::Answer,
    exchange::{FileIn, ImportReport, import_definition},
    input::{Path, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
    state::AppState,
    stream::Upload,
};

/// Bytes of a definition file. The largest library known to us is a tenth of it.
const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/definition", Does::view::<Definition>(), show).post(
        "/studies/{study}/definition",
        Does::act::<PublishDefinition>().and_view::<ShowStudy>().body_max(FILE_BYTES_MAX),
        publish,
    )
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

/// A definition that was published.
#[derive(Serialize, ToSchema)]
pub(super) struct Published {
    /// Of the act.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
    /// What reading the file reported: deviations, extensions kept, counts.
    #[schema(value_type = Object)]
    report: ImportReport,
}

/// Publish a definition
///
/// The body is an ODM file (1.3, 1.3.1, 1.3.2 or 2.0). It is read whole before anything is stored; dangling references
/// and identifiers used twice publish nothing.
#[utoipa::path(post, path = "/api/v1/studies/{study}/definition", tag = "studies",
    params(("study" = String, Path, format = Uuid), Named),
    request_body(content = String, content_type = "application/xml"), responses((status = 201, body = Published)))]
pub(super) async fn publish(
    State(state): State<AppState>,
    asker: Asker,
    Path(study): Path<StudyId>,
    Query(named): Query<Named>,
    RequestKey(request): RequestKey,
    upload: Upload,
) -> Answer<Response> {
    // Before a large file is taken in: is there such a study for this person?
    asker.view(ShowStudy { study }).await?;
    let mut file = FileIn::new(named.file(), upload.spool(&state).await?);
    let (receipt, report) = asker
        .blocking(move |organization, actor| import_definition(organization, actor, study, &mut file, request, |_| ()))
        .await?;
    Ok(created(Published { receipt, report }))
}
