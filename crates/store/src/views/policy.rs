//! Settings at a place: what holds, which layer decides it, and what the place's own layer says.

use serde::Serialize;
use trial::{
    access::Scope,
    permission::Permission,
    policy::{Layers, Setting, Tier},
};

use crate::{
    actor::Access,
    assurance::Freshness,
    error::{Error, Result},
    place::Target,
    record::OrganizationRecord,
    view::{Snapshot, View},
};

/// The settings that hold at a place.
#[derive(Debug)]
pub struct ShowPolicy {
    /// Of the organization, a study, a site.
    pub scope: Scope,
}

/// A setting.
#[derive(Debug, Clone, Serialize)]
pub struct SettingShown {
    /// Which.
    pub setting: Setting,
    /// What holds, as a number.
    pub value: u32,
    /// What holds, in words.
    pub words: String,
    /// The layer that decides it.
    pub decided_by: Tier,
    /// What this place's own layer says.
    pub own: Option<u32>,
    /// The loosest that it may say: what holds above.
    pub loosest: u32,
    /// The strictest that it may say.
    pub strictest: u32,
    /// Why it deviates from what is recommended, where it does: each layer that says so, with its reason.
    pub justifications: Vec<(Tier, String)>,
}

impl View for ShowPolicy {
    const NAME: &'static str = "view.policy";
    const NEEDS: Permission = Permission::PolicySee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<SettingShown>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<SettingShown>> {
        let rules = access.rules()?;
        let (at, tier) = match self.scope {
            Scope::Organization => ((None, None), Tier::Organization),
            Scope::Study { study } => ((Some(study), None), Tier::Study),
            Scope::Site { study, site } => ((Some(study), Some(site)), Tier::Site),
            Scope::Country { .. } => {
                return Err(Error::refused("scope", "wrong_level", "a country has no settings: look at its sites"));
            }
        };
        let all = rules.layers(at.0, at.1);
        let above: Vec<_> = all.iter().copied().filter(|(of, _)| *of != tier).collect();
        let (layers, above) = (Layers(&all), Layers(&above));
        let own = all.iter().find(|(of, _)| *of == tier).map(|(_, layer)| *layer);
        let (_, organization) = snapshot.current::<OrganizationRecord>(&snapshot.organization)?.ok_or(Error::Hidden)?;
        let without = organization.without_second_factor.filter(|_| !layers.policy().is_on(Setting::SecondFactor));
        let shown = Setting::ALL.iter().map(|setting| {
            let founded = without.as_ref().filter(|_| *setting == Setting::SecondFactor);
            let value = layers.policy().get(*setting);
            SettingShown {
                setting: *setting,
                value,
                words: setting.words(value),
                decided_by: layers.decided_by(*setting),
                own: own.and_then(|layer| layer.values.get(setting).copied()),
                loosest: above.policy().get(*setting),
                strictest: setting.strictest(),
                justifications: all
                    .iter()
                    .filter_map(|(tier, layer)| Some((*tier, layer.justifications.get(setting)?.clone())))
                    .chain(founded.map(|why| (Tier::Organization, format!("founded without: {why}"))))
                    .collect(),
            }
        });
        Ok(shown.collect())
    }

    fn count(shown: &Vec<SettingShown>) -> u64 {
        shown.len() as u64
    }
}
