//! Importing a definition or clinical data from an ODM file, and what reading each file reported.

use askama::Template;
use axum::{
    extract::{Multipart, State, multipart::Field},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use store::{
    Error, Spool,
    views::{Definition, ImportLine, Imports},
};
use tokio::sync::mpsc;
use trial::{
    ids::{ImportId, RequestId, SiteId, StudyId},
    permission::Permission,
};

use super::{
    fields::{Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::{counted, filters},
};
use crate::{
    error::{Answer, Problem},
    exchange::{Counts, DataImport, DataReport, FileIn, ImportReport, import_data, import_definition},
    input::{Path, Query},
    session::broken_off,
    state::AppState,
    stream::Upload,
};

/// Bytes of a file by this page; `probity data import` takes larger ones.
pub const FILE_BYTES_MAX: usize = 900 * 1024 * 1024;
/// Lines of one list of a report on the page; the rest is in the API.
const LINES_MAX: usize = 200;

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    study: StudyId,
    imports: Vec<ImportLine>,
    defined: bool,
    shown: Option<Report>,
    why: Refused,
}

/// A report, laid out.
struct Report {
    /// Of what.
    of: &'static str,
    /// Whether the file had been imported before.
    repeated: bool,
    counts: Vec<String>,
    reading: ImportReport,
    misfits: Vec<crate::exchange::Misfit>,
    misfit_count: u64,
}

/// Which report is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    report: String,
}

/// Shows what was imported.
pub async fn import(reader: Reader, Path(study): Path<StudyId>, Query(asked): Query<Asked>) -> Answer<Response> {
    let frame = reader.study_frame("import", study).await?;
    // Before a file is chosen: it could not come along.
    if frame.may(Permission::StudyBuild) && !frame.account.confirmed {
        return Err(Error::StepUp.into());
    }
    page(&reader, study, &asked.report, None, StatusCode::OK, Refused::default()).await
}

/// Takes a file in.
pub async fn imported(
    State(state): State<AppState>,
    reader: Reader,
    Path(study): Path<StudyId>,
    parts: Multipart,
) -> Answer<Response> {
    // Before a large file is taken in: may this person import here?
    let frame = reader.study_frame("import", study).await?;
    if !frame.may(Permission::DataImport) && !frame.may(Permission::StudyBuild) {
        return Err(Error::Forbidden { needs: Permission::StudyBuild.code() }.into());
    }
    let sent = Sent::take(&state, parts).await?;
    let request = sent.request.ok_or_else(broken)?;
    let Some(content) = sent.content else {
        let why = Error::refused("file", "choose", "choose the file first");
        return refused(&reader, study, Err(why)).await;
    };
    let mut file = FileIn::new(sent.name, content);
    if sent.data {
        let asked = DataImport { study, site: sent.site, again: false, dry_run: false, request };
        let done = reader
            .asker
            .blocking(move |organization, actor| import_data(organization, actor, asked, &mut file, |_| ()))
            .await;
        return match done {
            Ok(report) if report.repeated => {
                page(&reader, study, "", Some(Report::of_data(report)), StatusCode::OK, Refused::default()).await
            }
            Ok(report) => {
                let import = report.import.map_or_else(String::new, |import| import.to_string());
                Ok(to(format!("/studies/{study}/import?report={import}")))
            }
            Err(error) => refused(&reader, study, Err(error)).await,
        };
    }
    let done = reader
        .asker
        .blocking(move |organization, actor| import_definition(organization, actor, study, &mut file, request, |_| ()))
        .await;
    match done {
        Ok(_) => Ok(to(format!("/studies/{study}/import?report=definition"))),
        Err(error) => refused(&reader, study, Err(error)).await,
    }
}

async fn refused(reader: &Reader, study: StudyId, done: store::Result<()>) -> Answer<Response> {
    match outcome(done)? {
        Ok(()) => Ok(to(format!("/studies/{study}/import"))),
        Err((status, why)) => page(reader, study, "none", None, status, why).await,
    }
}

async fn page(
    reader: &Reader,
    study: StudyId,
    asked: &str,
    report: Option<Report>,
    status: StatusCode,
    why: Refused,
) -> Answer<Response> {
    let frame = reader.study_frame("import", study).await?;
    let definition = reader.asker.view(Definition { study }).await?.0;
    let imports =
        if frame.may(Permission::DataImport) { reader.asker.view(Imports { study }).await? } else { Vec::new() };
    let chosen = asked.parse::<ImportId>().ok();
    let shown = match report {
        Some(report) => Some(report),
        None => match imports.iter().find(|line| Some(line.id) == chosen) {
            Some(line) => Some(Report::of_data(serde_json::from_value(line.report.clone()).unwrap_or_default())),
            None if asked == "none" => None,
            None => definition.as_ref().map(|defined| {
                let reading = serde_json::from_value(defined.report.clone()).unwrap_or_default();
                Report::of_definition(reading)
            }),
        },
    };
    render_as(status, &ImportPage { study, imports, defined: definition.is_some(), shown, why, frame })
}

impl Report {
    fn of_definition(mut reading: ImportReport) -> Self {
        let Counts {
            defined_visits, defined_forms, defined_groups, defined_items, defined_code_lists, versions, ..
        } = reading.counts;
        let counts = vec![
            counted(versions, "version"),
            counted(defined_visits, "visit"),
            counted(defined_forms, "form"),
            counted(defined_groups, "item group"),
            counted(defined_items, "item"),
            counted(defined_code_lists, "code list"),
        ];
        cut(&mut reading);
        Report { of: "Definition", repeated: false, counts, reading, misfits: Vec::new(), misfit_count: 0 }
    }

    fn of_data(report: DataReport) -> Self {
        let DataReport { repeated, mut reading, mut misfits, misfit_count, .. } = report;
        let Counts { subjects, visits, forms, groups, values, audit_records, .. } = reading.counts;
        let counts = vec![
            counted(subjects, "subject"),
            counted(visits, "visit"),
            counted(forms, "form"),
            counted(groups, "item group row"),
            counted(values, "value"),
            counted(audit_records, "audit record"),
        ];
        cut(&mut reading);
        misfits.truncate(LINES_MAX);
        Report { of: "Data", repeated, counts, reading, misfits, misfit_count }
    }
}

fn cut(reading: &mut ImportReport) {
    reading.deviations.truncate(LINES_MAX);
    reading.extensions.truncate(LINES_MAX);
    reading.definitional.truncate(LINES_MAX);
}

/// What the form sent.
#[derive(Default)]
struct Sent {
    request: Option<RequestId>,
    data: bool,
    site: Option<SiteId>,
    name: String,
    content: Option<Spool>,
}

impl Sent {
    async fn take(state: &AppState, mut parts: Multipart) -> Answer<Self> {
        let mut sent = Sent::default();
        while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                sent.name = part.file_name().unwrap_or_default().to_owned();
                if !sent.name.is_empty() {
                    sent.content = Some(spool(state, part).await?);
                }
                continue;
            }
            let text = part.text().await.map_err(|_| broken())?;
            match name.as_str() {
                "request" => sent.request = text.parse().ok(),
                "what" => sent.data = text == "data",
                "site" => sent.site = text.parse().ok(),
                _ => {}
            }
        }
        Ok(sent)
    }
}

/// Lays the file down as it arrives: it may be larger than memory.
async fn spool(state: &AppState, mut part: Field<'_>) -> Answer<Spool> {
    let (send, chunks) = mpsc::channel(4);
    let upload = Upload::of_chunks(chunks);
    let spooling = {
        let state = state.clone();
        tokio::spawn(async move { upload.spool(&state).await })
    };
    loop {
        let chunk = match part.chunk().await {
            Ok(Some(chunk)) => Ok(chunk),
            Ok(None) => break,
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(std::io::ErrorKind::FileTooLarge.into())
            }
            Err(_) => Err(std::io::ErrorKind::UnexpectedEof.into()),
        };
        let last = chunk.is_err();
        if send.send(chunk).await.is_err() || last {
            break;
        }
    }
    drop(send);
    spooling.await.map_err(broken_off)?
}

fn broken() -> Problem {
    Problem::malformed("the file did not arrive whole: choose it again")
}
