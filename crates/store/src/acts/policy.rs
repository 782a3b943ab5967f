//! Policy layers: what an organization, a study or a site makes stricter.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use trial::{
    access::Scope,
    ids::{Id as _, StudyId},
    permission::Permission,
    policy::{Layer, Layers, Setting},
};

use crate::{
    act::Act,
    actor::Access,
    acts::live::keeping,
    assurance::Freshness,
    error::{Error, Refusal, Result},
    place::Target,
    record::PolicyRecord,
    tx::Tx,
};

/// Sets what one layer makes stricter, in place of what it had set. What is above it stays; nothing here loosens it.
#[derive(Debug, Clone, Serialize)]
pub struct SetPolicy {
    /// Of what: the organization, a study, a site.
    pub scope: Scope,
    /// The settings that it makes stricter.
    pub values: BTreeMap<Setting, u32>,
    /// Why, where a setting deviates from what is recommended.
    pub justifications: BTreeMap<Setting, String>,
}

impl Act for SetPolicy {
    const NAME: &'static str = "policy.set";
    const NEEDS: Permission = Permission::PolicySet;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let rules = access.rules()?;
        // The record bears the id of what it is the layer of; an id is an id.
        let (id, above) = match self.scope {
            Scope::Organization => (StudyId::from_bytes(*tx.organization.bytes()), Vec::new()),
            Scope::Study { study } => (study, rules.layers(None, None)),
            Scope::Site { study, site } => (StudyId::from_bytes(*site.bytes()), rules.layers(Some(study), None)),
            Scope::Country { .. } => {
                return Err(Error::refused("scope", "wrong_level", "a country has no settings: set them at its sites"));
            }
        };
        let justifications = self.justifications.iter().map(|(setting, why)| (*setting, why.trim().to_owned()));
        let layer = Layer { values: self.values.clone(), justifications: justifications.collect() };
        let problems = Layers(&above).problems(&layer);
        if !problems.is_empty() {
            let refusals = problems.into_iter().map(|problem| Refusal {
                field: problem.setting.code().to_owned(),
                code: problem.code,
                message: problem.message,
            });
            return Err(Error::Refused(refusals.collect()));
        }
        let by = access.person()?;
        // How long sessions last may be another from now on.
        tx.forget_sessions();
        let version = tx.current::<PolicyRecord>(&id)?.map_or(0, |(version, _)| version);
        let top = Arc::clone(tx.ring.top());
        let then = rules.with_layer(*id.bytes(), layer.clone());
        keeping(tx, access, self.scope.study(), Some(&then), |tx| {
            tx.put(&id, version.saturating_add(1), &PolicyRecord { layer, by }, &top)
        })
    }
}
