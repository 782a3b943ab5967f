//! People of a scratch organization: each enrols and signs in as people do.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use store::{
    Actor, Organization, Presence, SignIn,
    acts::{AddPerson, GiveGrant, VerifyIdentity},
    views::MyDuties,
};
use trial::{access::Scope, identity::Way, ids::PersonId, role::Role};

/// A password that everybody in a scratch organization has. It guards nothing.
pub(crate) const PASSWORD: &str = "scratch battery staple";

/// Adds somebody, who may enrol with `token`.
pub(crate) fn add(
    organization: &Organization,
    administrator: &Actor,
    name: &str,
    token: &str,
) -> Result<store::Result<PersonId>> {
    let add = AddPerson {
        name: "Somebody".to_owned(),
        email: "somebody@example.org".to_owned(),
        sign_in: name.to_owned(),
        enrolment_tag: store::token_tag(token),
    };
    match organization.act(administrator, add, organization.fresh_request()?) {
        Ok(receipt) => Ok(Ok(receipt.id("person").context("a person was added without a record")?)),
        Err(error) => Ok(Err(error)),
    }
}

/// Adds somebody, who enrols and signs in.
pub(super) fn person(organization: &Organization, administrator: &Actor, name: &str) -> Result<(PersonId, Actor)> {
    let token = store::fresh_token()?;
    let person = add(organization, administrator, name, &token)??;
    organization.enrol(&token, PASSWORD, None, organization.fresh_request()?)?;
    let actor = sign_in(organization, name)?;
    sign(organization, &actor)?;
    Ok((person, actor))
}

/// Signs every agreement that waits for this person.
pub(crate) fn sign(organization: &Organization, actor: &Actor) -> Result<()> {
    let signature = organization.view(actor, &MyDuties {})?.signature();
    organization.act(actor, signature, organization.fresh_request()?)?;
    Ok(())
}

/// Signs somebody in.
pub(crate) fn sign_in(organization: &Organization, name: &str) -> Result<Actor> {
    let token = store::fresh_token()?;
    let SignIn::Open(_) = organization.sign_in(name, PASSWORD, None, &token)? else {
        anyhow::bail!("{name} could not sign in to a scratch organization");
    };
    let signed_in = organization.authenticate(&token, Presence::Person)?;
    Ok(signed_in.context("a session ended as it began")?.actor)
}

/// Records that somebody's identity was checked: roles with a right to sign wait for it.
pub(crate) fn verify(organization: &Organization, administrator: &Actor, person: PersonId) -> Result<()> {
    let act = VerifyIdentity { person, way: Way::InPerson, note: None };
    organization.act(administrator, act, organization.fresh_request()?)?;
    Ok(())
}

/// Gives a role. Sessions of whoever gets it end.
pub(crate) fn give(
    organization: &Organization,
    giver: &Actor,
    person: PersonId,
    role: Role,
    scope: Scope,
    until: Option<Timestamp>,
) -> Result<trial::ids::GrantId> {
    let act = GiveGrant { person, role, scope, from: None, until, reason: None };
    let receipt = organization.act(giver, act, organization.fresh_request()?)?;
    receipt.id("grant").context("a grant was given without a record")
}
