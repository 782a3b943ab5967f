//! Forms, their values and the history of an item, as the API answers them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shown;

/// Where a form stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FormState {
    /// Nothing was entered.
    NotStarted,
    /// Something was entered; the site has not called it complete.
    InProgress,
    /// The site called it complete and no mandatory item was missing.
    Complete,
}

/// A form of a visit.
#[derive(Serialize, ToSchema)]
pub struct FormCell {
    /// ODM FormOID.
    pub form: String,
    /// Which of several.
    pub repeat: String,
    /// Its name.
    pub name: String,
    /// Whether the visit may hold it again.
    pub repeating: bool,
    /// Where it stands.
    pub state: FormState,
    /// When it last changed.
    #[schema(format = DateTime)]
    pub changed: Option<String>,
}

/// A form's values.
#[derive(Serialize, ToSchema)]
pub struct Form {
    /// Whose.
    #[schema(format = Uuid)]
    pub subject: String,
    /// The subject's code.
    pub code: Shown,
    /// Of which study.
    #[schema(format = Uuid)]
    pub study: String,
    /// Which form, once saved.
    #[schema(format = Uuid)]
    pub id: Option<String>,
    /// Where it stands.
    pub state: FormState,
    /// To be sent with the next save; 0: not saved yet.
    pub revision: u64,
    /// The study version it was last saved under; empty: not saved yet.
    pub study_version: String,
    /// Whether one may change it.
    pub editable: bool,
    /// Its groups, row by row.
    pub groups: Vec<Group>,
}

/// One row of an item group.
#[derive(Serialize, ToSchema)]
pub struct Group {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub repeat: String,
    /// Its version.
    pub version: u32,
    /// Its values.
    pub items: Vec<Item>,
}

/// One value.
#[derive(Serialize, ToSchema)]
pub struct Item {
    /// ODM ItemOID.
    pub item: String,
    /// The value; null: taken away.
    pub value: Option<Shown>,
    /// ODM MeasurementUnitOID.
    pub unit: Option<String>,
    /// What soft checks said when it was entered.
    pub findings: Vec<String>,
    /// Why it is kept all the same.
    pub because: Option<Shown>,
    /// Whether it came from a file and was not entered here.
    pub imported: bool,
}

/// A new value of an item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemChange {
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row of a repeating group; empty where it does not repeat.
    pub group_repeat: String,
    /// ODM ItemOID.
    pub item: String,
    /// As typed; null or empty takes the value away.
    pub value: Option<String>,
    /// ODM MeasurementUnitOID, where the item has several.
    pub unit: Option<String>,
    /// Why a saved value is changed.
    pub reason: Option<String>,
    /// Why the value is kept although a soft check speaks against it.
    pub because: Option<String>,
}

/// A row of a repeating group to take away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowRemoval {
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub group_repeat: String,
    /// Why.
    pub reason: String,
}

/// The history of an item.
#[derive(Serialize, ToSchema)]
pub struct ItemHistory {
    /// Of which study.
    #[schema(format = Uuid)]
    pub study: String,
    /// Its versions, oldest first.
    pub versions: Vec<ItemVersion>,
}

/// One value an item had.
#[derive(Serialize, ToSchema)]
pub struct ItemVersion {
    /// The value; null: taken away.
    pub value: Option<Shown>,
    /// ODM MeasurementUnitOID.
    pub unit: Option<String>,
    /// Who, by name.
    pub who: String,
    /// Through which program or device, by name.
    pub through: Option<String>,
    /// In which role, by code.
    pub role: String,
    /// In which role, in words.
    pub role_title: String,
    /// When, in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Why.
    pub reason: Option<Shown>,
    /// What checks said.
    pub findings: Vec<String>,
    /// Why it was kept all the same.
    pub because: Option<Shown>,
    /// Why its row was taken away.
    pub removed: Option<String>,
    /// Whether it came from a file.
    pub imported: bool,
    /// What the file said of who did it elsewhere (ODM AuditRecord). Claims, not entries of ours.
    #[schema(value_type = Vec<Object>)]
    pub claimed: Vec<serde_json::Value>,
    /// Version of the item group's record.
    pub version: u32,
    /// Number of the ledger that proves it.
    pub ledger: u32,
    /// Index of the entry that proves it.
    pub entry: u64,
}
