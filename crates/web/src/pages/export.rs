//! Handing a study over: as CDISC ODM 1.3.2, or as tables in a zip. The file is written while it is sent; the ledger
//! records what was asked, how much it held, and the file's digest.

use askama::Template;
use axum::{extract::State, response::Response};
use store::{
    Error, View,
    views::{EntryLine, ExportStudy, LedgerEntries},
};
use trial::{ids::StudyId, permission::Permission};

use super::{
    frame::{Frame, Reader, render, to},
    show::filters,
};
use crate::{
    error::Answer,
    handover::{self, Format},
    input::Path,
    state::AppState,
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
    let frame = reader.study_frame("export", study).await?;
    reader.asker.may_view(ExportStudy { study }).await?;
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
    sent(state, &reader, study, Format::Odm).await
}

/// The study as tables, with a dictionary of what is in them.
pub async fn tables(State(state): State<AppState>, reader: Reader, Path(study): Path<StudyId>) -> Answer<Response> {
    sent(state, &reader, study, Format::Csv).await
}

async fn sent(state: AppState, reader: &Reader, study: StudyId, format: Format) -> Answer<Response> {
    let frame = reader.study_frame("export", study).await?;
    // A file has no page to come back to.
    if let Err(Error::StepUp) = reader.asker.may_view(ExportStudy { study }).await {
        return Ok(to(format!("/confirm?next=/studies/{study}/export")));
    }
    handover::send(state, &reader.asker, study, format, &file_name(&frame, reader)).await
}

/// `HERON-1-2026-11-22`: plain letters only, whatever the study is called.
fn file_name(frame: &Frame, reader: &Reader) -> String {
    let oid = frame.study.as_ref().map_or("study", |study| &study.oid);
    format!("{}-{}", plain(oid), reader.now.strftime("%Y-%m-%d"))
}

fn plain(oid: &str) -> String {
    oid.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_plain_letters_whatever_its_study_is_called() {
        assert_eq!(plain("HERON_1-b"), "HERON_1-b");
        assert_eq!(plain("a\"; filename=\"x.exe\r\nSet-Cookie: b/../é"), "a---filename--x-exe--Set-Cookie--b-----");
    }
}
