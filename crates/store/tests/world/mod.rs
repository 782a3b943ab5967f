//! A real store in a folder of its own, with a clock that tests turn, and people with the roles they need.
//!
//! Every test ends with [`World::finish`]: the audit holds, and a rebuild is equal table by table. A world that goes
//! away without it fails its test.

pub mod definition;
pub mod save;
mod vitals;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use store::{
    Act, Actor, Clock, Entering, FirstAdministrator, GivenProof, Installation, NewCredentials, NewFactor, Organization,
    Presence, Receipt, Result, SignIn,
    acts::{
        AddPerson, AddSite, AddSubject, FoundOrganization, GiveGrant, PublishDefinition, RegisterStudy, VerifyIdentity,
    },
    views::MyDuties,
};
use testbed::Database;
use trial::{
    access::Scope,
    identity::Way,
    ids::{Id, PersonId, RequestId, SiteId, StudyId, SubjectId},
    permission::{Permissions, SIGNING},
    role::Role,
};

/// A password that everybody here has.
pub const PASSWORD: &str = "correct horse battery";
/// What a session's token becomes when its person confirms.
pub const NEXT_TOKEN: &str = "the token after confirming";

/// A clock that stands still until it is turned.
pub struct Hands(AtomicI64);

impl Hands {
    /// At 23:05:55 on the 21st of November 2026.
    pub fn new() -> Arc<Self> {
        Arc::new(Hands(AtomicI64::new(1_795_302_355_000_000)))
    }

    /// Turns it, forwards or back.
    pub fn turn(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        store::instant(self.0.load(Ordering::SeqCst))
    }
}

/// A folder of its own, gone when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Left from a process that had this number before.
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An installation with one organization: in files, or on the PostgreSQL server that the environment names.
pub struct World {
    pub clock: Arc<Hands>,
    folder: Folder,
    installation: Option<Installation>,
    organization: Option<Arc<Organization>>,
    /// After what is connected to it.
    pub database: Option<Database>,
    people: BTreeMap<String, (PersonId, Actor)>,
    requests: u64,
    sessions: u64,
    over: bool,
}

impl World {
    /// An organization with its first administrator, `adam`, signed in.
    pub fn founded() -> Self {
        Self::founded_with(false)
    }

    /// As [`World::founded`]; with `second_factor`, nobody is signed in.
    pub fn founded_with(second_factor: bool) -> Self {
        Self::made(Folder::new(), Database::from_environment().unwrap(), second_factor)
    }

    /// As [`World::founded`], in files wherever this run's tests have theirs: for what is true of files.
    pub fn in_files() -> Self {
        Self::in_folder(Folder::new())
    }

    /// As [`World::in_files`], in a folder that the caller has seen to.
    pub fn in_folder(folder: Folder) -> Self {
        Self::made(folder, None, false)
    }

    /// As [`World::founded`], for what is true of a server: `None` where the environment names none.
    pub fn on_server() -> Option<Self> {
        let database = Database::from_environment().unwrap()?;
        Some(Self::made(Folder::new(), Some(database), false))
    }

    fn made(folder: Folder, database: Option<Database>, second_factor: bool) -> Self {
        let clock = Hands::new();
        let installation = create(folder.path(), database.as_ref(), &clock).unwrap();
        let organization =
            installation.found(founding("Nordic Trials", second_factor), &first("token-of-adam")).unwrap();
        let mut world = World {
            clock,
            folder,
            installation: Some(installation),
            organization: Some(organization),
            database,
            people: BTreeMap::new(),
            requests: 0,
            sessions: 0,
            over: false,
        };
        if !second_factor {
            world.enrol("adam", "token-of-adam");
        }
        world
    }

    /// A study with two sites, Oslo and Bergen, and its definition published; its administrator is `sofie`.
    pub fn with_study() -> (Self, Place) {
        let mut world = World::founded();
        let place = world.add_study("S.VITALS");
        (world, place)
    }

    /// Another study like that.
    pub fn add_study(&mut self, oid: &str) -> Place {
        let adam = self.actor("adam");
        let study: StudyId =
            self.act(&adam, RegisterStudy { oid: oid.into(), name: format!("Study {oid}") }).id("study").unwrap();
        let sofie = self.person("sofie");
        self.grant("adam", sofie, Role::StudyAdministrator, Scope::Study { study });
        let sofie = self.actor("sofie");
        let mut site = |oid: &str, name: &str| {
            let add = AddSite { study, oid: oid.into(), name: name.into(), country: Some("NO".into()) };
            self.act(&sofie, add).id("site").unwrap()
        };
        let (oslo, bergen) = (site("L.OSLO", "Oslo"), site("L.BERGEN", "Bergen"));
        self.act(&sofie, publish(study, definition::study("1", "")));
        Place { study, oslo, bergen }
    }

    /// The organization.
    pub fn organization(&self) -> &Organization {
        self.organization.as_ref().expect("the store is open")
    }

    /// The installation.
    pub fn installation(&mut self) -> &mut Installation {
        self.installation.as_mut().expect("the store is open")
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The organization's folder in it, where it is in files.
    pub fn own_folder(&self) -> PathBuf {
        let folder = self.folder.path().join("organizations");
        match &self.organization {
            Some(organization) => folder.join(organization.id().to_string()),
            None => fs::read_dir(folder).unwrap().next().unwrap().unwrap().path(),
        }
    }

    /// Takes the installation away, to do with it what ends it.
    pub fn take(&mut self) -> Installation {
        self.organization = None;
        self.installation.take().expect("the store is open")
    }

    /// Closes the store, as stopping the server does.
    pub fn close(&mut self) {
        self.organization = None;
        self.installation = None;
    }

    /// Opens it again. Sessions of before go on: actors stay valid.
    pub fn open(&mut self) -> Result<()> {
        self.close();
        let installation = Installation::open(self.folder.path(), None, Arc::<Hands>::clone(&self.clock))?;
        self.organization = installation.all().pop();
        self.installation = Some(installation);
        Ok(())
    }

    /// A request id that was not used before.
    pub fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId::from_bytes((u128::from(self.requests) | 0xfeed << 64).to_be_bytes())
    }

    /// Does an act that must succeed.
    #[track_caller]
    pub fn act<A: Act>(&mut self, actor: &Actor, act: A) -> Receipt {
        let request = self.request();
        self.organization().act(actor, act, request).unwrap()
    }

    /// Does an act under a request id of its own, whatever comes of it.
    pub fn try_act<A: Act>(&mut self, actor: &Actor, act: A) -> Result<Receipt> {
        let request = self.request();
        self.organization().act(actor, act, request)
    }

    /// A person, added, enrolled and signed in when first named.
    pub fn person(&mut self, name: &str) -> PersonId {
        if let Some((person, _)) = self.people.get(name) {
            return *person;
        }
        let token = format!("token-of-{name}");
        let adam = self.actor("adam");
        self.act(&adam, new_person(name, &token));
        self.enrol(name, &token)
    }

    /// Has a second administrator release somebody's enrolment link, and sets everything anew with it and the code.
    pub fn released(&mut self, link: &str, person: PersonId, password: &str) -> store::Result<Receipt> {
        let second = self.second_administrator();
        let request = self.request();
        let (_, code) = self.organization().release_enrolment(&second, person, request)?;
        let choice = NewCredentials { password, second: NewFactor::None, proof: GivenProof::Typed(&code) };
        let (entering, request) = (Entering { token: "by the link", client: None }, self.request());
        self.organization().enrol_and_enter(link, choice, entering, request)
    }

    /// An administrator beside the first.
    pub fn second_administrator(&mut self) -> Actor {
        let adam = self.people.get("adam").map(|(person, _)| *person).expect("the first administrator");
        self.enter(adam);
        let person = self.person("eva");
        self.grant("adam", person, Role::OrganizationAdministrator, Scope::Organization);
        self.actor("eva")
    }

    /// The signed-in person of this name.
    pub fn actor(&self, name: &str) -> Actor {
        self.people.get(name).map(|(_, actor)| actor.clone()).expect("somebody of this name")
    }

    /// Gives a role, in the name of `giver`.
    #[track_caller]
    pub fn grant(&mut self, giver: &str, person: PersonId, role: Role, scope: Scope) -> Receipt {
        if role.permissions().both(SIGNING) != Permissions::NONE {
            self.verify(person);
        }
        let giver = self.actor(giver);
        let receipt = self.act(&giver, GiveGrant { person, role, scope, from: None, until: None, reason: None });
        self.enter(person);
        receipt
    }

    /// Has the first administrator check somebody's identity.
    #[track_caller]
    pub fn verify(&mut self, person: PersonId) -> Receipt {
        let adam = self.actor("adam");
        self.act(&adam, VerifyIdentity { person, way: Way::InPerson, note: None })
    }

    /// Signs every agreement that waits for somebody.
    pub fn sign(&mut self, actor: &Actor) {
        let signature = self.organization().view(actor, &MyDuties {}).unwrap().signature();
        self.act(actor, signature);
    }

    /// Signs a person in again whose sessions ended with a change of their roles.
    pub fn enter(&mut self, person: PersonId) {
        let found = self.people.iter().find(|(_, (known, _))| *known == person).map(|(name, _)| name.clone());
        if let Some(name) = found {
            self.sessions += 1;
            let actor = self.sign_in(&name, &format!("session-{}-of-{name}", self.sessions));
            self.people.insert(name, (person, actor));
        }
    }

    /// A person with a role at a site, from the study's administrator.
    pub fn at_site(&mut self, name: &str, role: Role, place: &Place, site: SiteId) -> Actor {
        let person = self.person(name);
        self.grant("sofie", person, role, Scope::Site { study: place.study, site });
        self.actor(name)
    }

    /// A person with a role in the whole study.
    pub fn in_study(&mut self, name: &str, role: Role, place: &Place) -> Actor {
        let person = self.person(name);
        let giver = if role == Role::StudyAdministrator { "adam" } else { "sofie" };
        self.grant(giver, person, role, Scope::Study { study: place.study });
        self.actor(name)
    }

    /// A coordinator at Oslo.
    pub fn coordinator(&mut self, name: &str, place: &Place) -> Actor {
        self.at_site(name, Role::Coordinator, place, place.oslo)
    }

    /// A subject.
    #[track_caller]
    pub fn subject(&mut self, actor: &Actor, site: SiteId, code: &str) -> SubjectId {
        self.act(actor, AddSubject { site, code: code.into() }).id("subject").unwrap()
    }

    /// Signs somebody in and says who they are then.
    pub fn sign_in(&self, name: &str, token: &str) -> Actor {
        let signed_in = self.organization().sign_in(name, PASSWORD, None, token).unwrap();
        assert!(matches!(signed_in, SignIn::Open(_)), "{signed_in:?}");
        self.whose(token).expect("the session is open")
    }

    /// Who holds this session token, if anyone; a person asks.
    pub fn whose(&self, token: &str) -> Option<Actor> {
        self.organization().authenticate(token, Presence::Person).unwrap().map(|signed_in| signed_in.actor)
    }

    fn enrol(&mut self, name: &str, token: &str) -> PersonId {
        let request = self.request();
        self.organization().enrol(token, PASSWORD, None, request).unwrap();
        let actor = self.sign_in(name, &format!("session-of-{name}"));
        let person = actor.person().unwrap();
        self.sign(&actor);
        self.people.insert(name.to_owned(), (person, actor));
        person
    }

    /// What must be true after every scenario: the audit holds, and a rebuild is equal, table by table.
    #[track_caller]
    pub fn finish(mut self) {
        self.over = true;
        if self.organization.is_none() {
            self.open().unwrap();
        }
        self.assert_whole();
    }

    /// As [`World::finish`], and goes on.
    #[track_caller]
    pub fn assert_whole(&self) {
        let verified = self.organization().verify(&[]).unwrap();
        assert!(verified.holds(), "{:#?}", verified.findings);
        let into = self.folder.path().join("rebuilt.db");
        let rebuilt = self.organization().rebuild(&into, |_| ()).unwrap();
        assert!(rebuilt.equal(), "{:#?}", rebuilt.differences);
        assert!(rebuilt.entries > 0 && rebuilt.records > 0, "{rebuilt:?}");
        fs::remove_file(into).unwrap();
    }

    /// For scenarios that break the store on purpose: nothing is asked of it any more.
    pub fn leave_broken(mut self) {
        self.over = true;
    }
}

/// Makes an installation where this run's tests have theirs.
pub fn create(folder: &Path, database: Option<&Database>, clock: &Arc<Hands>) -> Result<Installation> {
    let clock = Arc::<Hands>::clone(clock);
    match database {
        None => Installation::create(folder, None, clock),
        Some(database) => {
            let authority = database.authority().unwrap();
            Installation::create_on(folder, None, clock, &database.url(), &authority)
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A second panic would hide the first.
        assert!(self.over || std::thread::panicking(), "this scenario did not end with world.finish()");
    }
}

/// A study and its sites.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub study: StudyId,
    pub oslo: SiteId,
    pub bergen: SiteId,
}

/// How an organization is founded here.
pub fn founding(name: &str, second_factor: bool) -> FoundOrganization {
    let without_second_factor = (!second_factor).then(|| "a test".to_owned());
    FoundOrganization { name: name.into(), origin: "probity.example/ledger".into(), without_second_factor }
}

/// The first administrator, `adam`.
pub fn first(token: &str) -> FirstAdministrator {
    FirstAdministrator {
        name: "Adam Berg".into(),
        email: "adam@example.org".into(),
        sign_in: "adam".into(),
        token: token.into(),
    }
}

/// A person to add.
pub fn new_person(name: &str, token: &str) -> AddPerson {
    AddPerson {
        name: format!("{name} of the tests"),
        email: format!("{name}@example.org"),
        sign_in: name.into(),
        enrolment_tag: store::token_tag(token),
    }
}

/// A definition to publish.
pub fn publish(study: StudyId, studies: Vec<trial::definition::Study>) -> PublishDefinition {
    PublishDefinition {
        study,
        studies,
        beside: Vec::new(),
        file_digest: ledger::sha256(b"the file").to_hex(),
        report: serde_json::Value::Null,
    }
}
