//! The history of one item: each value struck through by the next, who in which role, when, why, what check fired,
//! and the way to the proof of each line.

use askama::Template;
use axum::response::Response;
use store::{
    Shown,
    views::{Definition, ItemHistory, VersionShown},
};
use trial::{
    definition::{DataType, Indexed, ItemDef},
    ids::SubjectId,
    value::to_entry,
};

use super::{
    form::{asked, label},
    frame::{Frame, Reader, render},
    show::{LANGUAGE, filters, form_path},
};
use crate::{
    error::Answer,
    input::{Path, dashed},
};

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    title: String,
    form: String,
    oid: String,
    lines: Vec<Line>,
}

/// One value it had.
struct Line {
    version: VersionShown,
    role: String,
    /// What its code stands for.
    words: Option<String>,
    unit: String,
    now: bool,
}

type Parts = (SubjectId, String, String, String, String, String, String, String);

/// Shows an item's history.
pub async fn history(reader: Reader, Path(parts): Path<Parts>) -> Answer<Response> {
    let (subject, event, event_repeat, form, form_repeat, group, group_repeat, item) = parts;
    let [event, event_repeat, form, form_repeat, group, group_repeat] =
        [event, event_repeat, form, form_repeat, group, group_repeat].map(dashed);
    let path = form_path(subject, &event, &event_repeat, &form, &form_repeat);
    let ask = ItemHistory {
        form: asked((subject, event, event_repeat, form.clone(), form_repeat)),
        group,
        group_repeat: group_repeat.clone(),
        item: item.clone(),
    };
    let shown = reader.asker.view(ask).await?;
    let defined = reader.asker.view(Definition { study: shown.study }).await?.0;
    let index = defined.as_ref().map(|defined| defined.current().as_ref());
    let def = index.and_then(|index| index.item(&item));
    let form_name = index.and_then(|index| index.form(&form)).map_or(form, |def| def.name.clone());
    let frame = reader.maybe_study_frame("history", shown.study).await?;
    let frame = frame.behind(format!("/subjects/{subject}"), "Subject").behind(format!("/{path}"), form_name.clone());
    let newest = shown.versions.len().saturating_sub(1);
    let lines = shown.versions.into_iter().enumerate().rev();
    let lines = lines.map(|(at, version)| line(index, def, version, at == newest)).collect();
    let mut title = def.map_or_else(|| item.clone(), label);
    if !group_repeat.is_empty() {
        title = format!("{title}, row {group_repeat}");
    }
    render(&HistoryPage { frame, title, form: form_name, oid: item, lines })
}

fn line(index: Option<&Indexed>, def: Option<&ItemDef>, version: VersionShown, now: bool) -> Line {
    let value = match &version.value {
        Some(Shown::Value(value)) => Some(value.as_str()),
        _ => None,
    };
    let words = match (index, def, value) {
        (Some(index), Some(def), Some(value)) => meaning(index, def, value),
        _ => None,
    };
    let unit = version.unit.as_deref().map_or_else(String::new, |oid| {
        let symbol = index.and_then(|index| index.unit(oid)).map(|unit| unit.symbol.in_language(LANGUAGE).to_owned());
        symbol.filter(|symbol| !symbol.trim().is_empty()).unwrap_or_else(|| oid.to_owned())
    });
    let role = version.role_title.clone();
    Line { version, role, words, unit, now }
}

/// What a collected value stands for, where that is not what it says itself.
fn meaning(index: &Indexed, def: &ItemDef, value: &str) -> Option<String> {
    let words = match index.code_list_of(def) {
        Some(list) => list.decode(value, LANGUAGE)?.to_owned(),
        None => match def.data_type {
            DataType::Boolean => if matches!(value, "true" | "1") { "Yes" } else { "No" }.to_owned(),
            DataType::Date => value.parse::<jiff::civil::Date>().ok()?.strftime("%-d %b %Y").to_string(),
            DataType::PartialDate | DataType::IncompleteDate => to_entry(value),
            _ => return None,
        },
    };
    Some(words).filter(|words| words != value && !words.is_empty())
}
