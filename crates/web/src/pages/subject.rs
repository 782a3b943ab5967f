//! A subject: visits across, forms down, the state of each in its cell. Repeating visits and forms grow in place.

use askama::Template;
use axum::response::Response;
use store::{
    Shown,
    views::{FormCell, ShowSubject, SubjectShown, VisitColumn},
};
use trial::{form::FormState, ids::SubjectId};

use super::{
    frame::{Frame, Reader, render},
    show::{filters, form_path},
};
use crate::{error::Answer, input::Path};

#[derive(Template)]
#[template(path = "subject.html")]
struct SubjectPage {
    frame: Frame,
    subject: SubjectShown,
    visits: Vec<Visit>,
    rows: Vec<FormRow>,
    states: [FormState; 3],
}

/// A column.
struct Visit {
    name: String,
    /// Which of several, in words.
    which: String,
    /// Where another of its kind begins: the first form of it.
    another: Option<String>,
}

/// A row.
struct FormRow {
    name: String,
    cells: Vec<Cell>,
}

/// What a visit holds of a form.
struct Cell {
    forms: Vec<Entry>,
    /// Where another of its kind begins.
    another: Option<String>,
}

struct Entry {
    href: String,
    state: FormState,
    which: String,
}

/// Shows a subject.
pub async fn subject(reader: Reader, Path(subject): Path<SubjectId>) -> Answer<Response> {
    let shown = reader.asker.view(ShowSubject { subject }).await?;
    let frame = reader.maybe_study_frame("subject", shown.study).await?;
    let frame = if frame.study.is_some() {
        frame.behind(format!("/studies/{}/subjects", shown.study), "Subjects")
    } else {
        frame
    };
    let visits = shown.visits.iter().enumerate().map(|(at, visit)| column(&shown, at, visit)).collect();
    let rows = rows(&shown);
    let states = [FormState::NotStarted, FormState::InProgress, FormState::Complete];
    render(&SubjectPage { frame, visits, rows, states, subject: shown })
}

fn column(subject: &SubjectShown, at: usize, visit: &VisitColumn) -> Visit {
    // The last of a repeating visit offers the next one.
    let last = !subject.visits.iter().skip(at.saturating_add(1)).any(|other| other.event == visit.event);
    let another = match visit.forms.first() {
        Some(form) if subject.editable && visit.repeating && visit.started && last => {
            let repeat =
                next_repeat(subject.visits.iter().filter(|other| other.event == visit.event).map(|v| &*v.repeat));
            let first = if form.repeating { "1" } else { "" };
            Some(format!("/{}", form_path(subject.id, &visit.event, &repeat, &form.form, first)))
        }
        _ => None,
    };
    Visit { name: visit.name.clone(), which: which(&visit.repeat, visit.repeating), another }
}

/// Rows in the order in which the visits first name their forms.
fn rows(subject: &SubjectShown) -> Vec<FormRow> {
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for form in subject.visits.iter().flat_map(|visit| &visit.forms) {
        if !kinds.iter().any(|(oid, _)| *oid == form.form) {
            kinds.push((&form.form, &form.name));
        }
    }
    let row = |(oid, name): (&str, &str)| FormRow {
        name: name.to_owned(),
        cells: subject.visits.iter().map(|visit| cell(subject, visit, oid)).collect(),
    };
    kinds.into_iter().map(row).collect()
}

fn cell(subject: &SubjectShown, visit: &VisitColumn, oid: &str) -> Cell {
    let of_kind: Vec<&FormCell> = visit.forms.iter().filter(|form| form.form == oid).collect();
    let href = |repeat: &str| format!("/{}", form_path(subject.id, &visit.event, &visit.repeat, oid, repeat));
    let started = of_kind.iter().any(|form| form.state != FormState::NotStarted);
    let another = (subject.editable && started && of_kind.iter().any(|form| form.repeating))
        .then(|| href(&next_repeat(of_kind.iter().map(|form| &*form.repeat))));
    let entry = |form: &&FormCell| Entry {
        href: href(&form.repeat),
        state: form.state,
        which: which(&form.repeat, form.repeating && of_kind.len() > 1),
    };
    Cell { forms: of_kind.iter().map(entry).collect(), another }
}

fn next_repeat<'a>(repeats: impl Iterator<Item = &'a str>) -> String {
    let most = repeats.filter_map(|repeat| repeat.parse::<u32>().ok()).max().unwrap_or(0);
    most.saturating_add(1).to_string()
}

fn which(repeat: &str, shows: bool) -> String {
    if shows && !repeat.is_empty() { format!("no. {repeat}") } else { String::new() }
}

impl SubjectPage {
    fn code(&self) -> &Shown {
        &self.subject.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_repeat_follows_the_highest_number() {
        assert_eq!(next_repeat(["1", "3", "x", ""].into_iter()), "4");
        assert_eq!(next_repeat([].into_iter()), "1");
        assert_eq!((which("2", true).as_str(), which("1", false).as_str()), ("no. 2", ""));
    }
}
