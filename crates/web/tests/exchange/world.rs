//! An installation with one organization, and the people who exchange files with it.

use std::{
    fs,
    io::Cursor,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use store::{
    Actor, Clock, FirstAdministrator, Installation, Organization, Presence, SignIn,
    acts::{AddPerson, AddSite, FoundOrganization, GiveGrant, RegisterStudy},
    views::MyDuties,
};
use testbed::Database;
use trial::{
    access::Scope,
    ids::{PersonId, SiteId, StudyId},
    role::Role,
};
use web::exchange::{
    DataImport, DataReport, ExportedFile, FileIn, ImportReport, export_odm, import_data, import_definition,
};

const PASSWORD: &str = "correct horse battery";

/// A clock that moves on by a millisecond whenever it is asked.
pub struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        store::instant(self.0.fetch_add(1_000, Ordering::SeqCst))
    }
}

pub struct World {
    pub organization: Arc<Organization>,
    pub administrator: Actor,
    pub builder: Actor,
    pub manager: Actor,
    pub study: StudyId,
    pub site: SiteId,
    folder: PathBuf,
    _installation: Installation,
    /// After what is connected to it.
    _database: Option<Database>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl World {
    /// An organization with a study of this identifier, and one site.
    pub fn new(oid: &str) -> World {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("exchange-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let clock = Arc::new(Ticking(AtomicI64::new(1_795_302_355_000_000)));
        let database = Database::from_environment().unwrap();
        let installation = match &database {
            None => Installation::create(&folder, None, clock),
            Some(database) => {
                Installation::create_on(&folder, None, clock, &database.url(), &database.authority().unwrap())
            }
        };
        let installation = installation.unwrap();
        let token = store::fresh_token().unwrap();
        let first = FirstAdministrator {
            name: "Adam".into(),
            email: "adam@example.org".into(),
            sign_in: "adam".into(),
            token: token.clone(),
        };
        let founding = FoundOrganization {
            name: "Nordic".into(),
            origin: "localhost/ledger".into(),
            without_second_factor: Some("a test".into()),
        };
        let organization = installation.found(founding, &first).unwrap();
        organization.enrol(&token, PASSWORD, None, organization.fresh_request().unwrap()).unwrap();
        let administrator = sign_in(&organization, "adam");
        sign(&organization, &administrator);
        let register = RegisterStudy { oid: oid.into(), name: oid.into() };
        let registered = organization.act(&administrator, register, organization.fresh_request().unwrap()).unwrap();
        let study: StudyId = registered.id("study").unwrap();
        let (builder_id, _) = person(&organization, &administrator, "sofie");
        let (manager_id, _) = person(&organization, &administrator, "dagny");
        give(&organization, &administrator, builder_id, Role::StudyAdministrator, study);
        let builder = sign_in(&organization, "sofie");
        give(&organization, &builder, manager_id, Role::DataManager, study);
        let manager = sign_in(&organization, "dagny");
        let site = AddSite { study, oid: "HOME".into(), name: "Home".into(), country: None };
        let site = organization.act(&builder, site, organization.fresh_request().unwrap()).unwrap().id("site").unwrap();
        World {
            organization,
            administrator,
            builder,
            manager,
            study,
            site,
            folder,
            _installation: installation,
            _database: database,
        }
    }

    pub fn define(&self, name: &str, bytes: &[u8]) -> store::Result<ImportReport> {
        let mut file = FileIn::new(name, Cursor::new(bytes));
        let request = self.organization.fresh_request()?;
        import_definition(&self.organization, &self.builder, self.study, &mut file, request, |_| ())
            .map(|(_, report)| report)
    }

    pub fn import(&self, name: &str, bytes: &[u8]) -> store::Result<DataReport> {
        self.import_as(name, bytes, false)
    }

    pub fn import_as(&self, name: &str, bytes: &[u8], again: bool) -> store::Result<DataReport> {
        let mut file = FileIn::new(name, Cursor::new(bytes));
        let asked = DataImport {
            study: self.study,
            site: Some(self.site),
            again,
            dry_run: false,
            request: self.organization.fresh_request()?,
        };
        import_data(&self.organization, &self.manager, asked, &mut file, |_| ())
    }

    pub fn export(&self) -> (Vec<u8>, ExportedFile) {
        let mut out = Vec::new();
        let at = store::instant(1_800_000_000_000_000);
        let exported = export_odm(&self.organization, &self.manager, self.study, at, &mut out).unwrap();
        (out, exported)
    }

    /// Entries and records are as they were acknowledged, and rebuild the database.
    pub fn holds(&self) {
        let verified = self.organization.verify(&[]).unwrap();
        assert_eq!(verified.findings, Vec::<String>::new());
        let rebuilt = self.organization.rebuild(&self.folder.join("rebuilt.db"), |_| ()).unwrap();
        assert_eq!(rebuilt.differences, Vec::<String>::new());
    }
}

fn person(organization: &Organization, administrator: &Actor, name: &str) -> (PersonId, Actor) {
    let token = store::fresh_token().unwrap();
    let add = AddPerson {
        name: name.into(),
        email: format!("{name}@example.org"),
        sign_in: name.into(),
        enrolment_tag: store::token_tag(&token),
    };
    let receipt = organization.act(administrator, add, organization.fresh_request().unwrap()).unwrap();
    organization.enrol(&token, PASSWORD, None, organization.fresh_request().unwrap()).unwrap();
    let somebody = sign_in(organization, name);
    sign(organization, &somebody);
    (receipt.id("person").unwrap(), somebody)
}

fn sign(organization: &Organization, somebody: &Actor) {
    let signature = organization.view(somebody, &MyDuties {}).unwrap().signature();
    organization.act(somebody, signature, organization.fresh_request().unwrap()).unwrap();
}

fn sign_in(organization: &Organization, name: &str) -> Actor {
    let token = store::fresh_token().unwrap();
    assert!(matches!(organization.sign_in(name, PASSWORD, None, &token).unwrap(), SignIn::Open(_)));
    organization.authenticate(&token, Presence::Person).unwrap().unwrap().actor
}

fn give(organization: &Organization, giver: &Actor, person: PersonId, role: Role, study: StudyId) {
    let grant = GiveGrant { person, role, scope: Scope::Study { study }, from: None, until: None, reason: None };
    organization.act(giver, grant, organization.fresh_request().unwrap()).unwrap();
}
