//! Conditions, methods and their expressions: kept as written, for the part that evaluates them.

use serde::{Deserialize, Serialize};

use super::{Alias, ConditionOid, Extension, MethodOid, PresentationOid, Text};

/// A condition, in words and in a formal language (ODM: ConditionDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConditionDef {
    /// Its identifier.
    pub oid: ConditionOid,
    /// Its name.
    pub name: String,
    /// The condition in words.
    pub description: Text,
    /// The condition in formal languages, one each.
    pub expressions: Vec<FormalExpression>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// How a value is computed (ODM: MethodDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodDef {
    /// Its identifier.
    pub oid: MethodOid,
    /// Its name.
    pub name: String,
    /// What sort of method it is.
    pub method_type: Option<MethodType>,
    /// The method in words.
    pub description: Text,
    /// The method in formal languages, one each.
    pub expressions: Vec<FormalExpression>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// What sort of method a [`MethodDef`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MethodType {
    /// Computes from other values.
    Computation,
    /// Imputes a missing value.
    Imputation,
    /// Turns rows into columns.
    Transpose,
    /// Fills in before collection (ODM 2.0).
    Preload,
    /// Something else.
    Other,
}

impl MethodType {
    /// All.
    pub const ALL: [Self; 5] = [Self::Computation, Self::Imputation, Self::Transpose, Self::Preload, Self::Other];

    /// As ODM writes it.
    pub fn as_odm(self) -> &'static str {
        match self {
            Self::Computation => "Computation",
            Self::Imputation => "Imputation",
            Self::Transpose => "Transpose",
            Self::Preload => "Preload",
            Self::Other => "Other",
        }
    }
}

/// An expression in the language that `context` names (ODM: FormalExpression).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormalExpression {
    /// The language, or the software, that understands it.
    pub context: Option<String>,
    /// The expression (ODM 2.0: Code).
    pub text: String,
}

/// How a missing value is imputed (ODM: ImputationMethod, deprecated in 1.3.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImputationMethod {
    /// Its identifier.
    pub oid: MethodOid,
    /// The method in words.
    pub text: String,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// How something is presented to the user (ODM: Presentation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Presentation {
    /// Its identifier.
    pub oid: PresentationOid,
    /// The language it is for.
    pub language: Option<String>,
    /// The presentation.
    pub text: String,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}
