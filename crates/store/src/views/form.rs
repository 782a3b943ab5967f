//! One form of one visit of a subject, as it stands.

use serde::Serialize;
use trial::{
    definition::ItemClass,
    form::FormState,
    ids::{FormId, GroupId, StudyId, SubjectId},
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    definitions::Defined,
    error::{Error, Result},
    place::Target,
    record::{FormRecord, GroupRecord, ItemKept, Kept, Shown},
    view::{Snapshot, View},
};

/// A form, saved or not yet.
#[derive(Debug)]
pub struct ShowForm {
    /// Whose.
    pub subject: SubjectId,
    /// ODM StudyEventOID.
    pub event: String,
    /// Which of a repeating visit.
    pub event_repeat: String,
    /// ODM FormOID.
    pub form: String,
    /// Which of a repeating form.
    pub form_repeat: String,
}

/// A form's values.
#[derive(Debug, Clone, Serialize)]
pub struct FormShown {
    /// Whose.
    pub subject: SubjectId,
    /// The subject's code.
    pub code: Shown,
    /// Of which study.
    pub study: StudyId,
    /// Which form, once saved.
    pub id: Option<FormId>,
    /// Where it stands.
    pub state: FormState,
    /// To be sent with the next save; 0: not saved yet.
    pub revision: u64,
    /// The study version it was last saved under; empty: not saved yet.
    pub study_version: String,
    /// Whether the asker may change it.
    pub editable: bool,
    /// Its groups, row by row.
    pub groups: Vec<GroupShown>,
}

/// One row of an item group.
#[derive(Debug, Clone, Serialize)]
pub struct GroupShown {
    /// Which.
    pub id: GroupId,
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub repeat: String,
    /// Its version.
    pub version: u32,
    /// Its values.
    pub items: Vec<ItemShown>,
}

/// One value.
#[derive(Debug, Clone, Serialize)]
pub struct ItemShown {
    /// ODM ItemOID.
    pub item: String,
    /// The value; `None`: taken away.
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

impl View for ShowForm {
    const NAME: &'static str = "view.form";
    const NEEDS: Permission = Permission::FormSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = FormShown;

    fn target(&self) -> Target {
        Target::Subject(self.subject)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<FormShown> {
        let (code, status) = snapshot
            .db
            .one("SELECT code, status FROM subject WHERE id = ?1", values![&self.subject], |row| {
                Ok((row.maybe_text(0)?, row.text(1)?))
            })?
            .ok_or(Error::Hidden)?;
        if !access.reaches_form(&self.form) {
            return Err(Error::Forbidden { needs: Permission::FormSee.code() });
        }
        let editable = access.edits(&self.form);
        let mut shown = FormShown {
            subject: self.subject,
            code: code.map_or(Shown::Withheld, |code| access.show(&Kept(code))),
            study: access.study()?,
            id: None,
            state: FormState::NotStarted,
            revision: 0,
            study_version: String::new(),
            editable: editable && status != "erased",
            groups: Vec::new(),
        };
        let Some((id, revision, state)) = find(snapshot, self)? else { return self.unsaved(snapshot, shown) };
        shown.id = Some(id);
        shown.revision = revision;
        shown.state = FormState::from_code(&state).ok_or_else(|| Error::fault("unknown form state"))?;
        shown.study_version =
            snapshot.current::<FormRecord>(&id)?.map_or_else(String::new, |(_, record)| record.study_version);
        let defined = snapshot.definitions.published(snapshot.db, snapshot.ring, snapshot.organization, shown.study)?;
        let reader = Reader { access, form: &self.form, defined: &defined };
        let groups = snapshot.db.select(
            "SELECT id FROM item_group WHERE form = ?1 AND removed = 0 ORDER BY id",
            values![&id],
            |row| row.id::<GroupId>(0),
        )?;
        for group in groups {
            if let Some((version, record)) = snapshot.current::<GroupRecord>(&group)? {
                shown.groups.push(reader.group(group, version, &record));
            }
        }
        Ok(shown)
    }

    fn count(shown: &FormShown) -> u64 {
        shown.groups.iter().map(|group| group.items.len() as u64).sum()
    }
}

impl ShowForm {
    /// A form that was not saved yet must at least be one that the study has.
    fn unsaved(&self, snapshot: &Snapshot<'_>, shown: FormShown) -> Result<FormShown> {
        let defined = snapshot.definitions.published(snapshot.db, snapshot.ring, snapshot.organization, shown.study)?;
        let planned = defined
            .current()
            .event(&self.event)
            .is_some_and(|event| event.forms.iter().any(|form| form.form.as_str() == self.form));
        if planned { Ok(shown) } else { Err(Error::Hidden) }
    }
}

/// The form's id, revision and state.
pub(super) fn find(snapshot: &Snapshot<'_>, ask: &ShowForm) -> Result<Option<(FormId, u64, String)>> {
    snapshot.db.one(
        "SELECT f.id, f.revision, f.state FROM visit v JOIN form f ON f.visit = v.id
         WHERE v.subject = ?1 AND v.event_oid = ?2 AND v.repeat = ?3 AND f.form_oid = ?4 AND f.repeat = ?5",
        values![&ask.subject, &ask.event, &ask.event_repeat, &ask.form, &ask.form_repeat],
        |row| Ok((row.id(0)?, row.size(1)?, row.text(2)?)),
    )
}

/// Who reads a form, and the definition that says what each item is.
pub(super) struct Reader<'a> {
    pub access: &'a Access,
    pub form: &'a str,
    pub defined: &'a Defined,
}

impl Reader<'_> {
    /// An item's class, as the study has it now.
    pub(super) fn class(&self, item: &str) -> ItemClass {
        self.defined.class(item)
    }

    /// A value of this item, or what was said about one.
    pub(super) fn show(&self, item: &str, value: &Kept) -> Shown {
        self.access.show_value(self.form, self.class(item), value)
    }

    /// What checks said of a value tells of the value.
    pub(super) fn findings(&self, item: &str, findings: &[String]) -> Vec<String> {
        if self.access.sees(self.form, self.class(item)) { findings.to_vec() } else { Vec::new() }
    }

    fn group(&self, id: GroupId, version: u32, record: &GroupRecord) -> GroupShown {
        let item = |item: &ItemKept| ItemShown {
            item: item.oid.clone(),
            value: item.value.as_ref().map(|value| self.show(&item.oid, value)),
            unit: item.unit.clone(),
            findings: self.findings(&item.oid, &item.findings),
            because: item.because.as_ref().map(|because| self.show(&item.oid, because)),
            imported: item.claim.is_some(),
        };
        GroupShown {
            id,
            group: record.group_oid.clone(),
            repeat: record.repeat.clone(),
            version,
            items: record.items.iter().map(item).collect(),
        }
    }
}
