//! Handing a study over: as CDISC ODM 1.3.2, or as tables in a zip. The file is written while it is sent; the ledger
//! records what was asked, how much it held, and the file's digest.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use store::{
    Error, View,
    views::{EntryLine, ExportStudy, LedgerEntries},
};
use trial::{ids::StudyId, permission::Permission};

use super::{
    frame::{Frame, Reader, render},
    show::filters,
};
use crate::{
    error::Answer,
    exchange::{ExportedFile, export_csv, export_odm},
    input::Path,
    state::AppState,
    stream::{Download, download},
};

/// Entries of the ledger that are looked through for exports.
const LOOKED_THROUGH: u32 = 500;

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    frame: Frame,
    study: StudyId,
    ledger: u32,
    defined: bool,
    recent: Vec<EntryLine>,
}

/// Shows what can be handed over, and what was.
pub async fn export(reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    let frame = allowed(&reader, study).await?;
    let (ledger, defined) = frame.study.as_ref().map_or((0, false), |study| (study.ledger, study.definition > 0));
    let mut recent = if frame.may(Permission::LedgerSee) {
        reader.asker.view(LedgerEntries { ledger, before: None, limit: LOOKED_THROUGH }).await?
    } else {
        Vec::new()
    };
    recent.retain(|entry| entry.act == ExportStudy::NAME);
    render(&ExportPage { study, ledger, defined, recent, frame })
}

/// The study as ODM.
pub async fn odm(State(state): State<AppState>, reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    let frame = allowed(&reader, study).await?;
    reader.asker.view(ExportStudy { study }).await?;
    let name = file_name(&frame, &reader, "xml");
    let at = state.now();
    let write = move |organization: &store::Organization, actor: &store::Actor, out: &mut Download| {
        export_odm(organization, actor, study, at, out)
    };
    Ok(sent(&reader, "application/xml", &name, write))
}

/// The study as tables, with a dictionary of what is in them.
pub async fn tables(State(state): State<AppState>, reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    let frame = allowed(&reader, study).await?;
    if frame.study.as_ref().is_none_or(|study| study.definition == 0) {
        let says = "this study has no definition yet: there is nothing to export";
        return Err(Error::refused("study", "not_defined", says).into());
    }
    reader.asker.view(ExportStudy { study }).await?;
    let name = file_name(&frame, &reader, "zip");
    let write = move |organization: &store::Organization, actor: &store::Actor, out: &mut Download| {
        export_csv(organization, actor, study, state.installation().folder(), out)
    };
    Ok(sent(&reader, "application/zip", &name, write))
}

/// Refuses before the first byte is sent: afterwards a refusal could only break the file off. The store decides again
/// when it opens its door.
async fn allowed(reader: &Reader, study: StudyId) -> Answer<Frame> {
    let frame = reader.study_frame("export", study).await?;
    if frame.may(Permission::DataExport) {
        Ok(frame)
    } else {
        Err(Error::Forbidden { needs: Permission::DataExport.code() }.into())
    }
}

fn sent(
    reader: &Reader,
    kind: &'static str,
    name: &str,
    write: impl FnOnce(&store::Organization, &store::Actor, &mut Download) -> store::Result<ExportedFile> + Send + 'static,
) -> Response {
    let (mut out, body) = download();
    let asker = reader.asker.clone();
    tokio::spawn(async move {
        let written = asker
            .blocking(move |organization, actor| {
                write(organization, actor, &mut out)?;
                out.end().map_err(|_| Error::refused("file", "gone", "whoever asked for it has gone"))
            })
            .await;
        if let Err(error) = written {
            // Half a file was sent, and broken off: the client sees that.
            tracing::warn!(%error, "an export was not sent whole");
        }
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers: [(HeaderName, String); 2] =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, body).into_response()
}

/// `HERON-1-2026-11-22.xml`: plain letters only, whatever the study is called.
fn file_name(frame: &Frame, reader: &Reader, ending: &str) -> String {
    let oid = frame.study.as_ref().map_or("study", |study| &study.oid);
    let plain: String =
        oid.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect();
    format!("{plain}-{}.{ending}", reader.now.strftime("%Y-%m-%d"))
}
