//! The first path through the store: found, enrol, sign in, register a study, add a site.
#![expect(clippy::unwrap_used, reason = "a test that fails to set up fails")]

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use store::{
    Actor, Clock, Error, FirstAdministrator, Installation, Presence, SignIn, acts,
    acts::{AddPerson, AddSite, FoundOrganization, GiveGrant, RegisterStudy},
    fresh_token, token_tag, views,
    views::MyDuties,
};
use testbed::Database;
use trial::{
    access::Scope,
    gate::Lapse,
    ids::{SiteId, StudyId},
    role::Role,
};

struct Turned(Mutex<Timestamp>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[test]
fn an_organization_is_founded_and_its_people_work() {
    let folder = std::env::temp_dir().join(format!("probity-founding-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let clock = Arc::new(Turned(Mutex::new("2026-11-21T10:00:00Z".parse().unwrap())));
    let database = Database::from_environment().unwrap();
    let installation = match &database {
        None => Installation::create(&folder, None, clock.clone()),
        Some(database) => {
            Installation::create_on(&folder, None, clock.clone(), &database.url(), &database.authority().unwrap())
        }
    };
    let installation = installation.unwrap();
    let token = fresh_token().unwrap();
    let first = FirstAdministrator {
        name: "Ada Berg".into(),
        email: "ada@example.org".into(),
        sign_in: "ada".into(),
        token: token.clone(),
    };
    let founding = FoundOrganization {
        name: "Oslo Trials".into(),
        origin: "localhost/ledger".into(),
        without_second_factor: Some("a test".into()),
    };
    let org = installation.found(founding, &first).unwrap();
    org.enrol(&token, "a long enough password", None, org.fresh_request().unwrap()).unwrap();
    let session = fresh_token().unwrap();
    assert!(matches!(org.sign_in("ADA ", "a long enough password", None, &session).unwrap(), SignIn::Open(_)));
    let ada = org.authenticate(&session, Presence::Person).unwrap().unwrap().actor;
    let early = org.act(&ada, RegisterStudy { oid: "S.1".into(), name: "One".into() }, org.fresh_request().unwrap());
    assert!(matches!(early, Err(Error::Suspended(Lapse::AgreementUnsigned))), "{early:?}");
    org.act(&ada, org.view(&ada, &MyDuties {}).unwrap().signature(), org.fresh_request().unwrap()).unwrap();
    let receipt =
        org.act(&ada, RegisterStudy { oid: "S.1".into(), name: "One".into() }, org.fresh_request().unwrap()).unwrap();
    let study: StudyId = receipt.id("study").unwrap();
    let token = fresh_token().unwrap();
    let person = AddPerson {
        name: "Bo Dahl".into(),
        email: "bo@example.org".into(),
        sign_in: "bo".into(),
        enrolment_tag: token_tag(&token),
    };
    let bo = org.act(&ada, person, org.fresh_request().unwrap()).unwrap().id("person").unwrap();
    org.enrol(&token, "another long password", None, org.fresh_request().unwrap()).unwrap();
    let grant = GiveGrant {
        person: bo,
        role: Role::StudyAdministrator,
        scope: Scope::Study { study },
        from: None,
        until: None,
        reason: None,
    };
    let early = org.act(&ada, grant.clone(), org.fresh_request().unwrap());
    assert!(matches!(early, Err(Error::Blocked { code: "policy_unsigned", .. })), "{early:?}");
    let enter = || {
        let session = fresh_token().unwrap();
        assert!(matches!(org.sign_in("bo", "another long password", None, &session).unwrap(), SignIn::Open(_)));
        org.authenticate(&session, Presence::Person).unwrap().unwrap().actor
    };
    let bo = enter();
    org.act(&bo, org.view(&bo, &MyDuties {}).unwrap().signature(), org.fresh_request().unwrap()).unwrap();
    org.act(&ada, grant, org.fresh_request().unwrap()).unwrap();
    // Whoever's roles change signs in anew.
    let bo = enter();
    let site = AddSite { study, oid: "OSL".into(), name: "Oslo".into(), country: Some("NO".into()) };
    let site: SiteId = org.act(&bo, site, org.fresh_request().unwrap()).unwrap().id("site").unwrap();
    let hidden = org.act(&ada, acts::AddSubject { site, code: "1".into() }, org.fresh_request().unwrap());
    assert!(
        matches!(hidden, Err(store::Error::Hidden)),
        "an administrator of the organization sees no study: {hidden:?}"
    );
    assert_eq!(org.view(&bo, &views::ShowStudy { study }).unwrap().sites.len(), 1);
    assert!(org.view(&Actor::nobody(), &views::ShowStudy { study }).is_err());
    let people = org.view(&ada, &views::People { scope: Scope::Organization }).unwrap();
    assert_eq!(people.len(), 2);
    let verified = org.verify(&[]).unwrap();
    assert_eq!(verified.findings, Vec::<String>::new());
    assert!(verified.records > 5);
    let rebuilt = org.rebuild(&folder.join("rebuilt.db"), |_| ()).unwrap();
    assert_eq!(rebuilt.differences, Vec::<String>::new());
    drop(org);
    drop(installation);
    let again = Installation::open(&folder, None, clock).unwrap();
    let org = again.all().pop().unwrap();
    assert!(org.verify(&[]).unwrap().holds());
    drop(org);
    drop(again);
    std::fs::remove_dir_all(&folder).unwrap();
}
