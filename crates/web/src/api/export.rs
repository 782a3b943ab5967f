//! Exports: the whole study, written while it is sent.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use store::views::{Definition, ExportStudy};
use trial::ids::StudyId;
use utoipa::IntoParams;

use super::routes;
use crate::{
    error::Answer,
    handover::{self, Format},
    input::{Path, Query},
    route::{Does, Table},
    session::Asker,
    state::AppState,
};

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/export", Does::view::<ExportStudy>().and_view::<Definition>(), export)
}

/// How to export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// ODM 1.3.2 unless said otherwise.
    #[serde(default)]
    #[param(value_type = Option<Format>, inline)]
    format: Format,
}

/// Export a study
///
/// What was asked is in the ledger before the first byte is sent; the digest of the file, after the last. A file that
/// breaks off is not whole.
#[utoipa::path(get, path = "/api/v1/studies/{study}/export", tag = "studies",
    params(("study" = String, Path, format = Uuid), How),
    responses((status = 200, content((String = "application/xml"), (String = "application/zip")))))]
pub(super) async fn export(
    State(state): State<AppState>,
    asker: Asker,
    Path(study): Path<StudyId>,
    Query(How { format }): Query<How>,
) -> Answer<Response> {
    handover::send(state, &asker, study, format, "study").await
}
