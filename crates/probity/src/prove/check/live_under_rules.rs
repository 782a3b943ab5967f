//! A study goes live only under rules that its configuration keeps; the clauses that it breaks are listed, then and whenever
//! something would break one later.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use store::{
    Actor, Error, Receipt,
    acts::{ActivateStudy, AddSubject, KeepCourse, RecordTraining, SetPolicy},
    views::{People, ShowStudy},
};
use trial::{
    access::Scope,
    ids::{CourseId, StudyId},
    policy::Setting,
    profile::{RULES, RuleProfile},
};

use super::{Finding, Place};
use crate::prove::scratch::{World, people};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let against = tried(&Place::scratch()?.one)?;
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation a study that broke rules of each of {} profiles did not go live and was told the \
             clauses; it took no subject until it kept those of two and was live; then neither a setting nor a training could \
             be taken away that one of {} rules asks for",
            RuleProfile::ALL.len(),
            RULES.len()
        ),
    ))
}

fn tried(world: &World) -> Result<Vec<String>> {
    let (organization, administrator, study) = (&world.organization, &world.administrator, world.here.study);
    let mut against = Vec::new();
    let builder = people::sign_in(organization, "builder-one")?;
    for profile in RuleProfile::ALL {
        match broken(activate(world, &builder, study, &[*profile])?) {
            Some(clauses) if clauses.iter().all(|clause| clause.starts_with(profile.title())) => {}
            _ => against.push(format!("a study went live that breaks {}, or was not told so", profile.title())),
        }
    }
    if organization.view(&builder, &ShowStudy { study })?.live {
        against.push("a study that was refused is live".to_owned());
    }
    set(world, &builder, &[Setting::LiveFirst, Setting::Delegation])??;
    let asked = keep(world, course(study))??;
    let course: CourseId = asked.id("course").context("no course")?;
    let founder = people::sign_in(organization, "founder-one")?;
    for line in organization.view(administrator, &People { scope: Scope::Organization })? {
        if ["builder-one", "founder-one"].contains(&line.sign_in.as_str()) {
            let evidence = "a check".to_owned();
            let train = RecordTraining { person: line.id, course, completed: asked.at, evidence };
            organization.act(administrator, train, organization.fresh_request()?)?;
        }
    }
    let [site, _] = world.here.sites;
    let add = |code: &str| {
        let add = AddSubject { site, code: code.to_owned() };
        Ok::<_, anyhow::Error>(organization.act(&founder, add, organization.fresh_request()?))
    };
    if !matches!(add("early")?, Err(Error::Blocked { code: "not_live", .. })) {
        against.push("a subject was added before the study was live".to_owned());
    }
    let kept = [RuleProfile::IchE6R3, RuleProfile::Part11];
    activate(world, &builder, study, &kept)?.context("a study that keeps its rules did not go live")?;
    add("released")?.context("a live study took no subject")?;
    for settings in [&[Setting::LiveFirst][..], &[Setting::Delegation], &[]] {
        if broken(set(world, &builder, settings)?).is_none() {
            against.push("a setting was taken away that a live study's rules ask for".to_owned());
        }
    }
    if broken(keep(world, KeepCourse { course: Some(course), needed: false, ..self::course(study) })?).is_none() {
        against.push("a training was taken away that a live study's rules ask for".to_owned());
    }
    if activate(world, &builder, study, &kept[..1])?.is_ok() {
        against.push("a live study left rules that it went live under".to_owned());
    }
    Ok(against)
}

/// The clauses that something was refused for.
fn broken(outcome: store::Result<Receipt>) -> Option<Vec<String>> {
    match outcome {
        Err(Error::RulesBroken(refusals)) => Some(refusals.into_iter().map(|refusal| refusal.field).collect()),
        _ => None,
    }
}

fn activate(
    world: &World,
    builder: &Actor,
    study: StudyId,
    profiles: &[RuleProfile],
) -> Result<store::Result<Receipt>> {
    let act = ActivateStudy { study, profiles: BTreeSet::from_iter(profiles.iter().copied()) };
    Ok(world.organization.act(builder, act, world.organization.fresh_request()?))
}

fn set(world: &World, builder: &Actor, settings: &[Setting]) -> Result<store::Result<Receipt>> {
    let values = settings.iter().map(|setting| (*setting, 1)).collect();
    let scope = Scope::Study { study: world.here.study };
    let act = SetPolicy { scope, values, justifications: BTreeMap::new() };
    Ok(world.organization.act(builder, act, world.organization.fresh_request()?))
}

fn keep(world: &World, course: KeepCourse) -> Result<store::Result<Receipt>> {
    Ok(world.organization.act(&world.administrator, course, world.organization.fresh_request()?))
}

/// A course that every role of a study needs.
fn course(study: StudyId) -> KeepCourse {
    KeepCourse {
        course: None,
        title: "A check".to_owned(),
        roles: None,
        study: Some(study),
        valid_days: 365,
        needed: true,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn it_holds_here_and_another_refusal_is_not_taken_for_it() {
        assert_eq!(tried(&Place::scratch().unwrap().one).unwrap(), Vec::<String>::new());
        assert_eq!(broken(Err(Error::Hidden)), None);
        assert_eq!(broken(Err(Error::refused("profiles", "needed", "choose"))), None);
        assert_eq!(broken(Err(Error::RulesBroken(Vec::new()))), Some(Vec::new()));
    }
}
