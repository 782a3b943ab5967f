//! An organization with one study, whose form has as many items as asked, and people signed in.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use store::{
    Act, Actor, Clock, FirstAdministrator, Installation, Organization, Presence, Receipt,
    acts::{
        AddPerson, AddSite, AddSubject, FoundOrganization, GiveGrant, ItemChange, PublishDefinition, RegisterStudy,
        SaveForm,
    },
    views::MyDuties,
};
use trial::{
    access::Scope,
    definition::{
        DataType, EventDef, FormDef, FormRef, ItemDef, ItemGroupDef, ItemGroupRef, ItemRef, Study, StudyVersion,
    },
    ids::{Id, PersonId, RequestId, SiteId, StudyId, SubjectId},
    role::Role,
};

pub const PASSWORD: &str = "a password of the bench";
/// The study's identifier, and its file's.
pub const STUDY: &str = "S.BENCH";

/// The machine's clock.
pub struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the bench is a binary of its own")]
        Timestamp::now()
    }
}

/// What the parts work with.
pub struct Scene {
    // Before the installation, which waits for nobody.
    pub organization: Arc<Organization>,
    pub study: StudyId,
    pub site: SiteId,
    pub coordinator: Actor,
    _installation: Installation,
}

/// A request id that was not used before by this process, whose runs begin with the time.
pub fn request() -> RequestId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let begun = Machine.now().as_nanosecond() as u64;
    let low = NEXT.fetch_add(1, Ordering::Relaxed);
    RequestId::from_bytes((u128::from(begun) << 64 | u128::from(low)).to_be_bytes())
}

impl Scene {
    /// Founds it all in a folder.
    pub fn found(folder: &Path, items: usize) -> Result<Self> {
        Self::found_in(Installation::create(folder, None, Arc::new(Machine))?, items)
    }

    /// As [`Scene::found`], with the organization on a server.
    pub fn found_on(folder: &Path, items: usize, server: &testbed::Server, url: &str) -> Result<Self> {
        let authority = std::fs::read_to_string(server.authority())?;
        let clock = Arc::new(Machine);
        Self::found_in(Installation::create_on(folder, None, clock, url, &authority)?, items)
    }

    fn found_in(installation: Installation, items: usize) -> Result<Self> {
        let founding = FoundOrganization {
            name: "Bench".into(),
            origin: "bench.example/ledger".into(),
            without_second_factor: Some("a bench".into()),
        };
        let first = FirstAdministrator {
            name: "Adam".into(),
            email: "adam@example.org".into(),
            sign_in: "adam".into(),
            token: "token of adam".into(),
        };
        let organization = installation.found(founding, &first)?;
        enter(&organization, "adam")?;
        let adam = again(&organization, "adam")?;
        let register = RegisterStudy { oid: STUDY.into(), name: "Bench".into() };
        let study: StudyId = act(&organization, &adam, register)?.id("study").context("a study")?;
        let sofie = join(&organization, &adam, &adam, "sofie", Role::StudyAdministrator, Scope::Study { study })?;
        let add = AddSite { study, oid: "L.1".into(), name: "One".into(), country: None };
        let site: SiteId = act(&organization, &sofie, add)?.id("site").context("a site")?;
        act(
            &organization,
            &sofie,
            PublishDefinition {
                study,
                studies: definition(items),
                beside: Vec::new(),
                file_digest: ledger::sha256(b"").to_hex(),
                report: serde_json::Value::Null,
            },
        )?;
        let coordinator = join(&organization, &adam, &sofie, "ana", Role::Coordinator, Scope::Site { study, site })?;
        join(&organization, &adam, &sofie, "dag", Role::DataManager, Scope::Study { study })?;
        Ok(Scene { organization, study, site, coordinator, _installation: installation })
    }

    /// New subjects.
    pub fn subjects(&self, count: usize, name: &str) -> Result<Vec<SubjectId>> {
        (0..count)
            .map(|n| {
                let add = AddSubject { site: self.site, code: format!("{name}-{n}") };
                act(&self.organization, &self.coordinator, add)?.id("subject").context("a subject")
            })
            .collect()
    }
}

/// Does an act under a request id of its own.
pub fn act<A: Act>(organization: &Organization, actor: &Actor, act: A) -> Result<Receipt> {
    Ok(organization.act(actor, act, request())?)
}

/// The signed-in person of this name, in an organization that is open.
pub fn signed_in(organization: &Organization, name: &str) -> Result<Actor> {
    let found = organization.authenticate(&format!("session of {name}"), Presence::Person)?;
    Ok(found.context("the session is open")?.actor)
}

/// Adds somebody, whom [`enter`] enrols.
pub fn add(organization: &Organization, adam: &Actor, name: &str) -> Result<PersonId> {
    let add = AddPerson {
        name: name.into(),
        email: format!("{name}@example.org"),
        sign_in: name.into(),
        enrolment_tag: store::token_tag(&format!("token of {name}")),
    };
    act(organization, adam, add)?.id("person").context("a person")
}

/// Enrols somebody, who signs what waits; whoever's roles change afterwards signs in anew, with [`again`].
pub fn enter(organization: &Organization, name: &str) -> Result<()> {
    let token = format!("first session of {name}");
    organization.enrol(&format!("token of {name}"), PASSWORD, None, request())?;
    organization.sign_in(name, PASSWORD, None, &token)?;
    let found = organization.authenticate(&token, Presence::Person)?;
    let somebody = found.context("the session is open")?.actor;
    act(organization, &somebody, organization.view(&somebody, &MyDuties {})?.signature())?;
    Ok(())
}

/// Signs somebody in.
pub fn again(organization: &Organization, name: &str) -> Result<Actor> {
    organization.sign_in(name, PASSWORD, None, &format!("session of {name}"))?;
    signed_in(organization, name)
}

/// Joins somebody, who enrols, signs, is given a role and signs in.
pub fn join(
    organization: &Organization,
    adam: &Actor,
    giver: &Actor,
    name: &str,
    role: Role,
    scope: Scope,
) -> Result<Actor> {
    let person = add(organization, adam, name)?;
    enter(organization, name)?;
    act(organization, giver, GiveGrant { person, role, scope, from: None, until: None, reason: None })?;
    again(organization, name)
}

/// Forms of a visit, which are entered one after another.
const FORMS: u64 = 10;

/// Where the `n`th form entered of a subject lies: which visit, which form.
pub fn place(n: u64) -> (String, String) {
    ((n / FORMS + 1).to_string(), format!("F.{}", n % FORMS))
}

/// One repeating visit with ten forms, each of one group of text and integer items.
fn definition(items: usize) -> Vec<Study> {
    let item = |n: usize| ItemDef {
        oid: format!("I.{n}").into(),
        name: format!("Item {n}"),
        data_type: if n.is_multiple_of(2) { DataType::Integer } else { DataType::Text },
        ..ItemDef::default()
    };
    let group = ItemGroupDef {
        oid: "IG".into(),
        name: "Group".into(),
        items: (0..items).map(|n| ItemRef { item: format!("I.{n}").into(), ..ItemRef::default() }).collect(),
        ..ItemGroupDef::default()
    };
    let form = |n: u64| FormDef {
        oid: format!("F.{n}").into(),
        name: format!("Form {n}"),
        groups: vec![ItemGroupRef { group: "IG".into(), ..ItemGroupRef::default() }],
        ..FormDef::default()
    };
    let event = EventDef {
        oid: "SE".into(),
        name: "Visit".into(),
        repeating: true,
        forms: (0..FORMS).map(|n| FormRef { form: format!("F.{n}").into(), ..FormRef::default() }).collect(),
        ..EventDef::default()
    };
    vec![Study {
        oid: STUDY.into(),
        name: "Bench".into(),
        versions: vec![StudyVersion {
            oid: "1".into(),
            name: "1".into(),
            events: vec![event],
            forms: (0..FORMS).map(form).collect(),
            groups: vec![group],
            items: (0..items).map(item).collect(),
            ..StudyVersion::default()
        }],
        ..Study::default()
    }]
}

/// The value of an item in the `n`th form.
pub fn value(item: usize, n: u64) -> String {
    let number = (n * 31 + item as u64 * 7) % 100_000;
    if item.is_multiple_of(2) { number.to_string() } else { format!("text {number} of an item") }
}

/// The values of a form.
pub fn changes(items: usize, n: u64) -> Vec<ItemChange> {
    (0..items)
        .map(|item| ItemChange {
            group: "IG".into(),
            group_repeat: String::new(),
            item: format!("I.{item}"),
            value: Some(value(item, n)),
            unit: None,
            reason: None,
            because: None,
        })
        .collect()
}

/// The first save of the `n`th form of a subject.
pub fn save(subject: SubjectId, n: u64, items: usize) -> SaveForm {
    let (event_repeat, form) = place(n);
    SaveForm {
        subject,
        event: "SE".into(),
        event_repeat,
        form,
        form_repeat: String::new(),
        revision: 0,
        changes: changes(items, n),
        removed: Vec::new(),
        complete: None,
        reason: None,
    }
}
