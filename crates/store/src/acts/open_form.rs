//! A form while it is saved: what stands of it, found in one question, and what the save makes of it.

use std::collections::{BTreeMap, btree_map::Entry};

use trial::{
    definition::{Indexed, ItemDef, ItemGroupDef},
    form::FormState,
    ids::{FormId, GroupId, VisitId},
    limit,
};

use super::{SaveForm, change::field};
use crate::{
    backend::{Value, values},
    error::{Error, Refusal, Result},
    key::SealKey,
    record::{FormRecord, GroupRecord, ItemKept, VisitRecord},
    tx::Tx,
};

/// A row of a group: its id, the version that stands (or comes), and what is in it.
type Standing = (GroupId, u32, GroupRecord);

/// The groups a save touches, by identifier and row: id, new version, new content.
pub(super) type Touched = BTreeMap<(String, String), Standing>;

/// What stands of a form, and of the row of a group that a save changes first: mostly the only one.
pub(super) const STANDS: &str =
    "SELECT v.id, f.id, f.version, f.revision, f.state, q.sealed, g.id, g.version, r.sealed FROM visit v
     LEFT JOIN form f ON f.visit = v.id AND f.form_oid = ?4 AND f.repeat = ?5
     LEFT JOIN record q ON q.key = f.id AND q.kind = 'form' AND q.version = f.version
     LEFT JOIN item_group g ON g.form = f.id AND g.group_oid = ?6 AND g.repeat = ?7
     LEFT JOIN record r ON r.key = g.id AND r.kind = 'item_group' AND r.version = g.version
     WHERE v.subject = ?1 AND v.event_oid = ?2 AND v.repeat = ?3";

impl SaveForm {
    /// The parameters of [`STANDS`].
    pub(super) fn stands(&self) -> [Value<'_>; 7] {
        let (group, row) = self.first_row();
        [
            Value::from(&self.subject),
            Value::from(&self.event),
            Value::from(&self.event_repeat),
            Value::from(&self.form),
            Value::from(&self.form_repeat),
            Value::from(group),
            Value::from(row),
        ]
    }

    /// The row that is changed, or taken away, first.
    fn first_row(&self) -> (&str, &str) {
        let changed = self.changes.first().map(|change| (change.group.as_str(), change.group_repeat.as_str()));
        let removed = || self.removed.first().map(|row| (row.group.as_str(), row.group_repeat.as_str()));
        changed.or_else(removed).unwrap_or_default()
    }
}

/// A form while it is being saved: what stands, and the definition it is saved under.
pub(super) struct OpenForm<'a> {
    pub study: &'a Indexed,
    pub id: FormId,
    pub version: u32,
    pub revision: u64,
    pub record: FormRecord,
    /// The form's record as it stands.
    stored: Option<FormRecord>,
    /// The row that the save changes first, and its record as it stands.
    first: ((&'a str, &'a str), Option<Standing>),
    key: &'a SealKey,
}

impl<'a> OpenForm<'a> {
    /// Finds the form, or makes ready to create it (and its visit) when it is stored.
    pub(super) fn find(
        tx: &mut Tx<'_>,
        save: &'a SaveForm,
        definition: u32,
        study: &'a Indexed,
        key: &'a SealKey,
    ) -> Result<Self> {
        let event = study
            .event(&save.event)
            .ok_or_else(|| Error::refused("event", "unknown", format!("the study has no visit {}", save.event)))?;
        if !event.forms.iter().any(|form| form.form.as_str() == save.form) {
            return Err(Error::refused(
                "form",
                "unknown",
                format!("the visit {} has no form {}", save.event, save.form),
            ));
        }
        let form = study
            .form(&save.form)
            .ok_or_else(|| Error::refused("form", "unknown", format!("the study has no form {}", save.form)))?;
        repeat_key("event_repeat", event.repeating, &save.event_repeat)?;
        repeat_key("form_repeat", form.repeating, &save.form_repeat)?;
        let row = tx.db.one(STANDS, &save.stands(), |row| {
            let visit: VisitId = row.id(0)?;
            let form = match row.maybe_id::<FormId>(1)? {
                None => None,
                Some(form) => Some((form, row.number(2)?, row.size(3)?, row.text(4)?, row.maybe_blob(5)?)),
            };
            let group = match (row.maybe_id::<GroupId>(6)?, row.maybe_blob(8)?) {
                (Some(group), Some(sealed)) => Some((group, row.number(7)?, sealed)),
                _ => None,
            };
            Ok((visit, form, group))
        })?;
        let visit = match &row {
            Some((visit, ..)) => *visit,
            None => {
                let visit = tx.new_id()?;
                let record = VisitRecord {
                    subject: save.subject,
                    event_oid: save.event.clone(),
                    repeat: save.event_repeat.clone(),
                    claim: None,
                };
                tx.put(&visit, 1, &record, key)?;
                visit
            }
        };
        let fresh = FormRecord {
            subject: save.subject,
            visit,
            form_oid: save.form.clone(),
            repeat: save.form_repeat.clone(),
            state: FormState::NotStarted,
            definition,
            study_version: study.version().oid.as_str().to_owned(),
            reason: None,
            claim: None,
        };
        let (form, group) = row.map_or((None, None), |(_, form, group)| (form, group));
        let first = match group {
            None => None,
            Some((id, version, sealed)) => tx.open(&id, version, &sealed)?.map(|record| (id, version, record)),
        };
        let first = (save.first_row(), first);
        Ok(match form {
            None => {
                OpenForm { study, id: tx.new_id()?, version: 0, revision: 0, record: fresh, stored: None, first, key }
            }
            Some((id, version, revision, state, sealed)) => {
                let state = FormState::from_code(&state).ok_or_else(|| Error::fault("unknown form state"))?;
                let stored = match sealed {
                    None => None,
                    Some(sealed) => tx.open(&id, version, &sealed)?,
                };
                OpenForm { study, id, version, revision, record: FormRecord { state, ..fresh }, stored, first, key }
            }
        })
    }

    pub(super) fn group_def(&self, oid: &str) -> Result<&'a ItemGroupDef> {
        let on_form = self
            .study
            .form(&self.record.form_oid)
            .is_some_and(|form| form.groups.iter().any(|group| group.group.as_str() == oid));
        self.study
            .group(oid)
            .filter(|_| on_form)
            .ok_or_else(|| Error::refused(oid, "unknown", format!("the form has no item group {oid}")))
    }

    pub(super) fn item_def(&self, group: &'a ItemGroupDef, oid: &str) -> Result<&'a ItemDef> {
        let in_group = group.items.iter().any(|item| item.item.as_str() == oid);
        self.study
            .item(oid)
            .filter(|_| in_group)
            .ok_or_else(|| Error::refused(oid, "unknown", format!("the item group {} has no item {oid}", group.oid)))
    }

    /// The group as it stands, ready for a new version; none of its items counts as changed yet.
    pub(super) fn touch<'t>(
        &self,
        tx: &mut Tx<'_>,
        touched: &'t mut Touched,
        group: &ItemGroupDef,
        repeat: &str,
    ) -> Result<&'t mut (GroupId, u32, GroupRecord)> {
        let oid = group.oid.as_str();
        repeat_key(oid, group.repeating, repeat)?;
        match touched.entry((oid.to_owned(), repeat.to_owned())) {
            Entry::Occupied(found) => Ok(found.into_mut()),
            Entry::Vacant(gap) => {
                let current = if self.first.0 == (oid, repeat) {
                    self.first.1.clone()
                } else {
                    self.standing_row(tx, oid, repeat)?
                };
                Ok(gap.insert(match current {
                    Some((id, version, mut record)) => {
                        record.settle();
                        (id, version.saturating_add(1), record)
                    }
                    None => {
                        let record = GroupRecord {
                            form: self.id,
                            group_oid: oid.to_owned(),
                            repeat: repeat.to_owned(),
                            removed: None,
                            items: Vec::new(),
                            claim: None,
                        };
                        (tx.new_id()?, 1, record)
                    }
                }))
            }
        }
    }

    fn standing_row(&self, tx: &Tx<'_>, oid: &str, repeat: &str) -> Result<Option<Standing>> {
        let row = tx.db.one(
            "SELECT id FROM item_group WHERE form = ?1 AND group_oid = ?2 AND repeat = ?3",
            values![&self.id, oid, repeat],
            |row| row.id::<GroupId>(0),
        )?;
        match row {
            None => Ok(None),
            Some(id) => Ok(tx.current::<GroupRecord>(&id)?.map(|(version, record)| (id, version, record))),
        }
    }

    /// Stores the form record when the form is new, changes state, or moves to another study version.
    pub(super) fn store(&mut self, tx: &mut Tx<'_>, state: FormState, reason: Option<&str>) -> Result<()> {
        let record = match self.stored.take() {
            None => FormRecord { state, ..self.record.clone() },
            Some(kept)
                if kept.state == state
                    && kept.definition == self.record.definition
                    && kept.study_version == self.record.study_version =>
            {
                return Ok(());
            }
            Some(kept) => {
                let reason = reason.filter(|reason| !reason.trim().is_empty());
                let reason = reason.map(|reason| limit::text("reason", reason, limit::REASON_BYTES_MAX)).transpose()?;
                FormRecord { state, reason, claim: kept.claim, ..self.record.clone() }
            }
        };
        tx.put(&self.id, self.version.saturating_add(1), &record, self.key)
    }

    /// Mandatory items without a value, once this save is done.
    pub(super) fn missing(&self, tx: &Tx<'_>, touched: &Touched) -> Result<Vec<Refusal>> {
        let stored = tx.db.select(
            "SELECT id, group_oid, repeat FROM item_group WHERE form = ?1 AND removed = 0",
            values![&self.id],
            |row| Ok((row.id::<GroupId>(0)?, row.text(1)?, row.text(2)?)),
        )?;
        let mut rows: BTreeMap<(String, String), Vec<ItemKept>> = BTreeMap::new();
        for (id, oid, repeat) in stored {
            if let Some((_, record)) = tx.current::<GroupRecord>(&id)? {
                rows.insert((oid, repeat), record.items);
            }
        }
        for (key, (_, _, record)) in touched {
            match record.removed {
                Some(_) => drop(rows.remove(key)),
                None => drop(rows.insert(key.clone(), record.items.clone())),
            }
        }
        let Some(form) = self.study.form(&self.record.form_oid) else { return Ok(Vec::new()) };
        let mut missing = Vec::new();
        for reference in &form.groups {
            let Some(group) = self.study.group(reference.group.as_str()) else { continue };
            let oid = group.oid.as_str();
            let of_group = || rows.iter().filter(|((found, _), _)| found == oid);
            let mut repeats: Vec<String> = of_group().map(|((_, repeat), _)| repeat.clone()).collect();
            if repeats.is_empty() && reference.mandatory {
                repeats.push(if group.repeating { "1".into() } else { String::new() });
            }
            for repeat in repeats {
                let items = rows.get(&(oid.to_owned(), repeat.clone()));
                for item in group.items.iter().filter(|item| item.mandatory && item.collection_exception.is_none()) {
                    let filled = items.is_some_and(|items| {
                        items.iter().any(|kept| kept.oid == item.item.as_str() && kept.value.is_some())
                    });
                    if !filled {
                        missing.push(Refusal {
                            field: field(oid, &repeat, item.item.as_str()),
                            code: "missing",
                            message: "a value is needed before the form is complete".into(),
                        });
                    }
                }
            }
        }
        Ok(missing)
    }
}

/// A repeat key is empty where nothing repeats, else a number from 1.
fn repeat_key(field: &str, repeating: bool, key: &str) -> Result<()> {
    let fits = if repeating {
        // One spelling of each number: `01` would be another row than `1`.
        key.parse::<u32>().is_ok_and(|n| (1..=limit::REPEATS_MAX).contains(&n) && n.to_string() == key)
            || key.is_empty()
    } else {
        key.is_empty()
    };
    if fits {
        return Ok(());
    }
    let message =
        if repeating { "number the repeats 1, 2, 3, …" } else { "this does not repeat: leave the repeat out" };
    Err(Error::refused(field, "repeat", message))
}

impl GroupRecord {
    /// What is true of one version only is not carried into the next.
    pub(crate) fn settle(&mut self) {
        // A row begun again after it was taken away begins empty: nothing of the old one comes back unseen.
        if self.removed.take().is_some() {
            self.items.clear();
            self.claim = None;
        }
        for item in &mut self.items {
            item.changed = false;
            item.reason = None;
        }
    }
}
