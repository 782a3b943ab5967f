//! The first reading of a data file: everything is looked at before anything is stored. What the store would refuse
//! is refused here, all of it at once; what merely does not fit the definition is noted and kept.

use std::collections::BTreeSet;

use store::{Defined, Error, Refusal};
use trial::{
    clinical::{Chunk, FormChunk, ItemData, ItemGroupData, SubjectChunk},
    definition::Indexed,
    limit,
    value::ItemValue,
};

use super::report::{Counts, MISFITS_MAX, Misfit};

/// Reasons for a refusal that are told at once.
const REFUSALS_MAX: usize = 50;
/// Sites that one file may name.
const SITES_MAX: usize = 10_000;

/// What the reading has come to.
pub(super) struct Survey<'a> {
    defined: &'a Defined,
    /// As the study is registered: another StudyOID in the file is a site's.
    study_oid: &'a str,
    /// The subject that was announced last; what follows is its.
    subject: Option<String>,
    pub counts: Counts,
    pub misfits: Vec<Misfit>,
    pub misfit_count: u64,
    pub sites: BTreeSet<String>,
    /// Whether a subject is at no site that the file names.
    pub needs_site: bool,
    refusals: Vec<Refusal>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(defined: &'a Defined, study_oid: &'a str) -> Self {
        Survey {
            defined,
            study_oid,
            subject: None,
            counts: Counts::default(),
            misfits: Vec::new(),
            misfit_count: 0,
            sites: BTreeSet::new(),
            needs_site: false,
            refusals: Vec::new(),
        }
    }

    /// Looks at the next piece.
    pub(super) fn look(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Subject(subject) => self.subject(subject),
            Chunk::Event(event) => {
                self.belongs(&event.subject_key);
                if event.part == trial::clinical::Part::Opening {
                    add(&mut self.counts.visits, 1);
                }
                add(&mut self.counts.audit_records, event.event.audit.len());
                let oid = event.event.event.as_str();
                if self.defined.version(event.context.version.as_str()).event(oid).is_none() {
                    self.misfit(&event.subject_key, oid, "unknown_visit", "the definition has no such visit");
                }
            }
            Chunk::Form(form) => self.form(form),
            beside => {
                add(&mut self.counts.beside, 1);
                if let Chunk::AuditRecords { records, .. } = beside {
                    add(&mut self.counts.audit_records, records.len());
                }
            }
        }
    }

    /// Ends the reading.
    pub(super) fn refused(&mut self) -> Result<(), Error> {
        if self.refusals.is_empty() { Ok(()) } else { Err(Error::Refused(std::mem::take(&mut self.refusals))) }
    }

    fn subject(&mut self, chunk: &SubjectChunk) {
        let key = chunk.subject.key.as_str();
        add(&mut self.counts.audit_records, chunk.subject.audit.len());
        if chunk.part == trial::clinical::Part::Closing {
            self.belongs(key);
            return;
        }
        add(&mut self.counts.subjects, 1);
        self.subject = Some(key.to_owned());
        if let Err(problem) = limit::text("SubjectKey", key, limit::SUBJECT_CODE_BYTES_MAX) {
            let nth = self.counts.subjects;
            self.refuse(format!("subject {nth} of the file"), "subject_key", problem.to_string());
        }
        let study = chunk.context.study.as_str();
        let site = match &chunk.subject.site {
            Some(location) => Some(location.as_str()),
            None if study != self.study_oid && !study.is_empty() => Some(study),
            None => None,
        };
        match site {
            None => self.needs_site = true,
            Some(site) if self.sites.contains(site) => {}
            Some(site) => {
                if let Err(problem) = limit::text("site", site, limit::NAME_BYTES_MAX) {
                    self.refuse(format!("subject {key}"), "site", problem.to_string());
                } else if self.sites.len() < SITES_MAX {
                    self.sites.insert(site.to_owned());
                } else {
                    self.refuse(
                        format!("subject {key}"),
                        "sites",
                        format!("the file names more than {SITES_MAX} sites"),
                    );
                }
            }
        }
    }

    /// Pieces come under the subject that was announced before them.
    fn belongs(&mut self, subject: &str) {
        if self.subject.as_deref() != Some(subject) {
            self.refuse(
                format!("subject {subject}"),
                "no_subject",
                "the file has data outside any subject (SubjectData): put them under the one they belong to".into(),
            );
        }
    }

    fn form(&mut self, chunk: &FormChunk) {
        self.belongs(&chunk.subject_key);
        let indexed = std::sync::Arc::clone(self.defined.version(chunk.context.version.as_str()));
        let form = chunk.form.form.as_str();
        if !chunk.continues {
            add(&mut self.counts.forms, 1);
        }
        add(&mut self.counts.audit_records, chunk.form.audit.len());
        let event = chunk.event.as_ref().map_or("", |(event, _)| event.as_str());
        if indexed.form(form).is_none() {
            self.misfit(
                &chunk.subject_key,
                &format!("{event} / {form}"),
                "unknown_form",
                "the definition has no such form",
            );
        }
        for group in &chunk.groups {
            self.group(&indexed, chunk, &format!("{event} / {form}"), group);
        }
    }

    fn group(&mut self, indexed: &Indexed, chunk: &FormChunk, form: &str, group: &ItemGroupData) {
        add(&mut self.counts.groups, 1);
        add(&mut self.counts.audit_records, group.audit.len());
        let oid = group.group.as_str();
        if indexed.group(oid).is_none() {
            let place = format!("{form} / {oid}");
            self.misfit(&chunk.subject_key, &place, "unknown_group", "the definition has no such item group");
        }
        for item in &group.items {
            add(&mut self.counts.values, 1);
            add(&mut self.counts.audit_records, item.audit.len());
            if let Some((code, message)) = misfit_of(indexed, item) {
                let place =
                    format!("{form} / {oid} {} / {}", group.repeat.as_deref().unwrap_or("-"), item.item.as_str());
                self.misfit(&chunk.subject_key, &place, code, &message);
            }
        }
    }

    fn misfit(&mut self, subject: &str, place: &str, code: &str, message: &str) {
        add(&mut self.misfit_count, 1);
        if self.misfits.len() < MISFITS_MAX {
            self.misfits.push(Misfit {
                subject: subject.to_owned(),
                place: place.to_owned(),
                code: code.to_owned(),
                message: message.to_owned(),
            });
        }
    }

    fn refuse(&mut self, field: String, code: &'static str, message: String) {
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(Refusal { field, code, message });
        }
    }
}

/// Why a value does not fit its item's definition.
fn misfit_of(indexed: &Indexed, item: &ItemData) -> Option<(&'static str, String)> {
    let Some(definition) = indexed.item(item.item.as_str()) else {
        return Some(("unknown_item", "the definition has no such item".into()));
    };
    // No value is no misfit: an empty text is how many systems write it.
    let value = item.value.as_deref().filter(|value| !value.is_empty())?;
    let problem = ItemValue::parse(definition, indexed.code_list_of(definition), value).err()?;
    Some((problem.code.as_str(), problem.message))
}

fn add(count: &mut u64, by: impl TryInto<u64>) {
    *count = count.saturating_add(by.try_into().unwrap_or(u64::MAX));
}
