//! Is a definition whole? References that lead nowhere, identifiers used twice, limits.
//!
//! A definition with a [`Gravity::Refused`] problem must not be stored. [`Gravity::Noted`] problems are those
//! that real files have and that harm nothing: they are shown and the definition is kept.

use std::collections::{HashMap, HashSet};

use super::{
    CheckRule, CodeListContent, CodeListOid, ConditionOid, EventOid, FormOid, ITEM_CLASS, ItemClass, ItemGroupOid,
    ItemGroupRef, ItemOid, MethodOid, PresentationOid, Study, StudyVersion, Text, UnitOid, VersionRef, limit,
};

/// Something wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// Whether the definition can be used.
    pub gravity: Gravity,
    /// Where, outermost first: `Study S.1 / version MDV.1 / form F.1`.
    pub place: String,
    /// What is wrong, in words.
    pub message: String,
}

/// Whether a definition with a [`Problem`] can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// It can.
    Noted,
    /// It must not be stored.
    Refused,
}

/// What is wrong with a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemCode {
    /// An OID is empty.
    EmptyOid,
    /// Two definitions of one kind have the same OID.
    DuplicateOid,
    /// Definitions of two kinds have the same OID (ODM wants it unique in a version; files exist that do not keep to it).
    SharedOid,
    /// A definition is referred to twice where once is allowed.
    DuplicateReference,
    /// A code list has a value twice.
    DuplicateCode,
    /// A reference leads nowhere.
    DanglingReference,
    /// A reference may lead into a version that is not in the file.
    UncheckedReference,
    /// Item groups hold each other.
    Circular,
    /// An item's class is none.
    UnknownClass,
    /// Too many, too long or too deep.
    Limit,
}

/// What is wrong with one study. References into studies that are not given are [`ProblemCode::UncheckedReference`].
pub fn check(study: &Study) -> Vec<Problem> {
    check_all(std::slice::from_ref(study))
}

/// What is wrong with the studies of one file, which may include versions of each other (ODM: Include).
pub fn check_all(studies: &[Study]) -> Vec<Problem> {
    let mut found = Found { problems: Vec::new(), place: Vec::new() };
    found.unique("study", studies.iter().map(|study| study.oid.as_str()));
    for study in studies {
        found.within(format!("study {}", study.oid), |found| check_study(studies, study, found));
    }
    found.problems
}

/// Problems that are reported; a file with more is not read by anyone to the end.
const PROBLEMS_MAX: usize = 10_000;

struct Found {
    problems: Vec<Problem>,
    place: Vec<String>,
}

impl Found {
    fn add(&mut self, code: ProblemCode, gravity: Gravity, message: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { code, gravity, place: self.place.join(" / "), message });
        }
    }

    fn refuse(&mut self, code: ProblemCode, message: String) {
        self.add(code, Gravity::Refused, message);
    }

    fn within(&mut self, place: String, check: impl FnOnce(&mut Self)) {
        self.place.push(place);
        check(self);
        self.place.pop();
    }

    /// OIDs of one kind: present, of bearable length, and each once.
    fn unique<'a>(&mut self, kind: &str, oids: impl Iterator<Item = &'a str>) {
        let mut seen = HashSet::new();
        let mut count = 0usize;
        for oid in oids {
            count += 1;
            if oid.is_empty() {
                self.refuse(ProblemCode::EmptyOid, format!("one {kind} has no OID"));
            } else if oid.len() > limit::OID_BYTES_MAX {
                let start: String = oid.chars().take(40).collect();
                let message = format!("the OID {start}… of a {kind} has more than {} bytes", limit::OID_BYTES_MAX);
                self.refuse(ProblemCode::Limit, message);
            } else if !seen.insert(oid) {
                self.refuse(ProblemCode::DuplicateOid, format!("two {kind}s have the OID {oid}"));
            }
        }
        self.at_most(count, limit::DEFINITIONS_MAX, kind);
    }

    fn at_most(&mut self, count: usize, most: usize, what: &str) {
        if count > most {
            self.refuse(ProblemCode::Limit, format!("{count} {what}s: at most {most} can be kept"));
        }
    }

    fn name(&mut self, name: &str) {
        if name.len() > limit::NAME_BYTES_MAX {
            self.refuse(ProblemCode::Limit, format!("the name has more than {} bytes", limit::NAME_BYTES_MAX));
        }
    }

    fn text(&mut self, text: &Text) {
        for translation in &text.0 {
            self.plain(&translation.text);
        }
    }

    fn plain(&mut self, text: &str) {
        if text.len() > limit::TEXT_BYTES_MAX {
            self.refuse(ProblemCode::Limit, format!("a text has more than {} bytes", limit::TEXT_BYTES_MAX));
        }
    }

    /// References of one definition: bearably many. One target twice is noted, not refused: exports of REDCap
    /// and others do so, and a form that shows a group twice harms no value.
    fn references<'a>(&mut self, kind: &str, oids: impl Iterator<Item = &'a str>) {
        let mut seen = HashSet::new();
        let mut count = 0usize;
        for oid in oids {
            count += 1;
            if !seen.insert(oid) {
                let message = format!("refers to {kind} {oid} twice");
                self.add(ProblemCode::DuplicateReference, Gravity::Noted, message);
            }
        }
        self.at_most(count, limit::REFERENCES_MAX, kind);
    }

    fn refers(&mut self, targets: &Targets<'_>, known: bool, kind: &str, oid: &str) {
        if known {
            return;
        }
        if targets.open {
            let message = format!("{kind} {oid} may be in an included version that is not in this file");
            self.add(ProblemCode::UncheckedReference, Gravity::Noted, message);
        } else {
            self.refuse(ProblemCode::DanglingReference, format!("refers to {kind} {oid}, which is not defined"));
        }
    }
}

/// What references of a version may lead to: its own definitions and those it includes.
#[derive(Default)]
struct Targets<'a> {
    events: HashSet<&'a EventOid>,
    forms: HashSet<&'a FormOid>,
    groups: HashSet<&'a ItemGroupOid>,
    items: HashSet<&'a ItemOid>,
    code_lists: HashSet<&'a CodeListOid>,
    units: HashSet<&'a UnitOid>,
    conditions: HashSet<&'a ConditionOid>,
    methods: HashSet<&'a MethodOid>,
    presentations: HashSet<&'a PresentationOid>,
    /// Whether it includes a version that is not given.
    open: bool,
}

impl<'a> Targets<'a> {
    fn of(studies: &'a [Study], study: &'a Study, version: &'a StudyVersion) -> Self {
        let mut targets = Self::default();
        let mut seen = HashSet::new();
        let mut next = Some((study, version));
        while let Some((study, version)) = next.take() {
            targets.add(study, version);
            if !seen.insert((&study.oid, &version.oid)) {
                break;
            }
            if let Some(include) = &version.include {
                next = included(studies, include);
                targets.open |= next.is_none();
            }
        }
        targets
    }

    fn add(&mut self, study: &'a Study, version: &'a StudyVersion) {
        self.units.extend(study.units.iter().map(|of| &of.oid));
        self.events.extend(version.events.iter().map(|of| &of.oid));
        self.forms.extend(version.forms.iter().map(|of| &of.oid));
        self.groups.extend(version.groups.iter().map(|of| &of.oid));
        self.items.extend(version.items.iter().map(|of| &of.oid));
        self.code_lists.extend(version.code_lists.iter().map(|of| &of.oid));
        self.conditions.extend(version.conditions.iter().map(|of| &of.oid));
        self.methods.extend(version.methods.iter().map(|of| &of.oid));
        self.methods.extend(version.imputation_methods.iter().map(|of| &of.oid));
        self.presentations.extend(version.presentations.iter().map(|of| &of.oid));
    }
}

fn included<'a>(studies: &'a [Study], include: &VersionRef) -> Option<(&'a Study, &'a StudyVersion)> {
    let study = studies.iter().find(|study| study.oid == include.study)?;
    Some((study, study.versions.iter().find(|version| version.oid == include.version)?))
}

fn check_study(studies: &[Study], study: &Study, found: &mut Found) {
    found.name(&study.name);
    found.name(&study.protocol_name);
    found.plain(&study.description);
    found.unique("measurement unit", study.units.iter().map(|unit| unit.oid.as_str()));
    found.unique("version", study.versions.iter().map(|version| version.oid.as_str()));
    found.at_most(study.versions.len(), limit::VERSIONS_MAX, "version");
    for version in &study.versions {
        let targets = Targets::of(studies, study, version);
        found.within(format!("version {}", version.oid), |found| {
            check_oids(version, found);
            check_events(version, &targets, found);
            check_forms(version, &targets, found);
            check_groups(version, &targets, found);
            check_nesting(version, found);
            check_items(version, &targets, found);
            check_code_lists(version, found);
            check_rules(version, found);
        });
    }
}

fn check_oids(version: &StudyVersion, found: &mut Found) {
    found.unique("visit", version.events.iter().map(|of| of.oid.as_str()));
    found.unique("form", version.forms.iter().map(|of| of.oid.as_str()));
    found.unique("item group", version.groups.iter().map(|of| of.oid.as_str()));
    found.unique("item", version.items.iter().map(|of| of.oid.as_str()));
    found.unique("code list", version.code_lists.iter().map(|of| of.oid.as_str()));
    found.unique("condition", version.conditions.iter().map(|of| of.oid.as_str()));
    found.unique("method", version.methods.iter().map(|of| of.oid.as_str()));
    found.unique("imputation method", version.imputation_methods.iter().map(|of| of.oid.as_str()));
    found.unique("presentation", version.presentations.iter().map(|of| of.oid.as_str()));
    let mut kinds: HashMap<&str, &str> = HashMap::new();
    let events = version.events.iter().map(|of| (of.oid.as_str(), "visit"));
    let forms = version.forms.iter().map(|of| (of.oid.as_str(), "form"));
    let groups = version.groups.iter().map(|of| (of.oid.as_str(), "item group"));
    let items = version.items.iter().map(|of| (of.oid.as_str(), "item"));
    let lists = version.code_lists.iter().map(|of| (of.oid.as_str(), "code list"));
    for (oid, kind) in events.chain(forms).chain(groups).chain(items).chain(lists) {
        if let Some(other) = kinds.insert(oid, kind).filter(|other| *other != kind) {
            let message = format!("one {other} and one {kind} have the OID {oid}");
            found.add(ProblemCode::SharedOid, Gravity::Noted, message);
        }
    }
}

fn check_events(version: &StudyVersion, targets: &Targets<'_>, found: &mut Found) {
    if let Some(protocol) = &version.protocol {
        found.within("protocol".to_owned(), |found| {
            found.text(&protocol.description);
            found.references("visit", protocol.events.iter().map(|of| of.event.as_str()));
            for of in &protocol.events {
                found.refers(targets, targets.events.contains(&of.event), "visit", of.event.as_str());
                check_condition(of.collection_exception.as_ref(), targets, found);
            }
        });
    }
    for event in &version.events {
        found.within(format!("visit {}", event.oid), |found| {
            found.name(&event.name);
            found.text(&event.description);
            found.references("form", event.forms.iter().map(|of| of.form.as_str()));
            for of in &event.forms {
                found.refers(targets, targets.forms.contains(&of.form), "form", of.form.as_str());
                check_condition(of.collection_exception.as_ref(), targets, found);
            }
        });
    }
}

fn check_forms(version: &StudyVersion, targets: &Targets<'_>, found: &mut Found) {
    for form in &version.forms {
        found.within(format!("form {}", form.oid), |found| {
            found.name(&form.name);
            found.text(&form.description);
            check_group_refs(&form.groups, targets, found);
            for layout in &form.archive_layouts {
                if let Some(of) = &layout.presentation {
                    found.refers(targets, targets.presentations.contains(of), "presentation", of.as_str());
                }
            }
        });
    }
}

fn check_group_refs(refs: &[ItemGroupRef], targets: &Targets<'_>, found: &mut Found) {
    found.references("item group", refs.iter().map(|of| of.group.as_str()));
    for of in refs {
        found.refers(targets, targets.groups.contains(&of.group), "item group", of.group.as_str());
        check_condition(of.collection_exception.as_ref(), targets, found);
    }
}

fn check_groups(version: &StudyVersion, targets: &Targets<'_>, found: &mut Found) {
    for group in &version.groups {
        found.within(format!("item group {}", group.oid), |found| {
            found.name(&group.name);
            found.text(&group.description);
            found.references("item", group.items.iter().map(|of| of.item.as_str()));
            check_group_refs(&group.groups, targets, found);
            for of in &group.items {
                found.refers(targets, targets.items.contains(&of.item), "item", of.item.as_str());
                check_condition(of.collection_exception.as_ref(), targets, found);
                for method in of.method.iter().chain(&of.imputation_method) {
                    found.refers(targets, targets.methods.contains(method), "method", method.as_str());
                }
                if let Some(list) = &of.role_code_list {
                    found.refers(targets, targets.code_lists.contains(list), "code list", list.as_str());
                }
            }
        });
    }
}

fn check_condition(condition: Option<&ConditionOid>, targets: &Targets<'_>, found: &mut Found) {
    if let Some(of) = condition {
        found.refers(targets, targets.conditions.contains(of), "condition", of.as_str());
    }
}

/// Groups within groups: no circles, and not too deep.
fn check_nesting(version: &StudyVersion, found: &mut Found) {
    let nested: HashMap<&ItemGroupOid, &[ItemGroupRef]> =
        version.groups.iter().filter(|of| !of.groups.is_empty()).map(|of| (&of.oid, of.groups.as_slice())).collect();
    for group in version.groups.iter().filter(|of| !of.groups.is_empty()) {
        let mut layer: HashSet<&ItemGroupOid> = HashSet::from([&group.oid]);
        let mut depth = 0;
        while !layer.is_empty() {
            layer = layer
                .iter()
                .filter_map(|oid| nested.get(oid))
                .flat_map(|refs| refs.iter().map(|of| &of.group))
                .collect();
            depth += 1;
            if layer.contains(&group.oid) {
                let message = format!("item group {} holds itself", group.oid);
                found.refuse(ProblemCode::Circular, message);
                break;
            }
            if depth > limit::NESTING_MAX {
                let message = format!("item groups are nested deeper than {} below {}", limit::NESTING_MAX, group.oid);
                found.refuse(ProblemCode::Limit, message);
                break;
            }
        }
    }
}

fn check_items(version: &StudyVersion, targets: &Targets<'_>, found: &mut Found) {
    for item in &version.items {
        found.within(format!("item {}", item.oid), |found| {
            found.name(&item.name);
            for text in [&item.description, &item.question, &item.prompt, &item.completion_instructions] {
                found.text(text);
            }
            for text in [&item.definition, &item.implementation_notes, &item.cdisc_notes] {
                found.text(text);
            }
            let check_units = item.range_checks.iter().filter_map(|check| check.unit.as_ref());
            for unit in item.units.iter().chain(check_units) {
                found.refers(targets, targets.units.contains(unit), "measurement unit", unit.as_str());
            }
            for alias in item.aliases.iter().filter(|alias| alias.context == ITEM_CLASS) {
                if ItemClass::named(&alias.name).is_none() {
                    let name: String = alias.name.chars().take(40).collect();
                    let message = format!("its class is “{name}”: plain, identifying and blinded are classes");
                    found.refuse(ProblemCode::UnknownClass, message);
                }
            }
            if let Some(list) = &item.code_list {
                found.refers(targets, targets.code_lists.contains(list), "code list", list.as_str());
            }
            found.at_most(item.range_checks.len(), limit::REFERENCES_MAX, "range check");
            for check in &item.range_checks {
                found.text(&check.error_message);
                if let CheckRule::Expressions(expressions) = &check.rule {
                    expressions.iter().for_each(|of| found.plain(&of.text));
                }
            }
        });
    }
}

fn check_code_lists(version: &StudyVersion, found: &mut Found) {
    for list in &version.code_lists {
        found.within(format!("code list {}", list.oid), |found| {
            found.name(&list.name);
            let codes: Vec<&str> = match &list.content {
                CodeListContent::Coded(items) => items.iter().map(|of| of.coded_value.as_str()).collect(),
                CodeListContent::Enumerated(items) => items.iter().map(|of| of.coded_value.as_str()).collect(),
                CodeListContent::External(_) => Vec::new(),
            };
            found.at_most(codes.len(), limit::CODE_LIST_ENTRIES_MAX, "code list entrie");
            let mut seen = HashSet::new();
            for code in codes {
                if !seen.insert(code) {
                    // Noted: the first one is shown, and a value coded so is still allowed.
                    found.add(ProblemCode::DuplicateCode, Gravity::Noted, format!("has the value {code} twice"));
                }
            }
        });
    }
}

fn check_rules(version: &StudyVersion, found: &mut Found) {
    let conditions =
        version.conditions.iter().map(|of| ("condition", of.oid.as_str(), &of.description, &of.expressions));
    let methods = version.methods.iter().map(|of| ("method", of.oid.as_str(), &of.description, &of.expressions));
    for (kind, oid, description, expressions) in conditions.chain(methods) {
        found.within(format!("{kind} {oid}"), |found| {
            found.text(description);
            expressions.iter().for_each(|of| found.plain(&of.text));
        });
    }
}

#[cfg(test)]
mod tests;
