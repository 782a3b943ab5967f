//! A role held at the organization opens no study.

use anyhow::Result;
use store::Actor;
use trial::role::Level;

use super::{Finding, Place};
use crate::prove::{
    attempt::{At, Attempts, Tried, opened},
    scratch::World,
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let world = &scratch.one;
    let mut against = Vec::new();
    let mut roles = Vec::new();
    for ((role, level), actor) in &world.people {
        if *level == Level::Organization {
            roles.push(role.code());
            against.extend(found(world, &format!("a {role} of the organization"), actor)?);
        }
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation every act and view of a study, but for giving roles and settings there, was \
             refused to each role of the organization: {}",
            roles.join(", ")
        ),
    ))
}

fn found(world: &World, who: &str, actor: &Actor) -> Result<Vec<String>> {
    let attempts =
        Attempts { organization: &world.organization, actor, on: &world.here, site: 0, person: world.administrator_id };
    // Giving roles and settings in a study is the organization's to administer, and opens none of its data.
    let of_study = |tried: &Tried| tried.at != At::Organization && !tried.needs.reaches_down();
    let tried: Vec<Tried> = attempts.all()?.into_iter().filter(of_study).collect();
    Ok(opened(who, &tried))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use trial::role::Role;

    use super::*;

    #[test]
    fn somebody_with_a_role_in_the_study_is_told_from_one_without() {
        let scratch = Place::scratch().unwrap();
        let world = &scratch.one;
        assert_eq!(found(world, "a stranger", &world.stranger).unwrap(), Vec::<String>::new());
        let manager = world.actor(Role::DataManager, Level::Study).unwrap();
        assert!(!found(world, "a data manager", manager).unwrap().is_empty());
    }
}
