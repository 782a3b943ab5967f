//! Nothing opens without a grant that holds: not to nobody, to a person without grants, with ended grants, or with
//! those of another site.

use anyhow::Result;
use store::Actor;
use trial::role::{Level, Role};

use super::{Finding, Place};
use crate::prove::{
    attempt::{Attempts, opened},
    scratch::{Scratch, World},
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    scratch.clock.turn(jiff::SignedDuration::from_mins(1));
    of(&scratch, &scratch.one.stranger)
}

fn of(scratch: &Scratch, stranger: &Actor) -> Result<Finding> {
    let world = &scratch.one;
    let nobody = Actor::nobody();
    let mut against = Vec::new();
    let mut count = 0_usize;
    for (who, actor) in
        [("nobody", &nobody), ("a person without grants", stranger), ("a person whose grants ended", &world.expired)]
    {
        let tried = on(world, actor, 0).all()?;
        count = count.saturating_add(tried.len());
        against.extend(opened(who, &tried));
    }
    for ((role, level), actor) in &world.people {
        if matches!(level, Level::Country | Level::Site) {
            let tried = on(world, actor, 1).of_site()?;
            count = count.saturating_add(tried.len());
            against.extend(opened(&format!("a {role} of another site or country"), &tried));
        }
    }
    // And those tries do open to somebody, or their refusal would show nothing.
    let coordinator = on(world, world.actor(Role::Coordinator, Level::Site)?, 0).of_site()?;
    if !coordinator.iter().any(|tried| tried.opened) {
        against.push("the same tries open to nobody at all".to_owned());
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {count} tries of every act and view were refused: to nobody, to a person \
             without grants, to one whose grants ended, and to each role of another site"
        ),
    ))
}

fn on<'a>(world: &'a World, actor: &'a Actor, site: usize) -> Attempts<'a> {
    Attempts { organization: &world.organization, actor, on: &world.here, site, person: world.administrator_id }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_grant_that_nobody_should_have_breaks_it() {
        let scratch = Place::scratch().unwrap();
        let monitor = scratch.one.actor(Role::Monitor, Level::Study).unwrap();
        assert!(!of(&scratch, monitor).unwrap().holds);
    }
}
