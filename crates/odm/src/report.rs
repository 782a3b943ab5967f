//! What reading a file found: deviations from the standard, and what was kept beyond it.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use trial::definition::ExtensionKind;

use crate::vendor::Vendor;

/// A place in a file; lines and columns count from 1, columns in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A place where a file is not as the standard has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// Where in the file.
    pub position: Position,
    /// Where in the document: `/ODM/Study/MetaDataVersion/ItemDef`.
    pub path: String,
    /// What is wrong.
    pub code: DeviationCode,
    /// What is wrong, in words. Never holds a subject's value.
    pub message: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.position, self.path, self.message)
    }
}

/// What is wrong at a [`Deviation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviationCode {
    /// An element is not defined by the standard.
    UnknownElement,
    /// An element is not allowed at its place.
    MisplacedElement,
    /// An element that must be there is not.
    MissingElement,
    /// An attribute is not defined for its element.
    UnknownAttribute,
    /// An attribute that must be there is not.
    MissingAttribute,
    /// An attribute's value is not of its type.
    BadAttribute,
    /// An element's text is not of its type.
    BadText,
    /// Text where only elements are allowed.
    UnexpectedText,
    /// A record that belongs to another is outside it.
    OutOfPlace,
}

/// Extensions of one kind that were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptExtension {
    /// The element that holds them: `/ODM/ClinicalData/SubjectData`.
    pub path: String,
    /// Element, attribute or text.
    pub kind: ExtensionKind,
    /// Their namespace.
    pub namespace: String,
    /// Their name.
    pub name: String,
    /// Whose they are, where known.
    pub vendor: Option<Vendor>,
    /// How many there are.
    pub count: u64,
    /// The line of each, up to the report's limit.
    pub lines: Vec<u64>,
    /// Elements within them, themselves included.
    pub elements: u64,
}

/// What reading a file found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The deviations, in the order of the file, up to the limit.
    pub deviations: Vec<Deviation>,
    /// How many deviations there are.
    pub deviation_count: u64,
    /// What was kept beyond the standard, in the order it was first met.
    pub extensions: Vec<KeptExtension>,
    /// Values read (elements `ItemData` and its typed forms).
    pub value_count: u64,
    /// Bytes read.
    pub byte_count: u64,
    #[serde(skip)]
    index: HashMap<(String, ExtensionKind, String), Vec<usize>>,
    #[serde(skip)]
    line_count: usize,
}

impl Report {
    /// How many things were kept beyond the standard.
    pub fn extension_count(&self) -> u64 {
        self.extensions.iter().map(|kept| kept.count).sum()
    }

    /// The vendors whose extensions were kept.
    pub fn vendors(&self) -> Vec<Vendor> {
        let mut vendors: Vec<Vendor> = self.extensions.iter().filter_map(|kept| kept.vendor).collect();
        vendors.sort_unstable();
        vendors.dedup();
        vendors
    }

    pub(crate) fn deviation(&mut self, deviation: Deviation, most: usize) {
        self.deviation_count += 1;
        if self.deviations.len() < most {
            self.deviations.push(deviation);
        }
    }

    pub(crate) fn extension(&mut self, found: Found<'_>, most: usize) {
        let key = (found.path.to_owned(), found.kind, found.name.to_owned());
        let candidates = self.index.entry(key).or_default();
        let known = candidates
            .iter()
            .copied()
            .find(|at| self.extensions.get(*at).is_some_and(|kept| kept.namespace == found.namespace));
        let at = known.unwrap_or_else(|| {
            candidates.push(self.extensions.len());
            self.extensions.push(KeptExtension {
                path: found.path.to_owned(),
                kind: found.kind,
                namespace: found.namespace.to_owned(),
                name: found.name.to_owned(),
                vendor: Vendor::of_namespace(found.namespace),
                count: 0,
                lines: Vec::new(),
                elements: 0,
            });
            self.extensions.len() - 1
        });
        if let Some(kept) = self.extensions.get_mut(at) {
            kept.count += 1;
            kept.elements += found.elements;
            if self.line_count < most.saturating_mul(10) {
                self.line_count += 1;
                kept.lines.push(found.position.line);
            }
        }
    }
}

/// An extension as it was met.
pub(crate) struct Found<'a> {
    pub(crate) position: Position,
    pub(crate) path: &'a str,
    pub(crate) kind: ExtensionKind,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) elements: u64,
}
