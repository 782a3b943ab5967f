//! Regular change of passwords: off, until a layer asks for it with a reason; then an aged password is changed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use store::{Error, SignIn, acts::SetPolicy, views::ShowPolicy};
use trial::{
    access::Scope,
    policy::{NEVER, Setting},
    role::{Level, Role},
};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch, people};

/// The days after which a password is changed.
const DAYS: u32 = 60;

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let against = tried(&Place::scratch()?, true)?;
    Ok(Finding::unless(
        against,
        "in a scratch installation no password aged until a site asked for it; without a justification it was refused; \
         with one, it is shown beside the recommendation that it goes against, and a password of 60 days opened nothing \
         until it was changed, at that site and not elsewhere",
    ))
}

fn tried(scratch: &Scratch, rotate: bool) -> Result<Vec<String>> {
    let world = &scratch.one;
    let organization = &world.organization;
    let mut against = Vec::new();
    let scope = Scope::Site { study: world.here.study, site: world.here.sites[0] };
    let administrator = world.actor(Role::SiteAdministrator, Level::Site)?;
    let shown = || -> Result<_> {
        let all = organization.view(administrator, &ShowPolicy { scope })?;
        all.into_iter().find(|one| one.setting == Setting::PasswordAge).context("a setting is not shown")
    };
    if shown()?.value != NEVER {
        against.push("passwords age by default".to_owned());
    }
    let set = |justifications| {
        let layer = SetPolicy { scope, values: BTreeMap::from([(Setting::PasswordAge, DAYS)]), justifications };
        organization.act(administrator, layer, organization.fresh_request()?)
    };
    match set(BTreeMap::new()) {
        Err(Error::Refused(why)) if why.iter().all(|one| one.code == "justification") => {}
        _ => against.push("it was not refused without a justification".to_owned()),
    }
    if rotate {
        set(BTreeMap::from([(Setting::PasswordAge, "a rule of the hospital".to_owned())]))?;
        let setting = shown()?;
        if Setting::PasswordAge.deviates().is_none() || setting.justifications.len() != 1 {
            against.push("the deviation is not shown with its reason".to_owned());
        }
    }
    scratch.clock.turn(SignedDuration::from_hours(24).saturating_mul(i32::try_from(DAYS)?));
    let asked = |name: &str| -> Result<bool> {
        Ok(matches!(organization.sign_in(name, PASSWORD, None, &store::fresh_token()?)?, SignIn::NewPasswordNeeded))
    };
    if !asked("coordinator-site")? {
        against.push("an aged password opened".to_owned());
    }
    if asked("stranger")? {
        against.push("a password aged where nobody asked for it".to_owned());
    }
    let attempt = store::Attempt {
        sign_in: "coordinator-site",
        password: PASSWORD,
        new_password: Some("another scratch battery"),
        ..store::Attempt::default()
    };
    if !matches!(organization.attempt(&attempt, &store::fresh_token()?)?, SignIn::Open(_)) {
        against.push("a changed password did not open".to_owned());
    }
    people::sign_in(organization, "stranger")?;
    Ok(against)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn where_nobody_asks_for_it_no_password_ages() {
        assert_eq!(tried(&Place::scratch().unwrap(), true).unwrap(), Vec::<String>::new());
        assert_eq!(tried(&Place::scratch().unwrap(), false).unwrap(), ["an aged password opened"]);
    }
}
