//! A study on a server, subjects to write to, and writers that remember what was acknowledged.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use store::{
    Act, Actor, Clock, Error, FirstAdministrator, Installation, Organization, Presence, Receipt,
    acts::{
        AddPerson, AddSite, AddSubject, FoundOrganization, GiveGrant, ItemChange, PublishDefinition, RegisterStudy,
        SaveForm,
    },
    views::{MyDuties, MyStudies, Subjects},
};
use testbed::Server;
use trial::{
    access::Scope,
    ids::{Id, RequestId, SiteId, StudyId, SubjectId},
    role::Role,
};

use crate::{definition, vitals};

const PASSWORD: &str = "correct horse battery";

/// The machine's clock: sessions of several processes go on by it.
pub struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "several processes have no other clock in common")]
        Timestamp::now()
    }
}

/// A folder of its own, gone when the test is over.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shared-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A request id that no other process makes.
pub fn request(writer: u64, n: u64) -> RequestId {
    let high = u128::from(std::process::id()) << 96 | u128::from(writer) << 64;
    RequestId::from_bytes((high | u128::from(n)).to_be_bytes())
}

fn next() -> RequestId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    request(u64::from(u32::MAX), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Founds an organization with one study and as many subjects as there will be writers.
pub fn found(folder: &Path, url: &str, authority: &Path, subjects: u64) -> Installation {
    let authority = fs::read_to_string(authority).unwrap();
    let installation = Installation::create_on(folder, None, Arc::new(Now), url, &authority).unwrap();
    fill(&installation, subjects);
    installation
}

/// As [`found`], in an installation that is there.
pub fn fill(installation: &Installation, subjects: u64) {
    let founding = FoundOrganization {
        name: "Shared".into(),
        origin: "shared.example/ledger".into(),
        without_second_factor: Some("a test".into()),
    };
    let first = FirstAdministrator {
        name: "Adam".into(),
        email: "adam@example.org".into(),
        sign_in: "adam".into(),
        token: "token of adam".into(),
    };
    let organization = installation.found(founding, &first).unwrap();
    enter(&organization, "adam");
    let adam = again(&organization, "adam");
    let register = RegisterStudy { oid: "S.VITALS".into(), name: "Vitals".into() };
    let study: StudyId = act(&organization, &adam, register).id("study").unwrap();
    let sofie = join(&organization, &adam, &adam, "sofie", Role::StudyAdministrator, Scope::Study { study });
    let add = AddSite { study, oid: "L.OSLO".into(), name: "Oslo".into(), country: None };
    let site: SiteId = act(&organization, &sofie, add).id("site").unwrap();
    let publish = PublishDefinition {
        study,
        studies: definition::study("1", ""),
        beside: Vec::new(),
        file_digest: ledger::sha256(b"the file").to_hex(),
        report: serde_json::Value::Null,
    };
    act(&organization, &sofie, publish);
    let ana = join(&organization, &adam, &sofie, "ana", Role::Coordinator, Scope::Site { study, site });
    join(&organization, &adam, &sofie, "dag", Role::DataManager, Scope::Study { study });
    for n in 0..subjects {
        act(&organization, &ana, AddSubject { site, code: format!("OSL-{n:03}") });
    }
}

/// An organization on a server of its own, somebody who works in it, and the subjects there.
pub struct AtWork {
    pub organization: Arc<Organization>,
    pub ana: Actor,
    pub subjects: Vec<SubjectId>,
    _installation: Installation,
    folder: Folder,
}

impl AtWork {
    /// In the database at `url`, with so many subjects.
    pub fn on(server: &Server, url: &str, name: &str, subjects: u64) -> Self {
        let folder = Folder::new(name);
        let installation = found(&folder.0, url, server.authority(), subjects);
        let (organization, ana, subjects) = at_work(&installation);
        AtWork { organization, ana, subjects, _installation: installation, folder }
    }

    /// Its data directory.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }
}

pub fn act<A: Act>(organization: &Organization, actor: &Actor, act: A) -> Receipt {
    organization.act(actor, act, next()).unwrap()
}

/// Enrols somebody, who signs what waits; whoever's roles change afterwards signs in anew, with [`again`].
fn enter(organization: &Organization, name: &str) {
    let token = format!("first session of {name}");
    organization.enrol(&format!("token of {name}"), PASSWORD, None, next()).unwrap();
    organization.sign_in(name, PASSWORD, None, &token).unwrap();
    let somebody = organization.authenticate(&token, Presence::Person).unwrap().expect("signed in").actor;
    act(organization, &somebody, organization.view(&somebody, &MyDuties {}).unwrap().signature());
}

fn again(organization: &Organization, name: &str) -> Actor {
    organization.sign_in(name, PASSWORD, None, &format!("session of {name}")).unwrap();
    who(organization, name)
}

pub fn who(organization: &Organization, name: &str) -> Actor {
    organization.authenticate(&format!("session of {name}"), Presence::Person).unwrap().expect("signed in").actor
}

fn join(organization: &Organization, adam: &Actor, giver: &Actor, name: &str, role: Role, scope: Scope) -> Actor {
    let add = AddPerson {
        name: name.into(),
        email: format!("{name}@example.org"),
        sign_in: name.into(),
        enrolment_tag: store::token_tag(&format!("token of {name}")),
    };
    let person = act(organization, adam, add).id("person").unwrap();
    enter(organization, name);
    act(organization, giver, GiveGrant { person, role, scope, from: None, until: None, reason: None });
    again(organization, name)
}

/// The coordinator of an open installation, and the subjects there.
pub fn at_work(installation: &Installation) -> (Arc<Organization>, Actor, Vec<SubjectId>) {
    let organization = installation.all().pop().unwrap();
    let ana = who(&organization, "ana");
    let study = organization.view(&ana, &MyStudies {}).unwrap()[0].id;
    let ask = Subjects { study, site: None, search: String::new(), after: String::new(), limit: 100 };
    let subjects = organization.view(&ana, &ask).unwrap().subjects.iter().map(|line| line.id).collect();
    (organization, ana, subjects)
}

/// A save of the vital signs.
pub fn save(subject: SubjectId, revision: u64, value: &str) -> SaveForm {
    let note = ItemChange { reason: Some("written again".into()), ..vitals::set("I.NOTE", value) };
    vitals::vitals(subject, revision, vec![note])
}

/// The revision of a subject's form.
pub fn revision(organization: &Organization, actor: &Actor, subject: SubjectId) -> u64 {
    organization.view(actor, &vitals::the_vitals(subject)).unwrap().revision
}

/// What was acknowledged: the hash of the entry, by its place in the study's ledger.
pub type Acknowledged = BTreeMap<u64, String>;

/// Writers that go on until they are told to stop, each on a subject of its own.
pub struct Writers {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    /// Answers that told a writer to try again.
    pub told_to_wait: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Writers {
    pub fn start(organization: &Arc<Organization>, actor: &Actor, subjects: &[SubjectId]) -> Self {
        let (stop, acknowledged) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Acknowledged>>::default());
        let told_to_wait = Arc::<AtomicU64>::default();
        let threads = (0_u64..)
            .zip(subjects)
            .map(|(writer, subject)| {
                let (organization, actor, subject) = (Arc::clone(organization), actor.clone(), *subject);
                let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
                let told_to_wait = Arc::clone(&told_to_wait);
                std::thread::spawn(move || {
                    let mut revision = revision(&organization, &actor, subject);
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let receipt = persist(&organization, &actor, subject, revision, writer, n, &told_to_wait);
                        revision += receipt.records.iter().filter(|put| put.kind != "visit").count() as u64;
                        acknowledged.lock().unwrap().insert(receipt.index, receipt.leaf);
                    }
                })
            })
            .collect();
        Writers { stop, acknowledged, told_to_wait, threads }
    }

    /// How many were acknowledged so far.
    pub fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits until so many more were acknowledged; how long that took.
    pub fn wait_for_more(&self, more: usize, within: Duration) -> Duration {
        let (begun, goal) = (Instant::now(), self.count() + more);
        while self.count() < goal {
            assert!(begun.elapsed() < within, "only {} of {goal} after {:?}", self.count(), begun.elapsed());
            std::thread::yield_now();
            std::thread::park_timeout(Duration::from_millis(5));
        }
        begun.elapsed()
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Acknowledged {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Ends them, and says what was acknowledged.
    pub fn stop(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.acknowledged.lock().unwrap().clone()
    }
}

/// Saves once, under one request id, however often it is told to try again.
fn persist(
    organization: &Organization,
    actor: &Actor,
    subject: SubjectId,
    revision: u64,
    writer: u64,
    n: u64,
    told_to_wait: &AtomicU64,
) -> Receipt {
    let begun = Instant::now();
    loop {
        let value = format!("number {n} of writer {writer}");
        match organization.act(actor, save(subject, revision, &value), request(writer, n)) {
            Ok(receipt) => return receipt,
            Err(Error::Busy { .. }) if begun.elapsed() < Duration::from_secs(120) => {
                told_to_wait.fetch_add(1, Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_millis(100));
            }
            Err(error) => panic!("a wrong answer: {error:?}"),
        }
    }
}

/// Asserts, from the stored rows, that everything acknowledged stands where it was said, that no request was done twice,
/// and that the ledger has no gap. `sql` asks the database as its owner. How many entries there are.
pub fn assert_linear(acknowledged: &Acknowledged, organization: &Organization, sql: impl Fn(&str) -> String) -> u64 {
    let schema = format!(
        "organization_{}",
        organization.id().bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    let rows =
        sql(&format!("SELECT idx || ' ' || encode(leaf, 'hex') FROM {schema}.entry WHERE ledger = 2 ORDER BY idx"));
    let stored: Vec<&str> = rows.lines().collect();
    for (expected, row) in stored.iter().enumerate() {
        assert!(row.starts_with(&format!("{expected} ")), "a gap or a fork before {row}");
    }
    for (index, leaf) in acknowledged {
        let found = stored.get(usize::try_from(*index).unwrap());
        assert_eq!(found.copied(), Some(format!("{index} {leaf}").as_str()), "acknowledged and lost");
    }
    let twice = sql(&format!(
        "SELECT count(*) - count(DISTINCT convert_from(bytes, 'UTF8')::jsonb->>'request') FROM {schema}.entry
         WHERE ledger = 2 AND convert_from(bytes, 'UTF8')::jsonb->>'request' IS NOT NULL"
    ));
    assert_eq!(twice.trim(), "0", "done twice");
    stored.len() as u64
}
