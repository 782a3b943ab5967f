//! Exports: the whole study, written while it is sent.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::views::{Definition, ExportStudy};
use trial::ids::StudyId;
use utoipa::{IntoParams, ToSchema};

use super::routes;
use crate::{
    error::Answer,
    exchange::{export_csv, export_odm},
    input::{Path, Query},
    route::{Does, Table},
    session::Asker,
    state::AppState,
    stream::written,
};

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/export", Does::view::<ExportStudy>().and_view::<Definition>(), export)
}

/// How a study is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// CDISC ODM 1.3.2: definition, values, audit records, users, sites.
    #[default]
    Odm,
    /// A zip of tables with a data dictionary.
    Csv,
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
    let at = state.now();
    let (organization, actor) = (asker.organization().clone(), asker.actor().clone());
    let body = written(move |out| {
        match format {
            Format::Odm => export_odm(&organization, &actor, study, at, out),
            Format::Csv => export_csv(&organization, &actor, study, state.installation().folder(), out),
        }
        .map(drop)
    })
    .await?;
    let (kind, disposition) = match format {
        Format::Odm => ("application/xml", "attachment; filename=\"study.xml\""),
        Format::Csv => ("application/zip", "attachment; filename=\"study.zip\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    Ok((headers, body).into_response())
}
