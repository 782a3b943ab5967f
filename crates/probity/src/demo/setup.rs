//! From an empty organization to a study that can be entered: every step by the person whose role it is.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use store::{FirstAdministrator, Installation, acts::FoundOrganization};
use trial::{role::Role, roles::Roles};

use super::{
    accounts::{self, Account},
    client::{Api, SignedIn, text},
    people::{self, Holds, Person},
    plan::Site,
    study,
};
use crate::progress::say;

/// The organization's name.
const ORGANIZATION: &str = "Demonstration";
/// What the names of its ledgers begin with: a domain that is nobody's.
const ORIGIN: &str = "demonstration.example/ledger";

/// The first administrator's account, and the token with which it is enrolled.
#[derive(Debug)]
pub(crate) struct First {
    token: String,
}

/// What is ready for entering data.
#[derive(Debug)]
pub(crate) struct Place {
    /// The study's id.
    pub(crate) study: String,
    /// The sites and their ids.
    pub(crate) sites: Vec<(Site, String)>,
    /// Everybody's account.
    pub(crate) accounts: Vec<Account>,
}

impl Place {
    /// The account of a person.
    pub(crate) fn account(&self, person: Person) -> Result<&Account> {
        let found = self.accounts.iter().find(|account| account.sign_in == person.sign_in);
        found.with_context(|| format!("{} has no account", person.name))
    }
}

/// Founds the organization, as an operator does. A second factor may be left out in it: nobody's phone knows these people.
pub(crate) fn found(installation: &Installation) -> Result<First> {
    let token = store::fresh_token()?;
    let first = FirstAdministrator {
        name: people::FIRST.name.to_owned(),
        email: people::FIRST.email(),
        sign_in: people::FIRST.sign_in.to_owned(),
        token: token.clone(),
    };
    let founding = FoundOrganization {
        name: ORGANIZATION.to_owned(),
        origin: ORIGIN.to_owned(),
        without_second_factor: Some("a demonstration: nobody's phone knows these people".to_owned()),
    };
    installation.found(founding, &first)?;
    Ok(First { token })
}

/// Everything from the first enrolment to the last grant.
pub(crate) fn run(address: &str, first: First) -> Result<Place> {
    let api = Api::at(address);
    say("people: adding and enrolling them");
    let (organization_administrator, enrolled) = enrol_all(&api, first)?;
    say("study: registering it, publishing its definition, adding its sites");
    let registered = organization_administrator.post("/studies", &json!({ "oid": study::OID, "name": study::NAME }))?;
    let study = text(&registered, "id")?.to_owned();
    give(&organization_administrator, &enrolled, &study, &[], |person, holds| {
        holds == Holds::Organization && person.role != Role::OrganizationAdministrator
            || person.role == Role::StudyAdministrator
    })?;
    let account = enrolled.iter().find(|one| one.person.sign_in == people::STUDY_ADMINISTRATOR.sign_in);
    let account = &account.context("the study administrator was not enrolled")?.account;
    let study_administrator = api.sign_in(ORGANIZATION, &account.sign_in, &account.password)?;
    let definition = format!("/studies/{study}/definition?name={}", study::FILE_NAME);
    study_administrator.post_file(&definition, "application/xml", study::FILE.as_bytes())?;
    let sites =
        Site::ALL.into_iter().map(|site| add_site(&study_administrator, &study, site)).collect::<Result<Vec<_>>>()?;
    give(&study_administrator, &enrolled, &study, &sites, |person, holds| {
        holds != Holds::Organization && person.role != Role::StudyAdministrator
    })?;
    Ok(Place { study, sites, accounts: enrolled.into_iter().map(|one| one.account).collect() })
}

/// Somebody whose password is set.
struct Enrolled {
    person: Person,
    /// Absent for the first administrator, to whom nobody gives a role here.
    id: Option<String>,
    account: Account,
}

fn enrol_all(api: &Api, first: First) -> Result<(SignedIn, Vec<Enrolled>)> {
    let account = enrol(api, people::FIRST, &first.token)?;
    let administrator = api.sign_in(ORGANIZATION, &account.sign_in, &account.password)?;
    administrator.sign_agreements()?;
    let mut enrolled = Vec::new();
    for person in people::ALL {
        if person.sign_in == people::FIRST.sign_in {
            enrolled.push(Enrolled { person, id: None, account: account.clone() });
            continue;
        }
        let new = json!({ "name": person.name, "email": person.email(), "sign_in": person.sign_in });
        let added = administrator.post("/people", &new)?;
        let id = text(&added, "id")?.to_owned();
        // Whoever signs is who they say they are: that was checked before they are given the right.
        if Roles::default().signs(person.role) {
            let check = json!({ "way": "in_person", "note": "passport" });
            administrator.post(&format!("/people/{id}/identity"), &check)?;
        }
        let account = enrol(api, person, text(&added, "token")?)?;
        api.sign_in(ORGANIZATION, &account.sign_in, &account.password)?.sign_agreements()?;
        enrolled.push(Enrolled { person, id: Some(id), account });
    }
    Ok((administrator, enrolled))
}

fn enrol(api: &Api, person: Person, token: &str) -> Result<Account> {
    let password = accounts::password()?;
    api.enrol(token, &password)?;
    Ok(Account {
        role: person.role.code().into_owned(),
        organization: ORGANIZATION.to_owned(),
        name: person.name.to_owned(),
        sign_in: person.sign_in.to_owned(),
        password,
    })
}

fn add_site(administrator: &SignedIn, study: &str, site: Site) -> Result<(Site, String)> {
    let (oid, name, country) = match site {
        Site::Oslo => ("LOC.OSLO", "Oslo", "NO"),
        Site::Lyon => ("LOC.LYON", "Lyon", "FR"),
        Site::Kyoto => ("LOC.KYOTO", "Kyoto", "JP"),
    };
    let new = json!({ "oid": oid, "name": name, "country": country });
    let added = administrator.post(&format!("/studies/{study}/sites"), &new)?;
    Ok((site, text(&added, "id")?.to_owned()))
}

/// Gives the roles that are this administrator's to give.
fn give(
    administrator: &SignedIn,
    enrolled: &[Enrolled],
    study: &str,
    sites: &[(Site, String)],
    mine: impl Fn(Person, Holds) -> bool,
) -> Result<()> {
    for one in enrolled {
        let Some(id) = &one.id else { continue };
        for holds in one.person.holds.iter().copied().filter(|holds| mine(one.person, *holds)) {
            let grant = json!({
                "person": id,
                "role": one.person.role.code(),
                "scope": scope(holds, study, sites)?,
                "reason": "Delegation log of the demonstration",
            });
            administrator.post("/grants", &grant)?;
        }
    }
    Ok(())
}

fn scope(holds: Holds, study: &str, sites: &[(Site, String)]) -> Result<Value> {
    Ok(match holds {
        Holds::Organization => json!({ "level": "organization" }),
        Holds::Study => json!({ "level": "study", "study": study }),
        Holds::At(site) => {
            let (_, id) = sites.iter().find(|(known, _)| *known == site).context("this site was not added")?;
            json!({ "level": "site", "study": study, "site": id })
        }
    })
}
