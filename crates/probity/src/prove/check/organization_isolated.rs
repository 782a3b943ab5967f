//! What belongs to one organization cannot be reached or opened by another.

use std::{fs, sync::Arc};

use anyhow::Result;
use store::{Harm, Installation, Organization};

use super::{Finding, Place};
use crate::{
    clock::MachineClock,
    prove::{
        attempt::{Attempts, opened},
        scratch::{Folder, Scratch, World},
    },
};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let (mut against, mut count) = (Vec::new(), 0_usize);
    for ((role, level), actor) in &scratch.one.people {
        let (tried, open) = reached(&scratch.one, &scratch.other, &format!("a {role} of {}", level.name()), actor)?;
        count = count.saturating_add(tried);
        against.extend(open);
    }
    let foreign = scratch.one.organization.drill(&scratch.file()?, Harm::Foreign(&scratch.other.organization), &[])?;
    if !foreign
        .findings
        .iter()
        .any(|finding| finding.contains("[key-unknown]") || finding.contains("[sealed-elsewhere]"))
    {
        against.push("a sealed value of another organization opened".to_owned());
    }
    for file in ["store.db", "keys.json"] {
        if opens_with_anothers(&scratch, file)? {
            against.push(format!("an organization opened with the {file} of another"));
        }
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {count} tries to reach the studies, subjects and forms of another organization \
             found nothing; neither its database, its key file nor a sealed value of it opens in another's place"
        ),
    ))
}

/// Tries what lies in the other organization, by its ids, as somebody of this one.
fn reached(world: &World, other: &World, who: &str, actor: &store::Actor) -> Result<(usize, Vec<String>)> {
    let attempts =
        Attempts { organization: &world.organization, actor, on: &other.here, site: 0, person: other.administrator_id };
    let mut tried = attempts.of_study()?;
    tried.extend(attempts.of_site()?);
    // Ledgers are numbered in each organization: a number names one's own, whoever else has the same.
    tried.retain(|tried| !tried.name.starts_with("view.ledger") && !tried.name.starts_with("view.entry"));
    tried.retain(|tried| tried.name != "view.proof");
    Ok((tried.len(), opened(who, &tried)))
}

/// Puts a file of one organization in the place of another's and opens the installation.
fn opens_with_anothers(scratch: &Scratch, file: &str) -> Result<bool> {
    let copy = Folder::new()?;
    let (from, to) = (scratch.data(), copy.path().join("data"));
    let folder = |organization: &Organization| format!("organizations/{}", organization.id());
    let (one, other) = (folder(&scratch.one.organization), folder(&scratch.other.organization));
    fs::create_dir_all(to.join(&one))?;
    fs::copy(from.join("root.key"), to.join("root.key"))?;
    for own in ["store.db", "store.db-wal", "keys.json"] {
        let whose = if own.starts_with(file) { &other } else { &one };
        let source = from.join(whose).join(own);
        if source.exists() {
            fs::copy(source, to.join(&one).join(own))?;
        }
    }
    let _ = fs::remove_file(to.join("lock"));
    Ok(Installation::open(&to, None, Arc::new(MachineClock)).is_ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use trial::role::{Level, Role};

    use super::*;

    #[test]
    fn ones_own_organization_is_told_from_anothers() {
        let scratch = Place::scratch().unwrap();
        let manager = scratch.one.actor(Role::DataManager, Level::Study).unwrap();
        assert!(reached(&scratch.one, &scratch.other, "a data manager", manager).unwrap().1.is_empty());
        assert!(!reached(&scratch.one, &scratch.one, "a data manager", manager).unwrap().1.is_empty());
        assert!(opens_with_anothers(&scratch, "none").unwrap(), "its own files open");
    }
}
