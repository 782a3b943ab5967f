//! Items: their data type, question, units and range checks (ODM: ItemDef).

use serde::{Deserialize, Serialize};

use crate::permission::Permission;

use super::{Alias, CodeListOid, Extension, FormalExpression, ItemOid, Text, UnitOid};

/// One thing that is asked and answered (ODM: ItemDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemDef {
    /// Its identifier.
    pub oid: ItemOid,
    /// Its name.
    pub name: String,
    /// What values it takes.
    pub data_type: DataType,
    /// Most characters of a value (digits, for numbers).
    pub length: Option<u32>,
    /// Most digits after the decimal point, for `float`.
    pub significant_digits: Option<u32>,
    /// SAS variable name, eight characters.
    pub sas_field_name: Option<String>,
    /// SDTM variable name, eight characters.
    pub sds_var_name: Option<String>,
    /// Where its values come from.
    pub origin: Option<String>,
    /// A comment of the study's builder.
    pub comment: Option<String>,
    /// What it means.
    pub description: Text,
    /// The question as it is asked.
    pub question: Text,
    /// The question of a dictionary that it asks.
    pub external_question: Option<ExternalQuestion>,
    /// Short label (ODM 2.0: Prompt).
    pub prompt: Text,
    /// How to fill it in (ODM 2.0: CRFCompletionInstructions).
    pub completion_instructions: Text,
    /// Definition in words (ODM 2.0).
    pub definition: Text,
    /// Notes for those who build it (ODM 2.0: ImplementationNotes).
    pub implementation_notes: Text,
    /// Notes of CDISC (ODM 2.0: CDISCNotes).
    pub cdisc_notes: Text,
    /// The units a value may be given in.
    pub units: Vec<UnitOid>,
    /// The range checks.
    pub range_checks: Vec<RangeCheck>,
    /// The code list its values come from.
    pub code_list: Option<CodeListOid>,
    /// Roles.
    pub roles: Vec<String>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// Who may see values of an item. The file says so by an alias in the context [`ITEM_CLASS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemClass {
    /// Whoever sees the form.
    Plain,
    /// It tells who the subject is: initials, a date of birth, an address.
    Identifying,
    /// It tells, or would tell, which treatment the subject has.
    Blinded,
}

/// The context of the alias that names an item's class: `<Alias Context="ItemClass" Name="identifying"/>`, or `blinded`.
pub const ITEM_CLASS: &str = "ItemClass";

impl ItemClass {
    /// What seeing such a value needs beside seeing its form.
    #[must_use]
    pub const fn needs(self) -> Option<Permission> {
        match self {
            ItemClass::Plain => None,
            ItemClass::Identifying => Some(Permission::ItemIdentifying),
            ItemClass::Blinded => Some(Permission::ItemBlinded),
        }
    }

    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ItemClass> {
        match name {
            "plain" => Some(ItemClass::Plain),
            "identifying" => Some(ItemClass::Identifying),
            "blinded" => Some(ItemClass::Blinded),
            _ => None,
        }
    }
}

impl ItemDef {
    /// Its class. A name that is not known closes it as far as can be: a definition with one is not published.
    #[must_use]
    pub fn class(&self) -> ItemClass {
        let named = self.aliases.iter().filter(|alias| alias.context == ITEM_CLASS);
        named.map(|alias| ItemClass::named(&alias.name).unwrap_or(ItemClass::Blinded)).max().unwrap_or(ItemClass::Plain)
    }
}

/// The question of a dictionary (ODM: ExternalQuestion).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalQuestion {
    /// The dictionary's name.
    pub dictionary: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The question's code in it.
    pub code: Option<String>,
}

/// A check of a value (ODM: RangeCheck).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RangeCheck {
    /// How the value is compared; absent only where a formal expression says it all.
    pub comparator: Option<Comparator>,
    /// Whether a value that fails may be kept.
    pub severity: Severity,
    /// What the value is compared with.
    pub rule: CheckRule,
    /// The unit of the check values.
    pub unit: Option<UnitOid>,
    /// What to say when it fails.
    pub error_message: Text,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// What a [`RangeCheck`] compares with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CheckRule {
    /// Values, as written.
    Values(Vec<String>),
    /// Expressions in some language; kept, not evaluated.
    Expressions(Vec<FormalExpression>),
}

impl Default for CheckRule {
    fn default() -> Self {
        Self::Values(Vec::new())
    }
}

/// How a value is compared with check values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Comparator {
    /// Less than.
    Lt,
    /// Less than or equal to.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal to.
    Ge,
    /// Equal to.
    Eq,
    /// Not equal to.
    Ne,
    /// One of.
    In,
    /// None of.
    NotIn,
}

impl Comparator {
    /// All, in the schema's order.
    pub const ALL: [Self; 8] = [Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::Eq, Self::Ne, Self::In, Self::NotIn];

    /// As ODM writes it.
    pub fn as_odm(self) -> &'static str {
        match self {
            Self::Lt => "LT",
            Self::Le => "LE",
            Self::Gt => "GT",
            Self::Ge => "GE",
            Self::Eq => "EQ",
            Self::Ne => "NE",
            Self::In => "IN",
            Self::NotIn => "NOTIN",
        }
    }
}

/// What follows when a check fails (ODM: SoftHard).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// The value may stay; a query is raised.
    #[default]
    Soft,
    /// The value is rejected.
    Hard,
}

/// What values an item takes (ODM: DataType). The value formats are those of ODM 1.3.2 section 2.10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DataType {
    /// Any characters.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Float,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A date and time.
    Datetime,
    /// Any characters.
    String,
    /// True or false.
    Boolean,
    /// A number that may have an exponent.
    Double,
    /// Bytes in base 16.
    HexBinary,
    /// Bytes in base 64.
    Base64Binary,
    /// A floating point number's bytes in base 16.
    HexFloat,
    /// A floating point number's bytes in base 64.
    Base64Float,
    /// A date of which the end may be missing (`2026-11`).
    PartialDate,
    /// A time of which the end may be missing (`14`).
    PartialTime,
    /// A date and time of which the end may be missing.
    PartialDatetime,
    /// A duration (`P2Y`).
    DurationDatetime,
    /// Two dates, or a date and a duration.
    IntervalDatetime,
    /// A date and time of which any part may be missing.
    IncompleteDatetime,
    /// A date of which any part may be missing (`2026---21`).
    IncompleteDate,
    /// A time of which any part may be missing.
    IncompleteTime,
    /// A URI.
    #[serde(rename = "URI")]
    Uri,
    /// A decimal number (ODM 2.0, where `float` means binary floating point).
    Decimal,
}

impl DataType {
    /// All, those of ODM 1.3.2 first.
    pub const ALL: [Self; 23] = [
        Self::Text,
        Self::Integer,
        Self::Float,
        Self::Date,
        Self::Time,
        Self::Datetime,
        Self::String,
        Self::Boolean,
        Self::Double,
        Self::HexBinary,
        Self::Base64Binary,
        Self::HexFloat,
        Self::Base64Float,
        Self::PartialDate,
        Self::PartialTime,
        Self::PartialDatetime,
        Self::DurationDatetime,
        Self::IntervalDatetime,
        Self::IncompleteDatetime,
        Self::IncompleteDate,
        Self::IncompleteTime,
        Self::Uri,
        Self::Decimal,
    ];

    /// As ODM writes it.
    pub fn as_odm(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Date => "date",
            Self::Time => "time",
            Self::Datetime => "datetime",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::HexBinary => "hexBinary",
            Self::Base64Binary => "base64Binary",
            Self::HexFloat => "hexFloat",
            Self::Base64Float => "base64Float",
            Self::PartialDate => "partialDate",
            Self::PartialTime => "partialTime",
            Self::PartialDatetime => "partialDatetime",
            Self::DurationDatetime => "durationDatetime",
            Self::IntervalDatetime => "intervalDatetime",
            Self::IncompleteDatetime => "incompleteDatetime",
            Self::IncompleteDate => "incompleteDate",
            Self::IncompleteTime => "incompleteTime",
            Self::Uri => "URI",
            Self::Decimal => "decimal",
        }
    }

    /// The data type that ODM writes so.
    pub fn from_odm(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_odm() == text)
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Double | Self::Decimal)
    }
}
