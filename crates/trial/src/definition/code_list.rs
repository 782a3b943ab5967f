//! Code lists (ODM: CodeList).

use serde::{Deserialize, Serialize};

use super::{Alias, CodeListOid, DataType, Extension, Text};

/// A list of allowed values, or the name of a dictionary that holds them (ODM: CodeList).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeList {
    /// Its identifier.
    pub oid: CodeListOid,
    /// Its name.
    pub name: String,
    /// What its coded values are: integer, float, text or string (REDCap: also boolean).
    pub data_type: DataType,
    /// SAS format name.
    pub sas_format_name: Option<String>,
    /// What it is about.
    pub description: Text,
    /// Its values.
    pub content: CodeListContent,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// The values of a [`CodeList`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CodeListContent {
    /// Codes, each with what it stands for.
    Coded(Vec<CodeListItem>),
    /// Values that speak for themselves.
    Enumerated(Vec<EnumeratedItem>),
    /// A dictionary kept elsewhere (MedDRA, say): any value is allowed here.
    External(ExternalCodeList),
}

impl Default for CodeListContent {
    fn default() -> Self {
        Self::Coded(Vec::new())
    }
}

/// A code and what it stands for (ODM: CodeListItem).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeListItem {
    /// The code.
    pub coded_value: String,
    /// Its numeric rank, as written, where codes can be compared.
    pub rank: Option<String>,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// What it stands for.
    pub decode: Text,
    /// More about it (ODM 2.0).
    #[serde(skip_serializing_if = "Text::is_empty")]
    pub description: Text,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A value that speaks for itself (ODM: EnumeratedItem).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnumeratedItem {
    /// The value.
    pub coded_value: String,
    /// Its numeric rank, as written, where values can be compared.
    pub rank: Option<String>,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A dictionary kept elsewhere (ODM: ExternalCodeList).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalCodeList {
    /// Its name.
    pub dictionary: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Where it is.
    pub href: Option<String>,
    /// Which part of it.
    pub reference: Option<String>,
}

impl CodeList {
    /// Its values in the order they are shown in (`OrderNumber` where given, else the file's), each with what
    /// it stands for in `language` (itself, where it speaks for itself). Empty for a dictionary kept elsewhere.
    pub fn choices<'a>(&'a self, language: &str) -> Vec<(&'a str, &'a str)> {
        let mut choices: Vec<(Option<i64>, &str, &str)> = match &self.content {
            CodeListContent::Coded(items) => items
                .iter()
                .map(|item| (item.order_number, item.coded_value.as_str(), item.decode.in_language(language)))
                .collect(),
            CodeListContent::Enumerated(items) => items
                .iter()
                .map(|item| (item.order_number, item.coded_value.as_str(), item.coded_value.as_str()))
                .collect(),
            CodeListContent::External(_) => Vec::new(),
        };
        if choices.iter().all(|(order, ..)| order.is_some()) {
            choices.sort_by_key(|(order, ..)| *order);
        }
        choices.into_iter().map(|(_, value, shown)| (value, shown)).collect()
    }

    /// Whether `value` is one of its values; always, for a dictionary kept elsewhere.
    pub fn allows(&self, value: &str) -> bool {
        match &self.content {
            CodeListContent::Coded(items) => items.iter().any(|item| item.coded_value == value),
            CodeListContent::Enumerated(items) => items.iter().any(|item| item.coded_value == value),
            CodeListContent::External(_) => true,
        }
    }

    /// What `value` stands for in `language`: its decode, or itself in a list of plain values.
    pub fn decode<'a>(&'a self, value: &'a str, language: &str) -> Option<&'a str> {
        match &self.content {
            CodeListContent::Coded(items) => {
                items.iter().find(|item| item.coded_value == value).map(|item| item.decode.in_language(language))
            }
            CodeListContent::Enumerated(items) => items.iter().find(|item| item.coded_value == value).map(|_| value),
            CodeListContent::External(_) => None,
        }
    }
}
