//! What gives others power, hands data over or destroys it is done only by somebody who has shown their strongest factor
//! within the last fifteen minutes.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::SignedDuration;
use store::{Actor, Confirmation, Freshness, STEP_UP, acts, views};

use super::{Finding, Place};
use crate::prove::{
    attempt::{Attempts, Tried},
    scratch::{PASSWORD, Scratch},
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    of(&Place::scratch()?, STEP_UP)
}

/// Tries everything as everybody, before and after so long, and once more when each has confirmed.
fn of(scratch: &Scratch, wait: SignedDuration) -> Result<Finding> {
    let world = &scratch.one;
    let everybody: Vec<&Actor> = world.people.values().chain([&world.administrator]).collect();
    let mut against = Vec::new();
    let (mut asked, mut names) = (0_usize, BTreeSet::new());
    let before = tried(scratch, &everybody)?;
    scratch.clock.turn(wait);
    let stale = tried(scratch, &everybody)?;
    for actor in &everybody {
        world.organization.confirm(actor, Confirmation::Password(PASSWORD), &store::fresh_token()?)?;
    }
    let after = tried(scratch, &everybody)?;
    for ((fresh, old), again) in before.iter().zip(&stale).zip(&after) {
        let needs = strong(fresh.name) && fresh.opened;
        if needs {
            asked = asked.saturating_add(1);
            names.insert(fresh.name);
        }
        if old.confirm_first != needs {
            against.push(format!(
                "{} was {}answered with a question for a fresh factor",
                fresh.name,
                if needs { "not " } else { "" }
            ));
        }
        if fresh.confirm_first || again.confirm_first || fresh.opened != again.opened {
            against.push(format!("{} was not open to somebody who had just confirmed", fresh.name));
        }
    }
    if asked == 0 {
        against.push("nothing that asks for a fresh factor was open to anybody".to_owned());
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {asked} tries of {} acts and views ({}), open to whoever had just signed in, were \
             answered 15 minutes later with a question for the factor, and open again once it was shown",
            names.len(),
            names.into_iter().collect::<Vec<_>>().join(", ")
        ),
    ))
}

fn tried(scratch: &Scratch, everybody: &[&Actor]) -> Result<Vec<Tried>> {
    let world = &scratch.one;
    let mut all = Vec::new();
    for actor in everybody {
        let attempts = Attempts {
            organization: &world.organization,
            actor,
            on: &world.here,
            site: 0,
            person: world.administrator_id,
        };
        all.extend(attempts.all()?);
    }
    Ok(all)
}

fn strong(name: &str) -> bool {
    acts::FRESH.iter().chain(views::FRESH).any(|(known, fresh)| *known == name && *fresh == Freshness::Strong)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_factor_that_still_counts_is_told_from_one_that_does_not() {
        let scratch = Place::scratch().unwrap();
        let early = of(&scratch, STEP_UP.checked_sub(SignedDuration::from_mins(2)).unwrap()).unwrap();
        assert!(!early.holds, "{}", early.evidence);
        assert!(early.evidence.contains("not answered"), "{}", early.evidence);
    }
}
