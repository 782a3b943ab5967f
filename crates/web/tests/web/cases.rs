//! A well-formed request for every route, and where what it asks about lies. Whatever a request changes or ends is made
//! for it alone, so that the order of requests does not matter.

use std::{collections::BTreeSet, sync::Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use store::{Actor, AgreementKind, Challenge, Made, Organization, Presence, acts, views};
use testbed::Authenticator;
use trial::{
    access::{Grant, Place, Scope},
    client::Kind,
    ids::{
        AccessRequestId, AgreementId, ClientId, CourseId, DelegationId, GrantId, Id, PasskeyId, PersonId, RoleId,
        SubjectId,
    },
    permission::{Permission, Permissions},
    role::{Level, Role},
    roles::OwnRole,
};
use web::route::Route;

use crate::{
    client::Ask,
    persona::Persona,
    provider,
    world::{CANARY, Person, StudyOf, World, act, save, signed_in},
};

/// Where pages are in these tests.
pub const ORIGIN: &str = "http://localhost";

pub struct Setup {
    pub world: World,
    pub one: StudyOf,
    pub two: StudyOf,
    pub b: StudyOf,
    /// Administrators of those studies.
    pub builder: Person,
    pub other_builder: Person,
    pub b_builder: Person,
    /// A coordinator at the first site of the first study, who makes what requests need.
    pub hand: Person,
    /// Its investigator.
    pub lead: Person,
    /// Somebody who may be given roles.
    pub receiver: Person,
    /// An administrator who makes enrolment links and nothing else.
    pub linker: Person,
    /// The device of somebody who signs in with a passkey.
    device: Mutex<(Authenticator, Vec<u8>)>,
}

impl Setup {
    pub fn new() -> Self {
        let world = World::new();
        let (one, builder) = world.study(&world.a, &world.admin, "one");
        let (two, other_builder) = world.study(&world.a, &world.admin, "two");
        let (b, b_builder) = world.study(&world.b, &world.b_admin, "one");
        let mut hand = world.person(&world.a, &world.admin, "hand");
        let site = Scope::Site { study: one.id, site: one.sites[0] };
        world.give(&world.a, &builder, &mut hand, Role::Coordinator, site);
        let mut lead = world.person(&world.a, &world.admin, "lead");
        world.give(&world.a, &builder, &mut lead, Role::Investigator, site);
        let receiver = world.person(&world.a, &world.admin, "receiver");
        let mut linker = world.person(&world.a, &world.admin, "linker");
        world.give(&world.a, &world.admin, &mut linker, Role::OrganizationAdministrator, Scope::Organization);
        for (number, ledger, _) in world.a.ledgers().unwrap() {
            world.a.checkpoint(ledger).unwrap();
            world.b.checkpoint_of(number.min(2)).unwrap();
        }
        let keyed = world.person(&world.a, &world.admin, "keyed");
        let device = Authenticator::new(ORIGIN).unwrap();
        add_passkey(&world, &world.a, &keyed.actor, &device);
        let device = Mutex::new((device, store::user_handle(world.a.id(), keyed.id).to_vec()));
        Setup { world, one, two, b, builder, other_builder, b_builder, hand, lead, receiver, linker, device }
    }

    /// What a browser gives of the passkey's use, by field.
    pub fn used(&self) -> Vec<(&'static str, String)> {
        let mut device = self.device.lock().unwrap();
        let used = device.0.used(&challenge(&self.world)).unwrap();
        vec![
            ("credential", coded(&device.0.credential)),
            ("client_data", coded(&used.client_data)),
            ("authenticator_data", coded(&used.authenticator_data)),
            ("signature", coded(&used.signature)),
            ("user", coded(&device.1)),
        ]
    }

    /// What a browser gives of a new passkey, by field; `name` is what the field of its name is called.
    pub fn made(&self, name: &'static str) -> Vec<(&'static str, String)> {
        let (client_data, attestation) = Authenticator::ed25519(ORIGIN).unwrap().made(&challenge(&self.world));
        vec![(name, "New".into()), ("client_data", coded(&client_data)), ("attestation", coded(&attestation))]
    }

    pub fn b_admin_grants(&self) -> Vec<Grant> {
        let person = self.world.b_admin.id;
        let from = "2026-11-21T09:00:00Z".parse().unwrap();
        let scope = Scope::Organization;
        let id = GrantId::from_bytes([0; 16]);
        let role = Role::OrganizationAdministrator;
        vec![Grant { id, person, role, scope, from, until: None, exception: None, gaps: Vec::new() }]
    }

    /// A new subject at the first site.
    fn subject(&self) -> SubjectId {
        let code = self.world.fresh(CANARY);
        act(&self.world.a, &self.hand.actor, acts::AddSubject { site: self.one.sites[0], code }).id("subject").unwrap()
    }

    /// A new grant at the first site.
    fn grant(&self) -> GrantId {
        let scope = Scope::Site { study: self.one.id, site: self.one.sites[0] };
        let person = self.receiver.id;
        let give = acts::GiveGrant { person, role: Role::Coordinator, scope, from: None, until: None, reason: None };
        act(&self.world.a, &self.builder.actor, give).id("grant").unwrap()
    }

    /// A new role of the organization's own.
    pub fn role(&self, permissions: &[Permission], forms: Option<&str>, level: Level) -> (RoleId, OwnRole) {
        let define = acts::DefineRole {
            role: None,
            title: self.world.fresh("role "),
            levels: BTreeSet::from([level]),
            permissions: Permissions::of(permissions),
            forms: forms.map(|form| BTreeSet::from([form.into()])),
            administers: BTreeSet::new(),
            given_by: BTreeSet::new(),
            offered: true,
        };
        let own = OwnRole {
            title: define.title.clone(),
            levels: define.levels.clone(),
            permissions: define.permissions,
            forms: define.forms.clone(),
            administers: BTreeSet::new(),
            given_by: BTreeSet::new(),
            offered: true,
        };
        (act(&self.world.a, &self.world.admin.actor, define).id("role").unwrap(), own)
    }

    /// A new course that nobody needs.
    pub fn course(&self, needed_by: Option<Role>) -> CourseId {
        let course = acts::KeepCourse {
            course: None,
            title: "Good clinical practice".into(),
            roles: needed_by.map(|role| BTreeSet::from([role])),
            study: None,
            valid_days: 365,
            needed: needed_by.is_some(),
        };
        act(&self.world.a, &self.world.admin.actor, course).id("course").unwrap()
    }

    /// A new request for access to the first site; approved where it is to be reviewed.
    fn access_request(&self, approved: bool) -> AccessRequestId {
        let scope = Scope::Site { study: self.one.id, site: self.one.sites[0] };
        let ask = acts::AskAccess { role: Role::Monitor, scope, hours: 1, reason: "a form does not open".into() };
        // Nobody may have many that wait.
        let asker = self.world.person(&self.world.a, &self.world.admin, "asker");
        let request = act(&self.world.a, &asker.actor, ask).id("access_request").unwrap();
        if approved {
            let answer = acts::AnswerAccess { request, approve: true, answer: "go on".into() };
            act(&self.world.a, &self.builder.actor, answer);
        }
        request
    }

    /// A new program of somebody's at the first site, where they may register one.
    fn program(&self, of: &Person) -> Option<ClientId> {
        let register = acts::RegisterClient {
            name: "Lab feed".into(),
            kind: Kind::Program,
            scope: Scope::Site { study: self.one.id, site: self.one.sites[0] },
            permissions: Permissions::of(&[Permission::StudySee]),
            days: 1,
            certificate: None,
            token_tag: store::token_tag(&store::fresh_token().unwrap()),
        };
        let receipt = self.world.a.act(&of.actor, register, self.world.a.fresh_request().unwrap()).ok()?;
        let client = receipt.id("client").unwrap();
        // Nobody may have many: those from before go.
        let lines = self.world.a.view(&of.actor, &views::MyClients {}).unwrap();
        for line in lines.iter().filter(|line| line.live && line.id != client && line.name == "Lab feed") {
            act(&self.world.a, &of.actor, acts::EndOwnClient { client: line.id });
        }
        Some(client)
    }

    /// A new line of the delegation log of the first site.
    fn delegation(&self) -> DelegationId {
        let (site, person) = (self.one.sites[0], self.hand.id);
        let delegate = acts::Delegate { site, person, duties: "Enters data".into(), from: None, until: None };
        act(&self.world.a, &self.lead.actor, delegate).id("delegation").unwrap()
    }

    /// A version of an agreement that nobody has signed yet.
    pub fn unsigned(&self) -> (AgreementId, u32) {
        let admin = &self.world.admin.actor;
        let publish = || acts::PublishAgreement { kind: AgreementKind::Security, text: self.world.fresh("text ") };
        act(&self.world.a, admin, publish());
        let signature = self.world.a.view(admin, &views::MyDuties {}).unwrap().signature();
        let newest = signature.agreements[0];
        act(&self.world.a, admin, signature);
        newest
    }

    /// Number and id of a study's ledger: the organization's is the first, each study's follows as it was registered.
    fn ledger(&self) -> (u32, trial::ids::LedgerId) {
        let (number, id, _) = self.world.a.ledgers().unwrap().swap_remove(1);
        (number, id)
    }

    /// Index of the entry that saved the first subject's form. The second organization's first study was made alike.
    fn entry(&self) -> u64 {
        let history = views::ItemHistory {
            form: form(self.one.subjects[0]),
            group: "IG.VS".into(),
            group_repeat: String::new(),
            item: "I.SYS".into(),
        };
        self.world.a.view(&self.hand.actor, &history).unwrap().versions[0].entry
    }
}

/// A challenge of the server's.
pub fn challenge(world: &World) -> Vec<u8> {
    let answer = tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(Ask::get("/api/v1/challenge").send(&world.app))
    });
    URL_SAFE_NO_PAD.decode(answer.json()["challenge"].as_str().unwrap()).unwrap()
}

pub fn coded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Adds this device's passkey to somebody.
pub fn add_passkey(world: &World, organization: &Organization, actor: &Actor, device: &Authenticator) -> PasskeyId {
    let bytes = challenge(world);
    let (client_data, attestation) = device.made(&bytes);
    let asked = Challenge { bytes, host: device.host.clone(), origin: device.origin.clone() };
    let made = Made { client_data, attestation };
    let request = organization.fresh_request().unwrap();
    organization.add_passkey(actor, "Device", &made, Some(&asked), request).unwrap().id("passkey").unwrap()
}

/// A passkey of the persona's own.
fn own_passkey(setup: &Setup, persona: &Persona) -> String {
    let nothing = || uuid::Uuid::from_bytes([7; 16]).to_string();
    let Some(person) = persona.person.as_ref().filter(|_| persona.active && persona.bounds.is_none()) else {
        return nothing();
    };
    let organization = if persona.of_b { &setup.world.b } else { &setup.world.a };
    let actor = organization.authenticate(&person.token, Presence::Background).unwrap().unwrap().actor;
    add_passkey(&setup.world, organization, &actor, &Authenticator::new(ORIGIN).unwrap()).to_string()
}

fn form(subject: SubjectId) -> views::ShowForm {
    let acts::SaveForm { event, event_repeat, form, form_repeat, .. } = save(subject, 0, "1", "");
    views::ShowForm { subject, event, event_repeat, form, form_repeat }
}

/// The act or view that decides about a route: the first that it declares, except where a page only shows more to
/// whoever may see more. `None`: the route is for anyone.
pub fn gate(route: &Route) -> Option<(&'static str, Permission)> {
    if matches!((route.method, route.path.as_str()), ("GET", "/" | "/search")) {
        return Some(("view.account", Permission::OwnAccount));
    }
    route.does.first().and_then(|doing| Some((doing.name(), doing.needs()?)))
}

/// Where the thing that a request asks about lies.
pub fn place(setup: &Setup, name: &str, needs: Permission, route: &Route, persona: &Persona) -> Place {
    // A ledger's number is one's own organization's.
    let by_number = route.path.contains("/ledgers/{");
    let study = if by_number && persona.of_b { &setup.b } else { &setup.one };
    match needs {
        Permission::SignIn | Permission::LedgerWitness => Place::Door,
        Permission::OrganizationFound => Place::Installation,
        Permission::OwnAccount | Permission::OwnStudies => {
            Place::Own(persona.person.as_ref().map_or(PersonId::from_bytes([9; 16]), |p| p.id))
        }
        Permission::PeopleSee
        | Permission::PeopleManage
        | Permission::GrantSee
        | Permission::RoleDefine
        | Permission::PolicySee
        | Permission::PolicySet
        | Permission::AgreementPublish
        | Permission::TrainingKeep
        | Permission::BreakGlass
        | Permission::StudyRegister => Place::Organization,
        Permission::StudySee
        | Permission::StudyBuild
        | Permission::SiteAdd
        | Permission::DataImport
        | Permission::DataExport
        | Permission::LedgerSee => Place::Study(study.id),
        Permission::SubjectSee if name == "view.subjects" => Place::SitesOf(study.id),
        _ => Place::Site(study.id, study.sites[0], "NO".parse().ok()),
    }
}

/// Whether who asks shows their token with the request, as programs do.
pub fn takes_bearer(route: &Route) -> bool {
    route.path.starts_with("/api/") || route.path.starts_with("/ledger/")
}

/// The request.
pub fn ask(setup: &Setup, route: &Route, persona: &Persona) -> Ask {
    let asks = persona.person.as_ref();
    let mut token = asks.map(|person| person.token.clone());
    let path = filled(setup, route, persona);
    provider::prepare(setup, route, persona);
    // What ends the session that asks, or gives it another token.
    let ends_itself = matches!(
        (route.method, route.path.as_str()),
        ("DELETE" | "POST", "/api/v1/session")
            | ("POST", "/api/v1/session/passkey" | "/api/v1/enrolment" | "/enrol/account")
            | ("POST", "/sign-out" | "/sign-in" | "/sign-in/passkey" | "/confirm")
            | ("PUT", "/api/v1/me/confirmation")
    );
    if let Some(person) = asks.filter(|_| ends_itself && persona.active && persona.bounds.is_none()) {
        let organization = if persona.of_b { &setup.world.b } else { &setup.world.a };
        token = Some(signed_in(organization, &person.sign_in));
    }
    let ask = Ask::new(route.method, path).new_key();
    let ask = crate::bodies::with_body(setup, route, ask);
    let ask = if route.path == "/api/v1/enrolment" {
        ask.with("probity-enrolment", setup.world.added(&setup.world.admin).1)
    } else {
        ask
    };
    match token {
        Some(token) if takes_bearer(route) => ask.bearer(&token),
        Some(token) => ask.cookie(&token),
        None => ask,
    }
}

/// The path with its parts filled in.
fn filled(setup: &Setup, route: &Route, persona: &Persona) -> String {
    let public = route.path.starts_with("/ledger/");
    let (number, ledger) = setup.ledger();
    if (route.method, route.path.as_str()) == ("GET", "/sign-in/provider") {
        return format!("{}?code=a&state=b", route.path);
    }
    let parts = route.path.split('/').map(|part| match part {
        "{study}" => setup.one.id.to_string(),
        "{subject}" => subject_for(setup, route).to_string(),
        // Somebody whose link another administrator made can have it released.
        "{person}" if route.path.ends_with("/release") => setup.world.linked(&setup.linker).to_string(),
        // Who has no password yet cannot be asked for a new one.
        "{person}" if route.path.ends_with("/new-password") => {
            setup.world.person(&setup.world.a, &setup.world.admin, "spare").id.to_string()
        }
        "{person}" => setup.world.added(&setup.world.admin).0.to_string(),
        "{grant}" => setup.grant().to_string(),
        "{site}" => setup.one.sites[0].to_string(),
        "{role}" => setup.role(&[Permission::StudySee], None, Level::Site).0.to_string(),
        "{course}" => setup.course(None).to_string(),
        "{request}" => setup.access_request(route.path.ends_with("/review")).to_string(),
        "{delegation}" => setup.delegation().to_string(),
        "{client}" if route.path.contains("/account/") => own_client(setup, persona),
        "{client}" => setup.program(&setup.hand).unwrap().to_string(),
        "{session}" => other_session(setup, persona),
        "{passkey}" => own_passkey(setup, persona),
        "{event}" => "SE.1".into(),
        "{form}" => "F.VS".into(),
        "{group}" => "IG.VS".into(),
        "{item}" => "I.SYS".into(),
        "{event_repeat}" | "{form_repeat}" | "{group_repeat}" => "-".into(),
        "{ledger}" if public => ledger.to_string(),
        "{ledger}" | "{number}" => number.to_string(),
        "{index}" => setup.entry().to_string(),
        "{*tile}" => "0/000.p/1".into(),
        "{*bundle}" => "000.p/1".into(),
        "{name}" => "probity.css".into(),
        other => {
            assert!(!other.contains('{'), "{} has a part that this test does not know: {other}", route.path);
            other.into()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn subject_for(setup: &Setup, route: &Route) -> SubjectId {
    if route.method == "GET" { setup.one.subjects[0] } else { setup.subject() }
}

/// A program of the persona's own; none, where they register none.
fn own_client(setup: &Setup, persona: &Persona) -> String {
    let own = persona.person.as_ref().filter(|_| !persona.of_b).and_then(|person| setup.program(person));
    own.unwrap_or(ClientId::from_bytes([7; 16])).to_string()
}

/// A session of the persona's own that is not the one that asks.
fn other_session(setup: &Setup, persona: &Persona) -> String {
    let nothing = || uuid::Uuid::from_bytes([7; 16]).to_string();
    let Some(person) = persona.person.as_ref().filter(|_| persona.active) else { return nothing() };
    let organization = if persona.of_b { &setup.world.b } else { &setup.world.a };
    let token = signed_in(organization, &person.sign_in);
    let other = organization.authenticate(&token, Presence::Background).unwrap().unwrap().actor;
    other.session().unwrap().to_string()
}
