//! A site's administrator asks for a second factor, and from the next request on nobody acts there without one.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use store::{Actor, Clock as _, Error, acts::SetPolicy, code_at, views::ShowSubject};
use trial::{
    access::Scope,
    policy::Setting,
    role::{Level, Role},
};

use super::{Finding, Place};
use crate::prove::scratch::Scratch;

/// A second factor's secret. It guards nothing.
const SECRET: &[u8; 20] = b"a secret of scratch!";

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let against = tried(&scratch, true)?;
    Ok(Finding::unless(
        against,
        "in a scratch installation everybody who saw a subject was asked for a second factor from the request after the \
         site's administrator had made it mandatory, at that site and not at the other; whoever set one went on",
    ))
}

fn tried(scratch: &Scratch, mandatory: bool) -> Result<Vec<String>> {
    let world = &scratch.one;
    let organization = &world.organization;
    let (site, subject) = (world.here.sites[0], world.here.subjects[0]);
    let other = world.here.subjects[1];
    let sees = |actor: &Actor, subject| organization.view(actor, &ShowSubject { subject });
    let mut against = Vec::new();
    let seeing: Vec<_> = world.people.iter().filter(|(_, actor)| sees(actor, subject).is_ok()).collect();
    if mandatory {
        let administrator = world.actor(Role::SiteAdministrator, Level::Site)?;
        let set = SetPolicy {
            scope: Scope::Site { study: world.here.study, site },
            values: BTreeMap::from([(Setting::SecondFactor, 1)]),
            justifications: BTreeMap::new(),
        };
        organization.act(administrator, set, organization.fresh_request()?)?;
    }
    for ((role, level), actor) in &seeing {
        if !matches!(sees(actor, subject), Err(Error::StepUp)) {
            against.push(format!("a {role} of {} acted there without a second factor", level.name()));
        }
        if *level == Level::Study && sees(actor, other).is_err() {
            against.push(format!("a {role} of {} was asked for it elsewhere", level.name()));
        }
    }
    let coordinator = world.actor(Role::Coordinator, Level::Site)?;
    let step = u64::try_from(scratch.clock.now().as_second()).context("a time after 1970")? / 30;
    organization.set_second_factor(coordinator, SECRET, &code_at(SECRET, step), organization.fresh_request()?)?;
    if sees(coordinator, subject).is_err() {
        against.push("whoever set a second factor was still kept out".to_owned());
    }
    Ok(against)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn where_it_is_not_mandatory_it_breaks() {
        assert_eq!(tried(&Place::scratch().unwrap(), true).unwrap(), Vec::<String>::new());
        assert!(!tried(&Place::scratch().unwrap(), false).unwrap().is_empty());
    }
}
