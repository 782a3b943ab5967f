//! Export: everything a study holds that one may see, handed over piece by piece so that memory does not grow with
//! the study. What was asked is an entry before the first piece; what was handed over, with the file's digest, is
//! another after the last.

use std::sync::Arc;

use ledger::Hash;
use serde::Serialize;
use trial::{
    clinical::{
        AuditRecord, Chunk, Context, EventChunk, EventHead, FormChunk, FormHead, ItemData, ItemGroupData, Part,
        SubjectChunk, SubjectHead,
    },
    definition::{LocationOid, UserOid},
    ids::{FormId, GroupId, Id, ImportId, PersonId, SiteId, StudyId, SubjectId, VisitId},
    permission::Permission,
};

use super::study::SiteLine;
use crate::{
    actor::{Access, Actor},
    assurance::Freshness,
    backend::values,
    core::Looked,
    definitions::Defined,
    error::{Error, Result},
    organization::Organization,
    place::Target,
    record::{DefinitionRecord, FormRecord, GroupRecord, ImportPart, ItemKept, SubjectRecord, VisitRecord},
    view::{Snapshot, View},
};

/// Exports a study.
#[derive(Debug)]
pub struct ExportStudy {
    /// Which.
    pub study: StudyId,
}

/// How much an export holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Subjects.
    pub subjects: u64,
    /// Forms.
    pub forms: u64,
    /// Item groups.
    pub groups: u64,
}

/// A piece of an export, in the order of an ODM file.
#[derive(Debug)]
pub enum ExportPart {
    /// The definition, and what came with it beside.
    Definition(Arc<Defined>, Vec<Chunk>),
    /// A site.
    Site(SiteLine),
    /// A person named in audit records: id and name.
    Person(PersonId, String),
    /// What imported files had beside their subjects, as they had it.
    Beside(Chunk),
    /// A subject, visit or form. What was entered here carries its audit records; what was imported, what the file said.
    Clinical(Chunk),
}

impl View for ExportStudy {
    const NAME: &'static str = "view.export";
    const NEEDS: Permission = Permission::DataExport;
    const FRESH: Freshness = Freshness::Strong;
    const RECORDED: bool = true;
    type Shown = Exported;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Exported> {
        let count =
            |sql: &str| Ok::<u64, Error>(snapshot.db.one(sql, values![&self.study], |row| row.size(0))?.unwrap_or(0));
        Ok(Exported {
            subjects: count("SELECT count(*) FROM subject WHERE study = ?1 AND status = 'active'")?,
            forms: count("SELECT count(*) FROM form f JOIN subject s ON s.id = f.subject WHERE s.study = ?1")?,
            groups: count(
                "SELECT count(*) FROM item_group g JOIN form f ON f.id = g.form JOIN subject s ON s.id = f.subject
                 WHERE s.study = ?1 AND g.removed = 0",
            )?,
        })
    }

    fn count(shown: &Exported) -> u64 {
        shown.groups
    }
}

impl Organization {
    /// Hands a study over, piece by piece, from one state of the data. `take` writes the pieces; `digest` then says
    /// the SHA-256 of the file, which the ledger records.
    ///
    /// # Errors
    /// Why it cannot be exported; or what `take` or `digest` failed with.
    pub fn export(
        &self,
        actor: &Actor,
        study: StudyId,
        mut take: impl FnMut(ExportPart) -> Result<()>,
        digest: impl FnOnce() -> Result<Hash>,
    ) -> Result<Exported> {
        let view = ExportStudy { study };
        let planned = self.view(actor, &view)?;
        let at = self.shared().clock.now();
        let mut looked = self.reading(|snapshot| {
            let asked = (ExportStudy::NEEDS, ExportStudy::FRESH);
            let access = Access::decide(snapshot.db, self.shared(), actor, view.target(), asked, at)?;
            hand_over(snapshot, &access, study, &mut take)?;
            Ok(Looked {
                view: "view.exported",
                actor: access.actor().name(),
                client: access.actor().client_name(),
                role: access.capacity().code(),
                target: access.located().name.clone(),
                ledger: access.located().ledger,
                at,
                count: planned.groups,
                digest: ledger::EMPTY_ROOT,
            })
        })?;
        looked.digest = digest()?;
        self.note(looked)?;
        Ok(planned)
    }
}

fn hand_over(
    snapshot: &Snapshot<'_>,
    access: &Access,
    study: StudyId,
    take: &mut impl FnMut(ExportPart) -> Result<()>,
) -> Result<()> {
    let defined = snapshot.definitions.published(snapshot.db, snapshot.ring, snapshot.organization, study)?;
    let beside =
        snapshot.version::<DefinitionRecord>(&study, defined.number)?.map_or_else(Vec::new, |record| record.beside);
    let context = Context {
        study: defined.studies.first().map(|study| study.oid.clone()).unwrap_or_default(),
        version: defined.current().version().oid.clone(),
    };
    take(ExportPart::Definition(Arc::clone(&defined), beside))?;
    let sites = snapshot.db.select(
        "SELECT id, oid, name, country FROM site WHERE study = ?1 ORDER BY id",
        values![&study],
        |row| Ok(SiteLine { id: row.id(0)?, oid: row.text(1)?, name: row.text(2)?, country: row.maybe_text(3)? }),
    )?;
    for site in &sites {
        take(ExportPart::Site(site.clone()))?;
    }
    for person in people_of(snapshot, study)? {
        let name = super::people::name(snapshot, person)?;
        take(ExportPart::Person(person, name))?;
    }
    imports_beside(snapshot, study, Beside::First, take)?;
    imports_beside(snapshot, study, Beside::Reference, take)?;
    let subjects = snapshot.db.select(
        "SELECT id, site FROM subject WHERE study = ?1 AND status = 'active' ORDER BY id",
        values![&study],
        |row| Ok((row.id::<SubjectId>(0)?, row.id::<SiteId>(1)?)),
    )?;
    let mut export = Export { snapshot, access, defined, context, sites, take };
    for (subject, site) in subjects {
        export.subject(subject, site)?;
    }
    imports_beside(snapshot, study, Beside::Clinical, export.take)?;
    imports_beside(snapshot, study, Beside::Last, export.take)
}

/// Where in an ODM file a piece beside the subjects has its place.
#[derive(PartialEq, Eq)]
enum Beside {
    First,
    Reference,
    Clinical,
    Last,
}

impl Beside {
    fn of(chunk: &Chunk) -> Self {
        match chunk {
            Chunk::Admin(_) | Chunk::Extension { context: None, .. } => Beside::First,
            Chunk::Reference(_)
            | Chunk::AuditRecords { reference: true, .. }
            | Chunk::Signatures { reference: true, .. }
            | Chunk::Annotations { reference: true, .. } => Beside::Reference,
            Chunk::Association(_) => Beside::Last,
            _ => Beside::Clinical,
        }
    }
}

/// Everyone who acted in the study's ledger.
fn people_of(snapshot: &Snapshot<'_>, study: StudyId) -> Result<Vec<PersonId>> {
    let grants = snapshot.db.select(
        "SELECT DISTINCT person FROM role_grant WHERE study = ?1 ORDER BY person",
        values![&study],
        |row| row.id(0),
    )?;
    Ok(grants)
}

fn imports_beside(
    snapshot: &Snapshot<'_>,
    study: StudyId,
    place: Beside,
    take: &mut impl FnMut(ExportPart) -> Result<()>,
) -> Result<()> {
    let imports = snapshot
        .db
        .select("SELECT id FROM import WHERE study = ?1 ORDER BY id", values![&study], |row| row.id::<ImportId>(0))?;
    for import in imports {
        let mut version = 1;
        while let Some(part) = snapshot.version::<ImportPart>(&import, version)? {
            if Beside::of(&part.part) == place {
                take(ExportPart::Beside(part.part))?;
            }
            version = version.saturating_add(1);
        }
    }
    Ok(())
}

struct Export<'a, 'b, T> {
    snapshot: &'a Snapshot<'b>,
    access: &'a Access,
    defined: Arc<Defined>,
    context: Context,
    sites: Vec<SiteLine>,
    take: &'a mut T,
}

impl<T: FnMut(ExportPart) -> Result<()>> Export<'_, '_, T> {
    fn subject(&mut self, id: SubjectId, site: SiteId) -> Result<()> {
        let Some((_, record)) = self.snapshot.current::<SubjectRecord>(&id)? else { return Ok(()) };
        let code = self.access.show(&record.code).text().to_owned();
        let location = self.sites.iter().find(|line| line.id == site).map(|line| LocationOid::new(line.oid.as_str()));
        let said = match record.claim {
            Some(claim) => *claim.said,
            None => SubjectHead { key: code.clone(), site: location.clone(), ..SubjectHead::default() },
        };
        (self.take)(ExportPart::Clinical(Chunk::Subject(SubjectChunk {
            context: self.context.clone(),
            part: Part::Opening,
            subject: said,
        })))?;
        let visits = self.standing(
            "SELECT v.id, v.version, r.sealed FROM visit v
             JOIN record r ON r.key = v.id AND r.kind = 'visit' AND r.version = v.version
             WHERE v.subject = ?1 ORDER BY v.id",
            &id,
        )?;
        for visit in visits {
            self.visit(&code, location.as_ref(), &visit)?;
        }
        Ok(())
    }

    /// Rows that hang on this one, each with its newest version, sealed: over a network one question for all of them.
    fn standing<I: Id>(&self, sql: &str, of: &impl Id) -> Result<Vec<(I, u32, Vec<u8>)>> {
        self.snapshot.db.select(sql, values![of.bytes()], |row| Ok((row.id(0)?, row.number(1)?, row.blob(2)?)))
    }

    fn visit(
        &mut self,
        code: &str,
        location: Option<&LocationOid>,
        (id, version, sealed): &(VisitId, u32, Vec<u8>),
    ) -> Result<()> {
        let Some(record) = self.snapshot.open::<VisitRecord>(id, *version, sealed)? else { return Ok(()) };
        let repeat = (!record.repeat.is_empty()).then(|| record.repeat.clone());
        let event = if record.event_oid.is_empty() {
            None
        } else {
            let head = match record.claim {
                Some(claim) => *claim.said,
                None => EventHead {
                    event: record.event_oid.as_str().into(),
                    repeat: repeat.clone(),
                    ..EventHead::default()
                },
            };
            let event = (head.event.clone(), head.repeat.clone());
            (self.take)(ExportPart::Clinical(Chunk::Event(EventChunk {
                context: self.context.clone(),
                subject_key: code.to_owned(),
                part: Part::Opening,
                event: head,
            })))?;
            Some(event)
        };
        let forms = self.standing::<FormId>(
            "SELECT f.id, f.version, r.sealed FROM form f
             JOIN record r ON r.key = f.id AND r.kind = 'form' AND r.version = f.version
             WHERE f.visit = ?1 ORDER BY f.id",
            id,
        )?;
        for (form, version, sealed) in forms {
            let Some(record) = self.snapshot.open::<FormRecord>(&form, version, &sealed)? else { continue };
            let repeat = (!record.repeat.is_empty()).then(|| record.repeat.clone());
            let head = match record.claim {
                Some(claim) => *claim.said,
                None => FormHead { form: record.form_oid.as_str().into(), repeat, ..FormHead::default() },
            };
            let groups = self.groups(location, form, &record.form_oid)?;
            (self.take)(ExportPart::Clinical(Chunk::Form(FormChunk {
                context: self.context.clone(),
                subject_key: code.to_owned(),
                event: event.clone(),
                form: head,
                groups,
                continues: false,
            })))?;
        }
        Ok(())
    }

    fn groups(&self, location: Option<&LocationOid>, id: FormId, form: &str) -> Result<Vec<ItemGroupData>> {
        let groups = self.standing::<GroupId>(
            "SELECT g.id, g.version, r.sealed FROM item_group g
             JOIN record r ON r.key = g.id AND r.kind = 'item_group' AND r.version = g.version
             WHERE g.form = ?1 AND g.removed = 0 ORDER BY g.id",
            &id,
        )?;
        let mut out = Vec::with_capacity(groups.len());
        for (group, newest, sealed) in groups {
            if let Some(current) = self.snapshot.open::<GroupRecord>(&group, newest, &sealed)? {
                out.push(self.group(location, form, group, newest, current)?);
            }
        }
        Ok(out)
    }

    fn group(
        &self,
        location: Option<&LocationOid>,
        form: &str,
        id: GroupId,
        newest: u32,
        current: GroupRecord,
    ) -> Result<ItemGroupData> {
        let entered_here = current.items.iter().any(|item| item.claim.is_none());
        let mut data = match current.claim {
            Some(claim) => *claim.said,
            None => ItemGroupData {
                group: current.group_oid.as_str().into(),
                repeat: (!current.repeat.is_empty()).then(|| current.repeat.clone()),
                ..ItemGroupData::default()
            },
        };
        data.items.reserve(current.items.len());
        // What the reader may not see is left out: a word in its place would be taken for a value.
        let seen = |item: &ItemKept| self.access.sees(form, self.defined.class(&item.oid));
        for item in current.items.into_iter().filter(seen) {
            let value = item.value.map(|value| value.0);
            let said = match item.claim {
                Some(claim) => *claim.said,
                None => ItemData { is_null: value.is_none(), ..ItemData::default() },
            };
            let unit = item.unit.as_deref().map(Into::into);
            data.items.push(ItemData { item: item.oid.as_str().into(), value, unit, ..said });
        }
        // What was entered here has its whole history as audit records, oldest first; what was imported and not
        // changed since has only what its file said.
        if newest > 1 || entered_here {
            self.audit(location, id, &mut data)?;
        }
        Ok(data)
    }

    fn audit(&self, location: Option<&LocationOid>, id: GroupId, data: &mut ItemGroupData) -> Result<()> {
        let snapshot = self.snapshot;
        let rows = snapshot.db.select(
            "SELECT r.version, r.sealed, r.ledger, r.entry, e.bytes FROM record r
             JOIN entry e ON e.ledger = r.ledger AND e.idx = r.entry
             WHERE r.kind = 'item_group' AND r.key = ?1 ORDER BY r.version",
            values![&id],
            |row| Ok((row.number(0)?, row.blob(1)?, row.number(2)?, row.size(3)?, row.blob(4)?)),
        )?;
        for (version, sealed, ledger, index, bytes) in rows {
            let Some(record) = snapshot.open::<GroupRecord>(&id, version, &sealed)? else { continue };
            let entry = ledger::Entry::decode(&bytes).map_err(Error::fault)?;
            for item in record.items.iter().filter(|item| item.changed && item.claim.is_none()) {
                let Some(slot) = data.items.iter_mut().find(|slot| slot.item == item.oid.as_str()) else { continue };
                slot.audit.push(AuditRecord {
                    user: Some(UserOid::new(entry.actor.strip_prefix("person:").unwrap_or(&entry.actor))),
                    location: location.cloned(),
                    at: Some(entry.at.clone()),
                    reason: item.reason.as_ref().map(|reason| self.access.show(reason).text().to_owned()),
                    source_id: Some(format!("ledger {ledger} entry {index}")),
                    ..AuditRecord::default()
                });
            }
        }
        Ok(())
    }
}
