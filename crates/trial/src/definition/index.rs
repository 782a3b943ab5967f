//! Finding a definition by its OID in constant time.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::{
    CodeList, CodeListOid, ConditionDef, ConditionOid, EventDef, EventOid, FormDef, FormOid, ItemDef, ItemGroupDef,
    ItemGroupOid, ItemOid, MeasurementUnit, MethodDef, MethodOid, Study, StudyOid, StudyVersion, UnitOid, VersionOid,
};

/// A study version with an index by OID. Build it once when the version is loaded, then share it.
///
/// Where an OID occurs twice the first definition is found; [`super::check`] refuses such a definition.
#[derive(Clone, Debug)]
pub struct Indexed {
    version: Arc<StudyVersion>,
    units: Arc<[MeasurementUnit]>,
    events: HashMap<EventOid, usize>,
    forms: HashMap<FormOid, usize>,
    groups: HashMap<ItemGroupOid, usize>,
    items: HashMap<ItemOid, usize>,
    code_lists: HashMap<CodeListOid, usize>,
    conditions: HashMap<ConditionOid, usize>,
    methods: HashMap<MethodOid, usize>,
    unit_index: HashMap<UnitOid, usize>,
}

/// How many included versions are followed: a version that includes one that includes … itself must end.
const INCLUDES_MAX: usize = 16;

impl Indexed {
    /// Indexes one version. `units` are those of its study.
    pub fn new(version: impl Into<Arc<StudyVersion>>, units: impl Into<Arc<[MeasurementUnit]>>) -> Self {
        let (version, units) = (version.into(), units.into());
        Self {
            events: positions(&version.events, |of| &of.oid),
            forms: positions(&version.forms, |of| &of.oid),
            groups: positions(&version.groups, |of| &of.oid),
            items: positions(&version.items, |of| &of.oid),
            code_lists: positions(&version.code_lists, |of| &of.oid),
            conditions: positions(&version.conditions, |of| &of.oid),
            methods: positions(&version.methods, |of| &of.oid),
            unit_index: positions(&units, |of| &of.oid),
            version,
            units,
        }
    }

    /// Indexes the version `version` of the study `study` among `studies`, with what it includes from others
    /// (ODM: Include): its own definition of an OID stands before an included one. `None` where it is not there.
    pub fn find(studies: &[Study], study: &StudyOid, version: &VersionOid) -> Option<Self> {
        let (mut study, own) = find_version(studies, study, version)?;
        let mut merged = own.clone();
        let mut units = study.units.clone();
        let mut include = own.include.clone();
        for _ in 0..INCLUDES_MAX {
            let Some(reference) = include else { break };
            let Some((from, base)) = find_version(studies, &reference.study, &reference.version) else {
                break;
            };
            if from.oid != study.oid {
                adopt(&mut units, &from.units, |of| &of.oid);
            }
            adopt_all(&mut merged, base);
            study = from;
            include = base.include.clone();
        }
        Some(Self::new(merged, units))
    }

    /// The version.
    pub fn version(&self) -> &StudyVersion {
        &self.version
    }

    /// The version, shared.
    pub fn shared(&self) -> Arc<StudyVersion> {
        Arc::clone(&self.version)
    }

    /// The study's units.
    pub fn units(&self) -> &[MeasurementUnit] {
        &self.units
    }

    /// The visit with this OID.
    pub fn event(&self, oid: &str) -> Option<&EventDef> {
        at(&self.events, &self.version.events, oid)
    }

    /// The form with this OID.
    pub fn form(&self, oid: &str) -> Option<&FormDef> {
        at(&self.forms, &self.version.forms, oid)
    }

    /// The item group with this OID.
    pub fn group(&self, oid: &str) -> Option<&ItemGroupDef> {
        at(&self.groups, &self.version.groups, oid)
    }

    /// The item with this OID.
    pub fn item(&self, oid: &str) -> Option<&ItemDef> {
        at(&self.items, &self.version.items, oid)
    }

    /// The code list with this OID.
    pub fn code_list(&self, oid: &str) -> Option<&CodeList> {
        at(&self.code_lists, &self.version.code_lists, oid)
    }

    /// The code list of an item.
    pub fn code_list_of(&self, item: &ItemDef) -> Option<&CodeList> {
        item.code_list.as_ref().and_then(|oid| self.code_list(oid.as_str()))
    }

    /// The condition with this OID.
    pub fn condition(&self, oid: &str) -> Option<&ConditionDef> {
        at(&self.conditions, &self.version.conditions, oid)
    }

    /// The method with this OID.
    pub fn method(&self, oid: &str) -> Option<&MethodDef> {
        at(&self.methods, &self.version.methods, oid)
    }

    /// The unit with this OID.
    pub fn unit(&self, oid: &str) -> Option<&MeasurementUnit> {
        at(&self.unit_index, &self.units, oid)
    }

    /// The visits in the order they take place: that of the protocol (by order number where every reference has
    /// one), then those it does not mention.
    pub fn events_in_order(&self) -> Vec<&EventDef> {
        let Some(protocol) = &self.version.protocol else {
            return self.version.events.iter().collect();
        };
        let refs = in_order(&protocol.events, |of| of.order_number);
        let mut events: Vec<&EventDef> = refs.iter().filter_map(|of| self.event(of.event.as_str())).collect();
        let mentioned: std::collections::HashSet<&EventOid> = protocol.events.iter().map(|of| &of.event).collect();
        events.extend(self.version.events.iter().filter(|event| !mentioned.contains(&event.oid)));
        events
    }

    /// The forms of a visit, in order.
    pub fn forms_of<'a>(&'a self, event: &'a EventDef) -> Vec<(&'a super::FormRef, &'a FormDef)> {
        in_order(&event.forms, |of| of.order_number)
            .into_iter()
            .filter_map(|of| self.form(of.form.as_str()).map(|form| (of, form)))
            .collect()
    }

    /// The item groups of a form, in order.
    pub fn groups_of<'a>(&'a self, form: &'a FormDef) -> Vec<(&'a super::ItemGroupRef, &'a ItemGroupDef)> {
        in_order(&form.groups, |of| of.order_number)
            .into_iter()
            .filter_map(|of| self.group(of.group.as_str()).map(|group| (of, group)))
            .collect()
    }

    /// The items of an item group, in order.
    pub fn items_of<'a>(&'a self, group: &'a ItemGroupDef) -> Vec<(&'a super::ItemRef, &'a ItemDef)> {
        in_order(&group.items, |of| of.order_number)
            .into_iter()
            .filter_map(|of| self.item(of.item.as_str()).map(|item| (of, item)))
            .collect()
    }
}

/// References by order number where every one has it, else in the order of the file.
fn in_order<T>(refs: &[T], order: impl Fn(&T) -> Option<i64>) -> Vec<&T> {
    let mut refs: Vec<&T> = refs.iter().collect();
    if refs.iter().all(|of| order(of).is_some()) {
        refs.sort_by_key(|of| order(of));
    }
    refs
}

fn positions<T, K: Clone + Eq + Hash>(of: &[T], oid: impl Fn(&T) -> &K) -> HashMap<K, usize> {
    let mut positions = HashMap::with_capacity(of.len());
    for (position, definition) in of.iter().enumerate() {
        positions.entry(oid(definition).clone()).or_insert(position);
    }
    positions
}

fn at<'a, T, K: Eq + Hash + Borrow<str>>(index: &HashMap<K, usize>, of: &'a [T], oid: &str) -> Option<&'a T> {
    index.get(oid).and_then(|position| of.get(*position))
}

fn find_version<'a>(
    studies: &'a [Study],
    study: &StudyOid,
    version: &VersionOid,
) -> Option<(&'a Study, &'a StudyVersion)> {
    let study = studies.iter().find(|of| &of.oid == study)?;
    Some((study, study.versions.iter().find(|of| &of.oid == version)?))
}

fn adopt_all(own: &mut StudyVersion, base: &StudyVersion) {
    if own.protocol.as_ref().is_none_or(|protocol| protocol.events.is_empty()) {
        own.protocol.clone_from(&base.protocol);
    }
    adopt(&mut own.events, &base.events, |of| &of.oid);
    adopt(&mut own.forms, &base.forms, |of| &of.oid);
    adopt(&mut own.groups, &base.groups, |of| &of.oid);
    adopt(&mut own.items, &base.items, |of| &of.oid);
    adopt(&mut own.code_lists, &base.code_lists, |of| &of.oid);
    adopt(&mut own.imputation_methods, &base.imputation_methods, |of| &of.oid);
    adopt(&mut own.presentations, &base.presentations, |of| &of.oid);
    adopt(&mut own.conditions, &base.conditions, |of| &of.oid);
    adopt(&mut own.methods, &base.methods, |of| &of.oid);
}

fn adopt<T: Clone, K: Clone + Eq + Hash>(own: &mut Vec<T>, base: &[T], oid: impl Fn(&T) -> &K) {
    let have: std::collections::HashSet<K> = own.iter().map(|of| oid(of).clone()).collect();
    own.extend(base.iter().filter(|of| !have.contains(oid(of))).cloned());
}
