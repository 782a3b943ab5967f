//! The vital-signs form of the screening visit, as it is asked for and saved.

use store::{
    acts::{ItemChange, SaveForm},
    views::ShowForm,
};
use trial::ids::SubjectId;

/// A save of the vital-signs form of the screening visit.
pub fn vitals(subject: SubjectId, revision: u64, changes: Vec<ItemChange>) -> SaveForm {
    SaveForm {
        subject,
        event: "SE.SCREENING".into(),
        event_repeat: String::new(),
        form: "F.VITALS".into(),
        form_repeat: String::new(),
        revision,
        changes,
        removed: Vec::new(),
        complete: None,
        reason: None,
    }
}

/// The vital-signs form of the screening visit.
pub fn the_vitals(subject: SubjectId) -> ShowForm {
    ShowForm {
        subject,
        event: "SE.SCREENING".into(),
        event_repeat: String::new(),
        form: "F.VITALS".into(),
        form_repeat: String::new(),
    }
}

/// A value of an item of the vital signs.
pub fn set(item: &str, value: &str) -> ItemChange {
    in_row("IG.VITALS", "", item, value)
}

/// A value anywhere.
pub fn in_row(group: &str, row: &str, item: &str, value: &str) -> ItemChange {
    ItemChange {
        group: group.into(),
        group_repeat: row.into(),
        item: item.into(),
        value: (!value.is_empty()).then(|| value.into()),
        unit: None,
        reason: None,
        because: None,
    }
}
