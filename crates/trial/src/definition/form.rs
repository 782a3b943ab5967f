//! Forms (ODM: FormDef).

use serde::{Deserialize, Serialize};

use super::{Alias, ArchiveLayoutOid, ConditionOid, Extension, FormOid, ItemGroupRef, PresentationOid, Text};

/// A form's place in a visit (ODM: FormRef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormRef {
    /// The form.
    pub form: FormOid,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// Whether it must be filled in.
    pub mandatory: bool,
    /// When this condition holds, it need not be filled in.
    pub collection_exception: Option<ConditionOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A form (ODM: FormDef; in ODM 2.0 an ItemGroupDef of type Form).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormDef {
    /// Its identifier.
    pub oid: FormOid,
    /// Its name.
    pub name: String,
    /// Whether a visit may hold it several times.
    pub repeating: bool,
    /// What it is about.
    pub description: Text,
    /// Its item groups. Groups within groups (ODM 2.0) follow the group that holds them.
    pub groups: Vec<ItemGroupRef>,
    /// How it looked on paper.
    pub archive_layouts: Vec<ArchiveLayout>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A picture of the form (ODM: ArchiveLayout).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArchiveLayout {
    /// Its identifier.
    pub oid: ArchiveLayoutOid,
    /// The PDF file that holds it.
    pub pdf_file_name: String,
    /// How it is presented.
    pub presentation: Option<PresentationOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}
