//! The history of one item: every value it had, who set it in which role, when, why, and where the proof is.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    clinical::AuditRecord,
    ids::{GroupId, StudyId, SubjectId},
    permission::Permission,
};

use super::form::{Reader, ShowForm, find};
use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    log,
    place::Target,
    record::{self, GroupRecord, Row, Shown},
    view::{Snapshot, View},
};

/// The history of one item of a form.
#[derive(Debug)]
pub struct ItemHistory {
    /// The form.
    pub form: ShowForm,
    /// ODM ItemGroupOID.
    pub group: String,
    /// Which row.
    pub group_repeat: String,
    /// ODM ItemOID.
    pub item: String,
}

/// What an item's history shows.
#[derive(Debug, Clone, Serialize)]
pub struct ItemHistoryShown {
    /// Of which study.
    pub study: StudyId,
    /// Its versions, oldest first.
    pub versions: Vec<VersionShown>,
}

/// One value an item had.
#[derive(Debug, Clone, Serialize)]
pub struct VersionShown {
    /// The value; `None`: taken away.
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
    pub at: Timestamp,
    /// Why.
    pub reason: Option<Shown>,
    /// What checks said.
    pub findings: Vec<String>,
    /// Why it was kept all the same.
    pub because: Option<Shown>,
    /// Whether its row was taken away, and why.
    pub removed: Option<String>,
    /// Whether it came from a file.
    pub imported: bool,
    /// What the file said of who did it elsewhere. Claims, not entries of ours.
    pub claimed: Vec<AuditRecord>,
    /// Version of the item group's record.
    pub version: u32,
    /// Number of the ledger that proves it.
    pub ledger: u32,
    /// Index of the entry that proves it.
    pub entry: u64,
}

impl View for ItemHistory {
    const NAME: &'static str = "view.item_history";
    const NEEDS: Permission = Permission::FormSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = ItemHistoryShown;

    fn target(&self) -> Target {
        Target::Subject(self.subject())
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<ItemHistoryShown> {
        if !access.reaches_form(&self.form.form) {
            return Err(Error::Forbidden { needs: Permission::FormSee.code() });
        }
        let study = access.study()?;
        let defined = snapshot.definitions.published(snapshot.db, snapshot.ring, snapshot.organization, study)?;
        let reader = Reader { access, form: &self.form.form, defined: &defined };
        let (form, ..) = find(snapshot, &self.form)?.ok_or(Error::Hidden)?;
        let group = snapshot
            .db
            .one(
                "SELECT id FROM item_group WHERE form = ?1 AND group_oid = ?2 AND repeat = ?3",
                values![&form, &self.group, &self.group_repeat],
                |row| row.id::<GroupId>(0),
            )?
            .ok_or(Error::Hidden)?;
        let rows = snapshot.db.select(
            "SELECT kind, key, version, ledger, entry, sealed FROM record WHERE kind = 'item_group' AND key = ?1 ORDER BY version",
            values![&group],
            |row| {
                Ok(Row {
                    kind: row.text(0)?,
                    key: row.bytes(1)?,
                    version: row.number(2)?,
                    ledger: row.number(3)?,
                    entry: row.size(4)?,
                    sealed: row.blob(5)?,
                })
            },
        )?;
        let mut versions = Vec::new();
        for row in rows {
            let opened = record::open::<GroupRecord>(
                snapshot.db,
                snapshot.ring,
                snapshot.organization,
                &row.key,
                row.version,
                &row.sealed,
            )?;
            if let Some(content) = opened {
                versions.extend(self.version(snapshot, &reader, &row, &content)?);
            }
        }
        Ok(ItemHistoryShown { study, versions })
    }

    fn count(shown: &ItemHistoryShown) -> u64 {
        shown.versions.len() as u64
    }
}

impl ItemHistory {
    fn subject(&self) -> SubjectId {
        self.form.subject
    }

    /// The line that a version of the group adds to this item's history, if it changed it.
    fn version(
        &self,
        snapshot: &Snapshot<'_>,
        reader: &Reader<'_>,
        row: &Row,
        content: &GroupRecord,
    ) -> Result<Option<VersionShown>> {
        let Some(item) = content.items.iter().find(|item| item.oid == self.item) else { return Ok(None) };
        if !item.changed && content.removed.is_none() {
            return Ok(None);
        }
        let (_, entry) = log::entry(snapshot.db, row.ledger, row.entry)?;
        let (who, through) = super::people::who(snapshot, &entry)?;
        Ok(Some(VersionShown {
            value: item.value.as_ref().filter(|_| content.removed.is_none()).map(|value| reader.show(&item.oid, value)),
            unit: item.unit.clone(),
            who,
            through,
            role_title: super::roles::titled(reader.access, &entry.role),
            role: entry.role.into_owned(),
            at: entry.at.parse().map_err(Error::fault)?,
            reason: item.reason.as_ref().map(|reason| reader.show(&item.oid, reason)),
            findings: reader.findings(&item.oid, &item.findings),
            because: item.because.as_ref().map(|because| reader.show(&item.oid, because)),
            removed: content.removed.clone(),
            imported: item.claim.is_some(),
            claimed: item
                .claim
                .as_ref()
                .filter(|_| reader.access.sees(reader.form, reader.class(&item.oid)))
                .map_or_else(Vec::new, |claim| claim.said.audit.clone()),
            version: row.version,
            ledger: row.ledger,
            entry: row.entry,
        }))
    }
}
