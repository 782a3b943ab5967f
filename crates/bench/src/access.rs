//! What deciding costs in a large organization: 10,000 people, 50,000 grants.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result};
use store::{
    acts::GiveGrant,
    views::{Account, ShowSubject},
};
use trial::{
    access::{Grant, Place, Principal, Scope, decide},
    ids::{PersonId, SiteId, StudyId},
    permission::Permission,
    role::Role,
    roles::Roles,
};

use crate::{
    figures::{Figures, say},
    scene::{Machine, Scene, act, add, again, enter, signed_in},
};

/// People of the organization, and how many of them hold its grants.
const PEOPLE: usize = 10_000;
const HOLDERS: usize = 500;
const GRANTS: usize = 50_000;
/// Decisions in one measurement.
const DECISIONS: u32 = 20_000;

/// Fills an organization and decides in it.
pub fn measure(folder: &Path, rounds: u32, figures: &mut Figures) -> Result<()> {
    let scene = Scene::found(folder, 5)?;
    let organization = &scene.organization;
    let adam = signed_in(organization, "adam")?;
    let subject = *scene.subjects(1, "access")?.first().context("a subject")?;
    let mut holders = Vec::with_capacity(HOLDERS);
    for number in 0..PEOPLE {
        let person = add(organization, &adam, &name(number))?;
        if number < HOLDERS {
            enter(organization, &name(number))?;
            holders.push(person);
        }
    }
    say(&format!("{PEOPLE} people"));
    let scope = Scope::Site { study: scene.study, site: scene.site };
    for number in 0..GRANTS {
        let person = *holders.get(number % HOLDERS).context("a holder")?;
        let role = match number % 3 {
            0 => Role::Coordinator,
            1 => Role::Monitor,
            _ => Role::Auditor,
        };
        act(organization, &adam, GiveGrant { person, role, scope, from: None, until: None, reason: None })?;
    }
    say(&format!("{GRANTS} grants"));
    let somebody = again(organization, &name(0))?;
    for _ in 0..rounds {
        timed(figures, "account: who, session, rules; no place to look up", || {
            organization.may_view(&somebody, &Account {}).map_err(Into::into)
        })?;
        timed(figures, "subject: where it lies, then who, session, rules, 100 grants", || {
            organization.may_view(&somebody, &ShowSubject { subject }).map_err(Into::into)
        })?;
        timed(figures, "subject, by somebody with one grant", || {
            organization.may_view(&scene.coordinator, &ShowSubject { subject }).map_err(Into::into)
        })?;
        alone(figures, scene.study, scene.site)?;
    }
    Ok(())
}

fn name(number: usize) -> String {
    format!("person-{number}")
}

fn timed(figures: &mut Figures, name: &str, mut decision: impl FnMut() -> Result<()>) -> Result<()> {
    decision()?;
    let begun = Instant::now();
    for _ in 0..DECISIONS {
        decision()?;
    }
    figures.add(
        &format!("{name}, of {GRANTS} in all"),
        "us",
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(DECISIONS),
    );
    Ok(())
}

/// The decision itself, of one grant and of a hundred.
fn alone(figures: &mut Figures, study: StudyId, site: SiteId) -> Result<()> {
    use store::Clock as _;
    let at = Machine.now();
    let roles = Roles::default();
    let id = |number: u8| trial::ids::Id::from_bytes([number; 16]);
    let person: PersonId = trial::ids::Id::from_bytes([1; 16]);
    for count in [1_u8, 100] {
        let grants: Vec<Grant> = (0..count)
            .map(|number| Grant {
                id: id(number),
                person,
                role: Role::Coordinator,
                scope: Scope::Site { study, site },
                from: at,
                until: None,
                exception: None,
                gaps: Vec::new(),
            })
            .collect();
        let place = Place::Site(study, site, None);
        timed(figures, &format!("the decision alone, {count} grants that all fit"), || {
            let decision = decide(Principal::Person(person), &grants, &roles, Permission::FormSee, place, at);
            std::hint::black_box(decision);
            Ok(())
        })?;
    }
    Ok(())
}
