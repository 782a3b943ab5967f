//! Every request is decided by itself, against the grants in force when it comes: without a session nothing opens, from
//! wherever it is asked, and a grant that ends opens nothing from the next request on.

use anyhow::Result;
use store::{Actor, Error, acts::EndGrant, views::Grants};
use trial::{
    access::Scope,
    role::{Level, Role},
};

use super::{Finding, Place};
use crate::prove::{
    attempt::{Attempts, opened},
    scratch::{Scratch, World, people},
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let (against, count) = tried(&scratch, true)?;
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {count} tries of every act and view, made from within the program itself, were \
             refused to whoever had no session; a coordinator's role opened at one request and, once ended, opened \
             nothing at the next, neither in the session that had been open nor in a new one"
        ),
    ))
}

fn tried(scratch: &Scratch, end: bool) -> Result<(Vec<String>, usize)> {
    let world = &scratch.one;
    let organization = &world.organization;
    let nobody = Actor::nobody();
    let without = on(world, &nobody).all()?;
    let mut against = opened("nobody", &without);
    let coordinator = world.actor(Role::Coordinator, Level::Site)?;
    let before = on(world, coordinator).of_site()?;
    if !before.iter().any(|tried| tried.name == "subject.add" && tried.opened) {
        against.push("a coordinator's role opened nothing".to_owned());
    }
    let scope = Scope::Site { study: world.here.study, site: world.here.sites[0] };
    let builder = people::sign_in(organization, "builder-one")?;
    if end {
        let lines = organization.view(&builder, &Grants { scope })?;
        for line in lines.iter().filter(|line| Some(line.grant.person) == coordinator.person() && line.holds) {
            let act = EndGrant { grant: line.grant.id, reason: "has left".into() };
            organization.act(&builder, act, organization.fresh_request()?)?;
        }
    }
    against.extend(opened("a session whose role has ended", &on(world, coordinator).of_site()?));
    let anew = people::sign_in(organization, "coordinator-site")?;
    against.extend(opened("somebody whose role has ended", &on(world, &anew).of_site()?));
    let told = organization.view(&anew, &store::views::ShowSubject { subject: world.here.subjects[0] });
    if !matches!(told, Err(Error::Hidden)) {
        against.push("what a role had opened is still known to be there".to_owned());
    }
    Ok((against, without.len()))
}

fn on<'a>(world: &'a World, actor: &'a Actor) -> Attempts<'a> {
    Attempts { organization: &world.organization, actor, on: &world.here, site: 0, person: world.administrator_id }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_role_that_goes_on_breaks_it() {
        assert_eq!(tried(&Place::scratch().unwrap(), true).unwrap().0, Vec::<String>::new());
        assert!(!tried(&Place::scratch().unwrap(), false).unwrap().0.is_empty());
    }
}
