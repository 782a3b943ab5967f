//! What a record says that its element cannot: gathered before the element is written, and put into an
//! instruction within it.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};
use trial::definition::{Alias, Extension, Text};

use crate::schema::is_language;
use crate::xml::{Instruction, Writer};

/// What stands where the schema wants a text and the record has none. The record's own is kept beside it.
pub(super) const NOTHING: &str = "-";

/// Fields of a record that its element cannot hold.
#[derive(Default)]
pub(super) struct Keep(Map<String, Value>);

impl Keep {
    pub(super) fn field(&mut self, name: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value).expect("a record is plain data, which is always JSON");
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that must not be empty.
    pub(super) fn non_empty<'a>(&mut self, name: &str, text: &'a str) -> &'a str {
        if text.is_empty() {
            self.field(name, &text);
            return NOTHING;
        }
        text
    }

    /// A text that may be absent, and otherwise must fit.
    pub(super) fn fitting<'a>(
        &mut self,
        name: &str,
        text: Option<&'a str>,
        fits: impl Fn(&str) -> bool,
    ) -> Option<&'a str> {
        let text = text?;
        if fits(text) {
            return Some(text);
        }
        self.field(name, &text);
        None
    }

    /// The translations that can be written: one for each language.
    pub(super) fn text<'a>(&mut self, name: &str, text: &'a Text) -> Vec<(Option<&'a str>, &'a str)> {
        let mut languages = HashSet::new();
        let mut is_whole = true;
        let mut written = Vec::with_capacity(text.0.len());
        for translation in &text.0 {
            let language = translation.language.as_deref();
            match language {
                Some(tag) if !is_language(tag) => {
                    is_whole = false;
                    written.push((None, translation.text.as_str()));
                }
                Some(tag) if !languages.insert(tag) => is_whole = false,
                _ => written.push((language, translation.text.as_str())),
            }
        }
        if !is_whole {
            self.field(name, text);
        }
        written
    }

    /// As [`Keep::text`], for an element that must be there: `instead` is written where there is no text.
    pub(super) fn required_text<'a>(
        &mut self,
        name: &str,
        text: &'a Text,
        instead: &'a str,
    ) -> Vec<(Option<&'a str>, &'a str)> {
        if text.is_empty() {
            self.field(name, text);
            return vec![(None, instead)];
        }
        self.text(name, text)
    }

    /// The aliases that can be written: one for each context.
    pub(super) fn aliases<'a>(&mut self, aliases: &'a [Alias]) -> Vec<&'a Alias> {
        let mut contexts = HashSet::new();
        let written: Vec<&Alias> = aliases.iter().filter(|of| contexts.insert(of.context.as_str())).collect();
        if written.len() < aliases.len() {
            self.field("aliases", &aliases);
        }
        written
    }

    /// The references that can be written: one to each target. Numbers that must differ and do not are left out.
    pub(super) fn references<'a, T: Serialize>(
        &mut self,
        name: &str,
        references: &'a [T],
        target: impl Fn(&T) -> &str,
        numbers: impl Fn(&T) -> [Option<i64>; 2],
    ) -> Vec<(&'a T, [Option<i64>; 2])> {
        let mut targets = HashSet::new();
        let mut taken = [HashSet::new(), HashSet::new()];
        let mut is_whole = true;
        let mut written = Vec::with_capacity(references.len());
        for reference in references {
            let oid = target(reference);
            if oid.is_empty() || !targets.insert(oid.to_owned()) {
                is_whole = false;
                continue;
            }
            let mut kept = numbers(reference);
            for (number, taken) in kept.iter_mut().zip(&mut taken) {
                if number.is_some_and(|number| !taken.insert(number)) {
                    *number = None;
                    is_whole = false;
                }
            }
            written.push((reference, kept));
        }
        if !is_whole {
            self.field(name, &references);
        }
        written
    }
}

/// Writes what is kept of a record into the element just begun.
pub(super) fn instructions<W: Write>(
    xml: &mut Writer<W>,
    keep: Keep,
    extensions: &[Extension],
    inline: bool,
) -> io::Result<()> {
    if !keep.is_empty() {
        xml.instruction(&Instruction::Keep(keep.0), inline)?;
    }
    for extension in extensions {
        xml.instruction(&ExtensionRef::Extension(extension), inline)?;
    }
    Ok(())
}

/// [`Instruction::Extension`] without a copy of it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ExtensionRef<'a> {
    Extension(&'a Extension),
}

/// Writes an element that holds translations, where there are any.
pub(super) fn translated<W: Write>(
    xml: &mut Writer<W>,
    name: &'static str,
    translations: &[(Option<&str>, &str)],
) -> io::Result<()> {
    if translations.is_empty() {
        return Ok(());
    }
    xml.start(name)?;
    for (language, text) in translations {
        xml.start("TranslatedText")?;
        xml.optional("xml:lang", *language)?;
        xml.text(text)?;
        xml.end()?;
    }
    xml.end()
}

pub(super) fn aliases<W: Write>(xml: &mut Writer<W>, aliases: &[&Alias]) -> io::Result<()> {
    for alias in aliases {
        xml.start("Alias")?;
        xml.attribute("Context", &alias.context)?;
        xml.attribute("Name", &alias.name)?;
        xml.end()?;
    }
    Ok(())
}

pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "Yes" } else { "No" }
}
