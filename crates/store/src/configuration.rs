//! How a study is set up, read for the rules that it is run by.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trial::{
    access::{Grant, Scope, covers},
    country::Country,
    ids::{SiteId, StudyId},
    permission::Permission,
    profile::{self, Configuration, RuleProfile},
};

use crate::{
    backend::{Connection, values},
    error::{Error, Refusal, Result},
    rules::{GRANT, Rules, grant_row},
};

/// A study's configuration as these rules have it.
pub(crate) fn configuration(db: &Connection, rules: &Rules, study: StudyId, at: Timestamp) -> Result<Configuration> {
    let defined = db.one("SELECT definition FROM study WHERE id = ?1", values![&study], |row| row.int(0))?;
    let all = format!("SELECT {GRANT} FROM role_grant WHERE study = ?1 ORDER BY id");
    let mut grants: Vec<Grant> = db.select(&all, values![&study], grant_row)?;
    grants.retain(|grant| grant.exception.is_none() && grant.until.is_none_or(|until| at < until));
    let sites =
        db.select("SELECT id, name, country FROM site WHERE study = ?1 ORDER BY name, id", values![&study], |row| {
            let country = row.maybe_text(2)?.map(|code| code.parse::<Country>()).transpose().map_err(Error::fault)?;
            Ok((row.id::<SiteId>(0)?, row.text(1)?, country))
        })?;
    let has_site = !sites.is_empty();
    let led = |site: SiteId, country: Option<Country>| {
        let answers = |grant: &&Grant| grant.from <= at && rules.roles.may(grant.role, Permission::DelegationAuthorize);
        grants.iter().filter(answers).any(|grant| covers(&grant.scope, study, site, country))
    };
    let leaderless = sites.into_iter().filter(|(id, _, country)| !led(*id, *country)).map(|(_, name, _)| name);
    let without = |grant: &&Grant| rules.courses_of(grant).next().is_none();
    // By title, once each.
    let untrained: BTreeSet<String> =
        grants.iter().filter(without).map(|grant| rules.roles.title(grant.role).into_owned()).collect();
    Ok(Configuration {
        policy: rules.policy_of(&Scope::Study { study }),
        defined: defined.ok_or(Error::Hidden)? > 0,
        agreement: rules.has_agreement(),
        has_site,
        leaderless: leaderless.collect(),
        untrained: untrained.into_iter().collect(),
    })
}

/// What of it breaks these rules: the clause, and what is wrong.
pub(crate) fn broken(profiles: &BTreeSet<RuleProfile>, configuration: &Configuration) -> Vec<Refusal> {
    let found = profile::broken(profiles, configuration).into_iter();
    found
        .map(|(rule, message)| Refusal {
            field: format!("{} {}", rule.profile.title(), rule.clause),
            code: "rule_broken",
            message,
        })
        .collect()
}
