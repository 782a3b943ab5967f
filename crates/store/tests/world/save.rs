//! Saving and reading forms, in few words.

use store::{
    Actor, Error, Receipt, Result,
    acts::{ItemChange, RowRemoval, SaveForm},
    views::{FormShown, ItemHistory, VersionShown},
};
use trial::ids::SubjectId;

use super::World;
pub use super::vitals::{in_row, set, the_vitals, vitals};

/// A value in a row of medications.
pub fn med(row: &str, item: &str, value: &str) -> ItemChange {
    in_row("IG.MEDS", row, item, value)
}

/// What may be said beside a value.
pub trait Beside {
    fn because_of(self, reason: &str) -> Self;
    fn kept_because(self, because: &str) -> Self;
    fn in_unit(self, unit: &str) -> Self;
}

impl Beside for ItemChange {
    fn because_of(self, reason: &str) -> Self {
        ItemChange { reason: Some(reason.into()), ..self }
    }

    fn kept_because(self, because: &str) -> Self {
        ItemChange { because: Some(because.into()), ..self }
    }

    fn in_unit(self, unit: &str) -> Self {
        ItemChange { unit: Some(unit.into()), ..self }
    }
}

/// Taking a row of medications away.
pub fn without_row(save: SaveForm, row: &str, reason: &str) -> SaveForm {
    let removal = RowRemoval { group: "IG.MEDS".into(), group_repeat: row.into(), reason: reason.into() };
    SaveForm { removed: vec![removal], ..save }
}

impl World {
    /// The form as it stands.
    #[track_caller]
    pub fn form(&self, actor: &Actor, subject: SubjectId) -> FormShown {
        self.organization().view(actor, &the_vitals(subject)).unwrap()
    }

    /// Saves these values over whatever revision stands.
    pub fn save(&mut self, actor: &Actor, subject: SubjectId, changes: Vec<ItemChange>) -> Result<Receipt> {
        let revision = self.form(actor, subject).revision;
        self.try_act(actor, vitals(subject, revision, changes))
    }

    /// The save number `n` of a form that nobody else saves, without looking at it first: looking is recorded.
    pub fn save_unseen(
        &mut self,
        actor: &Actor,
        subject: SubjectId,
        n: usize,
        changes: Vec<ItemChange>,
    ) -> Result<Receipt> {
        // The first save makes the form's record and its group's, each later one only the group's.
        let revision = if n == 0 { 0 } else { n as u64 + 1 };
        self.try_act(actor, vitals(subject, revision, changes))
    }

    /// The text of an item, `None` where it has none.
    pub fn value(&self, actor: &Actor, subject: SubjectId, row: &str, item: &str) -> Option<String> {
        let shown = self.form(actor, subject);
        let group = shown.groups.iter().filter(|group| group.repeat == row);
        let item = group.flat_map(|group| &group.items).find(|shown| shown.item == item)?;
        item.value.as_ref().map(|value| value.text().to_owned())
    }

    /// The history of an item.
    pub fn history(&self, actor: &Actor, subject: SubjectId, group: &str, row: &str, item: &str) -> Vec<VersionShown> {
        let ask =
            ItemHistory { form: the_vitals(subject), group: group.into(), group_repeat: row.into(), item: item.into() };
        self.organization().view(actor, &ask).unwrap().versions
    }
}

/// The codes of a refusal, by field.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Vec<(String, &'static str)> {
    match outcome {
        Err(Error::Refused(refusals)) => refusals.into_iter().map(|refusal| (refusal.field, refusal.code)).collect(),
        other => panic!("expected a refusal: {other:?}"),
    }
}

/// Asserts that an outcome is refused once, with this code.
#[track_caller]
pub fn assert_refused<T: std::fmt::Debug>(outcome: Result<T>, code: &str) {
    let codes: Vec<&str> = refused(outcome).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [code]);
}
