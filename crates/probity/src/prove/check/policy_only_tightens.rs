//! A layer of settings below another makes them stricter, and never looser.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use store::{
    Actor, Error,
    acts::SetPolicy,
    views::{SettingShown, ShowPolicy},
};
use trial::{
    access::Scope,
    policy::{NEVER, Setting, Unit},
    role::{Level, Role},
};

use super::{Finding, Place};
use crate::prove::scratch::World;

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let mut against = Vec::new();
    for setting in Setting::ALL {
        // What asks for a second factor would stop those who try the rest.
        if !matches!(setting, Setting::SecondFactor | Setting::PhishingResistant) {
            against.extend(tried(&scratch.one, *setting)?);
        }
    }
    for setting in [Setting::SecondFactor, Setting::PhishingResistant] {
        against.extend(tried(&Place::scratch()?.one, setting)?);
    }
    Ok(Finding::unless(
        against,
        format!(
            "in scratch installations each of {} settings was made stricter by the organization, refused where a site \
             wanted it looser, with the layer that forbids it, and taken where a site wanted it as strict or stricter",
            Setting::ALL.len()
        ),
    ))
}

/// Tightens a setting above, and tries it looser, as strict, and stricter below.
fn tried(world: &World, setting: Setting) -> Result<Vec<String>> {
    let site = *world.here.sites.first().context("no site in the scratch")?;
    let scope = Scope::Site { study: world.here.study, site };
    let below = world.actor(Role::SiteAdministrator, Level::Site)?;
    let set = |actor: &Actor, scope, value| {
        let layer = SetPolicy {
            scope,
            values: BTreeMap::from([(setting, value)]),
            justifications: BTreeMap::from([(setting, "a check".to_owned())]),
        };
        world.organization.act(actor, layer, world.organization.fresh_request()?)
    };
    let mut against = Vec::new();
    let middle = middle(setting);
    if setting.unit() != Unit::Switch {
        set(&world.administrator, Scope::Organization, middle)?;
        match set(below, scope, setting.platform()) {
            Err(Error::Refused(why)) if why.iter().all(|one| one.code == "looser" && one.field == setting.code()) => {
                if !why.iter().any(|one| one.message.contains("the organization")) {
                    against.push(format!("{} was refused without the layer that forbids it", setting.code()));
                }
            }
            _ => against.push(format!("a site could make {} looser", setting.code())),
        }
    }
    // A switch has nothing between its ends; and once it is on, whoever tries has to show a factor first.
    let between = (middle != setting.strictest()).then_some(middle);
    for value in between.into_iter().chain([setting.strictest()]) {
        if set(below, scope, value).is_err() {
            against.push(format!("a site could not make {} stricter", setting.code()));
        }
    }
    if setting.unit() == Unit::Switch {
        return Ok(against);
    }
    let builder = crate::prove::scratch::people::sign_in(&world.organization, "builder-one")?;
    let shown = world.organization.view(&builder, &ShowPolicy { scope })?;
    let holds = |shown: &&SettingShown| shown.setting == setting && shown.value == setting.strictest();
    if !shown.iter().any(|one| holds(&one)) {
        against.push(format!("what a site made of {} does not hold there", setting.code()));
    }
    // Where everything is as strict as can be nobody could go on.
    set(below, scope, middle)?;
    Ok(against)
}

/// A value between the loosest and the strictest.
fn middle(setting: Setting) -> u32 {
    let (loosest, strictest) = (setting.platform(), setting.strictest());
    match (setting.unit(), loosest) {
        (Unit::Switch, _) => strictest,
        (_, NEVER) => strictest.saturating_mul(2),
        _ => u32::midpoint(loosest, strictest),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_setting_has_something_between_its_ends_and_one_is_tried_here() {
        for setting in Setting::ALL.iter().filter(|setting| setting.unit() != Unit::Switch) {
            let middle = middle(*setting);
            assert!(setting.is_looser(setting.platform(), middle), "{setting:?}");
            assert!(!setting.is_looser(setting.strictest(), middle), "{setting:?}");
        }
        let scratch = Place::scratch().unwrap();
        assert_eq!(tried(&scratch.one, Setting::Idle).unwrap(), Vec::<String>::new());
    }
}
