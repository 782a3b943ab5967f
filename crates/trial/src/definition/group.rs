//! Item groups (ODM: ItemGroupDef).

use serde::{Deserialize, Serialize};

use super::{Alias, CodeListOid, ConditionOid, Extension, ItemGroupOid, ItemOid, MethodOid, Text};

/// An item group's place in a form (ODM: ItemGroupRef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemGroupRef {
    /// The item group.
    pub group: ItemGroupOid,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// Whether it must be filled in.
    pub mandatory: bool,
    /// When this condition holds, it need not be filled in.
    pub collection_exception: Option<ConditionOid>,
    /// The group that holds it, where groups hold groups (ODM 2.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<ItemGroupOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A set of items that are collected together (ODM: ItemGroupDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemGroupDef {
    /// Its identifier.
    pub oid: ItemGroupOid,
    /// Its name.
    pub name: String,
    /// Whether a form may hold it several times (a table with rows).
    pub repeating: bool,
    /// Whether it holds reference data (normal ranges, say) rather than a subject's.
    pub is_reference_data: Option<bool>,
    /// SAS dataset name, eight characters (ODM 2.0: DatasetName, any length).
    pub sas_dataset_name: Option<String>,
    /// SDTM domain.
    pub domain: Option<String>,
    /// Where its data come from.
    pub origin: Option<String>,
    /// Its role.
    pub role: Option<String>,
    /// Its purpose.
    pub purpose: Option<String>,
    /// A comment of the study's builder.
    pub comment: Option<String>,
    /// What it is about.
    pub description: Text,
    /// Its items.
    pub items: Vec<ItemRef>,
    /// Item groups within it (ODM 2.0); empty in a definition read from 1.3.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ItemGroupRef>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// An item's place in an item group (ODM: ItemRef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemRef {
    /// The item.
    pub item: ItemOid,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// Whether it must have a value.
    pub mandatory: bool,
    /// Its place in the key of the group's rows.
    pub key_sequence: Option<i64>,
    /// How its value is computed.
    pub method: Option<MethodOid>,
    /// How a missing value is imputed (deprecated in 1.3.2).
    pub imputation_method: Option<MethodOid>,
    /// Its role in the group.
    pub role: Option<String>,
    /// The code list that defines the role.
    pub role_code_list: Option<CodeListOid>,
    /// When this condition holds, it need not be filled in.
    pub collection_exception: Option<ConditionOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}
