//! Saving a form: values parsed against the definition, checked, compared with what stands there, and put as new
//! versions of their item groups.

use serde::{Deserialize, Serialize};
use trial::{
    form::FormState,
    ids::{Id as _, SubjectId},
    limit,
    permission::Permission,
};

use super::open_form::{OpenForm, STANDS, Touched};
use crate::{
    act::{Act, AskedAhead},
    actor::Access,
    acts::change::{self, apply_change},
    assurance::Freshness,
    backend::{Ahead, values},
    definitions::{Defined, not_defined},
    error::{Error, Refusal, Result},
    place::{self, Target},
    tx::Tx,
};

/// Saves one form of one visit of a subject. The visit, the form and its groups come into being when first saved.
#[derive(Debug, Serialize, Deserialize)]
pub struct SaveForm {
    /// Whose.
    pub subject: SubjectId,
    /// ODM StudyEventOID.
    pub event: String,
    /// Which of a repeating visit: empty for one that does not repeat, else 1, 2, …
    pub event_repeat: String,
    /// ODM FormOID.
    pub form: String,
    /// Which of a repeating form.
    pub form_repeat: String,
    /// The revision that was on the screen; 0 for a form not saved before.
    pub revision: u64,
    /// The values that changed.
    pub changes: Vec<ItemChange>,
    /// Rows of repeating groups taken away.
    pub removed: Vec<RowRemoval>,
    /// Whether the site now calls the form complete (or, if `false`, takes that back). `None`: as it was.
    pub complete: Option<bool>,
    /// Why a form that was complete is changed back.
    pub reason: Option<String>,
}

/// A new value of an item.
// A field misspelt is not a value taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemChange {
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row of a repeating group.
    pub group_repeat: String,
    /// ODM ItemOID.
    pub item: String,
    /// As typed; `None` or empty takes the value away.
    pub value: Option<String>,
    /// ODM MeasurementUnitOID, where the item has several.
    pub unit: Option<String>,
    /// Why a saved value is changed.
    pub reason: Option<String>,
    /// Why the value is kept although a soft check speaks against it.
    pub because: Option<String>,
}

/// A row of a repeating group to take away.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowRemoval {
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub group_repeat: String,
    /// Why.
    pub reason: String,
}

impl Act for SaveForm {
    const NAME: &'static str = "form.save";
    const NEEDS: Permission = Permission::FormEdit;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Subject(self.subject)
    }

    fn ahead(&self) -> AskedAhead {
        let about = self.subject.bytes();
        AskedAhead(vec![
            Ahead::new(about, place::SUBJECT, values![&self.subject]),
            Ahead::new(about, STANDS, &self.stands()),
        ])
    }

    fn changes_only(&self) -> Option<[u8; 16]> {
        Some(*self.subject.bytes())
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        if self.changes.len() > limit::CHANGES_MAX {
            return Err(Error::refused(
                "changes",
                "too_many",
                format!("one save takes at most {} values: save in parts", limit::CHANGES_MAX),
            ));
        }
        if !access.edits(&self.form) {
            return Err(Error::Forbidden { needs: Permission::FormEdit.code() });
        }
        let standing = access.located().subject.ok_or(Error::Hidden)?;
        let defined = tx
            .definitions
            .numbered(tx.db, tx.ring, tx.organization, access.study()?, standing.definition)?
            .ok_or_else(not_defined)?;
        if standing.erased {
            return Err(Error::refused(
                "subject",
                "erased",
                "this subject was erased: nothing can be entered any more",
            ));
        }
        let key = tx.key(standing.key)?;
        let mut open = OpenForm::find(tx, self, defined.number, defined.current(), &key)?;
        if open.revision != self.revision {
            return Err(Error::Conflict {
                message: "someone saved this form meanwhile: nothing of yours was stored. Load it again and compare"
                    .into(),
                current: Some(open.revision),
            });
        }
        self.refuse_unseen(access, &defined)?;
        let touched = self.change_groups(tx, &open)?;
        let state = self.new_state(tx, &open, &touched)?;
        let begun = open.record.state == FormState::NotStarted && self.complete.is_none();
        if touched.is_empty() && (begun || state == open.record.state) {
            return Err(Error::refused("changes", "nothing", "nothing was changed, so nothing was saved"));
        }
        open.store(tx, state, self.reason.as_deref())?;
        for (group, version, record) in touched.into_values() {
            tx.put(&group, version, &record, &key)?;
        }
        Ok(())
    }
}

impl SaveForm {
    /// Nobody changes a value that they may not see: they would not know what they replace.
    fn refuse_unseen(&self, access: &Access, defined: &Defined) -> Result<()> {
        let unseen = |change: &&ItemChange| !access.sees(&self.form, defined.class(&change.item));
        let refusals: Vec<Refusal> = self
            .changes
            .iter()
            .filter(unseen)
            .map(|change| Refusal {
                field: change::field(&change.group, &change.group_repeat, &change.item),
                code: "unseen",
                message: "your role does not see this item, so it does not change it".into(),
            })
            .collect();
        if refusals.is_empty() { Ok(()) } else { Err(Error::Refused(refusals)) }
    }

    fn change_groups(&self, tx: &mut Tx<'_>, open: &OpenForm<'_>) -> Result<Touched> {
        let mut touched = Touched::new();
        let mut refusals = Vec::new();
        // Values of one row come one after another: the row is looked up once.
        let same_row =
            |one: &ItemChange, next: &ItemChange| one.group == next.group && one.group_repeat == next.group_repeat;
        for row in self.changes.chunk_by(same_row) {
            let Some(first) = row.first() else { continue };
            let group = open.group_def(&first.group)?;
            let (_, _, record) = open.touch(tx, &mut touched, group, &first.group_repeat)?;
            for change in row {
                let item = open.item_def(group, &change.item)?;
                if let Err(refusal) = apply_change(open.study, item, change, record) {
                    refusals.push(refusal);
                }
            }
        }
        for removal in &self.removed {
            let group = open.group_def(&removal.group)?;
            let reason = limit::text("reason", &removal.reason, limit::REASON_BYTES_MAX)?;
            let (_, _, record) = open.touch(tx, &mut touched, group, &removal.group_repeat)?;
            let stands = "SELECT 1 FROM item_group WHERE form = ?1 AND group_oid = ?2 AND repeat = ?3 AND removed = 0";
            let row = values![&open.id, &removal.group, &removal.group_repeat];
            if tx.db.one(stands, row, |_| Ok(()))?.is_none() {
                return Err(Error::refused(
                    &*removal.group,
                    "no_such_row",
                    "this row is not there: there is nothing to take away",
                ));
            }
            record.removed = Some(reason);
        }
        // A group in which nothing differs from what stands gets no version.
        touched.retain(|_, (_, _, record)| record.removed.is_some() || record.items.iter().any(|item| item.changed));
        if refusals.is_empty() { Ok(touched) } else { Err(Error::Refused(refusals)) }
    }

    fn new_state(&self, tx: &Tx<'_>, open: &OpenForm<'_>, touched: &Touched) -> Result<FormState> {
        match (self.complete, open.record.state) {
            // A complete form stays whole: to take a mandatory value away, it is reopened first.
            (Some(true), _) | (None, FormState::Complete) => {
                let missing = open.missing(tx, touched)?;
                if missing.is_empty() { Ok(FormState::Complete) } else { Err(Error::Refused(missing)) }
            }
            (Some(false), FormState::Complete)
                if self.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) =>
            {
                Err(Error::refused("reason", "reason_needed", "say why the form is not complete after all"))
            }
            (Some(false), _) | (None, FormState::NotStarted | FormState::InProgress) => Ok(FormState::InProgress),
        }
    }
}
