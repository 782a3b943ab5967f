//! Everybody has an account of their own, and nobody is ever given another's: neither its name nor its id.

use std::collections::BTreeSet;

use anyhow::Result;
use store::{Error, acts::DisablePerson, views::People};
use trial::{access::Scope, ids::PersonId};

use super::{Finding, Place};
use crate::prove::scratch::{Scratch, people};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let organization = &scratch.one.organization;
    let mut against = Vec::new();
    let left = add(&scratch, "leaver")?.map_err(|error| anyhow::anyhow!("a person could not be added: {error}"))?;
    for state in ["in use", "of somebody who left"] {
        for name in ["leaver", " LEAVER "] {
            match add(&scratch, name)? {
                Err(Error::Refused(why)) if why.iter().any(|one| one.code == "taken") => {}
                other => against.push(format!("the name “{name}”, {state}, was answered {other:?}")),
            }
        }
        organization.act(&scratch.one.administrator, DisablePerson { person: left }, organization.fresh_request()?)?;
    }
    let people = organization.view(&scratch.one.administrator, &People { scope: Scope::Organization })?;
    let ids: BTreeSet<PersonId> = people.iter().map(|person| person.id).collect();
    if ids.len() != people.len() || !ids.contains(&left) {
        against.push(format!("{} people have {} ids", people.len(), ids.len()));
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation of {} people, each under an id of their own, a sign-in name was given to nobody \
             else, neither while it was in use nor after its owner had left",
            people.len()
        ),
    ))
}

fn add(scratch: &Scratch, name: &str) -> Result<store::Result<PersonId>> {
    people::add(&scratch.one.organization, &scratch.one.administrator, name, &store::fresh_token()?)
}
