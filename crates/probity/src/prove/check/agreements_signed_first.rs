//! A grant is given only to somebody who has signed every agreement in its current version, and works only as long as
//! that is so.

use anyhow::{Context as _, Result};
use store::{
    AgreementKind, Error,
    acts::{AddSubject, PublishAgreement, SignAgreements},
    views::MyDuties,
};
use trial::{access::Scope, role::Role};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch, people};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let against = tried(&scratch)?;
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation a role was refused to somebody with none, one, two and three of the {} agreements \
             signed, and given with all; when one was published anew it opened nothing until that was signed too",
            AgreementKind::ALL.len()
        ),
    ))
}

fn tried(scratch: &Scratch) -> Result<Vec<String>> {
    let world = &scratch.one;
    let organization = &world.organization;
    let administrator = &world.administrator;
    let mut against = Vec::new();
    let token = store::fresh_token()?;
    let person = people::add(organization, administrator, "newcomer", &token)??;
    organization.enrol(&token, PASSWORD, None, organization.fresh_request()?)?;
    let site = *world.here.sites.first().context("no site in the scratch")?;
    let scope = Scope::Site { study: world.here.study, site };
    let give = || people::give(organization, administrator, person, Role::Coordinator, scope, None);
    let waiting = organization.view(&people::sign_in(organization, "newcomer")?, &MyDuties {})?.signature().agreements;
    if waiting.len() != AgreementKind::ALL.len() {
        against.push(format!("{} agreements wait for a newcomer", waiting.len()));
    }
    for (number, agreement) in waiting.into_iter().enumerate() {
        if blocked(&give()) {
            let newcomer = people::sign_in(organization, "newcomer")?;
            let act = SignAgreements { agreements: vec![agreement] };
            organization.act(&newcomer, act, organization.fresh_request()?)?;
        } else {
            against.push(format!("a role was given with {number} agreements signed"));
        }
    }
    give().context("a role was refused with every agreement signed")?;
    let newcomer = people::sign_in(organization, "newcomer")?;
    let add = |code: &str| {
        let request = organization.fresh_request()?;
        organization.act(&newcomer, AddSubject { site, code: code.to_owned() }, request)
    };
    add("signed")?;
    let publish = PublishAgreement { kind: AgreementKind::Security, text: "A newer text.".into() };
    organization.act(administrator, publish, organization.fresh_request()?)?;
    if !matches!(add("unsigned"), Err(Error::Suspended(_))) {
        against.push("a role worked although an agreement was published anew".to_owned());
    }
    people::sign(organization, &newcomer)?;
    add("signed again")?;
    Ok(against)
}

fn blocked<T>(outcome: &Result<T>) -> bool {
    let error = outcome.as_ref().err().and_then(|error| error.downcast_ref::<Error>());
    matches!(error, Some(Error::Blocked { code: "policy_unsigned", .. }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_gate_holds_here_and_another_refusal_is_not_taken_for_it() {
        let scratch = Place::scratch().unwrap();
        assert_eq!(tried(&scratch).unwrap(), Vec::<String>::new());
        assert!(!blocked::<()>(&Err(Error::Hidden.into())) && !blocked(&Ok(())));
    }
}
