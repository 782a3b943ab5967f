//! A small world: an organization with two studies of two sites each, another organization, and someone in every role
//! at every level. Everything that belongs to the first organization carries a canary.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use store::{
    Act, Actor, Clock, FirstAdministrator, Installation, Organization, Presence, Receipt, SignIn, acts, fresh_token,
    token_tag, views,
};
use testbed::Database;
use trial::{
    access::{Grant, Scope},
    definition::{
        CheckRule, DataType, EventDef, EventRef, FormDef, FormRef, ItemDef, ItemGroupDef, ItemGroupRef, ItemRef, Study,
        StudyVersion,
    },
    identity::Way,
    ids::{GrantId, PersonId, SiteId, StudyId, SubjectId},
    permission::{Permissions, SIGNING},
    role::Role,
};
use web::{AppState, Settings};

pub const CANARY: &str = "Kanarie";
pub const PASSWORD: &str = "a few plain words";

/// A clock that a test turns.
pub struct Turned(Mutex<Timestamp>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Turned {
    pub fn turn(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

/// Somebody, signed in.
#[derive(Clone)]
pub struct Person {
    pub id: PersonId,
    pub sign_in: String,
    pub token: String,
    pub actor: Actor,
    pub grants: Vec<Grant>,
}

/// A study with its two sites and a subject with a saved form at each.
#[derive(Clone)]
pub struct StudyOf {
    pub id: StudyId,
    pub sites: Vec<SiteId>,
    pub subjects: Vec<SubjectId>,
}

pub struct World {
    pub clock: Arc<Turned>,
    pub installation: Arc<Installation>,
    pub app: Router,
    pub a: Arc<Organization>,
    pub b: Arc<Organization>,
    pub admin: Person,
    pub b_admin: Person,
    folder: PathBuf,
    count: AtomicU32,
    /// After what is connected to it.
    pub database: Option<Database>,
}

impl World {
    /// Two organizations with an administrator each, and nothing else.
    pub fn new() -> World {
        static WORLDS: AtomicU32 = AtomicU32::new(0);
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("probity-web-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let clock = Arc::new(Turned(Mutex::new("2026-11-21T10:00:00Z".parse().unwrap())));
        let database = Database::from_environment().unwrap();
        let installation = Arc::new(made(&folder, database.as_ref(), clock.clone()));
        let (a, first_a) = found(&installation, &format!("{CANARY} Oslo Trials"));
        let (b, first_b) = found(&installation, "Bergen Research");
        let issuer = &crate::idp::idp().issuer;
        let providers = vec![issuer.clone(), format!("{issuer}/liar")];
        let settings = Settings { loopback: true, providers, ..Settings::default() };
        let app = web::router(AppState::new(Arc::clone(&installation), settings));
        let admin = enrolled(&a, "admin", &first_a, None);
        let b_admin = enrolled(&b, "admin", &first_b, None);
        World { clock, installation, app, a, b, admin, b_admin, folder, count: AtomicU32::new(0), database }
    }

    /// A name not used before.
    pub fn fresh(&self, what: &str) -> String {
        format!("{what}{}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A person of this organization, enrolled and signed in, with no role.
    pub fn person(&self, organization: &Organization, admin: &Person, name: &str) -> Person {
        let sign_in = self.fresh(name);
        let mark = if organization.id() == self.a.id() { CANARY } else { "B" };
        let token = fresh_token().unwrap();
        let add = acts::AddPerson {
            name: format!("{mark} {sign_in}"),
            email: format!("{mark}.{sign_in}@example.org"),
            sign_in: sign_in.clone(),
            enrolment_tag: token_tag(&token),
        };
        let id = act(organization, &admin.actor, add).id("person").unwrap();
        enrolled(organization, &sign_in, &token, Some(id))
    }

    /// A person who was added and has not enrolled.
    pub fn added(&self, admin: &Person) -> (PersonId, String) {
        let token = format!("{}.{}", self.a.id(), fresh_token().unwrap());
        let sign_in = self.fresh("spare");
        let add = acts::AddPerson {
            name: format!("{CANARY} {sign_in}"),
            email: format!("{sign_in}@example.org"),
            sign_in,
            enrolment_tag: token_tag(&token),
        };
        (act(&self.a, &admin.actor, add).id("person").unwrap(), token)
    }

    /// Somebody enrolled, whose new enrolment link this administrator made.
    pub fn linked(&self, by: &Person) -> PersonId {
        let person = self.person(&self.a, &self.admin, "linked").id;
        let enrolment_tag = token_tag(&self.fresh("link"));
        act(&self.a, &by.actor, acts::RenewEnrolment { person, enrolment_tag });
        person
    }

    /// Gives a role; the person's own list of grants grows with it.
    pub fn give(&self, organization: &Organization, by: &Person, to: &mut Person, role: Role, scope: Scope) -> GrantId {
        self.give_until(organization, by, to, role, scope, None)
    }

    pub fn give_until(
        &self,
        organization: &Organization,
        by: &Person,
        to: &mut Person,
        role: Role,
        scope: Scope,
        until: Option<Timestamp>,
    ) -> GrantId {
        if role.permissions().both(SIGNING) != Permissions::NONE {
            // Whoever gives the role need not be who adds people.
            let admin = if organization.id() == self.a.id() { &self.admin } else { &self.b_admin };
            let check = acts::VerifyIdentity { person: to.id, way: Way::InPerson, note: None };
            act(organization, &admin.actor, check);
        }
        let from = self.clock.now();
        let give = acts::GiveGrant { person: to.id, role, scope, from: None, until, reason: None };
        let id = act(organization, &by.actor, give).id("grant").unwrap();
        to.grants.push(Grant { id, person: to.id, role, scope, from, until, exception: None, gaps: Vec::new() });
        // Whoever's roles change signs in anew.
        to.token = signed_in(organization, &to.sign_in);
        to.actor = organization.authenticate(&to.token, Presence::Background).unwrap().unwrap().actor;
        id
    }

    /// A study with a definition, two sites, and at each a subject with one saved form. Its administrator, data
    /// manager and the coordinators who did this are left behind as nobody's persona.
    pub fn study(&self, organization: &Organization, admin: &Person, name: &str) -> (StudyOf, Person) {
        let mark = if organization.id() == self.a.id() { CANARY } else { "B" };
        let oid = self.fresh("ST.");
        let register = acts::RegisterStudy { oid: oid.clone(), name: format!("{mark} {name}") };
        let id: StudyId = act(organization, &admin.actor, register).id("study").unwrap();
        let mut builder = self.person(organization, admin, "builder");
        self.give(organization, admin, &mut builder, Role::StudyAdministrator, Scope::Study { study: id });
        act(organization, &builder.actor, publish(id, &oid));
        let mut of = StudyOf { id, sites: Vec::new(), subjects: Vec::new() };
        for number in 1..=2 {
            let add = acts::AddSite {
                study: id,
                oid: format!("S{number}"),
                name: format!("{mark} {name} site {number}"),
                country: Some("NO".into()),
            };
            let site: SiteId = act(organization, &builder.actor, add).id("site").unwrap();
            let mut hand = self.person(organization, admin, "hand");
            let scope = Scope::Site { study: id, site };
            self.give(organization, &builder, &mut hand, Role::Coordinator, scope);
            let code = format!("{mark}-{name}-{number}");
            let subject = act(organization, &hand.actor, acts::AddSubject { site, code }).id("subject").unwrap();
            act(organization, &hand.actor, save(subject, 0, "120", &format!("{mark} note {number}")));
            of.sites.push(site);
            of.subjects.push(subject);
        }
        (of, builder)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Does an act that must succeed.
#[track_caller]
pub fn act<A: Act>(organization: &Organization, actor: &Actor, act: A) -> Receipt {
    organization.act(actor, act, organization.fresh_request().unwrap()).unwrap()
}

/// An installation where this run's tests have theirs: in files, or on the PostgreSQL server that the environment names.
fn made(folder: &Path, database: Option<&Database>, clock: Arc<dyn Clock>) -> Installation {
    let made = match database {
        None => Installation::create(folder, None, clock),
        Some(database) => Installation::create_on(folder, None, clock, &database.url(), &database.authority().unwrap()),
    };
    made.unwrap()
}

fn found(installation: &Installation, name: &str) -> (Arc<Organization>, String) {
    let token = fresh_token().unwrap();
    let first = FirstAdministrator {
        name: format!("{name} administrator"),
        email: "first@example.org".into(),
        sign_in: "admin".into(),
        token: token.clone(),
    };
    let founding = acts::FoundOrganization {
        name: name.into(),
        origin: "localhost/ledger".into(),
        without_second_factor: Some("a test".into()),
    };
    (installation.found(founding, &first).unwrap(), token)
}

fn enrolled(organization: &Organization, sign_in: &str, token: &str, id: Option<PersonId>) -> Person {
    organization.enrol(token, PASSWORD, None, organization.fresh_request().unwrap()).unwrap();
    let token = signed_in(organization, sign_in);
    let actor = organization.authenticate(&token, Presence::Background).unwrap().unwrap().actor;
    act(organization, &actor, organization.view(&actor, &views::MyDuties {}).unwrap().signature());
    let id = id.or(actor.person()).unwrap();
    Person { id, sign_in: sign_in.into(), token, actor, grants: Vec::new() }
}

/// A new session of somebody with the usual password.
pub fn signed_in(organization: &Organization, sign_in: &str) -> String {
    let token = format!("{}.{}", organization.id(), fresh_token().unwrap());
    assert!(matches!(organization.sign_in(sign_in, PASSWORD, None, &token).unwrap(), SignIn::Open(_)));
    token
}

/// The values of the one form: a systolic pressure and a note.
pub fn save(subject: SubjectId, revision: u64, systolic: &str, note: &str) -> acts::SaveForm {
    let change = |item: &str, value: &str| acts::ItemChange {
        group: "IG.VS".into(),
        group_repeat: String::new(),
        item: item.into(),
        value: Some(value.into()),
        unit: None,
        reason: (revision > 0).then(|| "read wrongly".into()),
        because: None,
    };
    acts::SaveForm {
        subject,
        event: "SE.1".into(),
        event_repeat: String::new(),
        form: "F.VS".into(),
        form_repeat: String::new(),
        revision,
        changes: vec![change("I.SYS", systolic), change("I.NOTE", note)],
        removed: Vec::new(),
        complete: None,
        reason: None,
    }
}

/// Publishes the definition of the tests: one visit, one form, three items.
pub fn publish(study: StudyId, oid: &str) -> acts::PublishDefinition {
    acts::PublishDefinition {
        study,
        studies: vec![definition(oid)],
        beside: Vec::new(),
        file_digest: "0".repeat(64),
        report: serde_json::Value::Null,
    }
}

fn definition(oid: &str) -> Study {
    let item = |oid: &str, data_type, length| ItemDef {
        oid: oid.into(),
        name: oid.into(),
        data_type,
        length: Some(length),
        ..ItemDef::default()
    };
    let in_group = |oid: &str| ItemRef { item: oid.into(), ..ItemRef::default() };
    let mut systolic = item("I.SYS", DataType::Integer, 3);
    systolic.range_checks.push(trial::definition::RangeCheck {
        comparator: Some(trial::definition::Comparator::Le),
        severity: trial::definition::Severity::Hard,
        rule: CheckRule::Values(vec!["300".into()]),
        ..Default::default()
    });
    let version = StudyVersion {
        oid: "MDV.1".into(),
        name: "One".into(),
        protocol: Some(trial::definition::Protocol {
            events: vec![EventRef { event: "SE.1".into(), mandatory: true, ..EventRef::default() }],
            ..Default::default()
        }),
        events: vec![EventDef {
            oid: "SE.1".into(),
            name: "Visit 1".into(),
            forms: vec![FormRef { form: "F.VS".into(), mandatory: true, ..FormRef::default() }],
            ..EventDef::default()
        }],
        forms: vec![FormDef {
            oid: "F.VS".into(),
            name: "Vital signs".into(),
            groups: vec![ItemGroupRef { group: "IG.VS".into(), mandatory: true, ..ItemGroupRef::default() }],
            ..FormDef::default()
        }],
        groups: vec![ItemGroupDef {
            oid: "IG.VS".into(),
            name: "Vital signs".into(),
            items: vec![in_group("I.SYS"), in_group("I.NOTE"), in_group("I.DATE")],
            ..ItemGroupDef::default()
        }],
        items: vec![systolic, item("I.NOTE", DataType::Text, 200), item("I.DATE", DataType::PartialDate, 10)],
        ..StudyVersion::default()
    };
    Study { oid: oid.into(), name: "A study".into(), versions: vec![version], ..Study::default() }
}

/// A second factor as it is set: the secret as it was shown, and a code from it, of a time step that is so much later than
/// this one, for a code works once.
pub fn second_factor(world: &World, later: u64) -> (String, String) {
    let secret = [42; store::TOTP_SECRET_BYTES];
    let step = u64::try_from(world.clock.now().as_second()).unwrap() / 30 + later;
    (web::second_factor::shown(&secret), store::code_at(&secret, step))
}
