//! Each role, at each level, opens what the role may do under its scope, and nothing beside it.

use anyhow::Result;
use store::Actor;
use trial::role::{Level, Role};

use super::{Finding, Place};
use crate::prove::{
    attempt::{At, Attempts, Tried, opened},
    scratch::{Scope2, World},
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let world = &scratch.one;
    let (mut against, mut count) = (Vec::new(), 0_usize);
    for ((role, level), actor) in &world.people {
        let who = format!("a {role} of {}", level.name());
        let mut beside = tries(world, actor, &world.elsewhere, 0)?;
        if matches!(level, Level::Country | Level::Site) {
            beside.extend(on(world, actor, &world.here, 1).of_site()?);
        }
        // Administering access in every study is the organization's own; it opens no data.
        beside.retain(|tried| *level != Level::Organization || !tried.needs.reaches_down());
        against.extend(opened(&format!("{who}, elsewhere"), &beside));
        let mut under = on(world, actor, &world.here, 0).of_site()?;
        under.extend(on(world, actor, &world.here, 0).of_study()?);
        under.extend(on(world, actor, &world.here, 0).of_organization()?);
        against.extend(under.iter().filter_map(|tried| wrong(*role, *level, &who, tried)));
        count = count.saturating_add(beside.len()).saturating_add(under.len());
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {} grants, each role at each of its levels, were tried {count} times: what the \
             role may do opened under its scope, and nothing opened beside it",
            world.people.len()
        ),
    ))
}

fn tries(world: &World, actor: &Actor, place: &Scope2, site: usize) -> Result<Vec<Tried>> {
    let mut tried = on(world, actor, place, site).of_study()?;
    tried.extend(on(world, actor, place, site).of_site()?);
    Ok(tried)
}

fn on<'a>(world: &'a World, actor: &'a Actor, place: &'a Scope2, site: usize) -> Attempts<'a> {
    Attempts { organization: &world.organization, actor, on: place, site, person: world.stranger_id }
}

/// Whether a role at a level reaches a thing, worked out here from the role table alone.
fn reaches(role: Role, level: Level, tried: &Tried) -> bool {
    let within = match (level, tried.at) {
        (_, At::Installation) => false,
        (Level::Organization, At::Organization) => true,
        (Level::Organization, At::Study | At::Site) => tried.needs.reaches_down(),
        (Level::Organization, At::SitesOf) | (_, At::Organization) => false,
        (Level::Study, _) | (_, At::Site | At::SitesOf) => true,
        (Level::Country | Level::Site, At::Study) => tried.needs.reaches_up(),
    };
    within && role.permissions().hold(tried.needs)
}

fn wrong(role: Role, level: Level, who: &str, tried: &Tried) -> Option<String> {
    match (reaches(role, level, tried), tried.opened) {
        (true, false) => Some(format!("{} was not open to {who}", tried.name)),
        (false, true) => Some(format!("{} was open to {who}", tried.name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trial::permission::Permission;

    use super::*;

    #[test]
    fn what_opens_beside_a_scope_or_stays_shut_under_it_is_wrong() {
        let tried = |at, opened| Tried {
            name: "form.save",
            needs: Permission::FormEdit,
            at,
            opened,
            confirm_first: false,
            answer: None,
        };
        let wrong = |role, level, tried: &Tried| super::wrong(role, level, "somebody", tried).is_some();
        assert!(!wrong(Role::Coordinator, Level::Site, &tried(At::Site, true)));
        assert!(wrong(Role::Coordinator, Level::Site, &tried(At::Site, false)));
        assert!(wrong(Role::Coordinator, Level::Site, &tried(At::Study, true)));
        assert!(!wrong(Role::Monitor, Level::Country, &tried(At::SitesOf, false)));
        assert!(wrong(Role::Monitor, Level::Study, &tried(At::Site, true)));
        assert!(wrong(Role::OrganizationAdministrator, Level::Organization, &tried(At::Site, true)));
    }
}
