//! The page of a form, and saving it without a script.

use std::sync::Arc;

use askama::Template;
use axum::{http::StatusCode, response::Response};
use store::{
    Defined, Error, Receipt, Shown,
    views::{Definition, FormShown, ShowForm},
};
use trial::{
    definition::{EventDef, Indexed},
    form::FormState,
    ids::SubjectId,
    permission::Permission,
};

use super::{
    control::Control,
    model::{Sheet, Typed},
    save,
};
use crate::{
    error::Answer,
    input::{Path, dashed},
    pages::{
        fields::{Fields, Refused, outcome},
        frame::{Frame, Reader, Step, render_as, step},
        show::{clock, count, filters, form_path, part},
    },
};

/// The parts of a form's address.
pub type FormParts = (SubjectId, String, String, String, String);

/// Reasons that fit most corrections.
const QUICK_REASONS: [&str; 3] = ["Typing error", "Source corrected", "Wrong participant or visit"];

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    frame: Frame,
    shown: FormShown,
    sheet: Sheet,
    path: String,
    title: String,
    visit: String,
    /// Number of the study's ledger, where it is known.
    ledger: Option<u32>,
    editable: bool,
    /// Why it may only be looked at, where that is not for want of a role.
    locked: Option<&'static str>,
    /// The study version it was last saved under, where that is not the one it is shown by.
    older: Option<String>,
    previous: Option<Step>,
    next: Option<Step>,
    said: Said,
    quick: [&'static str; 3],
}

/// What came of a save.
#[derive(Default)]
struct Said {
    receipt: Option<Receipt>,
    problems: Vec<String>,
    nothing: bool,
}

/// A form as it was looked up.
pub struct Open {
    /// What is stored.
    pub shown: FormShown,
    /// The definition it is laid out by.
    pub study: Option<Arc<Indexed>>,
    /// Whether the current definition still plans it at this visit.
    pub planned: bool,
    current: Option<Arc<Defined>>,
    ask: FormParts,
}

impl Open {
    /// Whether the reader may type in it.
    #[must_use]
    pub fn editable(&self) -> bool {
        self.shown.editable && self.planned
    }

    /// Lays it out.
    #[must_use]
    pub fn sheet(&self, typed: &Typed) -> Sheet {
        match &self.study {
            Some(study) => Sheet::new(study, study.form(&self.ask.3), &self.shown, self.editable(), typed),
            None => Sheet::new(
                &Indexed::new(trial::definition::StudyVersion::default(), []),
                None,
                &self.shown,
                false,
                typed,
            ),
        }
    }
}

/// Shows a form.
pub async fn form(reader: Reader, Path(parts): Path<FormParts>) -> Answer<Response> {
    let open = open(&reader, undashed(parts)).await?;
    let sheet = open.sheet(&Typed::default());
    page(&reader, open, sheet, StatusCode::OK, Said::default()).await
}

/// Saves a form, and shows it with its receipt. Sent again (a reload, a second press), it is not saved again.
pub async fn saved(reader: Reader, Path(parts): Path<FormParts>, fields: Fields) -> Answer<Response> {
    let parts = undashed(parts);
    let request = fields.request()?;
    let before = open(&reader, parts.clone()).await?;
    // Who may not change the form hears so, whether or not anything differs from what is saved.
    if !before.shown.editable {
        return Err(Error::Forbidden { needs: Permission::FormEdit.code() }.into());
    }
    let typed = save::typed(&before, &fields);
    let act = save::act(&before, &parts, &fields, &typed);
    if act.changes.is_empty() && act.removed.is_empty() && act.complete.is_none() {
        let sheet = before.sheet(&Typed::default());
        return page(&reader, before, sheet, StatusCode::OK, Said { nothing: true, ..Said::default() }).await;
    }
    match outcome(reader.asker.act(act, request).await)? {
        Ok(receipt) => {
            let after = open(&reader, parts).await?;
            let sheet = after.sheet(&Typed::default());
            page(&reader, after, sheet, StatusCode::OK, Said { receipt: Some(receipt), ..Said::default() }).await
        }
        Err((status, refused)) => {
            let typed = save::refused(typed, &refused);
            let sheet = before.sheet(&typed);
            let problems = beside(&sheet, &refused);
            page(&reader, before, sheet, status, Said { problems, ..Said::default() }).await
        }
    }
}

/// What was refused at no field of the sheet.
fn beside(sheet: &Sheet, refused: &Refused) -> Vec<String> {
    let names: Vec<&str> = sheet
        .groups
        .iter()
        .flat_map(|group| &group.rows)
        .flat_map(|row| &row.fields)
        .map(|field| &*field.name)
        .collect();
    let said = refused.0.iter().filter(|refusal| !names.contains(&refusal.field.as_str()));
    said.map(|refusal| refusal.message.clone()).collect()
}

pub(super) fn undashed((subject, event, event_repeat, form, form_repeat): FormParts) -> FormParts {
    (subject, dashed(event), dashed(event_repeat), dashed(form), dashed(form_repeat))
}

/// How the store is asked for a form.
#[must_use]
pub fn asked((subject, event, event_repeat, form, form_repeat): FormParts) -> ShowForm {
    ShowForm { subject, event, event_repeat, form, form_repeat }
}

async fn open(reader: &Reader, parts: FormParts) -> Answer<Open> {
    let shown = reader.asker.view(asked(parts.clone())).await?;
    let current = reader.asker.view(Definition { study: shown.study }).await?.0;
    let planned = current.as_ref().is_some_and(|defined| {
        defined
            .current()
            .event(&parts.1)
            .is_some_and(|event| event.forms.iter().any(|form| form.form.as_str() == parts.3))
    });
    let study = current.as_ref().map(|defined| {
        // Who enters data does so by the current version; who only looks sees the one it was saved under.
        if shown.editable && planned {
            Arc::clone(defined.current())
        } else {
            Arc::clone(defined.version(&shown.study_version))
        }
    });
    Ok(Open { shown, study, planned, current, ask: parts })
}

async fn page(reader: &Reader, open: Open, sheet: Sheet, status: StatusCode, said: Said) -> Answer<Response> {
    let (subject, event, event_repeat, form, form_repeat) = &open.ask;
    let frame = reader.maybe_study_frame("form", open.shown.study).await?;
    let mut frame = if frame.study.is_some() {
        frame.behind(format!("/studies/{}/subjects", open.shown.study), "Subjects")
    } else {
        frame
    };
    frame = frame.behind(format!("/subjects/{subject}"), format!("Subject {}", open.shown.code.text()));
    let study = open.study.as_deref();
    let named = |name: Option<&String>, oid: &str| match name {
        Some(name) if !name.is_empty() => name.clone(),
        _ if oid.is_empty() => "Outside any visit".to_owned(),
        _ => oid.to_owned(),
    };
    let with = |name: String, repeat: &str| {
        if repeat.is_empty() || repeat == "1" { name } else { format!("{name} no. {repeat}") }
    };
    let title = with(named(study.and_then(|study| study.form(form)).map(|def| &def.name), form), form_repeat);
    let visit = with(named(study.and_then(|study| study.event(event)).map(|def| &def.name), event), event_repeat);
    let (previous, next) = match (&open.current, open.planned) {
        (Some(defined), true) => neighbours(defined.current(), &open.ask),
        _ => (None, None),
    };
    let page = FormPage {
        path: form_path(*subject, event, event_repeat, form, form_repeat),
        ledger: frame.study.as_ref().map(|study| study.ledger),
        editable: open.editable(),
        locked: (open.shown.editable && !open.planned).then_some(
            "The study’s current definition does not plan this form at this visit, so it can be read but not changed.",
        ),
        older: study
            .map(|study| study.version().oid.as_str())
            .filter(|oid| !open.shown.study_version.is_empty() && *oid != open.shown.study_version)
            .map(|_| open.shown.study_version.clone()),
        quick: QUICK_REASONS,
        shown: open.shown,
        frame,
        sheet,
        title,
        visit,
        previous,
        next,
        said,
    };
    render_as(status, &page)
}

/// The forms before and after this one, through all visits in their order.
fn neighbours(study: &Indexed, (subject, event, event_repeat, form, _): &FormParts) -> (Option<Step>, Option<Step>) {
    let first = |repeats: bool| if repeats { "1" } else { "" };
    let of_visit = |visit: &EventDef| -> Vec<(String, Step)> {
        let repeat = if visit.oid.as_str() == event { event_repeat } else { first(visit.repeating) };
        let forms = study.forms_of(visit).into_iter();
        forms
            .map(|(_, def)| {
                let path = form_path(*subject, visit.oid.as_str(), repeat, def.oid.as_str(), first(def.repeating));
                (
                    format!("{}\n{}", visit.oid, def.oid),
                    step(format!("/{path}"), format!("{}, {}", def.name, visit.name)),
                )
            })
            .collect()
    };
    let all: Vec<(String, Step)> = study.events_in_order().into_iter().flat_map(of_visit).collect();
    let here = format!("{event}\n{form}");
    let Some(at) = all.iter().position(|(key, _)| *key == here) else { return (None, None) };
    let to = |at: Option<usize>| at.and_then(|at| all.get(at)).map(|(_, step)| step.clone());
    (to(at.checked_sub(1)), to(at.checked_add(1)))
}

impl FormPage {
    fn code(&self) -> &Shown {
        &self.shown.code
    }

    fn complete(&self) -> bool {
        self.shown.state == FormState::Complete
    }

    /// The address of an item's history.
    fn history(&self, group: &str, repeat: &str, item: &str) -> String {
        format!("/{}/history/{}/{}/{}", self.path, part(group), part(repeat), part(item))
    }

    /// `Saved 10:42:07, entry 1,204`
    fn receipt(&self, receipt: &Receipt) -> String {
        format!("Saved {} UTC, entry {}", clock(receipt.at), count(receipt.index))
    }
}
