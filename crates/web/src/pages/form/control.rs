//! Which control an item gets: the nearest native one that can show every value the item may hold.
//!
//! It refuses a control that would hide what is saved: where a stored value does not fit the native picker (a
//! partial date in a date item, a code that left its list), the item falls back to plain text or shows the value as
//! a choice of its own.

use trial::{
    definition::{DataType, Indexed, ItemDef},
    value::to_entry,
};

use crate::pages::show::LANGUAGE;

/// Up to so many codes are radio buttons; more are a list to open.
pub const RADIOS_MAX: usize = 6;
/// Texts that may be longer than this many characters get several lines.
const LINE_CHARS_MAX: u32 = 120;

/// A control of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// One line.
    Line(Line),
    /// Several lines.
    Area {
        /// Characters it may hold.
        most: Option<u32>,
    },
    /// One of a few, all in sight.
    Radios(Vec<Choice>),
    /// One of many.
    List(Vec<Choice>),
}

/// A one-line input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// HTML `type`.
    pub kind: &'static str,
    /// HTML `inputmode`, empty for none.
    pub mode: &'static str,
    /// Style class of its width.
    pub width: &'static str,
    /// Characters it may hold.
    pub most: Option<u32>,
    /// Seconds are part of it, so the picker must step by them.
    pub seconds: bool,
    /// A date that may also be picked from a calendar.
    pub pick: bool,
    /// How to type it.
    pub hint: &'static str,
}

/// A code and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The code.
    pub code: String,
    /// What it stands for.
    pub words: String,
    /// Whether it is what the item holds.
    pub chosen: bool,
}

/// The control of `item`, which now shows `value` (as collected; empty: nothing). In a table radio buttons would be
/// too wide, so lists stand for them.
#[must_use]
pub fn control(study: &Indexed, item: &ItemDef, value: &str, in_table: bool) -> Control {
    let choices = choices(study, item, value);
    if !choices.is_empty() {
        return if choices.len() <= RADIOS_MAX && !in_table {
            Control::Radios(choices)
        } else {
            Control::List(choices)
        };
    }
    let long = item.length.is_some_and(|length| length > LINE_CHARS_MAX);
    match item.data_type {
        DataType::Text | DataType::String if long || value.contains('\n') || value.chars().count() > 60 => {
            Control::Area { most: item.length }
        }
        DataType::HexBinary | DataType::Base64Binary => Control::Area { most: None },
        _ => Control::Line(line(item, value)),
    }
}

/// As the control shows a collected value: partial dates as sites write them, all else as it is.
#[must_use]
pub fn typed(item: &ItemDef, collected: &str) -> String {
    match item.data_type {
        DataType::PartialDate | DataType::IncompleteDate => to_entry(collected),
        _ => collected.to_owned(),
    }
}

fn line(item: &ItemDef, value: &str) -> Line {
    let text = Line { kind: "text", width: "w-short", ..Line::default() };
    match item.data_type {
        DataType::Integer => Line { mode: "numeric", width: "w-num", ..text },
        DataType::Float | DataType::Decimal | DataType::Double => Line { mode: "decimal", width: "w-num", ..text },
        DataType::Date if is_native_date(value) => Line { kind: "date", width: "w-date", ..text },
        DataType::Time if is_native_time(value) => {
            Line { kind: "time", width: "w-num", seconds: value.len() > 5, ..text }
        }
        DataType::Datetime if is_native_datetime(value) => {
            Line { kind: "datetime-local", width: "w-moment", seconds: value.len() > 16, ..text }
        }
        DataType::Date => Line { width: "w-date", hint: "21/NOV/2026", ..text },
        DataType::Time => Line { width: "w-num", hint: "14:05", ..text },
        DataType::Datetime => Line { width: "w-moment", hint: "2026-11-21T14:05", ..text },
        DataType::PartialDate | DataType::IncompleteDate => {
            Line { width: "w-date", pick: true, hint: "21/NOV/2026; UN where not known", ..text }
        }
        DataType::PartialTime | DataType::IncompleteTime => Line { width: "w-num", hint: "14:05, or 14", ..text },
        DataType::PartialDatetime | DataType::IncompleteDatetime => {
            Line { width: "w-moment", hint: "2026-11-21T14:05, or as much as is known", ..text }
        }
        DataType::DurationDatetime => Line { hint: "P3D for 3 days, PT2H for 2 hours", ..text },
        DataType::IntervalDatetime => {
            Line { width: "w-text", hint: "2026-11-01/2026-11-04, or 2026-11-01/P3D", ..text }
        }
        DataType::Uri => Line { mode: "url", width: "w-text", hint: "https://example.org/a", ..text },
        DataType::HexFloat | DataType::Base64Float => Line { most: item.length, ..text },
        _ => {
            let width = if item.length.is_some_and(|length| length <= 20) { "w-short" } else { "w-text" };
            Line { width, most: item.length, ..text }
        }
    }
}

/// The codes of an item; yes and no for a boolean without codes. Empty: it takes what is typed.
fn choices(study: &Indexed, item: &ItemDef, value: &str) -> Vec<Choice> {
    let choice = |code: &str, words: &str| Choice {
        code: code.to_owned(),
        words: if words.trim().is_empty() { code.to_owned() } else { words.to_owned() },
        chosen: !value.is_empty() && code == value,
    };
    let mut choices: Vec<Choice> = match study.code_list_of(item) {
        Some(list) => list.choices(LANGUAGE).into_iter().map(|(code, words)| choice(code, words)).collect(),
        None if item.data_type == DataType::Boolean => {
            // A file may spell them 1 and 0: the saved spelling stays, so that looking at it changes nothing.
            let (yes, no) = if matches!(value, "1" | "0") { ("1", "0") } else { ("true", "false") };
            vec![choice(yes, "Yes"), choice(no, "No")]
        }
        None => Vec::new(),
    };
    if !choices.is_empty() && !value.is_empty() && !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice { code: value.to_owned(), words: format!("{value} (not in the list)"), chosen: true });
    }
    choices
}

fn shaped(value: &str, pattern: &str) -> bool {
    value.len() == pattern.len()
        && value.bytes().zip(pattern.bytes()).all(|(found, wanted)| match wanted {
            b'9' => found.is_ascii_digit(),
            _ => found == wanted,
        })
}

fn is_native_date(value: &str) -> bool {
    value.is_empty() || shaped(value, "9999-99-99")
}

fn is_native_time(value: &str) -> bool {
    value.is_empty() || shaped(value, "99:99") || shaped(value, "99:99:99")
}

fn is_native_datetime(value: &str) -> bool {
    value.is_empty() || shaped(value, "9999-99-99T99:99") || shaped(value, "9999-99-99T99:99:99")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trial::definition::{CodeList, CodeListContent, EnumeratedItem, StudyVersion};

    use super::*;

    fn item(data_type: DataType) -> ItemDef {
        ItemDef { oid: "I".into(), data_type, ..ItemDef::default() }
    }

    fn study(codes: usize) -> Indexed {
        let items = (1..=codes).map(|n| EnumeratedItem { coded_value: n.to_string(), ..EnumeratedItem::default() });
        let list =
            CodeList { oid: "CL".into(), content: CodeListContent::Enumerated(items.collect()), ..CodeList::default() };
        Indexed::new(StudyVersion { code_lists: vec![list], ..StudyVersion::default() }, Arc::from([]))
    }

    fn shape(control: &Control) -> String {
        match control {
            Control::Line(line) if line.mode.is_empty() => line.kind.to_owned(),
            Control::Line(line) => format!("{} {}", line.kind, line.mode),
            Control::Area { .. } => "area".into(),
            Control::Radios(choices) => format!("radios {}", choices.len()),
            Control::List(choices) => format!("list {}", choices.len()),
        }
    }

    #[test]
    fn every_data_type_has_its_control() {
        for data_type in DataType::ALL {
            let wanted = match data_type {
                DataType::Integer => "text numeric",
                DataType::Float | DataType::Double | DataType::Decimal => "text decimal",
                DataType::Date => "date",
                DataType::Time => "time",
                DataType::Datetime => "datetime-local",
                DataType::Boolean => "radios 2",
                DataType::HexBinary | DataType::Base64Binary => "area",
                DataType::Uri => "text url",
                _ => "text",
            };
            assert_eq!(shape(&control(&study(0), &item(data_type), "", false)), wanted, "{data_type:?}");
        }
    }

    #[test]
    fn codes_are_radios_up_to_six_and_a_list_beyond_or_in_a_table() {
        let coded = ItemDef { code_list: Some("CL".into()), ..item(DataType::Text) };
        assert_eq!(shape(&control(&study(6), &coded, "", false)), "radios 6");
        assert_eq!(shape(&control(&study(7), &coded, "", false)), "list 7");
        assert_eq!(shape(&control(&study(2), &coded, "", true)), "list 2");
    }

    #[test]
    fn a_code_that_left_its_list_is_still_shown() {
        let coded = ItemDef { code_list: Some("CL".into()), ..item(DataType::Text) };
        let Control::Radios(choices) = control(&study(2), &coded, "99", false) else { panic!("radios") };
        assert_eq!(
            choices.last().map(|choice| (choice.words.as_str(), choice.chosen)),
            Some(("99 (not in the list)", true))
        );
    }

    #[test]
    fn a_value_that_no_picker_shows_is_typed_text() {
        for (data_type, value) in [
            (DataType::Date, "2026-11"),
            (DataType::Time, "10:42:07+01:00"),
            (DataType::Datetime, "2026-11-21T10:42:07Z"),
        ] {
            assert_eq!(shape(&control(&study(0), &item(data_type), value, false)), "text", "{value}");
        }
        assert_eq!(shape(&control(&study(0), &item(DataType::Time), "10:42:07", false)), "time");
    }

    #[test]
    fn long_texts_get_several_lines_and_booleans_keep_their_spelling() {
        let long = ItemDef { length: Some(200), ..item(DataType::Text) };
        assert_eq!(shape(&control(&study(0), &long, "", false)), "area");
        assert_eq!(shape(&control(&study(0), &item(DataType::Text), "one\ntwo", false)), "area");
        let Control::Radios(choices) = control(&study(0), &item(DataType::Boolean), "0", false) else {
            panic!("radios")
        };
        assert_eq!(choices.iter().find(|choice| choice.chosen).map(|choice| choice.code.as_str()), Some("0"));
    }

    #[test]
    fn partial_dates_are_shown_as_sites_write_them() {
        assert_eq!(typed(&item(DataType::PartialDate), "2026-11"), "UN/NOV/2026");
        assert_eq!(typed(&item(DataType::Date), "2026-11-21"), "2026-11-21");
    }
}
