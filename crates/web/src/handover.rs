//! Handing a study over, as the API and the pages both do: the file is written while it is sent.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::Error;
use trial::ids::StudyId;
use utoipa::ToSchema;

use crate::{
    error::Answer,
    exchange::{export_csv, export_odm},
    session::Asker,
    state::AppState,
    stream::written,
};

/// How a study is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// CDISC ODM 1.3.2: definition, values, audit records, users, sites.
    #[default]
    Odm,
    /// A zip of tables with a data dictionary.
    Csv,
}

impl Format {
    /// The ending of its files' names.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Format::Odm => "xml",
            Format::Csv => "zip",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Format::Odm => "application/xml; charset=utf-8",
            Format::Csv => "application/zip",
        }
    }
}

/// Sends a study as a file of this name, without its ending. Whether the asker may have it the store decides before the
/// first byte is sent; its digest is in the ledger after the last.
///
/// # Errors
/// Why it may not be exported, or could not be begun.
pub(crate) async fn send(
    state: AppState,
    asker: &Asker,
    study: StudyId,
    format: Format,
    name: &str,
) -> Answer<Response> {
    state.paces().map_or(Ok(()), |paces| paces.export(asker))?;
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
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Error::fault)?),
    ];
    Ok((headers, body).into_response())
}
