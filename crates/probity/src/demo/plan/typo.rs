//! Slips of the hand: what someone types instead of what the source says, and what they say when they put it right.

use trial::definition::{CodeList, DataType, ItemDef};

use super::day;
use crate::demo::chance::Chance;

/// A slip.
#[derive(Debug, Clone)]
pub(super) struct Typo {
    /// What was typed.
    pub(super) typed: String,
    /// The reason given when it is put right.
    pub(super) reason: &'static str,
}

/// A slip for this value, where one comes to mind. Whether the form would take it is the caller's to ask.
pub(super) fn of(chance: &mut Chance, item: &ItemDef, list: Option<&CodeList>, value: &str) -> Option<Typo> {
    if let Some(list) = list {
        let others: Vec<&str> =
            list.choices("en").into_iter().map(|(code, _)| code).filter(|code| *code != value).collect();
        let typed = chance.pick(&others).to_owned();
        return Some(Typo { typed, reason: chance.pick(WRONG_BOX) });
    }
    match item.data_type {
        DataType::Integer | DataType::Float => number(chance, value),
        DataType::Boolean => {
            let typed = if value == "true" { "false" } else { "true" };
            Some(Typo { typed: typed.to_owned(), reason: chance.pick(WRONG_BOX) })
        }
        DataType::Date | DataType::PartialDate | DataType::Datetime => date(chance, value),
        DataType::Text => text(chance, value),
        _ => None,
    }
    .filter(|typo| typo.typed != value)
}

/// Two digits swapped, or one misread.
fn number(chance: &mut Chance, value: &str) -> Option<Typo> {
    let mut letters: Vec<char> = value.chars().collect();
    let pairs: Vec<usize> = letters
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| matches!(pair, [a, b] if a != b && a.is_ascii_digit() && b.is_ascii_digit() && *b != '0'))
        .map(|(at, _)| at)
        .collect();
    if !pairs.is_empty() && chance.happens(600) {
        let at = chance.pick(&pairs);
        letters.swap(at, at + 1);
        return Some(Typo { typed: letters.into_iter().collect(), reason: chance.pick(SWAPPED) });
    }
    let last = letters.last_mut()?;
    let digit = last.to_digit(10)?;
    // 1 and 7, 3 and 8, 5 and 6: what handwriting mixes up.
    let misread = match digit {
        1 => 7,
        7 => 1,
        3 => 8,
        8 => 3,
        5 => 6,
        6 => 5,
        other => (other + 1) % 10,
    };
    *last = char::from_digit(misread, 10)?;
    Some(Typo { typed: letters.into_iter().collect(), reason: chance.pick(MISREAD) })
}

/// An earlier day, or last year's January.
fn date(chance: &mut Chance, value: &str) -> Option<Typo> {
    let (date, time) = value.split_at_checked(10)?;
    let date: jiff::civil::Date = date.parse().ok()?;
    let (typed, reason) = match chance.below(3) {
        0 => (day::after(date, -1), "Wrong day typed"),
        1 => (day::after(date, -7), "The week before was meant in the diary"),
        _ => (date.checked_sub(jiff::Span::new().years(1)).ok()?, "Wrong year typed"),
    };
    Some(Typo { typed: format!("{typed}{time}"), reason })
}

/// Two letters swapped.
fn text(chance: &mut Chance, value: &str) -> Option<Typo> {
    let mut letters: Vec<char> = value.chars().collect();
    if letters.len() < 5 {
        return None;
    }
    let at = 1 + chance.below(letters.len() as u64 - 3) as usize;
    letters.swap(at, at + 1);
    Some(Typo { typed: letters.into_iter().collect(), reason: chance.pick(SPELLING) })
}

const WRONG_BOX: &[&str] = &["Wrong box ticked", "Ticked the line above", "Answer taken back by the participant"];
const SWAPPED: &[&str] = &["Digits swapped", "Transcription error", "Typing error"];
const MISREAD: &[&str] = &["Misread the source document", "Handwriting misread", "Transcription error"];
const SPELLING: &[&str] = &["Spelling", "Typing error"];
