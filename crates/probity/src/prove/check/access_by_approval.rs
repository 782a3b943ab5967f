//! Whoever has no role gets in only when asked for with a reason, approved by somebody else, and for a time.

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use store::{
    Actor, Error,
    acts::{AnswerAccess, AskAccess},
    views::{LedgerEntries, ShowSubject},
};
use trial::{access::Scope, ids::AccessRequestId, role::Role};

use super::{Finding, Place};
use crate::prove::scratch::{Scratch, people};

const HOURS: u32 = 2;

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let against = tried(&scratch)?;
    Ok(Finding::unless(
        against,
        "in a scratch installation somebody without a role saw nothing, nor after asking; nobody could approve their own \
         request; approved by an administrator for two hours it opened, marked in the ledger, and was refused when they \
         were over",
    ))
}

fn tried(scratch: &Scratch) -> Result<Vec<String>> {
    let world = &scratch.one;
    let organization = &world.organization;
    let mut against = Vec::new();
    let site = *world.here.sites.first().context("no site in the scratch")?;
    let subject = *world.here.subjects.first().context("no subject in the scratch")?;
    let scope = Scope::Site { study: world.here.study, site };
    let sees = |actor: &Actor| organization.view(actor, &ShowSubject { subject }).is_ok();
    let ask = |actor: &Actor| -> Result<AccessRequestId> {
        let ask = AskAccess { role: Role::Monitor, scope, hours: HOURS, reason: "a form does not open".into() };
        let receipt = organization.act(actor, ask, organization.fresh_request()?)?;
        receipt.id("access_request").context("a request without a record")
    };
    let approve = |actor: &Actor, request| {
        let answer = AnswerAccess { request, approve: true, answer: "go on".into() };
        organization.act(actor, answer, organization.fresh_request()?)
    };
    if sees(&world.stranger) {
        against.push("somebody without a role saw a subject".to_owned());
    }
    let request = ask(&world.stranger)?;
    if sees(&world.stranger) {
        against.push("asking was enough".to_owned());
    }
    let own = ask(&world.administrator)?;
    for (who, actor, request) in
        [("an administrator", &world.administrator, own), ("who asked", &world.stranger, request)]
    {
        if approve(actor, request).is_ok() {
            against.push(format!("{who} approved a request of their own"));
        }
    }
    let builder = people::sign_in(organization, "builder-one")?;
    approve(&builder, request)?;
    if !sees(&world.stranger) {
        against.push("what was approved did not open".to_owned());
    }
    let ledger = world.here.ledger;
    let entries = organization.view(&builder, &LedgerEntries { ledger, before: None, limit: 10 })?;
    if !entries.iter().any(|entry| entry.act == "view.subject" && entry.role == "approved:monitor") {
        against.push("what was looked at is not marked in the ledger".to_owned());
    }
    let first = organization.view(&world.administrator, &LedgerEntries { ledger: 1, before: None, limit: 20 })?;
    for act in ["access.ask", "access.answer"] {
        if !first.iter().any(|entry| entry.act == act) {
            against.push(format!("the ledger does not tell of {act}"));
        }
    }
    scratch.clock.turn(SignedDuration::from_hours(i64::from(HOURS)));
    let later = people::sign_in(organization, "stranger")?;
    match organization.view(&later, &ShowSubject { subject }) {
        Err(Error::Hidden | Error::Forbidden { .. }) => {}
        other => against
            .push(format!("after its time it was answered {}", if other.is_ok() { "still" } else { "otherwise" })),
    }
    Ok(against)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn it_holds_here_and_a_role_that_nobody_approved_breaks_it() {
        assert_eq!(tried(&Place::scratch().unwrap()).unwrap(), Vec::<String>::new());
        let scratch = Place::scratch().unwrap();
        let world = &scratch.one;
        let scope = Scope::Study { study: world.here.study };
        let given = (&world.organization, &world.administrator);
        people::give(given.0, given.1, world.stranger_id, Role::Monitor, scope, None).unwrap();
        let stranger = people::sign_in(&world.organization, "stranger").unwrap();
        let subject = world.here.subjects[0];
        assert!(world.organization.view(&stranger, &ShowSubject { subject }).is_ok());
    }
}
